//! One group commit being formed: pure bookkeeping between messages and the store.

mod spoken;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use shared::{
    clock::Mode,
    ids::AgentId,
    observation::Observation,
    quality::{Quality, Test},
    time::Timestamp,
    wire::{Ack, Envelope},
};

use self::spoken::Spoken;
use super::{Admitter, Answering, Message, Origin, Undecoded};
use crate::{
    counters::{Counter, Counts},
    merge::{Deduplicator, Novelty},
    store::{Commit, Durability, Refused, Store, StoreError},
    world::{Arrival, Input},
};

/// Characters of a refused payload that are kept.
const KEPT_PAYLOAD: usize = 512;

/// Characters of a channel that are kept with what was refused.
const KEPT_CHANNEL: usize = 200;

/// What waits for the commit.
#[derive(Default)]
pub struct Group {
    pub arrivals: Vec<Arrival>,
    pub refused: Vec<Refused>,
    pub receipts: Vec<Answering>,
    /// Agents whose cursor moved in this group.
    pub cursors: BTreeMap<AgentId, Ack>,
}

impl Group {
    /// The one atomic write that it asks for.
    #[must_use]
    pub fn commit(&mut self) -> Commit {
        let only_ticks = self.arrivals.iter().all(|a| a.input == Input::Tick);
        let cursors = self.cursors.iter();
        Commit {
            durability: if only_ticks && self.refused.is_empty() {
                Durability::Buffered
            } else {
                Durability::Synced
            },
            arrivals: std::mem::take(&mut self.arrivals),
            cursors: cursors.map(|(a, c)| (a.clone(), c.clone())).collect(),
            refused: std::mem::take(&mut self.refused),
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
}

/// What must be known from one group to the next.
pub struct Ledger {
    admitter: Admitter,
    mode: Mode,
    deduplicator: Deduplicator,
    spoken: Spoken,
    /// `None` after a group that failed: they are read back from the store before the next batch.
    cursors: Option<HashMap<AgentId, Ack>>,
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
            counts,
            told: counts,
            settled: counts,
            next: last_arrival + 1,
            first: last_arrival + 1,
        }
    }

    /// Takes one message, understood or not.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn message(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        message: Result<Message, Undecoded>,
        taken: Taken<'_>,
    ) -> Result<(), StoreError> {
        match message {
            Ok(Message::Batch(envelope)) => self.batch(group, store, envelope, taken)?,
            Ok(Message::Intake(observations)) => {
                let origin = Origin::ThirdParty;
                self.observations(group, store, observations, origin, taken)?;
            }
            Ok(Message::Health(health)) => self.input(group, Input::Health(health), taken.at),
            Ok(Message::Truck(report)) => self.input(group, Input::Truck(report), taken.at),
            Err(Undecoded { counter, detail }) => self.refuse(group, counter, detail, taken),
        }
        Ok(())
    }

    /// Takes an input as it is.
    pub fn input(&mut self, group: &mut Group, input: Input, at: Timestamp) {
        group.arrivals.push(Arrival {
            number: self.next,
            at,
            input,
        });
        self.next += 1;
    }

    /// Nothing more comes to the group; the world learns what was counted.
    pub fn close(&mut self, group: &mut Group, at: Timestamp) {
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
    }

    fn batch(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        envelope: Envelope,
        taken: Taken<'_>,
    ) -> Result<(), StoreError> {
        let channel = format!("agent {} seq {}", envelope.agent, envelope.seq);
        if envelope.mode != self.mode {
            let detail = format!("the batch is {:?}, this is {:?}", envelope.mode, self.mode);
            let taken = Taken {
                channel: &channel,
                payload: &[],
                ..taken
            };
            self.refuse(group, Counter::WrongMode, detail, taken);
            return Ok(());
        }
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
        let given_up = cursor.give_up_below(envelope.oldest);
        self.counts.add(Counter::GivenUp, given_up);
        let is_new = cursor.add(envelope.seq);
        let batch = Input::AgentBatch {
            agent: envelope.agent.clone(),
            backfill: envelope.backfill,
            has_hole: cursor.has_hole(),
        };
        group.cursors.insert(envelope.agent, cursor.clone());
        self.input(group, batch, taken.at);
        let taken = Taken {
            channel: &channel,
            ..taken
        };
        // A number says nothing of what is under it: a gateway that went back uses it again.
        let taken_in =
            self.observations(group, store, envelope.observations, Origin::Agent, taken)?;
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

    fn observations(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        mut observations: Vec<Observation>,
        origin: Origin,
        taken: Taken<'_>,
    ) -> Result<usize, StoreError> {
        let mut failed = Ok(());
        observations.retain_mut(|observation| {
            if failed.is_err() {
                return false;
            }
            self.admit(group, store, observation, origin, taken)
                .unwrap_or_else(|e| {
                    failed = Err(e);
                    false
                })
        });
        failed?;
        let count = observations.len();
        if count > 0 {
            self.input(group, Input::Observed(observations), taken.at);
        }
        Ok(count)
    }

    /// Whether an observation is to be written; it gets the flag with which it enters.
    fn admit(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        observation: &mut Observation,
        origin: Origin,
        taken: Taken<'_>,
    ) -> Result<bool, StoreError> {
        let admission = match self.admitter.admit(observation, origin, taken.at) {
            Ok(admission) => admission,
            Err(rejection) => {
                self.refuse_one(group, rejection.counter(), observation, taken);
                return Ok(false);
            }
        };
        let takes_back = observation.quality == Quality::Fail;
        (observation.quality, observation.tests) = (admission.quality, admission.tests);
        if admission.unknown_gauge {
            self.counts.add(Counter::UnknownGauge, 1);
        }
        if admission.is_ahead {
            // It is kept in its series too.
            self.refuse_one(group, Counter::Future, observation, taken);
        }
        if admission.out_of_range {
            self.counts.add(Counter::OutOfRange, 1);
        }
        let mut outcome = self.novelty(store, observation)?;
        if origin == Origin::ThirdParty {
            // A third party that fails its own word takes it back; one that says another corrects it.
            let is_about_known = match outcome {
                Novelty::Duplicate => takes_back,
                Novelty::Conflict => true,
                Novelty::New | Novelty::Better => false,
            };
            if is_about_known && self.spoken.is_by(observation, taken.channel) {
                observation.tests = observation.tests.with(Test::Corrected);
                outcome = self.novelty(store, observation)?;
            }
            // What was not taken is nobody's word: said twice it would else correct another's.
            if matches!(outcome, Novelty::New | Novelty::Better) {
                self.spoken.note(observation, taken.channel);
            }
        }
        match outcome {
            Novelty::New => self.counts.add(Counter::Observations, 1),
            Novelty::Better => {}
            Novelty::Duplicate => self.counts.add(Counter::Duplicates, 1),
            Novelty::Conflict => {
                self.counts.add(Counter::Duplicates, 1);
                self.refuse_one(group, Counter::Conflicting, observation, taken);
            }
        }
        Ok(matches!(outcome, Novelty::New | Novelty::Better))
    }

    fn novelty(
        &mut self,
        store: &dyn Store,
        observation: &Observation,
    ) -> Result<Novelty, StoreError> {
        let (gauge, parameter) = (&observation.gauge, observation.parameter);
        self.deduplicator.judge(
            observation,
            || {
                Ok(store
                    .newest(gauge, parameter)?
                    .map(|s| s.observation.observed_at))
            },
            || {
                let known = store.get(gauge, parameter, observation.observed_at)?;
                Ok::<_, StoreError>(known.map(|s| s.observation))
            },
        )
    }

    fn refuse_one(
        &mut self,
        group: &mut Group,
        counter: Counter,
        observation: &Observation,
        taken: Taken<'_>,
    ) {
        let detail = format!("{} at {}", observation.gauge, observation.observed_at);
        let payload = serde_json::to_vec(observation).unwrap_or_default();
        let taken = Taken {
            payload: &payload,
            ..taken
        };
        self.refuse(group, counter, detail, taken);
    }

    /// Counts what was not taken, and keeps its beginning.
    fn refuse(&mut self, group: &mut Group, counter: Counter, detail: String, taken: Taken<'_>) {
        self.counts.add(counter, 1);
        let head = taken.payload.get(..taken.payload.len().min(KEPT_PAYLOAD));
        let payload = String::from_utf8_lossy(head.unwrap_or_default())
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect();
        group.refused.push(Refused {
            received_at: taken.at,
            reason: counter.name().to_owned(),
            topic: taken.channel.chars().take(KEPT_CHANNEL).collect(),
            detail,
            payload,
        });
    }
}
