//! The recent observations of one gauge in memory, by observation time: no more than what is said
//! of the gauge rests on, so that a saved world stays small. Everything else is in the store.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use shared::{observation::Observation, time::Timestamp, value::Value};

/// Values of the last so many intervals, and of no less than this span, make a trend: short, for
/// pumps and cloudbursts turn it in minutes; long enough that one noisy reading does not.
const TREND_INTERVALS: i64 = 5;
const TREND_LEAST_MS: i64 = 5 * 60_000;

/// How far back the trend of a gauge looks, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrendSpan(i64);

impl TrendSpan {
    /// The span for a gauge that reports this often, in seconds.
    #[must_use]
    pub fn of_interval(interval_s: u32) -> Self {
        Self((TREND_INTERVALS * i64::from(interval_s) * 1000).max(TREND_LEAST_MS))
    }
}

/// The newest observation of a gauge, its newest trusted one, and the trusted values of the trend.
///
/// A function of the set of observations that it was given, not of their order, where of one
/// identity only better ones follow, as merge lets them through.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    newest: Option<Observation>,
    /// The newest trusted one, where the newest is not.
    trusted: Option<Observation>,
    /// Trusted values of the trend's span, oldest first. A queue, because nearly every one is newer
    /// than all before it.
    trend: VecDeque<(Timestamp, Value)>,
}

impl Series {
    /// What lies this far behind the newest observation is history, not news, in milliseconds of
    /// storm time: it makes no trend, and is no last trusted value.
    pub const WINDOW_MS: i64 = 3 * 3_600_000;

    /// Most observations of a window, should a gauge give more than one in half a second.
    pub const MAX: usize = 20_000;

    /// Adds an observation, or replaces the one of its identity; returns whether it is now the
    /// newest. `span` must be the same each time.
    pub fn insert(&mut self, observation: Observation, span: TrendSpan) -> bool {
        let at = observation.observed_at;
        let is_newest = self.newest().is_none_or(|o| at >= o.observed_at);
        let trusted = observation.trusted();
        if let Some(value) = trusted {
            self.place(at, value);
        }
        if is_newest {
            let before = self.newest.replace(observation);
            if trusted.is_some() {
                self.trusted = None;
            } else if let Some(before) = before.filter(|o| o.trusted().is_some()) {
                self.trusted = Some(before);
            }
        } else if trusted.is_some() && self.newest_trusted().is_none_or(|o| at >= o.observed_at) {
            self.trusted = Some(observation);
        }
        self.forget(span);
        is_newest
    }

    fn place(&mut self, at: Timestamp, value: Value) {
        let place = self.trend.partition_point(|(known, _)| *known < at);
        match self.trend.get_mut(place) {
            Some(known) if known.0 == at => known.1 = value,
            _ => self.trend.insert(place, (at, value)),
        }
    }

    fn forget(&mut self, span: TrendSpan) {
        let Some(newest) = self.newest().map(|o| o.observed_at) else {
            return;
        };
        let floor = newest.plus_millis(-Self::WINDOW_MS);
        self.trusted.take_if(|o| o.observed_at < floor);
        let trusted = self.newest_trusted().map_or(newest, |o| o.observed_at);
        let floor = floor.max(trusted.plus_millis(-span.0));
        while self.trend.len() > Self::MAX || self.trend.front().is_some_and(|(t, _)| *t < floor) {
            self.trend.pop_front();
        }
    }

    /// The newest observation by observation time.
    #[must_use]
    pub fn newest(&self) -> Option<&Observation> {
        self.newest.as_ref()
    }

    /// The newest observation that a decision may rest on.
    #[must_use]
    pub fn newest_trusted(&self) -> Option<&Observation> {
        let newest = self.newest().filter(|o| o.trusted().is_some());
        newest.or(self.trusted.as_ref())
    }

    /// Change per hour over the trend's span, from trusted observations; `None` with fewer than two
    /// of them. Least squares, so that one noisy reading does not decide.
    #[must_use]
    pub fn rate_per_hour(&self, span: TrendSpan) -> Option<f64> {
        let newest = self.newest_trusted()?.observed_at;
        let recent: Vec<(f64, f64)> = self
            .trend
            .iter()
            .rev()
            .take_while(|(at, _)| newest.millis_since(*at) <= span.0)
            .map(|(at, value)| (at.seconds_since(newest) / 3600.0, value.units()))
            .collect();
        slope(&recent)
    }
}

/// Least-squares slope of (x, y) pairs.
fn slope(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < 2 {
        return None;
    }
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

    const MINUTE: u32 = 60;

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

    fn span() -> TrendSpan {
        TrendSpan::of_interval(MINUTE)
    }

    #[test]
    fn the_newest_is_by_observation_time_not_by_arrival() {
        let mut series = Series::default();
        assert!(series.insert(at(10, 0.2), span()));
        assert!(!series.insert(at(5, 0.1), span()));
        assert_eq!(series.newest(), Some(&at(10, 0.2)));
        assert!(
            series.insert(at(10, 0.3), span()),
            "a better one of its own time"
        );
        assert_eq!(series.newest(), Some(&at(10, 0.3)));
    }

    #[test]
    fn only_the_span_of_the_trend_is_kept() {
        let mut series = Series::default();
        for minute in 0..600 {
            series.insert(at(minute, 0.2), span());
        }
        assert_eq!(series.trend.len(), 6);
        series.insert(at(1, 0.9), span());
        assert_eq!(series.trend.len(), 6);
    }

    #[test]
    fn the_last_trusted_value_outlives_the_trend_but_not_the_window() {
        let mut series = Series::default();
        series.insert(at(0, 0.2), span());
        series.insert(given(180, 0.9, Quality::Suspect), span());
        assert_eq!(series.newest_trusted(), Some(&at(0, 0.2)));
        series.insert(given(181, 0.9, Quality::Suspect), span());
        assert_eq!(series.newest_trusted(), None);
        assert!(series.trend.is_empty());
    }

    #[test]
    fn the_rate_is_metres_per_hour() {
        let mut series = Series::default();
        series.insert(at(0, 0.0), span());
        assert_eq!(series.rate_per_hour(span()), None);
        for minute in 1..6_i32 {
            series.insert(at(i64::from(minute), f64::from(minute) * 0.01), span());
        }
        let rate = series.rate_per_hour(span()).expect("enough observations");
        assert!((rate - 0.6).abs() < 1e-9);
    }

    /// All observations of the last hours, as they stand in the store: what a series must agree
    /// with, though it keeps far less.
    #[derive(Default)]
    struct Whole(BTreeMap<Timestamp, Observation>);

    impl Whole {
        fn insert(&mut self, observation: Observation) -> bool {
            let at = observation.observed_at;
            let is_newest = self.0.keys().all(|known| at >= *known);
            self.0.insert(at, observation);
            let newest = *self.0.keys().next_back().expect("just inserted");
            self.0 = self.0.split_off(&newest.plus_millis(-Series::WINDOW_MS));
            is_newest
        }

        fn newest_trusted(&self) -> Option<&Observation> {
            self.0.values().rfind(|o| o.trusted().is_some())
        }

        fn rate_per_hour(&self, span: TrendSpan) -> Option<f64> {
            let newest = self.newest_trusted()?.observed_at;
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
            let (mut series, mut whole) = (Series::default(), Whole::default());
            let mut merged: BTreeMap<Timestamp, Observation> = BTreeMap::new();
            for (minute, milli, flag) in given_at {
                let observation = given(minute, milli as f64 / 1000.0, flags[flag]);
                let known = merged.get(&observation.observed_at);
                if known.is_some_and(|known| !observation.wins_over(known)) {
                    continue;
                }
                merged.insert(observation.observed_at, observation.clone());
                prop_assert_eq!(
                    series.insert(observation.clone(), span),
                    whole.insert(observation)
                );
                prop_assert_eq!(series.newest(), whole.0.values().next_back());
                prop_assert_eq!(series.newest_trusted(), whole.newest_trusted());
                prop_assert_eq!(series.rate_per_hour(span), whole.rate_per_hour(span));
            }
            let mut again = Series::default();
            for observation in merged.into_values().rev() {
                again.insert(observation, span);
            }
            prop_assert_eq!(again, series, "the order does not matter");
        }
    }
}
