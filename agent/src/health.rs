//! What the agent knows of itself: counters, silent gauges, and whether its loops move.
//!
//! [`Health::snapshot`] is the one place that everything which reports reads from: the retained
//! health message, the log line of every minute, and any later local interface.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use shared::{clock::Clock, ids::AgentId, ids::GaugeId, wire::AgentHealth};

use crate::spool::keeper::Held;

/// Names in the list of silent sources at most: a health message stays small.
const MAX_SILENT: usize = 100;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counters {
    pub observations: AtomicU64,
    pub failed_readings: AtomicU64,
    pub missed_polls: AtomicU64,
    pub bad_payloads: AtomicU64,
    /// Bytes that came on a line when nothing had been asked: late answers, noise.
    pub stale_bytes: Arc<AtomicU64>,
    pub dropped_observations: AtomicU64,
    /// Observations that a kill would have lost, because the draft could not be written.
    pub undrafted_observations: AtomicU64,
    pub published: AtomicU64,
    pub released: AtomicU64,
    pub connections: AtomicU64,
}

/// Adds to a counter.
pub fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Relaxed);
}

/// A source and its gauges, as the configuration names them.
#[derive(Debug, Clone)]
pub struct SourceGauges {
    pub name: String,
    pub gauges: Vec<GaugeId>,
}

/// Everything that reports about the agent.
pub struct Health {
    agent: AgentId,
    clock: Clock,
    sources: Vec<SourceGauges>,
    pub counters: Counters,
    silent: Mutex<BTreeSet<GaugeId>>,
    beats: Mutex<Vec<Arc<Beat>>>,
}

impl Health {
    #[must_use]
    pub fn new(agent: AgentId, clock: Clock, sources: Vec<SourceGauges>) -> Self {
        Self {
            agent,
            clock,
            sources,
            counters: Counters::default(),
            silent: Mutex::default(),
            beats: Mutex::default(),
        }
    }

    /// A loop that must move at least once in `deadline`, unless it says that it rests.
    pub fn beat(&self, name: impl Into<String>, deadline: Duration) -> Arc<Beat> {
        let beat = Arc::new(Beat {
            name: name.into(),
            deadline,
            since: Instant::now(),
            marked_ms: AtomicU64::new(RESTING),
        });
        self.beats
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&beat));
        beat
    }

    /// The loops that have not moved within their deadlines.
    pub fn stuck(&self) -> Vec<String> {
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats
            .iter()
            .filter(|b| b.is_stuck())
            .map(|b| b.name.clone())
            .collect()
    }

    /// Notes which gauges give nothing at present.
    pub fn set_silent(&self, silent: &BTreeSet<GaugeId>) {
        let mut known = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != *silent {
            known.clone_from(silent);
        }
    }

    /// The agent's health as it is published.
    pub fn snapshot(&self, online: bool, held: Held) -> AgentHealth {
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

const RESTING: u64 = u64::MAX;

/// The pulse of one loop.
#[derive(Debug)]
pub struct Beat {
    name: String,
    deadline: Duration,
    since: Instant,
    marked_ms: AtomicU64,
}

impl Beat {
    /// The loop moves.
    pub fn mark(&self) {
        self.marked_ms.store(self.elapsed_ms(), Relaxed);
    }

    /// The loop waits for something that may take any time.
    pub fn rest(&self) {
        self.marked_ms.store(RESTING, Relaxed);
    }

    fn is_stuck(&self) -> bool {
        let marked = self.marked_ms.load(Relaxed);
        let silent_ms = self.elapsed_ms().saturating_sub(marked);
        marked != RESTING && u128::from(silent_ms) > self.deadline.as_millis()
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(RESTING - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<GaugeId> {
        names.iter().map(|n| n.parse().expect("id")).collect()
    }

    fn health() -> Health {
        let source = |name: &str, gauges: &[&str]| SourceGauges {
            name: name.to_owned(),
            gauges: ids(gauges),
        };
        let sources = vec![
            source("bus-a", &["lg-1", "lg-2"]),
            source("local", &["ws-1", "ws-2"]),
        ];
        Health::new("gw-01".parse().expect("id"), Clock::Real, sources)
    }

    #[test]
    fn a_source_that_is_wholly_silent_is_named_as_one() {
        let health = health();
        health.set_silent(&ids(&["lg-1", "lg-2", "ws-2"]).into_iter().collect());
        let said = health.snapshot(true, Held::default());
        assert_eq!(said.silent_sources, ["bus-a", "ws-2"]);
    }

    #[test]
    fn a_loop_is_stuck_when_it_has_marked_and_then_not_moved_within_its_deadline() {
        let health = health();
        let beat = health.beat("poll bus-a", Duration::ZERO);
        assert!(health.stuck().is_empty(), "a loop that has not begun rests");
        beat.mark();
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(3) {
            std::hint::spin_loop();
        }
        assert_eq!(health.stuck(), ["poll bus-a"]);
        beat.rest();
        assert!(health.stuck().is_empty());
    }
}
