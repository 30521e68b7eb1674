//! How fast the values of one gauge rise or fall: no more of them is kept in memory than that
//! rests on, so that a saved world stays small. Everything else is in the store.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use shared::{observation::Observation, time::Timestamp, value::Value};

/// What lies this far behind the newest observation of a gauge is history, not news, in
/// milliseconds of storm time: it makes no trend, and is no present value.
pub const NEWS_MS: i64 = 3 * 3_600_000;

/// Values of the last so many intervals, and of no less than this span, make a trend: short, for
/// pumps and cloudbursts turn it in minutes; long enough that one noisy reading does not.
const INTERVALS: i64 = 5;
const LEAST_MS: i64 = 5 * 60_000;

/// Most values that are kept, should a gauge give hundreds in a second.
const MAX_VALUES: usize = 20_000;

/// How far back the trend of a gauge looks, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrendSpan(i64);

impl TrendSpan {
    /// The span for a gauge that reports this often, in seconds.
    #[must_use]
    pub fn of_interval(interval_s: u32) -> Self {
        Self((INTERVALS * i64::from(interval_s) * 1000).max(LEAST_MS))
    }
}

/// The trusted values of a gauge's last minutes.
///
/// A function of the set of observations that it was given, not of their order, where of one
/// identity only better ones follow, as merge lets them through.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// When the newest observation was made, trusted or not.
    newest: Option<Timestamp>,
    /// Oldest first. A queue, because nearly every value is newer than all before it.
    values: VecDeque<(Timestamp, Value)>,
}

impl Trend {
    /// Takes an observation in any order; one of a known time replaces what was there. `span` is
    /// the same each time.
    pub fn observe(&mut self, observation: &Observation, span: TrendSpan) {
        let at = observation.observed_at;
        self.newest = self.newest.max(Some(at));
        let place = self.values.partition_point(|(known, _)| *known < at);
        let known = self.values.get_mut(place).filter(|known| known.0 == at);
        match (known, observation.trusted()) {
            (Some(known), Some(value)) => known.1 = value,
            (None, Some(value)) => self.values.insert(place, (at, value)),
            // It was taken back.
            (Some(_), None) => drop(self.values.remove(place)),
            (None, None) => {}
        }
        self.forget(span);
    }

    /// Forgets values of later times.
    pub fn forget_after(&mut self, latest: Timestamp) {
        self.values.retain(|(at, _)| *at <= latest);
        self.newest = self.newest.min(Some(latest));
    }

    fn forget(&mut self, span: TrendSpan) {
        let (Some(newest), Some((trusted, _))) = (self.newest, self.values.back()) else {
            return;
        };
        let floor = newest
            .plus_millis(-NEWS_MS)
            .max(trusted.plus_millis(-span.0));
        while self.values.len() > MAX_VALUES
            || self.values.front().is_some_and(|(at, _)| *at < floor)
        {
            self.values.pop_front();
        }
    }

    /// Change per hour over the span, in the parameter's unit; `None` with fewer than two values.
    /// Least squares, so that one noisy reading does not decide.
    #[must_use]
    pub fn rate_per_hour(&self) -> Option<f64> {
        let (newest, _) = self.values.back()?;
        let hours = |at: &Timestamp| at.seconds_since(*newest) / 3600.0;
        let pairs = self.values.iter().rev();
        let pairs: Vec<_> = pairs
            .map(|(at, value)| (hours(at), value.units()))
            .collect();
        slope(&pairs)
    }
}

/// Least-squares slope of (x, y) pairs; `None` where all x are the same.
fn slope(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let mean_x = pairs.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_y = pairs.iter().map(|p| p.1).sum::<f64>() / n;
    let spread: f64 = pairs.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    let common: f64 = pairs.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
    (spread > 0.0).then(|| common / spread)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use shared::{
        gauge::Parameter,
        quality::{Quality, TestSet},
    };

    use super::*;

    fn given(minute: i64, metres: f64, quality: Quality) -> Observation {
        Observation {
            gauge: "lg-1".parse().expect("id"),
            parameter: Parameter::Depth,
            observed_at: Timestamp::from_millis(minute * 60_000),
            value: Value::from_units(metres).ok(),
            quality,
            tests: TestSet::NONE,
        }
    }

    fn at(minute: i64, metres: f64) -> Observation {
        given(minute, metres, Quality::Pass)
    }

    /// The trend of a gauge that reports every minute, and the minutes that it rests on.
    fn after(observations: &[Observation]) -> (Trend, Vec<i64>) {
        let mut trend = Trend::default();
        for observation in observations {
            trend.observe(observation, TrendSpan::of_interval(60));
        }
        let minutes = trend.values.iter().map(|(at, _)| at.as_millis() / 60_000);
        let minutes = minutes.collect();
        (trend, minutes)
    }

    #[test]
    fn the_rate_is_metres_per_hour() {
        let rising = [at(0, 0.0), at(1, 0.01), at(2, 0.02), at(3, 0.03)];
        let rate = after(&rising).0.rate_per_hour().expect("enough values");
        assert!((rate - 0.6).abs() < 1e-9);
        assert_eq!(after(&rising[..1]).0.rate_per_hour(), None);
        assert_eq!(Trend::default().rate_per_hour(), None);
    }

    #[test]
    fn one_noisy_reading_does_not_decide() {
        let noisy = [at(0, 0.2), at(1, 0.2), at(2, 0.26), at(3, 0.2), at(4, 0.2)];
        let rate = after(&noisy).0.rate_per_hour().expect("enough values");
        assert!(rate.abs() < 1e-9, "{rate}");
    }

    #[test]
    fn only_the_last_intervals_are_kept() {
        let long: Vec<_> = (0..600).map(|minute| at(minute, 0.2)).collect();
        assert_eq!(after(&long).1, [594, 595, 596, 597, 598, 599]);
        let straggler = [&long[..], &[at(593, 0.9)]].concat();
        assert_eq!(after(&straggler), after(&long));
        assert_eq!(TrendSpan::of_interval(60), TrendSpan(300_000));
        assert_eq!(TrendSpan::of_interval(61), TrendSpan(305_000));
    }

    #[test]
    fn stragglers_and_better_ones_find_their_place() {
        let straight = [at(1, 0.1), at(2, 0.2), at(3, 0.3)];
        let mixed = [at(3, 0.3), at(1, 0.1), at(2, 0.9), at(2, 0.2)];
        assert_eq!(after(&mixed), after(&straight));
    }

    #[test]
    fn a_trend_outlives_doubt_but_not_for_ever() {
        let doubted = |minute| given(minute, 0.9, Quality::Suspect);
        let before = [at(0, 0.0), at(1, 0.01)];
        assert_eq!(after(&[&before[..], &[doubted(180)]].concat()).1, [0, 1]);
        assert_eq!(after(&[&before[..], &[doubted(181)]].concat()).1, [1]);
        let late = [&before[..], &[doubted(182), doubted(100)]].concat();
        assert_eq!(after(&late).1, [0; 0]);
    }

    #[test]
    fn values_of_later_times_are_forgotten_and_so_is_one_that_was_taken_back() {
        let straight: Vec<_> = (0..5)
            .map(|minute| at(minute, 0.01 * minute as f64))
            .collect();
        let (mut trend, _) = after(&straight);
        trend.forget_after(at(2, 0.0).observed_at);
        assert_eq!(trend, after(&straight[..3]).0);
        let taken_back = [&straight[..], &[given(4, 0.04, Quality::Fail)]].concat();
        assert_eq!(after(&taken_back).1, [0, 1, 2, 3]);
    }

    #[test]
    fn a_trend_is_bounded_however_often_a_gauge_reports() {
        let mut trend = Trend::default();
        for millis in 0..20_002 {
            let observed_at = Timestamp::from_millis(millis);
            let observation = Observation {
                observed_at,
                ..at(0, 0.2)
            };
            trend.observe(&observation, TrendSpan::of_interval(1));
        }
        assert_eq!(trend.values.len(), MAX_VALUES);
        assert_eq!(trend.values.front().map(|(at, _)| at.as_millis()), Some(2));
    }

    /// All observations of the last hours, as they stand in the store: what a trend must agree
    /// with, though it keeps far less.
    #[derive(Default)]
    struct Whole(BTreeMap<Timestamp, Observation>);

    impl Whole {
        fn observe(&mut self, observation: Observation) {
            self.0.insert(observation.observed_at, observation);
            let newest = *self.0.keys().next_back().expect("just inserted");
            self.0 = self.0.split_off(&newest.plus_millis(-NEWS_MS));
        }

        fn rate_per_hour(&self, span: TrendSpan) -> Option<f64> {
            let trusted = self.0.values().rfind(|o| o.trusted().is_some());
            let newest = trusted?.observed_at;
            let trusted = self.0.values().rev().filter_map(|o| {
                let near = newest.millis_since(o.observed_at) <= span.0;
                let hours = o.observed_at.seconds_since(newest) / 3600.0;
                Some((hours, o.trusted().filter(|_| near)?.units()))
            });
            slope(&trusted.collect::<Vec<_>>())
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_says_the_same_as_all_of_the_last_hours(
            given_at in prop::collection::vec((0_i64..500, 0_i64..4, 0_usize..6), 1..120),
            sorted in any::<bool>(),
            interval_s in prop::sample::select(vec![1_u32, 60, 300, 1200, 7200]),
        ) {
            let flags = [
                Quality::Pass,
                Quality::Pass,
                Quality::NotEvaluated,
                Quality::Suspect,
                Quality::Fail,
                Quality::Missing,
            ];
            let span = TrendSpan::of_interval(interval_s);
            let mut given_at = given_at;
            if sorted {
                given_at.sort_unstable();
            }
            let (mut trend, mut whole) = (Trend::default(), Whole::default());
            let mut merged: BTreeMap<Timestamp, Observation> = BTreeMap::new();
            for (minute, milli, flag) in given_at {
                let observation = given(minute, milli as f64 / 1000.0, flags[flag]);
                let known = merged.get(&observation.observed_at);
                if known.is_some_and(|known| !observation.wins_over(known)) {
                    continue;
                }
                merged.insert(observation.observed_at, observation.clone());
                trend.observe(&observation, span);
                whole.observe(observation);
                prop_assert_eq!(trend.rate_per_hour(), whole.rate_per_hour(span));
            }
            let mut again = Trend::default();
            for observation in merged.values().rev() {
                again.observe(observation, span);
            }
            prop_assert_eq!(again, trend, "the order does not matter");
        }
    }
}
