//! What was taken and what was refused, counted since the start; shown on the page and in metrics.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// A thing that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counter {
    /// New observations merged and durable.
    Observations,
    /// Observations that were known already.
    Duplicates,
    /// Batches of agents that were taken.
    Batches,
    /// Group commits of the store.
    Commits,
    /// Observations of gauges that no layer knows. They are kept.
    UnknownGauge,
    /// Observations from the future. Refused, kept aside.
    Future,
    /// Observations from before 2000. Refused, kept aside.
    TooOld,
    /// Payloads that cannot be decoded. Refused, kept aside.
    BadPayload,
    /// Topics that are none of ours, or of somebody else.
    BadTopic,
    /// Values that the gauge cannot give (failed the range or sentinel test). Kept, flagged.
    OutOfRange,
    /// Batches of another mode than this program's (an exercise is never actual). Refused.
    WrongMode,
    /// Observations of another parameter than the layer says. Refused, kept aside.
    WrongParameter,
    /// Sequence numbers that an agent gave up because its spool was full.
    GivenUp,
    /// Group commits that failed.
    CommitFailures,
}

impl Counter {
    /// All counters.
    pub const ALL: [Self; 14] = [
        Self::Observations,
        Self::Duplicates,
        Self::Batches,
        Self::Commits,
        Self::UnknownGauge,
        Self::Future,
        Self::TooOld,
        Self::BadPayload,
        Self::BadTopic,
        Self::OutOfRange,
        Self::WrongMode,
        Self::WrongParameter,
        Self::GivenUp,
        Self::CommitFailures,
    ];

    /// Whether it tells of trouble, and not of work done.
    #[must_use]
    pub const fn tells_of_trouble(self) -> bool {
        !matches!(
            self,
            Self::Observations | Self::Duplicates | Self::Batches | Self::Commits
        )
    }

    /// The name in APIs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observations => "observations",
            Self::Duplicates => "duplicates",
            Self::Batches => "batches",
            Self::Commits => "commits",
            Self::UnknownGauge => "unknown-gauge",
            Self::Future => "future",
            Self::TooOld => "too-old",
            Self::BadPayload => "bad-payload",
            Self::BadTopic => "bad-topic",
            Self::OutOfRange => "out-of-range",
            Self::WrongMode => "wrong-mode",
            Self::WrongParameter => "wrong-parameter",
            Self::GivenUp => "given-up",
            Self::CommitFailures => "commit-failures",
        }
    }
}

/// All counters, shared by every part of the program.
#[derive(Debug, Default)]
pub struct Counters([AtomicU64; Counter::ALL.len()]);

impl Counters {
    fn cell(&self, counter: Counter) -> &AtomicU64 {
        self.0.get(counter as usize).expect("one cell per counter")
    }

    /// Adds `n`.
    pub fn add(&self, counter: Counter, n: u64) {
        self.cell(counter).fetch_add(n, Ordering::Relaxed);
    }

    /// The present count.
    pub fn get(&self, counter: Counter) -> u64 {
        self.cell(counter).load(Ordering::Relaxed)
    }

    /// The sum of all that tell of trouble.
    #[must_use]
    pub fn trouble(&self) -> u64 {
        let trouble = Counter::ALL.into_iter().filter(|c| c.tells_of_trouble());
        trouble.map(|c| self.get(c)).sum()
    }

    /// All counts by name.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<&'static str, u64> {
        Counter::ALL
            .into_iter()
            .map(|c| (c.name(), self.get(c)))
            .collect()
    }
}
