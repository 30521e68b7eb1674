//! Waterlogging points: how deep is how bad.

use serde::{Deserialize, Serialize};

/// Depth thresholds of a waterlogging point, in metres of water above ground.
///
/// Defaults are the profile `shanghai`: logged at 0.15 m (the design criterion of GB 50014 for
/// one lane of a road), closure at 0.25 m (Shanghai's underpass signs), severe at 0.40 m. Cities
/// differ (Beijing closes at 0.27 m, Qingdao at 0.30 m), so every point may have its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Water is noticed.
    pub notice_m: f64,
    /// The point counts as waterlogged.
    pub waterlogged_m: f64,
    /// The road should be closed.
    pub closure_m: f64,
    /// Danger: vehicles float, people fall.
    pub severe_m: f64,
    /// A flag is lowered only this far below the threshold that raised it …
    pub hysteresis_m: f64,
    /// … and only after the depth stayed there for this long, in seconds.
    pub hold_s: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            notice_m: 0.05,
            waterlogged_m: 0.15,
            closure_m: 0.25,
            severe_m: 0.40,
            hysteresis_m: 0.03,
            hold_s: 600.0,
        }
    }
}

/// Thresholds that contradict themselves.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ThresholdsError {
    #[error("thresholds must rise: notice_m < waterlogged_m < closure_m < severe_m, all above 0")]
    Order,
    #[error("hysteresis_m must be from 0 to below notice_m, and hold_s must not be negative")]
    Hysteresis,
}

impl Thresholds {
    /// # Errors
    /// Thresholds that do not rise, or a hysteresis that would never let a flag fall.
    pub fn check(&self) -> Result<(), ThresholdsError> {
        let rising = [
            0.0,
            self.notice_m,
            self.waterlogged_m,
            self.closure_m,
            self.severe_m,
        ];
        if !rising.windows(2).all(|w| matches!(w, [a, b] if a < b)) {
            return Err(ThresholdsError::Order);
        }
        if !(0.0..self.notice_m).contains(&self.hysteresis_m)
            || self.hold_s.is_nan()
            || self.hold_s < 0.0
        {
            return Err(ThresholdsError::Hysteresis);
        }
        Ok(())
    }

    /// The class a depth belongs to, without any memory.
    #[must_use]
    pub fn class_of(&self, depth_m: f64) -> DepthClass {
        if depth_m >= self.severe_m {
            DepthClass::Severe
        } else if depth_m >= self.closure_m {
            DepthClass::Closure
        } else if depth_m >= self.waterlogged_m {
            DepthClass::Waterlogged
        } else if depth_m >= self.notice_m {
            DepthClass::Notice
        } else {
            DepthClass::Dry
        }
    }
}

/// How deep water stands, in the steps that people act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DepthClass {
    Dry,
    Notice,
    Waterlogged,
    Closure,
    Severe,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_depth_belongs_to_the_highest_class_it_reaches() {
        let t = Thresholds::default();
        assert_eq!(t.class_of(0.149), DepthClass::Notice);
        assert_eq!(t.class_of(0.15), DepthClass::Waterlogged);
        assert_eq!(t.class_of(0.9), DepthClass::Severe);
    }

    #[test]
    fn thresholds_must_rise() {
        assert_eq!(Thresholds::default().check(), Ok(()));
        let wrong = Thresholds {
            closure_m: 0.1,
            ..Thresholds::default()
        };
        assert_eq!(wrong.check(), Err(ThresholdsError::Order));
        let wrong = Thresholds {
            hysteresis_m: 0.05,
            ..Thresholds::default()
        };
        assert_eq!(
            wrong.check(),
            Err(ThresholdsError::Hysteresis),
            "water that is gone would be noticed for ever"
        );
    }
}
