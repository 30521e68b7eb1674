//! The observations that a status rests on, by their own time: the last hours of one gauge.

use std::collections::VecDeque;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shared::{
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    value::Value,
};

/// What an observation says of a depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub at: Timestamp,
    pub value: Option<Value>,
    pub quality: Quality,
    pub tests: TestSet,
}

impl From<&Observation> for Reading {
    fn from(observation: &Observation) -> Self {
        Self {
            at: observation.observed_at,
            value: observation.value,
            quality: observation.quality,
            tests: observation.tests,
        }
    }
}

impl Reading {
    /// Whether it casts doubt on what was known.
    pub fn is_doubtful(&self) -> bool {
        matches!(self.quality, Quality::Suspect | Quality::Fail)
    }
}

/// How far back evidence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach(i64);

const HOUR_MS: i64 = 3_600_000;

/// So many of the gauge's intervals, yet no less and no more than these hours: long enough for the
/// backlog of a night without a line, short enough to be held in memory for a whole city.
const INTERVALS: i64 = 720;
const LEAST_MS: i64 = 2 * HOUR_MS;
const MOST_MS: i64 = 48 * HOUR_MS;

/// Most readings that are held, should a gauge give many in a second. Beyond it the older half goes
/// at once, so that judging the rest anew is rare.
const MAX_READINGS: usize = 20_000;

impl Reach {
    /// The reach for a gauge that reports this often, in seconds.
    pub fn of_interval(interval_s: u32) -> Self {
        let span = i64::from(interval_s) * 1000 * INTERVALS;
        Self(span.clamp(LEAST_MS, MOST_MS))
    }

    /// What is older than this is history. It moves on once an hour, so that a new reading seldom
    /// makes an old one go, and it depends on nothing but the newest.
    fn floor(self, newest: Timestamp) -> Timestamp {
        let hour = newest.as_millis().div_euclid(HOUR_MS) * HOUR_MS;
        Timestamp::from_millis(hour.saturating_sub(self.0))
    }
}

/// What became of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// It is newer than all others, and none of them went.
    AtTheEnd(Reading),
    /// All must be judged anew.
    Elsewhere,
    /// Nothing is new: it is known, or history.
    Nowhere,
}

/// The readings of the last hours, oldest first, one of each time: a function of the set of those
/// that were taken, not of their order, where of one time only better ones follow, as merge lets
/// them through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence(VecDeque<Reading>);

impl Evidence {
    /// Takes a reading in any order; one of a known time replaces what was there.
    pub fn take(&mut self, reading: Reading, reach: Reach) -> Took {
        let newest = self.0.back().map_or(reading.at, |last| last.at);
        if reading.at < reach.floor(newest) {
            return Took::Nowhere;
        }
        let place = self.0.partition_point(|known| known.at < reading.at);
        if self.0.get(place) == Some(&reading) {
            return Took::Nowhere;
        }
        let mut took = if place == self.0.len() {
            Took::AtTheEnd(reading)
        } else {
            Took::Elsewhere
        };
        match self.0.get_mut(place) {
            Some(known) if known.at == reading.at => *known = reading,
            _ => self.0.insert(place, reading),
        }
        let floor = reach.floor(newest.max(reading.at));
        let old = self.0.partition_point(|known| known.at < floor);
        let many = if self.0.len() > MAX_READINGS {
            MAX_READINGS / 2
        } else {
            0
        };
        if old.max(many) > 0 {
            self.0.drain(..old.max(many));
            took = Took::Elsewhere;
        }
        took
    }

    /// Forgets readings of later times.
    pub fn forget_after(&mut self, latest: Timestamp) {
        self.0.retain(|reading| reading.at <= latest);
    }

    /// How many readings there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// All readings, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Reading> + '_ {
        self.0.iter().copied()
    }
}

/// Time since the one before in milliseconds, value, flag, tests: a saved world holds thousands.
type Row = (i64, Option<Value>, Quality, TestSet);

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        serializer.collect_seq(self.0.iter().map(|reading| -> Row {
            let at = reading.at.as_millis();
            let since = at.wrapping_sub(std::mem::replace(&mut before, at));
            (since, reading.value, reading.quality, reading.tests)
        }))
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut before = 0_i64;
        let rows = Vec::<Row>::deserialize(deserializer)?.into_iter();
        let readings = rows.map(|(since, value, quality, tests)| {
            before = before.wrapping_add(since);
            Reading {
                at: Timestamp::from_millis(before),
                value,
                quality,
                tests,
            }
        });
        Ok(Self(readings.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(minute: i64, milli: i64) -> Reading {
        Reading {
            at: Timestamp::from_millis(minute * 60_000),
            value: Some(Value::from_milli(milli)),
            quality: Quality::Pass,
            tests: TestSet::NONE,
        }
    }

    #[test]
    fn evidence_is_the_set_of_the_last_hours_in_whatever_order_it_comes() {
        let reach = Reach::of_interval(10);
        let minutes: Vec<i64> = (0..400).collect();
        let (mut straight, mut reversed) = (Evidence::default(), Evidence::default());
        for minute in &minutes {
            straight.take(reading(*minute, 1), reach);
        }
        for minute in minutes.iter().rev() {
            reversed.take(reading(*minute, 1), reach);
        }
        assert_eq!(straight, reversed);
        // 399 minutes are 6 h 39 min: the hour begins at 360, the reach is two hours.
        assert_eq!(straight.iter().next(), Some(reading(240, 1)));
        assert_eq!(straight.take(reading(239, 1), reach), Took::Nowhere);
    }

    #[test]
    fn only_a_reading_at_the_end_that_drives_none_out_is_judged_by_itself() {
        let reach = Reach::of_interval(10);
        let mut evidence = Evidence::default();
        let first = reading(0, 1);
        assert_eq!(evidence.take(first, reach), Took::AtTheEnd(first));
        assert_eq!(evidence.take(first, reach), Took::Nowhere);
        assert_eq!(evidence.take(reading(0, 2), reach), Took::Elsewhere);
        assert_eq!(
            evidence.take(reading(179, 1), reach),
            Took::AtTheEnd(reading(179, 1))
        );
        assert_eq!(evidence.take(reading(100, 1), reach), Took::Elsewhere);
        assert_eq!(evidence.take(reading(180, 1), reach), Took::Elsewhere);
        assert_eq!(evidence.iter().next(), Some(reading(100, 1)));
    }

    /// The minute of the oldest reading that is left of two, after the second.
    fn oldest_after(interval_s: u32, minute: i64) -> i64 {
        let reach = Reach::of_interval(interval_s);
        let mut evidence = Evidence::default();
        evidence.take(reading(0, 1), reach);
        evidence.take(reading(minute, 1), reach);
        let oldest = evidence.iter().next().expect("the second at least");
        oldest.at.as_millis() / 60_000
    }

    #[test]
    fn evidence_reaches_back_720_intervals_within_bounds() {
        // Of a minute: twelve hours, from the hour that has begun.
        assert_eq!((oldest_after(60, 779), oldest_after(60, 780)), (0, 780));
        // Of a second: two hours. Of a day: two days.
        assert_eq!((oldest_after(1, 179), oldest_after(1, 180)), (0, 180));
        assert_eq!(
            (oldest_after(86_400, 2_939), oldest_after(86_400, 2_940)),
            (0, 2_940)
        );
    }

    #[test]
    fn of_too_many_readings_the_older_half_goes() {
        let reach = Reach::of_interval(1);
        let mut evidence = Evidence::default();
        let at = |milli: i64| Reading {
            at: Timestamp::from_millis(milli),
            ..reading(0, 1)
        };
        for milli in 0..20_000 {
            assert_eq!(evidence.take(at(milli), reach), Took::AtTheEnd(at(milli)));
        }
        assert_eq!(evidence.take(at(20_000), reach), Took::Elsewhere);
        assert_eq!(evidence.iter().next(), Some(at(10_000)));
        assert_eq!(evidence.iter().count(), 10_001);
    }

    #[test]
    fn what_is_of_later_times_is_forgotten() {
        let reach = Reach::of_interval(60);
        let mut evidence = Evidence::default();
        for minute in 0..10 {
            evidence.take(reading(minute, 1), reach);
        }
        evidence.forget_after(reading(4, 1).at);
        assert_eq!(evidence.iter().last(), Some(reading(4, 1)));
        assert_eq!(evidence.iter().count(), 5);
    }

    #[test]
    fn what_was_saved_is_the_same_again() {
        let reach = Reach::of_interval(60);
        let mut evidence = Evidence::default();
        for minute in [5, -3, 7] {
            evidence.take(reading(minute, minute), reach);
        }
        let missing = Reading {
            value: None,
            quality: Quality::Missing,
            ..reading(9, 0)
        };
        evidence.take(missing, reach);
        let bytes = rmp_serde::to_vec_named(&evidence).expect("is data");
        assert_eq!(
            rmp_serde::from_slice::<Evidence>(&bytes).expect("was written so"),
            evidence
        );
    }
}
