//! From the depths of the members to what a forecast says.

use shared::{time::Timestamp, waterlogging::Thresholds};

use super::{
    Forecast, Horizon, Inflow, Method,
    grid::Step,
    members::{Members, WEIGHTS},
    skill::Verification,
};

/// Horizons that are told by themselves, in minutes.
const HORIZONS: [i64; 3] = [15, 30, 60];

/// Error of a forecast before any was verified: metres per root hour.
const PRIOR_ERROR_M: f64 = 0.05;

/// What a forecast is told from.
pub struct Summary<'a> {
    pub basis_at: Timestamp,
    pub thresholds: &'a Thresholds,
    /// Of the shown hour, from the observed one on.
    pub depths: Vec<(Step, Members<f64>)>,
    pub verification: &'a Verification,
}

/// The weighted mean and the span of the members at one step, in metres.
struct Spread {
    step: Step,
    p10: f64,
    p50: f64,
    p90: f64,
}

impl Summary<'_> {
    /// The forecast, with the inflow that it was run with.
    pub fn forecast(&self, method: Method, inflow: Vec<Inflow>) -> Forecast {
        let spreads: Vec<Spread> = self.depths.iter().map(|d| self.spread(d)).collect();
        let first = |wanted: &dyn Fn(f64) -> bool| {
            let found = spreads.iter().find(|s| wanted(s.p50))?;
            Some(found.step.at(self.basis_at))
        };
        let now_m = spreads.first().map_or(0.0, |s| s.p50);
        // What is reached already is no forecast.
        let reached = |m: f64| first(&|d| d >= m).filter(|_| now_m < m);
        let notice_m = self.thresholds.notice_m;
        let (peak_m, peak_at) = self.peak(&spreads);
        let horizon = |minutes| {
            let spread = spreads.iter().find(|s| s.step.begins_after(minutes))?;
            Some(Horizon {
                minutes,
                p10_m: spread.p10,
                p50_m: spread.p50,
                p90_m: spread.p90,
            })
        };
        let at = |s: &Spread| s.step.at(self.basis_at).as_millis();
        Forecast {
            basis_at: self.basis_at,
            method,
            horizons: HORIZONS.into_iter().filter_map(horizon).collect(),
            waterlogged_probability_60: self.waterlogged_probability(),
            peak_m,
            peak_at,
            reaches_waterlogged_at: reached(self.thresholds.waterlogged_m),
            reaches_closure_at: reached(self.thresholds.closure_m),
            dry_at: first(&|d| d < notice_m).filter(|_| now_m >= notice_m),
            skill: self.verification.skill(),
            curve: spreads
                .iter()
                .map(|s| (at(s), s.p10, s.p50, s.p90))
                .collect(),
            lacks: Vec::new(),
            inflow,
        }
    }

    /// The highest median and when it is first reached.
    fn peak(&self, spreads: &[Spread]) -> (f64, Timestamp) {
        let peak = spreads
            .iter()
            .reduce(|a, b| if b.p50 > a.p50 { b } else { a });
        peak.map_or((0.0, self.basis_at), |s| (s.p50, s.step.at(self.basis_at)))
    }

    /// Weight of the members that are waterlogged at some time.
    fn waterlogged_probability(&self) -> f64 {
        let mut reach = [false; 3];
        for (_, depths) in &self.depths {
            for (reach, depth) in reach.iter_mut().zip(depths) {
                *reach |= *depth >= self.thresholds.waterlogged_m;
            }
        }
        let reaching = WEIGHTS.iter().zip(reach).filter(|(_, reach)| *reach);
        let weight: f64 = reaching.fold(0.0, |sum, (weight, _)| sum + weight);
        weight.min(1.0)
    }

    /// The members at a step, their span widened by past error.
    fn spread(&self, (step, depths): &(Step, Members<f64>)) -> Spread {
        let mean: f64 = depths
            .iter()
            .zip(WEIGHTS)
            .map(|(d, weight)| d * weight)
            .sum();
        let low = depths.iter().copied().fold(mean, f64::min);
        let high = depths.iter().copied().fold(0.0, f64::max);
        let error = self.verification.mae_m().unwrap_or(PRIOR_ERROR_M);
        let widened = error * step.share_of_shown().sqrt();
        let round = |d: f64| (d * 1000.0).round() / 1000.0;
        Spread {
            step: *step,
            p10: round((low - widened).max(0.0)),
            p50: round(mean),
            p90: round(high + widened),
        }
    }
}
