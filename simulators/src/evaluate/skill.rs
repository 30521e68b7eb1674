//! How near the median comes by lead, and whether probabilities happen as often as they say.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    night::Watched,
    score::{LEADS, WET_M, series},
};

/// Probabilities are told apart by tenths.
const BINS: usize = 10;

/// Probabilities of a flood are told for within so many minutes.
const WITHIN_MIN: i64 = 30;

/// Errors of the median at one lead beside those of "it stays as it is", summed over cases in which water was
/// there or was forecast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct LeadErrors {
    pub cases: u64,
    pub median_m: f64,
    pub persistence_m: f64,
    /// Widths of the 80 % intervals.
    pub width_m: f64,
}

impl LeadErrors {
    pub fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.median_m += other.median_m;
        self.persistence_m += other.persistence_m;
        self.width_m += other.width_m;
    }

    fn mean(self, sum: f64) -> Option<f64> {
        (self.cases > 0).then(|| sum / self.cases as f64)
    }

    /// Mean absolute error of the median, in m.
    pub fn mae_m(self) -> Option<f64> {
        self.mean(self.median_m)
    }

    /// Mean absolute error of persistence, in m.
    pub fn mae_persistence_m(self) -> Option<f64> {
        self.mean(self.persistence_m)
    }

    /// Mean width of the 80 % intervals, in m.
    pub fn mean_width_m(self) -> Option<f64> {
        self.mean(self.width_m)
    }

    /// 1 where the median is never wrong, 0 where it is no better than persistence, below 0 where it is worse.
    pub fn skill(self) -> Option<f64> {
        (self.persistence_m > 0.0).then(|| 1.0 - self.median_m / self.persistence_m)
    }
}

/// Errors by lead in minutes.
pub(super) fn errors(watched: &Watched) -> BTreeMap<i64, LeadErrors> {
    let mut errors: BTreeMap<i64, LeadErrors> = BTreeMap::new();
    for (minute, moment) in watched.minutes.iter().enumerate() {
        for (point, forecast) in &moment.forecasts {
            let now_m = moment.depths.get(point).copied().unwrap_or(0.0);
            for horizon in &forecast.horizons {
                let due = usize::try_from(horizon.minutes).map(|lead| minute + lead);
                let due = due.ok().filter(|_| LEADS.contains(&horizon.minutes));
                let then = due.and_then(|due| watched.minutes.get(due));
                let Some(came) = then.and_then(|m| m.depths.get(point).copied()) else {
                    continue;
                };
                if came < WET_M && horizon.p50_m < WET_M {
                    continue;
                }
                errors.entry(horizon.minutes).or_default().add(LeadErrors {
                    cases: 1,
                    median_m: (horizon.p50_m - came).abs(),
                    persistence_m: (now_m - came).abs(),
                    width_m: horizon.p90_m - horizon.p10_m,
                });
            }
        }
    }
    errors
}

/// Forecasts that told about the same probability, and how often it came so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Told {
    pub cases: u64,
    /// Sum of what was told.
    pub probability: f64,
    pub floods: u64,
}

impl Told {
    pub fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.probability += other.probability;
        self.floods += other.floods;
    }

    /// What was told on average, and how often it came so.
    pub fn told_and_came(self) -> Option<(f64, f64)> {
        let cases = self.cases as f64;
        (self.cases > 0).then(|| (self.probability / cases, self.floods as f64 / cases))
    }
}

/// Probabilities of water at the waterlogged depth within half an hour, told of points that had none, by tenths.
pub(super) fn told(watched: &Watched) -> [Told; BINS] {
    let mut bins = [Told::default(); BINS];
    let within = usize::try_from(WITHIN_MIN).unwrap_or_default();
    for (point, (waterlogged_m, _)) in &watched.thresholds {
        let depths = series(watched, point);
        let minutes = watched.minutes.iter().zip(depths.windows(within + 1));
        for (moment, depths) in minutes {
            let forecast = moment.forecasts.get(point);
            let horizon =
                forecast.and_then(|f| f.horizons.iter().find(|h| h.minutes == WITHIN_MIN));
            let (Some(horizon), [now, then @ ..]) = (horizon, depths) else {
                continue;
            };
            if now >= waterlogged_m {
                continue;
            }
            let probability = horizon.reached.waterlogged;
            let floods = u64::from(then.iter().any(|depth| depth >= waterlogged_m));
            if let Some(bin) = bins.get_mut(bin_of(probability)) {
                bin.add(Told {
                    cases: 1,
                    probability,
                    floods,
                });
            }
        }
    }
    bins
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a probability by tenths"
)]
fn bin_of(probability: f64) -> usize {
    ((probability * BINS as f64) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_that_is_half_as_wrong_as_persistence_has_a_skill_of_a_half() {
        let mut errors = LeadErrors::default();
        assert_eq!((errors.skill(), errors.mae_m()), (None, None));
        for (median_m, persistence_m) in [(0.1, 0.1), (0.0, 0.1)] {
            errors.add(LeadErrors {
                cases: 1,
                median_m,
                persistence_m,
                width_m: 0.3,
            });
        }
        assert_eq!(errors.skill(), Some(0.5));
        assert_eq!(
            (errors.mae_m(), errors.mae_persistence_m()),
            (Some(0.05), Some(0.1))
        );
    }

    #[test]
    fn certainty_and_what_is_nearly_impossible_are_tenths_too() {
        assert_eq!([0.0, 0.099, 0.1, 0.95, 1.0].map(bin_of), [0, 0, 1, 9, 9]);
    }
}
