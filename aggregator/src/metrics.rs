//! Time spent by stage, for `/metrics` and the ingest bench.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Wall time that a stage has taken, in microseconds.
#[derive(Debug, Default)]
pub struct StageTime(AtomicU64);

impl StageTime {
    /// Adds a span.
    pub fn add(&self, span: Duration) {
        self.0.fetch_add(
            u64::try_from(span.as_micros()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }

    /// The sum in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        Duration::from_micros(self.0.load(Ordering::Relaxed)).as_secs_f64()
    }
}

/// The committer's stages.
#[derive(Debug, Default)]
pub struct Stages {
    /// Decode, admit, merge.
    pub form: StageTime,
    /// The atomic write and its sync.
    pub commit: StageTime,
    /// Receipts, acknowledgements, hand-over to the world.
    pub answer: StageTime,
}
