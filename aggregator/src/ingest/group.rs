//! One group commit being formed: pure bookkeeping between messages and the store.

use std::collections::{BTreeMap, HashMap};

use shared::{
    clock::Mode,
    fleet::TruckReport,
    ids::AgentId,
    observation::Observation,
    time::Timestamp,
    wire::{Ack, AgentHealth, Envelope},
};

use super::{Admitter, Origin, Receipt, decode::Undecoded};
use crate::{
    counters::{Counter, Counters},
    merge::{Deduplicator, Novelty},
    store::{Commit, Refused, Store, StoreError, Stored},
    world::Input,
};

/// Characters of a refused payload that are kept.
const KEPT_PAYLOAD: usize = 512;

/// What waits for the commit.
#[derive(Default)]
pub struct Group {
    pub commit: Commit,
    pub inputs: Vec<Input>,
    pub receipts: Vec<Box<dyn FnOnce(Receipt) + Send>>,
    /// Agents whose cursor moved in this group.
    pub cursors: BTreeMap<AgentId, Ack>,
}

/// Forms groups: holds what must be known from one group to the next.
pub struct Former<'a> {
    pub admitter: Admitter,
    pub counters: &'a Counters,
    pub mode: Mode,
    pub deduplicator: Deduplicator,
    pub cursors: HashMap<AgentId, Ack>,
}

impl Former<'_> {
    /// Takes one batch of an agent.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn batch(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        envelope: Envelope,
        received_at: Timestamp,
    ) -> Result<(), StoreError> {
        if envelope.mode != self.mode {
            let detail = format!("the batch is {:?}, this is {:?}", envelope.mode, self.mode);
            let topic = format!("agent {} seq {}", envelope.agent, envelope.seq);
            self.refuse(group, Counter::WrongMode, &topic, detail, &[], received_at);
            return Ok(());
        }
        self.counters.add(Counter::Batches, 1);
        let cursor = self
            .cursors
            .entry(envelope.agent.clone())
            .or_insert_with(|| Ack::nothing(envelope.incarnation));
        if cursor.incarnation != envelope.incarnation {
            *cursor = Ack::nothing(envelope.incarnation);
        }
        let given_up = cursor.give_up_below(envelope.oldest);
        self.counters.add(Counter::GivenUp, given_up);
        let is_new = cursor.add(envelope.seq);
        let cursor = cursor.clone();
        let agent = envelope.agent.clone();
        group.inputs.push(Input::AgentBatch {
            agent: agent.clone(),
            at: received_at,
            backfill: envelope.backfill,
            has_hole: cursor.has_hole(),
        });
        group.cursors.insert(agent, cursor);
        if is_new {
            let from = format!("agent {}", envelope.agent);
            let from = (Origin::Agent, from.as_str());
            self.observations(group, store, envelope.observations, from, received_at)?;
        } else {
            let count = u64::try_from(envelope.observations.len()).unwrap_or(u64::MAX);
            self.counters.add(Counter::Duplicates, count);
        }
        Ok(())
    }

    /// Takes observations, of an agent or of a third party.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn observations(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        observations: Vec<Observation>,
        (origin, from): (Origin, &str),
        received_at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut fresh = Vec::with_capacity(observations.len());
        for observation in observations {
            let admission = match self.admitter.admit(&observation, origin, received_at) {
                Ok(admission) => admission,
                Err(rejection) => {
                    let detail = format!("{} at {}", observation.gauge, observation.observed_at);
                    let payload = serde_json::to_vec(&observation).unwrap_or_default();
                    self.refuse(
                        group,
                        rejection.counter(),
                        from,
                        detail,
                        &payload,
                        received_at,
                    );
                    continue;
                }
            };
            let mut observation = observation;
            (observation.quality, observation.tests) = (admission.quality, admission.tests);
            if admission.unknown_gauge {
                self.counters.add(Counter::UnknownGauge, 1);
            }
            if admission.out_of_range {
                self.counters.add(Counter::OutOfRange, 1);
            }
            let outcome = self.deduplicator.judge(
                &observation,
                |gauge| Ok(store.newest(gauge)?.map(|s| s.observation.observed_at)),
                |gauge, at| Ok::<_, StoreError>(store.get(gauge, at)?.map(|s| s.observation)),
            )?;
            match outcome {
                Novelty::New => self.counters.add(Counter::Observations, 1),
                Novelty::Better => {}
                Novelty::Duplicate => {
                    self.counters.add(Counter::Duplicates, 1);
                    continue;
                }
            }
            fresh.push(observation.clone());
            group.commit.observations.push(Stored {
                observation,
                received_at,
            });
        }
        if !fresh.is_empty() {
            group.inputs.push(Input::Observed {
                observations: fresh,
                received_at,
            });
        }
        Ok(())
    }

    /// Takes an agent's word on itself.
    pub fn health(group: &mut Group, health: AgentHealth) {
        group.inputs.push(Input::Health(health));
    }

    /// Takes a truck's report.
    pub fn truck(group: &mut Group, report: TruckReport) {
        group.inputs.push(Input::Truck(report));
    }

    /// Counts a message that was not understood, and keeps its beginning.
    pub fn undecoded(
        &self,
        group: &mut Group,
        undecoded: Undecoded,
        topic: &str,
        payload: &[u8],
        received_at: Timestamp,
    ) {
        self.refuse(
            group,
            undecoded.counter,
            topic,
            undecoded.detail,
            payload,
            received_at,
        );
    }

    fn refuse(
        &self,
        group: &mut Group,
        counter: Counter,
        topic: &str,
        detail: String,
        payload: &[u8],
        received_at: Timestamp,
    ) {
        self.counters.add(counter, 1);
        let head = payload
            .get(..payload.len().min(KEPT_PAYLOAD))
            .unwrap_or_default();
        let payload = String::from_utf8_lossy(head)
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect();
        let topic = topic.chars().take(200).collect();
        let reason = counter.name().to_owned();
        group.commit.refused.push(Refused {
            received_at,
            reason,
            topic,
            detail,
            payload,
        });
    }
}
