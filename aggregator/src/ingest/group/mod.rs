//! One group commit being formed: pure bookkeeping between messages and the store.

mod admitting;
mod ahead;
mod aside;
mod days;
mod disowned;
mod giver;
mod hearing;
mod remarks;
mod spoken;
mod strangers;
#[cfg(test)]
mod tests;
mod unknown;
mod waiting;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use shared::{
    clock::Mode,
    ids::AgentId,
    observation::Observation,
    time::Timestamp,
    wire::{Ack, Acknowledgement, AgentHealth, Envelope},
};

pub use self::remarks::News;
use self::{
    ahead::Ahead,
    aside::Room,
    days::Days,
    giver::Giver,
    remarks::{Remarks, Subject},
    spoken::Spoken,
    strangers::{Coming, MAX_STRANGERS, Strangers},
    unknown::UnknownGauges,
};
use super::{Admitter, Answering, Message, Receipt, Undecoded};
use crate::{
    audit::Entry,
    counters::{Counter, Counts},
    merge::Deduplicator,
    store::{Commit, Durability, Quarantined, Refused, Store, StoreError},
    world::{Arrival, Input},
};

/// Bytes of a refused payload that are kept.
const KEPT_PAYLOAD: usize = 512;

/// Characters that are kept of why it was refused: it may quote what somebody else wrote.
const KEPT_DETAIL: usize = 400;

/// Batches that are counted as given up at once: more than a spool holds.
const MAX_GIVEN_UP: u64 = 10_000_000;

/// What waits for the commit.
#[derive(Default)]
pub struct Group {
    pub arrivals: Vec<Arrival>,
    pub refused: Vec<Refused>,
    pub receipts: Vec<(Answering, Receipt)>,
    /// Agents whose cursor moved in this group.
    pub cursors: BTreeMap<AgentId, Ack>,
    /// Agents that are told why nothing of theirs was taken.
    pub unkept: BTreeMap<AgentId, Ack>,
    pub quarantined: Vec<Quarantined>,
    pub readmitted: Vec<u64>,
    pub desk: Vec<(String, Option<Vec<u8>>)>,
    pub deeds: Vec<Entry>,
}

impl Group {
    /// The one atomic write that it asks for.
    #[must_use]
    pub fn commit(&mut self) -> Commit {
        let only_ticks = self.arrivals.iter().all(|a| a.input == Input::Tick);
        let cursors = self.cursors.iter();
        Commit {
            durability: if only_ticks
                && self.refused.is_empty()
                && self.quarantined.is_empty()
                && self.readmitted.is_empty()
                && self.desk.is_empty()
                && self.deeds.is_empty()
            {
                Durability::Buffered
            } else {
                Durability::Synced
            },
            arrivals: std::mem::take(&mut self.arrivals),
            cursors: cursors.map(|(a, c)| (a.clone(), c.clone())).collect(),
            refused: std::mem::take(&mut self.refused),
            quarantined: std::mem::take(&mut self.quarantined),
            readmitted: std::mem::take(&mut self.readmitted),
            desk: std::mem::take(&mut self.desk),
            deeds: std::mem::take(&mut self.deeds),
        }
    }
}

/// A message as it was taken: where it came from, for what is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    /// What it came over, for people.
    pub channel: &'a str,
    pub payload: &'a [u8],
    /// When it was taken, in storm time.
    pub at: Timestamp,
    /// Whether who sent it is enrolled: he always has room.
    pub is_enrolled: bool,
}

/// What must be known from one group to the next.
pub struct Ledger {
    admitter: Admitter,
    mode: Mode,
    deduplicator: Deduplicator,
    spoken: Spoken,
    /// `None` after a group that failed: they are read back from the store before the next batch.
    cursors: Option<HashMap<AgentId, Ack>>,
    /// `None` until it is read from the store, and after a group that failed.
    room: Option<Room>,
    remarks: Remarks,
    ahead: Ahead<Giver>,
    strangers: Strangers,
    unknown: UnknownGauges,
    days: Days,
    /// What must be written beside the observations that are being admitted.
    parted: Vec<Observation>,
    /// Whether there was no room for something of the message that is being taken.
    is_short: bool,
    /// Between what times observations might enter when the quarantine was last looked through.
    looked: Option<(Timestamp, Timestamp)>,
    /// Those whose word is marked as nobody's in the group that is being formed.
    disowned: BTreeSet<String>,
    counts: Counts,
    /// Those that the world was told of with the newest group, and with the newest durable one.
    told: Counts,
    settled: Counts,
    /// The number of the next arrival.
    next: u64,
    /// Of the group being formed.
    first: u64,
}

impl Ledger {
    /// `cursors`, `counts` and `last_arrival` are those of the store and the world.
    #[must_use]
    pub fn new(
        admitter: Admitter,
        mode: Mode,
        cursors: impl IntoIterator<Item = (AgentId, Ack)>,
        counts: Counts,
        last_arrival: u64,
    ) -> Self {
        Self {
            admitter,
            mode,
            deduplicator: Deduplicator::default(),
            spoken: Spoken::default(),
            cursors: Some(cursors.into_iter().collect()),
            room: None,
            remarks: Remarks::default(),
            ahead: Ahead::default(),
            strangers: Strangers::default(),
            unknown: UnknownGauges::default(),
            days: Days::default(),
            parted: Vec::new(),
            is_short: false,
            looked: None,
            disowned: BTreeSet::new(),
            counts,
            told: counts,
            settled: counts,
            next: last_arrival + 1,
            first: last_arrival + 1,
        }
    }

    /// With the agents that are known and not enrolled, and when each was heard last.
    #[must_use]
    pub fn with_strangers(
        mut self,
        strangers: impl IntoIterator<Item = (AgentId, Timestamp)>,
    ) -> Self {
        self.strangers = Strangers::new(strangers);
        self
    }

    /// Takes one message, understood or not. Returns what becomes of it if the group is written.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn message(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        message: Result<Message, Undecoded>,
        taken: Taken<'_>,
    ) -> Result<Receipt, StoreError> {
        match message {
            Ok(Message::Batch(envelope)) => {
                if self.lets_in(group, &envelope.agent, taken) {
                    self.batch(group, store, envelope, taken)?;
                }
            }
            Ok(Message::Intake(source, observations)) => {
                let giver = Giver::third_party(source, taken.channel, taken.is_enrolled);
                let admitted = self.admit_all(group, store, observations, &giver, taken)?;
                self.enter(group, admitted, &giver, taken.at);
                if self.is_short {
                    return Ok(Receipt::Unkept);
                }
            }
            Ok(Message::Health(health)) => self.health(group, health, taken),
            Ok(Message::Truck(report)) if self.admitter.knows(&report.truck) => {
                self.input(group, Input::Truck(report), taken.at);
            }
            Ok(Message::Truck(report)) => {
                let detail = format!("no layer knows the truck `{}`", report.truck);
                self.object_to_all(group, Counter::UnknownTruck, taken, || detail);
            }
            Err(Undecoded { counter, detail }) => self.refuse(group, counter, detail, taken),
        }
        // An agent waits for its commit acknowledgement, whatever its broker says.
        Ok(Receipt::Done)
    }

    /// Takes an input as it is. Returns its number.
    pub fn input(&mut self, group: &mut Group, input: Input, at: Timestamp) -> u64 {
        let number = self.next;
        group.arrivals.push(Arrival { number, at, input });
        self.next += 1;
        number
    }

    /// What began and what ended since this was asked last.
    pub fn news(&mut self) -> Vec<News> {
        self.remarks.take_news()
    }

    /// The acknowledgement of an agent as it is sent at `at`.
    pub fn acknowledgement(&mut self, agent: &AgentId, ack: Ack, at: Timestamp) -> Acknowledgement {
        Acknowledgement {
            ack,
            at: Some(at),
            remarks: self.remarks.due(&Giver::agent(agent, false).name, at),
        }
    }

    /// Nothing more comes to the group; the world learns what was counted.
    pub fn close(&mut self, group: &mut Group, at: Timestamp) {
        self.days.group_closed();
        let is_work = |a: &Arrival| a.input != Input::Tick;
        if group.arrivals.iter().any(is_work) || !group.refused.is_empty() {
            self.counts.add(Counter::Commits, 1);
        }
        if self.counts != self.told {
            self.told = self.counts;
            self.input(group, Input::Counted(self.counts.places()), at);
        }
    }

    /// The group is durable: from now on the store answers for it.
    pub fn committed(&mut self) {
        self.first = self.next;
        self.settled = self.told;
        self.disowned.clear();
        self.deduplicator.group_committed();
    }

    /// The group could not be formed or written: it is forgotten.
    pub fn failed(&mut self) {
        self.next = self.first;
        self.told = self.settled;
        self.counts = self.settled;
        self.counts.add(Counter::CommitFailures, 1);
        self.deduplicator.group_failed();
        // They name batches of the group: acknowledged with the next one, those would be lost.
        self.cursors = None;
        self.room = None;
        self.disowned.clear();
    }

    /// Whether there is room for an agent. One who is enrolled always has it; a stranger may have to wait
    /// until another has been silent for long.
    fn lets_in(&mut self, group: &mut Group, agent: &AgentId, taken: Taken<'_>) -> bool {
        if taken.is_enrolled {
            self.strangers.forget(agent);
            return true;
        }
        match self.strangers.comes(agent, taken.at) {
            Coming::In => true,
            Coming::InPlaceOf(silent) => {
                if let Some(cursors) = &mut self.cursors {
                    cursors.remove(&silent);
                }
                self.input(group, Input::Forgotten(silent), taken.at);
                true
            }
            Coming::NoRoom => {
                let cause = || {
                    format!(
                        "{MAX_STRANGERS} agents are known that are not enrolled, and there is no room for \
                         `{agent}`: enrol those that belong"
                    )
                };
                self.object_to_all(group, Counter::NoRoom, taken, cause);
                false
            }
        }
    }

    fn health(&mut self, group: &mut Group, mut health: AgentHealth, taken: Taken<'_>) {
        if !self.lets_in(group, &health.agent, taken) {
            return;
        }
        if !taken.is_enrolled && self.strangers.cut(&mut health) {
            let cause = || "agents that are not enrolled say too much of themselves".to_owned();
            self.object_to_all(group, Counter::NoRoom, taken, cause);
        }
        self.input(group, Input::Health(health), taken.at);
    }

    fn batch(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        mut envelope: Envelope,
        taken: Taken<'_>,
    ) -> Result<(), StoreError> {
        let channel = format!("agent {} seq {}", envelope.agent, envelope.seq);
        let giver = Giver::agent(&envelope.agent, taken.is_enrolled);
        let taken = Taken {
            channel: &channel,
            ..taken
        };
        if envelope.mode != self.mode {
            let taken = Taken {
                payload: &[],
                ..taken
            };
            let nothing = Ack::nothing(envelope.incarnation);
            group.unkept.insert(envelope.agent, nothing);
            let cause = format!("the batch is {:?}, this is {:?}", envelope.mode, self.mode);
            let (subject, reason) = (Subject::All, Counter::WrongMode);
            self.object(group, &giver, subject, reason, taken, || cause);
            return Ok(());
        }
        let observations = std::mem::take(&mut envelope.observations);
        let admitted = self.admit_all(group, store, observations, &giver, taken)?;
        if self.is_short {
            // The agent keeps all of it, and what may be shown is shown.
            let nothing = Ack::nothing(envelope.incarnation);
            group.unkept.insert(envelope.agent, nothing);
            self.enter(group, admitted, &giver, taken.at);
            return Ok(());
        }
        self.remarks.end(&giver.name, &Subject::All, taken.at);
        self.counts.add(Counter::Batches, 1);
        let nothing = || Ack::nothing(envelope.incarnation);
        let cursors = match &mut self.cursors {
            Some(cursors) => cursors,
            unknown => unknown.insert(store.cursors()?.into_iter().collect()),
        };
        let cursor = cursors
            .entry(envelope.agent.clone())
            .or_insert_with(nothing);
        if cursor.incarnation != envelope.incarnation {
            *cursor = nothing();
        }
        // What is sent is held.
        let given_up = cursor.give_up_below(envelope.oldest.min(envelope.seq));
        self.counts
            .add(Counter::GivenUp, given_up.min(MAX_GIVEN_UP));
        let is_new = cursor.add(envelope.seq);
        let batch = Input::AgentBatch {
            agent: envelope.agent.clone(),
            backfill: envelope.backfill,
            has_hole: cursor.has_hole(),
        };
        group.cursors.insert(envelope.agent, cursor.clone());
        self.input(group, batch, taken.at);
        // A number says nothing of what is under it: a gateway that went back uses it again.
        let taken_in = self.enter(group, admitted, &giver, taken.at);
        if !is_new && taken_in > 0 {
            let detail = format!("{taken_in} observations of this number were not known");
            self.refuse(
                group,
                Counter::NumberReused,
                detail,
                Taken {
                    payload: &[],
                    ..taken
                },
            );
        }
        Ok(())
    }
}
