//! Observations of times that have not come: whether the fault was this program's own clock shows
//! when it is set. Then those that its being behind explains are judged again, as they came.

use std::collections::VecDeque;

use shared::{observation::Observation, time::Timestamp};

/// So many are remembered; older ones keep their doubt.
const REMEMBERED: usize = 100_000;

/// A clock that moves by more than this against a monotonic one was set, in milliseconds.
const SET_MS: i64 = 1_000;

/// One of them, as it came.
#[derive(Debug)]
pub struct Early<T> {
    pub observation: Observation,
    /// Who gave it.
    pub by: T,
    taken_at: Timestamp,
}

/// Those that were taken since the clock was set last.
#[derive(Debug)]
pub struct Ahead<T> {
    kept: VecDeque<Early<T>>,
    /// The clock minus the monotonic one, in milliseconds.
    offset_ms: Option<i64>,
}

impl<T> Default for Ahead<T> {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
            offset_ms: None,
        }
    }
}

impl<T> Ahead<T> {
    /// Remembers one that was taken at a time that the clock told.
    pub fn note(&mut self, observation: Observation, by: T, taken_at: Timestamp) {
        if self.kept.len() == REMEMBERED {
            self.kept.pop_front();
        }
        self.kept.push_back(Early {
            observation,
            by,
            taken_at,
        });
    }

    /// Forgets those of whoever does not belong any more.
    pub fn forget(&mut self, is_gone: impl Fn(&T) -> bool) {
        self.kept.retain(|early| !is_gone(&early.by));
    }

    /// Looks at the clock beside a monotonic one. If it was set forward since the last look, returns
    /// those that were not ahead by more than `ahead_ms` of what it should have told.
    pub fn look(&mut self, now: Timestamp, monotonic_ms: i64, ahead_ms: i64) -> Vec<Early<T>> {
        let offset_ms = now.as_millis().saturating_sub(monotonic_ms);
        let before = self.offset_ms.replace(offset_ms);
        let set_by_ms = before.map_or(0, |before| offset_ms.saturating_sub(before));
        if set_by_ms.abs() <= SET_MS {
            return Vec::new();
        }
        let explained = |early: &Early<T>| {
            let should_have_told = early.taken_at.plus_millis(set_by_ms);
            early.observation.observed_at.millis_since(should_have_told) <= ahead_ms
        };
        let all = std::mem::take(&mut self.kept).into_iter();
        all.filter(|early| set_by_ms > 0 && explained(early))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        gauge::Parameter,
        quality::{Quality, TestSet},
    };

    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * MINUTE_MS)
    }

    fn observation(minute: i64) -> Observation {
        Observation {
            gauge: "lg-1".parse().expect("id"),
            parameter: Parameter::Depth,
            observed_at: at(minute),
            value: None,
            quality: Quality::Missing,
            tests: TestSet::NONE,
        }
    }

    fn times<T>(early: &[Early<T>]) -> Vec<Timestamp> {
        early.iter().map(|e| e.observation.observed_at).collect()
    }

    /// Two observations, 60 and 90 minutes ahead of the clock.
    fn two_ahead() -> Ahead<()> {
        let mut ahead = Ahead::default();
        assert!(times(&ahead.look(at(100), 0, MINUTE_MS)).is_empty());
        ahead.note(observation(160), (), at(100));
        ahead.note(observation(190), (), at(100));
        ahead
    }

    #[test]
    fn a_clock_that_is_set_forward_explains_what_was_ahead_by_no_more_than_that() {
        let mut ahead = two_ahead();
        assert!(times(&ahead.look(at(200), 100 * MINUTE_MS, MINUTE_MS)).is_empty());
        let due = ahead.look(at(270), 110 * MINUTE_MS, MINUTE_MS);
        assert_eq!(times(&due), [at(160)], "set by 60 minutes");
        let later = ahead.look(at(400), 120 * MINUTE_MS, MINUTE_MS);
        assert!(times(&later).is_empty(), "the other was ahead by itself");
    }

    #[test]
    fn one_that_is_set_back_or_only_drifts_explains_nothing() {
        let mut ahead = two_ahead();
        let drifted = Timestamp::from_millis(100 * MINUTE_MS + SET_MS);
        assert!(times(&ahead.look(drifted, 0, 999 * MINUTE_MS)).is_empty());
        assert_eq!(ahead.kept.len(), 2);
        assert!(times(&ahead.look(at(50), 0, 999 * MINUTE_MS)).is_empty());
        assert!(ahead.kept.is_empty(), "what it told before is no measure");
    }
}
