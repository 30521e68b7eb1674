//! Whether the agent's loops move: what the watchdog asks before it is fed.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

const RESTING: u64 = u64::MAX;

/// The beats of all loops.
#[derive(Debug, Default)]
pub struct Pulse {
    beats: Mutex<Vec<Arc<Beat>>>,
}

impl Pulse {
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

    /// The loops that have not moved within their deadlines, by name.
    pub(crate) fn stuck(&self) -> Vec<String> {
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats
            .iter()
            .filter(|b| b.is_stuck())
            .map(|b| b.name.clone())
            .collect()
    }
}

/// The beat of one loop.
#[derive(Debug)]
pub struct Beat {
    name: String,
    deadline: Duration,
    since: Instant,
    marked_ms: AtomicU64,
}

impl Beat {
    /// The loop moves.
    pub(crate) fn mark(&self) {
        self.marked_ms.store(self.elapsed_ms(), Relaxed);
    }

    /// The loop waits for something that may take any time.
    pub(crate) fn rest(&self) {
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

    #[test]
    fn a_loop_is_stuck_when_it_has_marked_and_then_not_moved_within_its_deadline() {
        let pulse = Pulse::default();
        let beat = pulse.beat("poll bus-a", Duration::ZERO);
        assert!(pulse.stuck().is_empty(), "a loop that has not begun rests");
        beat.mark();
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(3) {
            std::hint::spin_loop();
        }
        assert_eq!(pulse.stuck(), ["poll bus-a"]);
        beat.rest();
        assert!(pulse.stuck().is_empty());
    }
}
