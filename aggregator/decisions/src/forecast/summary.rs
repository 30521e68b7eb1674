//! From the runs of a forecast to what it says.

use shared::{time::Timestamp, waterlogging::Thresholds};

use super::{
    Forecast, Horizon, Inflow, Method, Probabilities,
    calibration::{Calibration, Phase},
    grid::{HORIZONS, PLANNED_STEPS, STEP_MINUTES, Step},
    runs::Run,
    skill::Verification,
};

/// Even chances.
const HALF: f64 = 0.5;

/// What a gauge scatters, in m.
const SCATTER_M: f64 = 0.01;

/// What a forecast is told from.
pub struct Summary<'a> {
    pub basis_at: Timestamp,
    pub method: Method,
    pub thresholds: &'a Thresholds,
    pub phase: Phase,
    pub runs: Vec<Run>,
    pub inflow: Vec<Inflow>,
    pub calibration: &'a Calibration,
    pub verification: &'a Verification,
}

/// Depths at one step, in metres.
struct Spread {
    step: Step,
    p10: f64,
    p50: f64,
    p90: f64,
}

impl Summary<'_> {
    /// The forecast.
    pub fn forecast(mut self) -> Forecast {
        let sum: f64 = self.runs.iter().map(|run| run.weight).sum();
        for run in &mut self.runs {
            run.weight /= sum;
        }
        let spreads: Vec<Spread> = Step::shown().map(|step| self.spread(step)).collect();
        let now_m = spreads.first().map_or(0.0, |s| s.p50);
        let (peak_m, peak_at) = self.peak(&spreads);
        let thresholds = self.thresholds;
        let at = |s: &Spread| s.step.at(self.basis_at).as_millis();
        Forecast {
            basis_at: self.basis_at,
            method: self.method,
            horizons: HORIZONS
                .iter()
                .map(|m| self.horizon(*m, &spreads))
                .collect(),
            waterlogged_probability_60: self.reached(thresholds.waterlogged_m, 60.0),
            peak_m,
            peak_at,
            reaches_waterlogged_at: self.reaches(thresholds.waterlogged_m, now_m),
            reaches_closure_at: self.reaches(thresholds.closure_m, now_m),
            dry_at: self.dry(now_m),
            skill: self.verification.skill(),
            curve: spreads
                .iter()
                .map(|s| (at(s), s.p10, s.p50, s.p90))
                .collect(),
            lacks: Vec::new(),
            drain: None,
            inflow: self.inflow,
        }
    }

    fn horizon(&self, minutes: i64, spreads: &[Spread]) -> Horizon {
        let wanted = minutes as f64;
        // All horizons are whole steps.
        let spread = spreads.iter().find(|s| s.step.minutes() >= wanted);
        let thresholds = self.thresholds;
        Horizon {
            minutes,
            p10_m: spread.map_or(0.0, |s| s.p10),
            p50_m: spread.map_or(0.0, |s| s.p50),
            p90_m: spread.map_or(0.0, |s| s.p90),
            reached: Probabilities {
                notice: self.reached(thresholds.notice_m, wanted),
                waterlogged: self.reached(thresholds.waterlogged_m, wanted),
                closure: self.reached(thresholds.closure_m, wanted),
                severe: self.reached(thresholds.severe_m, wanted),
            },
        }
    }

    /// How probable it is that a depth is reached within so many minutes; one that is nearly there must
    /// still rise by more than a gauge scatters.
    fn reached(&self, depth_m: f64, minutes: f64) -> f64 {
        let now_m = self.runs.first().and_then(|run| run.depths_m.first());
        let now_m = now_m.copied().unwrap_or_default();
        let depth_m = if now_m < depth_m {
            depth_m.max(now_m + SCATTER_M)
        } else {
            depth_m
        };
        let step = Step::shown().take_while(|s| s.minutes() <= minutes).last();
        let step = step.map_or(0, Step::index);
        let reaching = |run: &&Run| run.peaks_m.get(step).is_some_and(|peak| *peak >= depth_m);
        let weight: f64 = self
            .runs
            .iter()
            .filter(reaching)
            .map(|run| run.weight)
            .sum();
        // An empty sum is −0.
        (weight.min(1.0) * 1000.0).round() / 1000.0 + 0.0
    }

    /// When a depth that is not reached yet will be, by even chances.
    fn reaches(&self, depth_m: f64, now_m: f64) -> Option<Timestamp> {
        if now_m >= depth_m {
            return None;
        }
        let minutes = |run: &Run| {
            let step = run.peaks_m.iter().position(|peak| *peak >= depth_m)?;
            let before = step.checked_sub(1)?;
            let (low, high) = (run.depths_m.get(before)?, run.peaks_m.get(step)?);
            let share = ((depth_m - low) / (high - low)).clamp(0.0, 1.0);
            Some((before as f64 + share) * STEP_MINUTES)
        };
        self.by_even_chances(minutes)
    }

    /// When water that stands now will first be below notice, by even chances.
    fn dry(&self, now_m: f64) -> Option<Timestamp> {
        if now_m < self.thresholds.notice_m {
            return None;
        }
        self.by_even_chances(|run| run.dry_minutes)
    }

    /// The time by which half of the runs have come to it; `None` where fewer do at all.
    fn by_even_chances(&self, minutes: impl Fn(&Run) -> Option<f64>) -> Option<Timestamp> {
        let never = PLANNED_STEPS as f64 * STEP_MINUTES + 1.0;
        let times = self
            .runs
            .iter()
            .map(|run| (minutes(run).unwrap_or(never), run.weight));
        let mut times: Vec<_> = times.collect();
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        let minutes = quantile(&times, HALF);
        #[expect(clippy::cast_possible_truncation, reason = "minutes of some hours")]
        let millis = (minutes * 60_000.0) as i64;
        (minutes < never).then(|| self.basis_at.plus_millis(millis))
    }

    /// The highest median and when it is first reached.
    fn peak(&self, spreads: &[Spread]) -> (f64, Timestamp) {
        let peak = spreads
            .iter()
            .reduce(|a, b| if b.p50 > a.p50 { b } else { a });
        peak.map_or((0.0, self.basis_at), |s| (s.p50, s.step.at(self.basis_at)))
    }

    /// Quantiles at a step, the outer two as far from the median as past errors ask for.
    fn spread(&self, step: Step) -> Spread {
        let depth = |run: &Run| run.depths_m.get(step.index()).copied().unwrap_or_default();
        let mut depths: Vec<_> = self
            .runs
            .iter()
            .map(|run| (depth(run), run.weight))
            .collect();
        depths.sort_by(|a, b| a.0.total_cmp(&b.0));
        let p50 = quantile(&depths, HALF);
        let minutes = step.minutes();
        let (p10, p90) = self
            .calibration
            .limits(self.phase, minutes, |share| quantile(&depths, share));
        let round = |d: f64| (d * 1000.0).round() / 1000.0;
        Spread {
            step,
            p10: round(p10),
            p50: round(p50),
            p90: round(p90),
        }
    }
}

/// The value that a share of the weights does not exceed, of values in their order.
fn quantile(values: &[(f64, f64)], share: f64) -> f64 {
    let mut sum = 0.0;
    for (value, weight) in values {
        sum += weight;
        // Weights sum to 1 but for their rounding.
        if sum >= share - 1e-9 {
            return *value;
        }
    }
    values.last().map_or(0.0, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_value_that_a_share_of_the_weights_does_not_exceed() {
        let values = [(1.0, 0.5), (2.0, 0.3), (3.0, 0.2)];
        let at = |share| quantile(&values, share);
        let told: Vec<String> = [0.1, 0.5, 0.51, 0.8, 0.9]
            .map(|s| at(s).to_string())
            .to_vec();
        assert_eq!(told, ["1", "1", "2", "2", "3"]);
    }
}
