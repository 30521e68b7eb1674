//! What every part of the agent counts, since the start.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Observations made durable.
    pub observations: AtomicU64,
    /// Readings that failed: time-outs, bad frames, refused requests, payloads that are none.
    pub failed_readings: AtomicU64,
    /// Polls left out because their line was busy.
    pub missed_polls: AtomicU64,
    /// Messages of local brokers that are no reading.
    pub bad_payloads: AtomicU64,
    /// Bytes that came on a line when nothing had been asked: late answers, noise.
    pub stale_bytes: Arc<AtomicU64>,
    /// Observations that the spool had no room for.
    pub dropped_observations: AtomicU64,
    /// Observations that a kill would have lost, because the draft could not be written.
    pub undrafted_observations: AtomicU64,
    /// Batches handed to the broker, repetitions included.
    pub published: AtomicU64,
    /// Batches that the aggregator's acknowledgements released.
    pub released: AtomicU64,
    /// Connections of the uplink that became ready.
    pub connections: AtomicU64,
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Relaxed);
}
