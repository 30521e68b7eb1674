//! Time spent by stage, for `/metrics` and the bench.
//!
//! Two sums for each stage: time on the clock, and time on a processor of the thread that did it.
//! Their difference is what the stage waited: for the disk, for a lock, or for its turn.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use enum_map::{Enum, EnumMap};
use nix::time::{ClockId, clock_gettime};

/// A stage of the way from a message to the map, in the order of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Stage {
    /// Committer: payload to typed observations.
    Decode,
    /// Committer: admission, duplicates, cursors.
    Merge,
    /// Committer: the atomic write and its sync.
    Commit,
    /// Committer: receipts, acknowledgements, hand-over to the world.
    Answer,
    /// World: inputs of a group commit.
    World,
    /// World: time passes: statuses, forecasts, plans.
    Tick,
    /// Announcer: state and delta as JSON.
    State,
    /// Announcer: the live layers of the map.
    Map,
}

impl Stage {
    /// The name in `/metrics`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Nanoseconds that a stage took, by the clock and on the processor.
#[derive(Debug, Default)]
struct Spent {
    clock: AtomicU64,
    cpu: AtomicU64,
}

impl Spent {
    fn seconds(&self) -> (f64, f64) {
        let seconds =
            |sum: &AtomicU64| Duration::from_nanos(sum.load(Ordering::Relaxed)).as_secs_f64();
        (seconds(&self.clock), seconds(&self.cpu))
    }
}

/// What every stage took since the start.
#[derive(Debug, Default)]
pub struct Stages(EnumMap<Stage, Spent>);

impl Stages {
    /// Seconds on the clock and on the processor.
    #[must_use]
    pub fn seconds(&self, stage: Stage) -> (f64, f64) {
        self.0[stage].seconds()
    }

    /// Seconds of all stages.
    pub fn iter(&self) -> impl Iterator<Item = (Stage, (f64, f64))> + '_ {
        self.0.iter().map(|(stage, spent)| (stage, spent.seconds()))
    }
}

/// Measures one stage after the other on one thread; between two laps the thread must be the same,
/// so there may be no `await`.
#[derive(Debug)]
pub struct Stopwatch<'a> {
    stages: &'a Stages,
    clock: Instant,
    cpu: Duration,
}

impl<'a> Stopwatch<'a> {
    /// Starts now.
    #[must_use]
    pub fn start(stages: &'a Stages) -> Self {
        Self {
            stages,
            clock: Instant::now(),
            cpu: thread_cpu(),
        }
    }

    /// What passed since the start or the lap before belongs to `stage`.
    pub fn lap(&mut self, stage: Stage) {
        let (clock, cpu) = (Instant::now(), thread_cpu());
        let spent = &self.stages.0[stage];
        add(&spent.clock, clock - self.clock);
        add(&spent.cpu, cpu.saturating_sub(self.cpu));
        (self.clock, self.cpu) = (clock, cpu);
    }
}

fn add(sum: &AtomicU64, span: Duration) {
    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    sum.fetch_add(nanos, Ordering::Relaxed);
}

/// Zero where the system does not tell: then only the clock's sums mean something.
fn thread_cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_waits_takes_time_on_the_clock_but_not_on_the_processor() {
        let stages = Stages::default();
        let mut watch = Stopwatch::start(&stages);
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let waited = receiver.recv_timeout(Duration::from_millis(30));
        drop(sender);
        assert!(waited.is_err());
        watch.lap(Stage::Commit);
        let (clock, cpu) = stages.seconds(Stage::Commit);
        assert!(clock >= 0.030 && cpu < clock / 2.0, "{clock} {cpu}");
        assert_eq!(stages.seconds(Stage::Map), (0.0, 0.0));
    }
}
