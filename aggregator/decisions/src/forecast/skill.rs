//! How good past forecasts were: each is kept until its time has come, then compared with what was
//! observed, and with persistence ("it stays as it is") beside it.
//!
//! Warnings are judged by events: a flood that was warned of ten to thirty minutes before it came is a hit.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use super::{
    Forecast, Skill,
    calibration::{Outcome, Phase},
    grid::HORIZONS,
    report::VERIFIED_MINUTES,
};

/// Forecasts of one horizon that wait for their time: one a minute, and room to spare.
const WAITING: usize = 128;

/// A warning counts when it stands within these minutes before a flood.
const EARLIEST_MINUTES: i64 = 30;
const LATEST_MINUTES: i64 = 10;

/// Floods and warnings with shorter pauses are one, in minutes.
const PAUSE_MINUTES: i64 = 10;

const MINUTE_MS: i64 = 60_000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Waiting {
    due: Timestamp,
    phase: Phase,
    p10_m: f64,
    p50_m: f64,
    p90_m: f64,
    persistence_m: f64,
}

/// Verifies the forecasts of one point.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verification {
    /// By horizon.
    issued: [VecDeque<Waiting>; HORIZONS.len()],
    verified: u64,
    error_sum: f64,
    persistence_sum: f64,
    events: Events,
}

impl Verification {
    /// Keeps a forecast until its time.
    pub fn issue(
        &mut self,
        (at, now_m): (Timestamp, f64),
        phase: Phase,
        waterlogged_m: f64,
        forecast: &Forecast,
    ) {
        for (waiting, horizon) in self.issued.iter_mut().zip(&forecast.horizons) {
            if waiting.len() == WAITING {
                waiting.pop_front();
            }
            waiting.push_back(Waiting {
                phase,
                due: at.plus_millis(horizon.minutes * MINUTE_MS),
                p10_m: horizon.p10_m,
                p50_m: horizon.p50_m,
                p90_m: horizon.p90_m,
                persistence_m: now_m,
            });
        }
        if forecast.warns() && now_m < waterlogged_m {
            self.events.warned(at);
        }
    }

    /// Compares what was observed with the forecasts for that time; what came of those whose time has come.
    pub fn observe(&mut self, at: Timestamp, depth_m: f64, waterlogged_m: f64) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for (horizon, (waiting, minutes)) in self.issued.iter_mut().zip(HORIZONS).enumerate() {
            while let Some(w) = waiting.pop_front_if(|w| w.due <= at) {
                // An observation long after the due time says nothing about it.
                if at.millis_since(w.due) > 2 * MINUTE_MS {
                    continue;
                }
                if minutes == VERIFIED_MINUTES {
                    self.verified += 1;
                    self.error_sum += (w.p50_m - depth_m).abs();
                    self.persistence_sum += (w.persistence_m - depth_m).abs();
                }
                outcomes.push(Outcome {
                    phase: w.phase,
                    horizon,
                    p10_m: w.p10_m,
                    p50_m: w.p50_m,
                    p90_m: w.p90_m,
                    observed_m: depth_m,
                });
            }
        }
        self.events.observe(at, depth_m >= waterlogged_m);
        outcomes
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
            mae_m: self.mean(self.error_sum),
            mae_persistence_m: self.mean(self.persistence_sum),
            hits: self.events.hits,
            misses: self.events.misses,
            false_alarms: self.events.false_alarms,
        }
    }
}

/// Floods and warnings of one point.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Events {
    /// Times of warnings, the last half hour's.
    warnings: VecDeque<Timestamp>,
    /// The first and the last time of the warning that no flood has followed yet.
    unfulfilled: Option<(Timestamp, Timestamp)>,
    wet_at: Option<Timestamp>,
    hits: u64,
    misses: u64,
    false_alarms: u64,
}

impl Events {
    fn warned(&mut self, at: Timestamp) {
        let from = at.plus_millis(-EARLIEST_MINUTES * MINUTE_MS);
        while self
            .warnings
            .pop_front_if(|warning| *warning < from)
            .is_some()
        {}
        self.warnings.push_back(at);
        if self.warnings.len() > WAITING {
            self.warnings.pop_front();
        }
        let first = self.unfulfilled.map_or(at, |(first, _)| first);
        self.unfulfilled = Some((first, at));
    }

    fn observe(&mut self, at: Timestamp, is_wet: bool) {
        let minutes_since = |then: Timestamp| at.millis_since(then) / MINUTE_MS;
        if is_wet {
            if self
                .wet_at
                .is_none_or(|wet| minutes_since(wet) > PAUSE_MINUTES)
            {
                let counts = LATEST_MINUTES..=EARLIEST_MINUTES;
                let mut warnings = self.warnings.iter();
                if warnings.any(|warning| counts.contains(&minutes_since(*warning))) {
                    self.hits += 1;
                } else {
                    self.misses += 1;
                }
            }
            self.wet_at = Some(at);
            self.unfulfilled = None;
        } else if let Some((_, last)) = self.unfulfilled
            && minutes_since(last) > EARLIEST_MINUTES
        {
            self.false_alarms += 1;
            self.unfulfilled = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * MINUTE_MS)
    }

    #[test]
    fn a_flood_that_was_warned_of_in_time_is_a_hit_and_a_warning_that_nothing_follows_is_false() {
        let mut events = Events::default();
        for m in 5..10 {
            events.warned(minute(m));
            events.observe(minute(m), false);
        }
        events.observe(minute(25), true);
        assert_eq!((events.hits, events.misses), (1, 0));
        events.observe(minute(30), true);
        assert_eq!(events.hits, 1, "the same flood");
        events.observe(minute(60), true);
        assert_eq!(events.misses, 1, "another one");
        events.warned(minute(100));
        events.observe(minute(130), false);
        assert_eq!(events.false_alarms, 0, "it may still come");
        events.observe(minute(131), false);
        events.observe(minute(132), false);
        assert_eq!(events.false_alarms, 1);
    }

    #[test]
    fn a_warning_of_the_last_minutes_is_too_late() {
        let mut events = Events::default();
        events.warned(minute(20));
        events.observe(minute(25), true);
        assert_eq!((events.hits, events.misses, events.false_alarms), (0, 1, 0));
    }
}
