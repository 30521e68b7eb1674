//! How far the spread of forecasts must be stretched so that it covers what it says it covers: learned
//! from the errors of wet hours in the whole city, and kept from storm to storm.
//!
//! Adaptive conformal inference (Gibbs and Candès 2021): each time that the water is above the upper
//! limit of an interval, that limit is set a little higher, each time that it is not, a ninth of that
//! lower, so that in the long run one in ten is; and so with the lower limit.

use serde::{Deserialize, Serialize};

use super::grid::HORIZONS;

const COUNT: usize = HORIZONS.len();

/// What one error moves a limit by, of a logarithm: hundreds of them make a storm.
const STEP: f64 = 0.03;

/// One in ten may lie beyond either limit.
const BEYOND: f64 = 0.1;

/// Limits are stretched by at most this factor, or shrunk by it.
const MOST: f64 = 4.0;

/// A spread of nothing cannot be stretched: this much is always added, in m.
const LEAST_M: f64 = 0.005;

/// Dry hours that were forecast as such say nothing of water, in m.
const WET_M: f64 = 0.02;

/// Where the upper limits begin: rain that comes over the network's edge is seen by nobody before (learned
/// from storms of other seeds than are judged by).
const FIRST_UP: [f64; COUNT] = [0.1, 0.2, 0.3, 0.5, 0.5];

/// Logarithms of the factors by which the limits are stretched, by horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    up: [f64; COUNT],
    down: [f64; COUNT],
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            up: FIRST_UP,
            down: [0.0; COUNT],
        }
    }
}

/// An interval that was told, and what came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Of the horizons.
    pub horizon: usize,
    pub p10_m: f64,
    pub p50_m: f64,
    pub p90_m: f64,
    pub observed_m: f64,
}

impl Outcome {
    /// Whether water was there or forecast.
    #[must_use]
    pub fn is_wet(&self) -> bool {
        self.observed_m >= WET_M || self.p50_m >= WET_M
    }
}

impl Calibration {
    /// Learns from an interval whose time has come.
    pub fn learn(&mut self, outcome: &Outcome) {
        if !outcome.is_wet() {
            return;
        }
        let most = MOST.ln();
        let one = |limits: &mut [f64; COUNT], is_beyond: bool| {
            if let Some(limit) = limits.get_mut(outcome.horizon) {
                let beyond = if is_beyond { 1.0 } else { 0.0 };
                *limit = (*limit + STEP * (beyond - BEYOND)).clamp(-most, most);
            }
        };
        one(&mut self.up, outcome.observed_m > outcome.p90_m);
        one(&mut self.down, outcome.observed_m < outcome.p10_m);
    }

    /// The outer quantiles so many minutes ahead, stretched.
    #[must_use]
    pub fn stretched(&self, minutes: f64, p10: f64, p50: f64, p90: f64) -> (f64, f64) {
        if minutes <= 0.0 {
            return (p10, p90);
        }
        let (down, up) = (at(&self.down, minutes), at(&self.up, minutes));
        (
            (p50 - (p50 - p10 + LEAST_M) * down.exp()).max(0.0),
            p50 + (p90 - p50 + LEAST_M) * up.exp(),
        )
    }
}

/// Between the horizons a mean of both, beyond them the nearest.
fn at(limits: &[f64; COUNT], minutes: f64) -> f64 {
    let mut before: Option<(f64, f64)> = None;
    for (horizon, limit) in HORIZONS.iter().zip(limits) {
        let horizon = *horizon as f64;
        if minutes <= horizon {
            return before.map_or(*limit, |(earlier, value)| {
                value + (limit - value) * (minutes - earlier) / (horizon - earlier)
            });
        }
        before = Some((horizon, *limit));
    }
    before.map_or(0.0, |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(observed_m: f64) -> Outcome {
        Outcome {
            horizon: 2,
            p10_m: 0.1,
            p50_m: 0.2,
            p90_m: 0.3,
            observed_m,
        }
    }

    #[test]
    fn limits_that_one_in_ten_passes_stay_where_they_are() {
        let mut calibration = Calibration::default();
        let (_, before) = calibration.stretched(30.0, 0.1, 0.2, 0.3);
        for k in 0..2_000 {
            calibration.learn(&outcome(if k % 10 == 3 { 0.6 } else { 0.2 }));
        }
        let (_, up) = calibration.stretched(30.0, 0.1, 0.2, 0.3);
        assert!((up - before).abs() < 0.005, "{before} {up}");
    }

    #[test]
    fn limits_that_are_passed_often_move_away_and_only_at_their_horizon() {
        let mut calibration = Calibration::default();
        let (_, before) = calibration.stretched(120.0, 0.1, 0.2, 0.3);
        for _ in 0..50 {
            calibration.learn(&outcome(0.9));
        }
        let (low, high) = calibration.stretched(30.0, 0.1, 0.2, 0.3);
        assert!(high > 0.5 && low > 0.09, "{low} {high}");
        let (_, elsewhere) = calibration.stretched(120.0, 0.1, 0.2, 0.3);
        assert!((elsewhere - before).abs() < 1e-9, "{elsewhere}");
    }

    #[test]
    fn dry_hours_that_were_forecast_dry_teach_nothing() {
        let mut calibration = Calibration::default();
        let dry = Outcome {
            p10_m: 0.0,
            p50_m: 0.0,
            p90_m: 0.0,
            ..outcome(0.0)
        };
        calibration.learn(&dry);
        assert_eq!(calibration, Calibration::default());
    }
}
