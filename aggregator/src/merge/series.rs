//! The recent observations of one gauge in memory, by observation time.

use std::collections::VecDeque;

use shared::observation::Observation;

/// A bounded window of a gauge's observations. What falls out of it is in the store.
///
/// A queue, because nearly every observation is newer than all before it.
#[derive(Debug, Default)]
pub struct Series {
    observations: VecDeque<Observation>,
}

impl Series {
    /// How much storm time a series keeps behind its newest observation, in milliseconds.
    pub const WINDOW_MS: i64 = 3 * 3_600_000;

    /// Most observations that a series keeps, should a gauge give more than one in half a second.
    pub const MAX: usize = 20_000;

    /// Adds or replaces an observation; returns whether it is now the newest.
    pub fn insert(&mut self, observation: Observation) -> bool {
        let at = observation.observed_at;
        let is_newest = self.newest().is_none_or(|o| at >= o.observed_at);
        if self.newest().is_none_or(|o| at > o.observed_at) {
            self.observations.push_back(observation);
        } else {
            let place = self
                .observations
                .partition_point(|known| known.observed_at < at);
            match self.observations.get_mut(place) {
                Some(known) if known.observed_at == at => *known = observation,
                _ => self.observations.insert(place, observation),
            }
        }
        self.forget_old();
        is_newest
    }

    fn forget_old(&mut self) {
        let Some(newest) = self.newest().map(|o| o.observed_at) else {
            return;
        };
        let floor = newest.plus_millis(-Self::WINDOW_MS);
        while self.observations.len() > Self::MAX
            || self
                .observations
                .front()
                .is_some_and(|o| o.observed_at < floor)
        {
            self.observations.pop_front();
        }
    }

    /// The newest observation by observation time.
    #[must_use]
    pub fn newest(&self) -> Option<&Observation> {
        self.observations.back()
    }

    /// Observations of the window, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Observation> {
        self.observations.iter()
    }

    /// The newest observation that a decision may rest on.
    #[must_use]
    pub fn newest_trusted(&self) -> Option<&Observation> {
        self.iter().rev().find(|o| o.trusted().is_some())
    }

    /// Change per hour over the last `span_ms`, from trusted observations; `None` with fewer than
    /// two of them. Least squares, so that one noisy reading does not decide.
    #[must_use]
    pub fn rate_per_hour(&self, span_ms: i64) -> Option<f64> {
        let newest = self.newest_trusted()?.observed_at;
        let recent: Vec<(f64, f64)> = self
            .iter()
            .rev()
            .take_while(|o| newest.millis_since(o.observed_at) <= span_ms)
            .filter(|o| o.observed_at <= newest)
            .filter_map(|o| {
                Some((
                    o.observed_at.seconds_since(newest) / 3600.0,
                    o.trusted()?.units(),
                ))
            })
            .collect();
        slope(&recent)
    }
}

/// Least-squares slope of (x, y) pairs.
#[expect(
    clippy::cast_precision_loss,
    reason = "a window holds few thousand observations"
)]
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
    use shared::{
        gauge::Parameter,
        quality::{Quality, TestSet},
        time::Timestamp,
        value::Value,
    };

    use super::*;

    fn at(minute: i64, metres: f64) -> Observation {
        Observation {
            gauge: "lg-1".parse().expect("id"),
            parameter: Parameter::Depth,
            observed_at: Timestamp::from_millis(minute * 60_000),
            value: Value::from_units(metres).ok(),
            quality: Quality::Pass,
            tests: TestSet::NONE,
        }
    }

    #[test]
    fn the_newest_is_by_observation_time_not_by_arrival() {
        let mut series = Series::default();
        assert!(series.insert(at(10, 0.2)));
        assert!(!series.insert(at(5, 0.1)));
        assert_eq!(
            series.newest().map(|o| o.observed_at),
            Some(at(10, 0.0).observed_at)
        );
    }

    #[test]
    fn the_window_is_bounded_and_an_old_straggler_does_not_stay() {
        let mut series = Series::default();
        series.insert(at(1_000, 0.2));
        series.insert(at(1, 0.9));
        assert_eq!(series.iter().count(), 1);
    }

    #[test]
    fn stragglers_and_repetitions_find_their_place() {
        let mut series = Series::default();
        for (minute, metres) in [(10, 0.2), (30, 0.4), (20, 0.3), (10, 0.1), (30, 0.5)] {
            series.insert(at(minute, metres));
        }
        let kept: Vec<_> = series.iter().cloned().collect();
        assert_eq!(kept, [at(10, 0.1), at(20, 0.3), at(30, 0.5)]);
    }

    #[test]
    fn the_rate_is_metres_per_hour() {
        let mut series = Series::default();
        for minute in 0..6_i32 {
            series.insert(at(i64::from(minute), f64::from(minute) * 0.01));
        }
        let rate = series
            .rate_per_hour(10 * 60_000)
            .expect("enough observations");
        assert!((rate - 0.6).abs() < 1e-9);
    }
}
