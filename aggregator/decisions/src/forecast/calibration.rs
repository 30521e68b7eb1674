//! How far the spread of forecasts must be stretched so that it covers what it says it covers: learned
//! from the errors of wet hours in the whole city, and kept from storm to storm.
//!
//! Adaptive conformal inference (Gibbs and Candès 2021): each time that the water is above the upper
//! limit of an interval, that limit is set a little higher, each time that it is not, a ninth of that
//! lower, so that in the long run one in ten is; and so with the lower limit. A limit is first set to a
//! further quantile of the runs, and only beyond the furthest of them stretched: where half of the runs
//! bring no water, no factor makes an interval of nothing.

use serde::{Deserialize, Serialize};

use super::grid::HORIZONS;

const COUNT: usize = HORIZONS.len();

/// What one error moves a limit by, of a logarithm: hundreds of them make a storm, and thousands where
/// nothing stands yet, for all points wait for the same front.
const STEP: f64 = 0.01;
const STEP_DRY: f64 = 0.002;

/// One in ten may lie beyond either limit.
const BEYOND: f64 = 0.1;

/// Where nothing stands the lower limit is 0, which nothing lies beyond: more may lie beyond the upper one.
const BEYOND_DRY: f64 = 0.17;

/// Where a limit lies, as a logarithm: at 0 as many runs are beyond it as should be, at ln 2 half of them.
type Reach = f64;

/// How near and how far limits may come to lie.
const NEAREST: Reach = -1.1;
const FURTHEST: Reach = 2.8;

/// Beyond this reach, one run in a hundred, limits are stretched and no quantiles any more.
const BY_QUANTILE: Reach = 2.3;

/// A spread of nothing cannot be stretched: this much is always added, in m.
const LEAST_M: f64 = 0.005;

/// Dry hours that were forecast as such say nothing of water, in m.
pub(super) const WET_M: f64 = 0.02;

/// Where the upper limits begin: rain that comes over the network's edge is seen by nobody before (learned
/// from storms of other seeds than are judged by).
const FIRST_UP: [Reach; COUNT] = [-0.3, -0.2, -0.2, 0.3, 0.3];
const FIRST_UP_DRY: [Reach; COUNT] = [-0.4, 0.2, 1.0, 2.3, 2.3];

/// What water does when a forecast is made: errors before a flood and after it are not alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// There is none yet.
    Dry,
    /// It rises or stands.
    Before,
    /// It falls.
    After,
}

/// How far the limits reach, by horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Limits {
    up: [Reach; COUNT],
    down: [Reach; COUNT],
}

/// How far the limits reach in each phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calibration {
    dry: Limits,
    before: Limits,
    after: Limits,
}

impl Default for Calibration {
    fn default() -> Self {
        let down = [0.0; COUNT];
        Self {
            dry: Limits {
                up: FIRST_UP_DRY,
                down,
            },
            before: Limits { up: FIRST_UP, down },
            after: Limits {
                up: [0.0; COUNT],
                down,
            },
        }
    }
}

/// An interval that was told, and what came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// When it was told.
    pub phase: Phase,
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
        let (step, may_be_beyond) = match outcome.phase {
            Phase::Dry => (STEP_DRY, BEYOND_DRY),
            Phase::Before | Phase::After => (STEP, BEYOND),
        };
        let one = |limits: &mut [Reach; COUNT], is_beyond: bool| {
            if let Some(limit) = limits.get_mut(outcome.horizon) {
                let beyond = if is_beyond { 1.0 } else { 0.0 };
                *limit = (*limit + step * (beyond - may_be_beyond)).clamp(NEAREST, FURTHEST);
            }
        };
        let reach = match outcome.phase {
            Phase::Dry => &mut self.dry,
            Phase::Before => &mut self.before,
            Phase::After => &mut self.after,
        };
        one(&mut reach.up, outcome.observed_m > outcome.p90_m);
        one(&mut reach.down, outcome.observed_m < outcome.p10_m);
    }

    fn of(&self, phase: Phase) -> &Limits {
        match phase {
            Phase::Dry => &self.dry,
            Phase::Before => &self.before,
            Phase::After => &self.after,
        }
    }

    /// The lower and the upper limit so many minutes ahead, of depths with these quantiles.
    pub fn limits(&self, phase: Phase, minutes: f64, quantile: impl Fn(f64) -> f64) -> (f64, f64) {
        if minutes <= 0.0 {
            return (quantile(BEYOND), quantile(1.0 - BEYOND));
        }
        let p50 = quantile(0.5);
        let one = |reach: Reach, is_up: bool| {
            let beyond = BEYOND * (-reach.min(BY_QUANTILE)).exp();
            let furthest = quantile(if is_up { 1.0 - beyond } else { beyond });
            let stretch = (reach - BY_QUANTILE).max(0.0);
            p50 + (furthest - p50) * stretch.exp()
        };
        let reach = self.of(phase);
        let down = one(at(&reach.down, minutes), false) - LEAST_M;
        (down.max(0.0), one(at(&reach.up, minutes), true) + LEAST_M)
    }
}

/// Between the horizons a mean of both, beyond them the nearest.
fn at(limits: &[Reach; COUNT], minutes: f64) -> Reach {
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
            phase: Phase::Before,
            horizon: 2,
            p10_m: 0.1,
            p50_m: 0.2,
            p90_m: 0.3,
            observed_m,
        }
    }

    /// The limits of depths that are as probable anywhere from 0.1 to 0.3 m.
    fn limits(calibration: &Calibration, minutes: f64) -> (f64, f64) {
        calibration.limits(Phase::Before, minutes, |share| 0.1 + 0.2 * share)
    }

    #[test]
    fn limits_that_one_in_ten_passes_stay_where_they_are() {
        let mut calibration = Calibration::default();
        let (_, before) = limits(&calibration, 30.0);
        for k in 0..2_000 {
            calibration.learn(&outcome(if k % 10 == 3 { 0.6 } else { 0.2 }));
        }
        let (_, up) = limits(&calibration, 30.0);
        assert!((up - before).abs() < 0.005, "{before} {up}");
    }

    #[test]
    fn limits_that_are_passed_often_move_away_and_only_at_their_horizon() {
        let mut calibration = Calibration::default();
        let (before, elsewhere) = (limits(&calibration, 30.0), limits(&calibration, 120.0));
        let mut furthest = before.1;
        for _ in 0..500 {
            calibration.learn(&outcome(0.9));
            let (_, up) = limits(&calibration, 30.0);
            assert!(up >= furthest);
            furthest = up;
        }
        assert!(furthest > 0.33, "beyond all runs: {furthest}");
        assert!(limits(&calibration, 30.0).0 >= before.0);
        assert_eq!(limits(&calibration, 120.0), elsewhere);
    }

    #[test]
    fn what_dry_points_teach_holds_for_dry_points_only() {
        let mut calibration = Calibration::default();
        let wet = limits(&calibration, 30.0);
        let dry = |calibration: &Calibration| {
            calibration.limits(Phase::Dry, 30.0, |share| 0.1 + 0.2 * share)
        };
        let (_, before) = dry(&calibration);
        for _ in 0..1_000 {
            calibration.learn(&Outcome {
                phase: Phase::Dry,
                ..outcome(0.9)
            });
        }
        assert!(dry(&calibration).1 > before);
        assert_eq!(limits(&calibration, 30.0), wet);
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
