//! From a point's depth observations to its status: thresholds with hysteresis, silence, doubt.
//!
//! Raising is immediate and by state (`depth ≥ threshold`), never by crossing, so a jump over
//! several thresholds raises the highest at once. Lowering needs the depth to stay below the
//! threshold less the hysteresis for the hold. A suspect reading alone does neither.

use serde::{Deserialize, Serialize};
use shared::{
    observation::Observation,
    quality::Quality,
    time::Timestamp,
    waterlogging::{DepthClass, Thresholds},
};

/// A point is unknown when its gauge gave nothing trustworthy for this many of its intervals.
pub const STALE_INTERVALS: u32 = 3;

/// What is said of a point. Unknown is never to be read as dry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PointStatus {
    /// No trustworthy recent depth. Never to be read as "dry".
    Unknown,
    Dry,
    Notice,
    Waterlogged,
    Closure,
    Severe,
}

impl From<DepthClass> for PointStatus {
    fn from(class: DepthClass) -> Self {
        match class {
            DepthClass::Dry => Self::Dry,
            DepthClass::Notice => Self::Notice,
            DepthClass::Waterlogged => Self::Waterlogged,
            DepthClass::Closure => Self::Closure,
            DepthClass::Severe => Self::Severe,
        }
    }
}

/// Why a point is unknown, or what casts doubt on its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The gauge never gave anything.
    NoData,
    /// The gauge gave nothing trustworthy for too long.
    Stale,
    /// The newest reading is suspect or failed and is not followed.
    Suspect,
}

/// The assessment of one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    thresholds: Thresholds,
    stale_after_ms: i64,
    state: AssessmentState,
}

/// What an assessment remembers: everything but what the city says of the point. It can be saved
/// and given back to [`Assessment::restore`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssessmentState {
    /// The class that hysteresis holds, also while the status is unknown.
    class: Option<DepthClass>,
    status: PointStatus,
    since: Timestamp,
    trusted: Option<(Timestamp, f64)>,
    suspect: Option<(Timestamp, f64)>,
    newest: Option<(Timestamp, Quality)>,
    falling: Option<Falling>,
}

/// A depth on its way down: since when, and the highest class it would fall to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Falling {
    since: Timestamp,
    to: DepthClass,
}

impl Assessment {
    /// A point that has given nothing yet.
    #[must_use]
    pub fn new(thresholds: Thresholds, interval_s: u32, now: Timestamp) -> Self {
        let state = AssessmentState {
            class: None,
            status: PointStatus::Unknown,
            since: now,
            trusted: None,
            suspect: None,
            newest: None,
            falling: None,
        };
        Self::restore(thresholds, interval_s, state)
    }

    /// A point that goes on from what was saved of it. Thresholds and interval are the city's of
    /// today: where they have changed, the next observation and the next tick tell.
    #[must_use]
    pub fn restore(thresholds: Thresholds, interval_s: u32, state: AssessmentState) -> Self {
        Self {
            thresholds,
            stale_after_ms: i64::from(interval_s) * i64::from(STALE_INTERVALS) * 1000,
            state,
        }
    }

    /// What is to be saved.
    #[must_use]
    pub fn state(&self) -> &AssessmentState {
        &self.state
    }

    /// Takes an observation. Those older than the newest are history, not news: ignored here.
    /// Returns whether the status changed.
    pub fn observe(&mut self, observation: &Observation) -> bool {
        let at = observation.observed_at;
        if self.state.newest.is_some_and(|(newest, _)| at <= newest) {
            return false;
        }
        self.state.newest = Some((at, observation.quality));
        let Some(units) = observation.value.map(shared::value::Value::units) else {
            return false;
        };
        match observation.quality {
            Quality::Pass | Quality::NotEvaluated => {
                self.state.suspect = None;
                self.trust(at, units)
            }
            Quality::Suspect => {
                let before = self.state.suspect.replace((at, units));
                self.corroborated(before, at, units)
            }
            Quality::Fail | Quality::Missing => {
                self.state.suspect = None;
                false
            }
        }
    }

    /// Looks at the clock: silence makes a point unknown. Returns whether the status changed.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        let silent = self
            .state
            .trusted
            .is_none_or(|(at, _)| now.millis_since(at) > self.stale_after_ms);
        let is_unknown = self.state.status == PointStatus::Unknown;
        if silent && !is_unknown {
            self.set(PointStatus::Unknown, now);
            return true;
        }
        false
    }

    /// Two suspect readings in a row that agree may raise a flag to the lower of both: a real
    /// flood can be faster than the rate test believes. They never lower one.
    fn corroborated(
        &mut self,
        before: Option<(Timestamp, f64)>,
        at: Timestamp,
        units: f64,
    ) -> bool {
        let Some((earlier, other)) = before else {
            return false;
        };
        let near = at.millis_since(earlier) <= self.stale_after_ms;
        let lower = units.min(other);
        let class = self.thresholds.class_of(lower);
        if near && self.state.class.is_none_or(|known| class > known) && class > DepthClass::Dry {
            return self.trust(at, lower);
        }
        false
    }

    fn trust(&mut self, at: Timestamp, depth_m: f64) -> bool {
        self.state.trusted = Some((at, depth_m));
        let before = self.state.status;
        let class = self.thresholds.class_of(depth_m);
        let next = match self.state.class {
            None => class,
            Some(known) if class >= known => {
                self.state.falling = None;
                class
            }
            Some(known) => self.lowered(known, at, depth_m),
        };
        self.state.class = Some(next);
        if before == next.into() {
            return false;
        }
        self.set(next.into(), at);
        true
    }

    /// The class after a depth below the present class's threshold.
    fn lowered(&mut self, known: DepthClass, at: Timestamp, depth_m: f64) -> DepthClass {
        let to = self
            .thresholds
            .class_of(depth_m + self.thresholds.hysteresis_m);
        if to >= known {
            self.state.falling = None;
            return known;
        }
        let falling = match self.state.falling {
            Some(f) => Falling {
                since: f.since,
                to: f.to.max(to),
            },
            None => Falling { since: at, to },
        };
        if at.seconds_since(falling.since) >= self.thresholds.hold_s {
            self.state.falling = None;
            falling.to
        } else {
            self.state.falling = Some(falling);
            known
        }
    }

    fn set(&mut self, status: PointStatus, at: Timestamp) {
        self.state.status = status;
        self.state.since = at;
    }

    #[must_use]
    pub fn status(&self) -> PointStatus {
        self.state.status
    }

    /// Since when the status holds.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.state.since
    }

    /// The last trusted depth and when it was observed.
    #[must_use]
    pub fn depth(&self) -> Option<(Timestamp, f64)> {
        self.state.trusted
    }

    /// The newest reading, if it is suspect and not followed.
    #[must_use]
    pub fn suspect_depth_m(&self) -> Option<f64> {
        let (at, depth) = self.state.suspect?;
        self.state
            .trusted
            .is_none_or(|(t, _)| t < at)
            .then_some(depth)
    }

    /// Quality of the newest observation.
    #[must_use]
    pub fn quality(&self) -> Option<Quality> {
        self.state.newest.map(|(_, quality)| quality)
    }

    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match (self.state.status, self.state.trusted) {
            (PointStatus::Unknown, None) if self.state.newest.is_none() => Some(Cause::NoData),
            (PointStatus::Unknown, _) => Some(Cause::Stale),
            _ if matches!(self.quality(), Some(Quality::Suspect | Quality::Fail)) => {
                Some(Cause::Suspect)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::{gauge::Parameter, quality::TestSet, value::Value};

    use super::*;

    fn at(second: i64, metres: f64, quality: Quality) -> Observation {
        Observation {
            gauge: "lg-1".parse().expect("id"),
            parameter: Parameter::Depth,
            observed_at: Timestamp::from_millis(second * 1000),
            value: Value::from_units(metres).ok(),
            quality,
            tests: TestSet::NONE,
        }
    }

    fn fresh() -> Assessment {
        Assessment::new(Thresholds::default(), 60, Timestamp::from_millis(0))
    }

    /// Statuses after each minute's depth.
    fn statuses(depths: &[f64]) -> Vec<PointStatus> {
        let mut a = fresh();
        let minutes = (0_i64..).map(|m| m * 60);
        minutes
            .zip(depths)
            .map(|(second, depth)| {
                a.observe(&at(second, *depth, Quality::Pass));
                a.status()
            })
            .collect()
    }

    #[test]
    fn a_jump_over_all_thresholds_raises_the_highest_at_once() {
        assert_eq!(
            statuses(&[0.0, 0.9]),
            [PointStatus::Dry, PointStatus::Severe]
        );
    }

    #[test]
    fn noise_around_the_threshold_does_not_flap() {
        let noisy: Vec<f64> = (0..60)
            .map(|m| if m % 2 == 0 { 0.16 } else { 0.13 })
            .collect();
        assert!(
            statuses(&noisy)
                .iter()
                .all(|s| *s == PointStatus::Waterlogged)
        );
    }

    #[test]
    fn a_flag_is_lowered_after_the_hold_below_the_hysteresis() {
        let mut depths = vec![0.3];
        depths.extend([0.08; 12]);
        let got = statuses(&depths);
        assert!(
            got.iter().take(11).all(|s| *s == PointStatus::Closure),
            "{got:?}"
        );
        assert_eq!(got.last(), Some(&PointStatus::Notice));
    }

    #[test]
    fn a_suspect_reading_alone_neither_raises_nor_lowers() {
        let mut a = fresh();
        a.observe(&at(0, 0.0, Quality::Pass));
        a.observe(&at(60, 0.9, Quality::Suspect));
        assert_eq!(
            (a.status(), a.cause()),
            (PointStatus::Dry, Some(Cause::Suspect))
        );
        assert_eq!(a.suspect_depth_m(), Some(0.9));
        a.observe(&at(120, 0.0, Quality::Pass));
        assert_eq!((a.status(), a.cause()), (PointStatus::Dry, None));
    }

    #[test]
    fn two_suspect_readings_that_agree_raise_the_lower_of_both() {
        let mut a = fresh();
        a.observe(&at(0, 0.0, Quality::Pass));
        a.observe(&at(60, 0.5, Quality::Suspect));
        a.observe(&at(120, 0.35, Quality::Suspect));
        assert_eq!(a.status(), PointStatus::Closure);
    }

    #[test]
    fn silence_makes_a_point_unknown_and_never_dry() {
        let mut a = fresh();
        assert_eq!(
            (a.status(), a.cause()),
            (PointStatus::Unknown, Some(Cause::NoData))
        );
        a.observe(&at(0, 0.2, Quality::Pass));
        assert!(!a.tick(Timestamp::from_millis(180_000)));
        assert!(a.tick(Timestamp::from_millis(180_001)));
        assert_eq!(
            (a.status(), a.cause()),
            (PointStatus::Unknown, Some(Cause::Stale))
        );
        a.observe(&at(300, 0.2, Quality::Pass));
        assert_eq!(a.status(), PointStatus::Waterlogged);
    }

    #[test]
    fn late_observations_are_history_and_change_nothing() {
        let mut a = fresh();
        a.observe(&at(600, 0.0, Quality::Pass));
        assert!(!a.observe(&at(300, 0.9, Quality::Pass)));
        assert_eq!(a.status(), PointStatus::Dry);
    }

    #[test]
    fn what_was_saved_is_gone_on_from() {
        let mut a = fresh();
        for (second, depth, quality) in [
            (0, 0.3, Quality::Pass),
            (60, 0.1, Quality::Pass),
            (120, 0.9, Quality::Suspect),
        ] {
            a.observe(&at(second, depth, quality));
        }
        let bytes = rmp_serde::to_vec_named(a.state()).expect("is data");
        let state = rmp_serde::from_slice(&bytes).expect("was written so");
        assert_eq!(Assessment::restore(Thresholds::default(), 60, state), a);
    }

    proptest! {
        #[test]
        fn the_status_is_never_below_the_class_of_the_depth(
            depths in prop::collection::vec(0.0_f64..1.0, 1..60)
        ) {
            let thresholds = Thresholds::default();
            let mut a = fresh();
            for (minute, depth) in (0_i64..).zip(&depths) {
                a.observe(&at(minute * 60, *depth, Quality::Pass));
                let class = thresholds.class_of((depth * 1000.0).round() / 1000.0);
                prop_assert!(a.state.class.expect("known") >= class);
            }
        }
    }
}
