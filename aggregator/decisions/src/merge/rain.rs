//! Rain as one gauge tells it: the intensity between two readings follows from their times, not from
//! how often the gauge is said to report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::{gauge::Parameter, time::Timestamp};

/// Rain is remembered for this long: after three hours it weighs less than a millionth in what
/// runs off now.
const SPAN_MS: i64 = 3 * 3_600_000;

/// A tip of a bucket within a second is no cloudburst: rain now is that of at least the last minute.
const NOW_HOURS: f64 = 1.0 / 60.0;

/// An intensity stands for no longer than so many intervals of its gauge.
const STANDS_INTERVALS: f64 = 3.0;

const HOUR_S: f64 = 3_600.0;

/// What a rain gauge gives, and how often it is said to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RainKind {
    /// A depth since the last reading, or an intensity.
    pub parameter: Parameter,
    pub interval_s: u32,
}

/// What fell until a reading, since the one before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fall {
    /// When it ended.
    pub at: Timestamp,
    pub hours: f64,
    pub mm_per_h: f64,
}

/// The readings of the last hours by their times, and the one before, in the gauge's own unit; a reading without a value
/// that can be used is one all the same: the next depth is counted from it on. A function of the set
/// of readings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rain(BTreeMap<Timestamp, Option<f64>>);

impl FromIterator<(Timestamp, Option<f64>)> for Rain {
    /// All of these, however old.
    fn from_iter<I: IntoIterator<Item = (Timestamp, Option<f64>)>>(readings: I) -> Self {
        Self(readings.into_iter().collect())
    }
}

impl Rain {
    /// Takes a reading in any order; one of a known time replaces what was there.
    pub fn observe(&mut self, at: Timestamp, value: Option<f64>) {
        self.0.insert(at, value.map(|value| value.max(0.0)));
        let newest = self.0.last_key_value().map_or(at, |(newest, _)| *newest);
        let floor = newest.plus_millis(-SPAN_MS);
        // The newest of what is older stays: what fell next is counted from it on.
        if let Some((last, _)) = self.0.range(..floor).next_back() {
            let last = *last;
            self.0 = self.0.split_off(&last);
        }
    }

    /// Forgets readings of later times.
    pub fn forget_after(&mut self, latest: Timestamp) {
        self.0.retain(|at, _| *at <= latest);
    }

    /// What fell until a time, the newest first.
    pub fn falls(&self, kind: RainKind, until: Timestamp) -> impl Iterator<Item = Fall> + '_ {
        let interval_s = f64::from(kind.interval_s);
        let mut readings = self.0.range(..=until).rev().peekable();
        std::iter::from_fn(move || {
            let (at, value) = readings.next()?;
            let since = readings
                .peek()
                .map(|(before, _)| at.seconds_since(**before));
            Some((*at, *value, since))
        })
        .filter_map(move |(at, value, since_s)| {
            let is_depth = kind.parameter == Parameter::RainfallDepth;
            // Since when the first depth fell nobody knows.
            let since_s = if is_depth {
                since_s?
            } else {
                since_s.unwrap_or(interval_s)
            };
            let (value, since_s) = (value?, since_s.max(1e-3));
            let (span_s, mm_per_h) = if is_depth {
                (since_s, value * HOUR_S / since_s)
            } else {
                (since_s.min(STANDS_INTERVALS * interval_s.max(1.0)), value)
            };
            let hours = span_s / HOUR_S;
            Some(Fall {
                at,
                hours,
                mm_per_h,
            })
        })
    }

    /// The rain of the newest reading that can be used, or, where they come faster, of the last
    /// minute, in mm/h.
    pub fn now_mm_per_h(&self, kind: RainKind) -> Option<f64> {
        let mut hours = 0.0;
        let newest = Timestamp::from_millis(i64::MAX);
        let recent = self.falls(kind, newest).take_while(|fall| {
            let is_needed = hours < NOW_HOURS;
            hours += fall.hours;
            is_needed
        });
        mean_mm_per_h(kind, recent)
    }
}

/// The mean of what fell, each by its time; `None` of nothing. Depths are spread over a minute at least.
fn mean_mm_per_h(kind: RainKind, falls: impl Iterator<Item = Fall>) -> Option<f64> {
    let (mm, hours) = falls.fold((0.0, 0.0), |(mm, hours), fall| {
        (mm + fall.mm_per_h * fall.hours, hours + fall.hours)
    });
    let least = match kind.parameter {
        Parameter::RainfallDepth => NOW_HOURS,
        _ => 0.0,
    };
    (hours > 0.0).then(|| mm / hours.max(least))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    fn kind(parameter: Parameter) -> RainKind {
        let interval_s = 60;
        RainKind {
            parameter,
            interval_s,
        }
    }

    const DEPTH: Parameter = Parameter::RainfallDepth;
    const INTENSITY: Parameter = Parameter::RainfallIntensity;

    fn rain(readings: &[(i64, Option<f64>)]) -> Rain {
        let mut rain = Rain::default();
        for (second, value) in readings {
            rain.observe(at(*second), *value);
        }
        rain
    }

    #[test]
    fn a_depth_is_an_intensity_by_the_times_of_its_readings_whatever_the_layer_says() {
        let every_ten: Vec<_> = (0..=30).map(|k| (k * 10, Some(0.1))).collect();
        let now = rain(&every_ten).now_mm_per_h(kind(DEPTH));
        assert!((now.expect("rain") - 36.0).abs() < 1e-9, "{now:?}");
        let every_quarter = rain(&[(0, Some(0.0)), (900, Some(5.0))]);
        assert_eq!(every_quarter.now_mm_per_h(kind(DEPTH)), Some(20.0));
        let first = rain(&[(0, Some(0.5))]);
        assert_eq!(
            first.now_mm_per_h(kind(DEPTH)),
            None,
            "since when is not known"
        );
        let after_hours = rain(&[(0, Some(0.2)), (4 * 3_600, Some(10.0))]);
        assert_eq!(after_hours.now_mm_per_h(kind(DEPTH)), Some(2.5));
        assert_eq!(Rain::default().now_mm_per_h(kind(DEPTH)), None);
    }

    #[test]
    fn one_tip_within_a_second_is_no_cloudburst() {
        let mut readings: Vec<_> = (0..120).map(|k| (k, Some(0.0))).collect();
        readings.push((120, Some(0.2)));
        let now = rain(&readings).now_mm_per_h(kind(DEPTH));
        assert!((now.expect("rain") - 12.0).abs() < 0.3, "{now:?}");
    }

    #[test]
    fn some_readings_of_one_second_are_spread_over_a_minute() {
        let three = rain(&[(0, Some(1.0)), (1, Some(1.0)), (2, Some(1.0))]);
        let now = three.now_mm_per_h(kind(DEPTH)).expect("rain");
        assert!((now - 120.0).abs() < 1e-9, "{now}");
    }

    #[test]
    fn a_reading_that_cannot_be_used_ends_what_fell_before_it() {
        let rain = rain(&[(0, Some(1.0)), (60, None), (120, Some(1.0))]);
        let falls: Vec<_> = rain
            .falls(kind(DEPTH), at(120))
            .map(|f| f.mm_per_h)
            .collect();
        assert_eq!(falls, [60.0], "before the first nobody knows");
        let seen = rain.falls(kind(DEPTH), at(119)).count();
        assert_eq!(seen, 0, "nothing of later");
    }

    #[test]
    fn an_intensity_stands_for_the_time_since_the_reading_before_but_not_over_a_gap() {
        let rain = rain(&[(0, Some(4.0)), (60, Some(8.0)), (3_660, Some(2.0))]);
        let falls: Vec<_> = rain.falls(kind(INTENSITY), at(9_999)).collect();
        let told: Vec<_> = falls.iter().map(|f| (f.mm_per_h, f.hours)).collect();
        assert_eq!(told, [(2.0, 0.05), (8.0, 1.0 / 60.0), (4.0, 1.0 / 60.0)]);
        assert_eq!(rain.now_mm_per_h(kind(INTENSITY)), Some(2.0));
        let mean = mean_mm_per_h(kind(INTENSITY), falls.into_iter().skip(1));
        assert_eq!(mean, Some(6.0));
    }

    #[test]
    fn what_is_older_than_three_hours_or_later_than_now_is_forgotten() {
        let mut rain = rain(&[(0, Some(1.0)), (59, Some(2.0)), (10_860, Some(-3.0))]);
        assert_eq!(rain.0.len(), 2, "the one before stays");
        assert_eq!(rain.now_mm_per_h(kind(INTENSITY)), Some(0.0));
        rain.forget_after(at(60));
        assert_eq!(rain.now_mm_per_h(kind(INTENSITY)), Some(2.0));
    }

    proptest! {
        #[test]
        fn it_is_a_function_of_the_set_of_readings(
            times in prop::collection::btree_set(0_i64..20_000, 1..30),
            shuffle in prop::collection::vec(any::<prop::sample::Index>(), 30),
        ) {
            let newest = times.last().copied().unwrap_or_default();
            let kept = times.iter().filter(|t| newest - *t <= SPAN_MS / 2_000);
            let straight: Vec<_> = kept.map(|t| (*t, (t % 7 != 0).then_some(1.0))).collect();
            let mut shuffled = straight.clone();
            for (i, index) in shuffle.iter().enumerate() {
                let n = shuffled.len();
                shuffled.swap(i % n, index.index(n));
            }
            prop_assert_eq!(rain(&straight), rain(&shuffled));
        }
    }
}
