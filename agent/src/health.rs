//! What the agent says of itself: the retained health message and the log line of every minute.
//!
//! [`Health::snapshot`] is the one place that both read from, and any later local interface.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
};

use shared::{clock::Clock, ids::AgentId, ids::GaugeId, time::Timestamp, wire::AgentHealth};

use crate::{counters::Counters, faults::Faults, spool::keeper::Held};

/// Names in the list of silent sources at most: a health message stays small.
const MAX_SILENT: usize = 100;

/// A source and its gauges, as the configuration names them.
#[derive(Debug, Clone)]
pub struct SourceGauges {
    pub name: String,
    pub gauges: Vec<GaugeId>,
}

/// Everything that is reported about the agent.
pub struct Health {
    agent: AgentId,
    clock: Clock,
    sources: Vec<SourceGauges>,
    pub counters: Arc<Counters>,
    pub faults: Arc<Faults>,
    silent: Mutex<BTreeSet<GaugeId>>,
    certificate_until: Mutex<Option<Timestamp>>,
}

impl Health {
    #[must_use]
    pub fn new(agent: AgentId, clock: Clock, sources: Vec<SourceGauges>) -> Self {
        Self {
            agent,
            clock,
            sources,
            counters: Arc::default(),
            faults: Arc::new(Faults::new(clock)),
            silent: Mutex::default(),
            certificate_until: Mutex::default(),
        }
    }

    /// Notes until when the agent's certificate holds.
    pub(crate) fn set_certificate(&self, until: Timestamp) {
        *self.certificate() = Some(until);
    }

    fn certificate(&self) -> MutexGuard<'_, Option<Timestamp>> {
        let until = self.certificate_until.lock();
        until.unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which gauges give nothing at present.
    pub(crate) fn set_silent(&self, silent: &BTreeSet<GaugeId>) {
        let mut known = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != *silent {
            known.clone_from(silent);
        }
    }

    /// The agent's health as it is published.
    pub fn snapshot(&self, online: bool, held: Held) -> AgentHealth {
        let certificate_until = *self.certificate();
        AgentHealth {
            agent: self.agent.clone(),
            online,
            at: self.clock.now(),
            mode: self.clock.mode(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            spooled_batches: held.usage.batches,
            spooled_bytes: held.usage.bytes,
            dropped: self.counters.dropped_observations.load(Relaxed),
            failed_readings: self.counters.failed_readings.load(Relaxed),
            silent_sources: self.silent_names(),
            faults: self.faults.present(),
            certificate_until,
        }
    }

    /// Whole sources by their names, other gauges by their ids.
    fn silent_names(&self) -> Vec<String> {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = Vec::new();
        for source in &self.sources {
            let quiet: Vec<_> = source
                .gauges
                .iter()
                .filter(|g| silent.contains(*g))
                .collect();
            if quiet.len() == source.gauges.len() && quiet.len() > 1 {
                names.push(source.name.clone());
            } else {
                names.extend(quiet.into_iter().map(ToString::to_string));
            }
        }
        names.truncate(MAX_SILENT);
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<GaugeId> {
        names.iter().map(|n| n.parse().expect("id")).collect()
    }

    #[test]
    fn a_source_that_is_wholly_silent_is_named_as_one() {
        let source = |name: &str, gauges: &[&str]| SourceGauges {
            name: name.to_owned(),
            gauges: ids(gauges),
        };
        let sources = vec![
            source("bus-a", &["lg-1", "lg-2"]),
            source("local", &["ws-1", "ws-2"]),
        ];
        let health = Health::new("gw-01".parse().expect("id"), Clock::Real, sources);
        health.set_silent(&ids(&["lg-1", "lg-2", "ws-2"]).into_iter().collect());
        let said = health.snapshot(true, Held::default());
        assert_eq!(said.silent_sources, ["bus-a", "ws-2"]);
    }
}
