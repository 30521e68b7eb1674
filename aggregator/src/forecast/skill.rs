//! How good past forecasts were: each is kept until its time has come, then compared with what was
//! observed, and with persistence ("it stays as it is") beside it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

/// The horizon that is verified, in minutes.
pub const VERIFIED_MINUTES: i64 = 30;

/// Forecasts that wait for their time: one a minute, and room to spare.
const WAITING: usize = 64;

/// Skill of the forecasts so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Skill {
    pub horizon_minutes: i64,
    pub verified: u64,
    /// Mean absolute error of the median, in metres.
    #[schema(required)]
    pub mae_m: Option<f64>,
    /// Mean absolute error of persistence, in metres.
    #[schema(required)]
    pub mae_persistence_m: Option<f64>,
    /// Waterlogged forecast and observed; not forecast but observed; forecast but not observed.
    pub hits: u64,
    pub misses: u64,
    pub false_alarms: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Waiting {
    due: Timestamp,
    median_m: f64,
    persistence_m: f64,
}

/// Verifies the forecasts of one point.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    waiting: VecDeque<Waiting>,
    verified: u64,
    error_sum: f64,
    persistence_sum: f64,
    hits: u64,
    misses: u64,
    false_alarms: u64,
}

impl Verification {
    /// Keeps a forecast until its time.
    pub fn issue(&mut self, at: Timestamp, median_m: f64, persistence_m: f64) {
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        let due = at.plus_millis(VERIFIED_MINUTES * 60_000);
        self.waiting.push_back(Waiting {
            due,
            median_m,
            persistence_m,
        });
    }

    /// Compares what was observed with the forecasts for that time.
    pub fn observe(&mut self, at: Timestamp, depth_m: f64, waterlogged_m: f64) {
        while self.waiting.front().is_some_and(|w| w.due <= at) {
            let Some(w) = self.waiting.pop_front() else {
                return;
            };
            // An observation long after the due time says nothing about it.
            if at.millis_since(w.due) > 120_000 {
                continue;
            }
            self.verified += 1;
            self.error_sum += (w.median_m - depth_m).abs();
            self.persistence_sum += (w.persistence_m - depth_m).abs();
            match (w.median_m >= waterlogged_m, depth_m >= waterlogged_m) {
                (true, true) => self.hits += 1,
                (false, true) => self.misses += 1,
                (true, false) => self.false_alarms += 1,
                (false, false) => {}
            }
        }
    }

    /// Mean absolute error so far, in metres.
    #[must_use]
    pub fn mae_m(&self) -> Option<f64> {
        self.mean(self.error_sum)
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (self.verified > 0).then(|| (sum / self.verified as f64 * 1e4).round() / 1e4)
    }

    /// The figures.
    #[must_use]
    pub fn skill(&self) -> Skill {
        Skill {
            horizon_minutes: VERIFIED_MINUTES,
            verified: self.verified,
            mae_m: self.mae_m(),
            mae_persistence_m: self.mean(self.persistence_sum),
            hits: self.hits,
            misses: self.misses,
            false_alarms: self.false_alarms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_is_judged_when_its_time_has_come_and_against_persistence() {
        let mut v = Verification::default();
        v.issue(Timestamp::from_millis(0), 0.20, 0.05);
        v.observe(Timestamp::from_millis(29 * 60_000), 0.1, 0.15);
        assert_eq!(v.skill().verified, 0);
        v.observe(Timestamp::from_millis(30 * 60_000), 0.25, 0.15);
        let skill = v.skill();
        assert_eq!((skill.verified, skill.hits, skill.misses), (1, 1, 0));
        assert_eq!(
            (skill.mae_m, skill.mae_persistence_m),
            (Some(0.05), Some(0.2))
        );
    }

    #[test]
    fn a_gap_at_the_due_time_verifies_nothing() {
        let mut v = Verification::default();
        v.issue(Timestamp::from_millis(0), 0.2, 0.2);
        v.observe(Timestamp::from_millis(60 * 60_000), 0.2, 0.15);
        assert_eq!(v.skill().verified, 0);
    }
}
