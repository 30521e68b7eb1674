//! When to poll: aligned ticks in storm time. Pure.
//!
//! A request with an interval of 60 s is due on the full minutes of storm time, so that gauges of
//! different agents show the same instants. A tick that was missed because the line was busy is
//! skipped and counted, never made up for: a reading is of now or it is not.

use shared::time::Timestamp;

/// One repeating request.
#[derive(Debug, Clone, Copy)]
struct Entry {
    interval_ms: i64,
    due: Timestamp,
}

/// The repeating requests of one line.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    entries: Vec<Entry>,
    missed: u64,
}

impl Schedule {
    /// Everything is due at once at the start, so that the map fills without waiting for a tick.
    #[must_use]
    pub(crate) fn new(intervals_ms: impl IntoIterator<Item = i64>, now: Timestamp) -> Self {
        let entry = |interval_ms: i64| Entry {
            interval_ms: interval_ms.max(1),
            due: now,
        };
        Self {
            entries: intervals_ms.into_iter().map(entry).collect(),
            missed: 0,
        }
    }

    /// The index of what is due at `now`: the longest overdue first. It is due again at its next
    /// tick after `now`.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<usize> {
        self.mend(now);
        let due = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, e)| e.due <= now);
        let (index, _) = due.min_by_key(|(index, e)| (e.due, *index))?;
        let entry = self.entries.get_mut(index)?;
        let next = next_tick(now, entry.interval_ms);
        let late_ms = next.millis_since(entry.due) - entry.interval_ms;
        self.missed += u64::try_from(late_ms / entry.interval_ms).unwrap_or(0);
        entry.due = next;
        Some(index)
    }

    /// When the next request is due.
    #[must_use]
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.entries.iter().map(|e| e.due).min()
    }

    /// Ticks that went by while the line was busy.
    #[must_use]
    pub(crate) fn missed(&self) -> u64 {
        self.missed
    }

    /// A clock that was set back would leave everything due far in the future.
    fn mend(&mut self, now: Timestamp) {
        for entry in &mut self.entries {
            if entry.due.millis_since(now) > entry.interval_ms {
                entry.due = next_tick(now, entry.interval_ms);
            }
        }
    }
}

/// The first multiple of the interval after `now`.
fn next_tick(now: Timestamp, interval_ms: i64) -> Timestamp {
    let ticks = now.as_millis().div_euclid(interval_ms) + 1;
    Timestamp::from_millis(ticks.saturating_mul(interval_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn everything_is_due_at_the_start_and_then_on_aligned_ticks() {
        let mut schedule = Schedule::new([10_000, 60_000], at(3_000));
        assert_eq!(schedule.take_due(at(3_000)), Some(0));
        assert_eq!(schedule.take_due(at(3_000)), Some(1));
        assert_eq!(schedule.take_due(at(3_000)), None);
        assert_eq!(schedule.next_due(), Some(at(10_000)));
        assert_eq!(schedule.take_due(at(9_999)), None);
        assert_eq!(schedule.take_due(at(10_001)), Some(0));
        assert_eq!(schedule.next_due(), Some(at(20_000)));
        assert_eq!(schedule.missed(), 0);
    }

    #[test]
    fn ticks_that_went_by_are_counted_and_not_made_up_for() {
        let mut schedule = Schedule::new([10_000], at(0));
        schedule.take_due(at(0));
        assert_eq!(schedule.take_due(at(45_000)), Some(0));
        assert_eq!(
            (schedule.take_due(at(45_001)), schedule.missed()),
            (None, 3)
        );
        assert_eq!(schedule.next_due(), Some(at(50_000)));
    }

    #[test]
    fn the_longest_overdue_goes_first() {
        let mut schedule = Schedule::new([10_000, 15_000], at(0));
        schedule.take_due(at(0));
        schedule.take_due(at(0));
        assert_eq!(
            [schedule.take_due(at(16_000)), schedule.take_due(at(16_000))],
            [Some(0), Some(1)]
        );
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_silence_the_gauges() {
        let mut schedule = Schedule::new([60_000], at(3_600_000));
        schedule.take_due(at(3_600_000));
        assert_eq!(schedule.take_due(at(10_000)), None);
        assert_eq!(schedule.next_due(), Some(at(60_000)));
    }
}
