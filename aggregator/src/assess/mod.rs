//! From a point's depth observations to its status: thresholds with hysteresis, silence, doubt.
//!
//! The status is a function of the set of observations and of the time, not of the order in which
//! they came: [`Evidence`] holds the last hours of them by their own time, and what comes late, or
//! corrects one that is known, is judged as if it had been there from the beginning.
//!
//! Raising is immediate and by state (`depth ≥ threshold`), never by crossing, so a jump over
//! several thresholds raises the highest at once. Lowering needs the depth to stay below the
//! threshold less the hysteresis for the hold. A suspect reading alone does neither; but one that
//! says that the water is still there keeps a flag that is up.

mod evidence;
mod judgement;

use serde::{Deserialize, Serialize};
use shared::{
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    waterlogging::{DepthClass, Thresholds},
};

pub use evidence::Evidence;
use evidence::{Reach, Took};
use judgement::Judgement;

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
    /// The gauge has fallen silent.
    Stale,
    /// The gauge speaks, but its newest reading is suspect or failed.
    Suspect,
}

/// The assessment of one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    thresholds: Thresholds,
    stale_after_ms: i64,
    reach: Reach,
    state: AssessmentState,
    /// Of all evidence; never saved, for it follows from that.
    judgement: Judgement,
}

/// What an assessment remembers: everything but what the city says of the point. It can be saved
/// and given back to [`Assessment::restore`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssessmentState {
    /// Since when the point is watched.
    begun: Timestamp,
    /// When the clock was last looked at.
    looked_at: Timestamp,
    evidence: Evidence,
}

impl Assessment {
    /// A point that has given nothing yet.
    #[must_use]
    pub fn new(thresholds: Thresholds, interval_s: u32, now: Timestamp) -> Self {
        let state = AssessmentState {
            begun: now,
            looked_at: now,
            evidence: Evidence::default(),
        };
        Self::restore(thresholds, interval_s, state)
    }

    /// A point that goes on from what was saved of it. Thresholds and interval are the city's of
    /// today, and so is what follows from them.
    #[must_use]
    pub fn restore(thresholds: Thresholds, interval_s: u32, state: AssessmentState) -> Self {
        let mut assessment = Self {
            thresholds,
            stale_after_ms: i64::from(interval_s) * i64::from(STALE_INTERVALS) * 1000,
            reach: Reach::of_interval(interval_s),
            state,
            judgement: Judgement::default(),
        };
        assessment.judge();
        assessment
    }

    /// What is to be saved.
    #[must_use]
    pub fn state(&self) -> &AssessmentState {
        &self.state
    }

    /// Takes observations in any order; one of a known time replaces what was there. Returns whether
    /// the status changed. Those that come together are judged together: a backlog of hours that
    /// comes behind the newest would else be judged as often as it has readings.
    pub fn observe<'a>(&mut self, observations: impl IntoIterator<Item = &'a Observation>) -> bool {
        let before = self.status();
        let mut is_judged = true;
        for observation in observations {
            match self.state.evidence.take(observation.into(), self.reach) {
                Took::AtTheEnd(reading) if is_judged => {
                    self.judgement
                        .take(reading, &self.thresholds, self.stale_after_ms);
                }
                Took::AtTheEnd(_) | Took::Elsewhere => is_judged = false,
                Took::Nowhere => {}
            }
        }
        if !is_judged {
            self.judge();
        }
        before != self.status()
    }

    /// Looks at the clock: silence makes a point unknown. Returns whether the status changed.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        let before = self.status();
        self.state.looked_at = now;
        before != self.status()
    }

    /// Judges all evidence anew.
    fn judge(&mut self) {
        self.judgement = Judgement::default();
        for reading in self.state.evidence.iter() {
            self.judgement
                .take(reading, &self.thresholds, self.stale_after_ms);
        }
    }

    fn is_recent(&self, at: Timestamp) -> bool {
        self.state.looked_at.millis_since(at) <= self.stale_after_ms
    }

    #[must_use]
    pub fn status(&self) -> PointStatus {
        match (self.judgement.class, self.judgement.trusted) {
            (Some(class), Some((at, _))) if self.is_recent(at) => class.into(),
            _ => PointStatus::Unknown,
        }
    }

    /// Since when the status holds.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        match self.judgement.trusted {
            None => self.state.begun,
            Some((at, _)) if self.is_recent(at) => self.judgement.since,
            Some((at, _)) => at.plus_millis(self.stale_after_ms),
        }
    }

    /// The last trusted depth in metres and when it was observed, however long ago.
    #[must_use]
    pub fn depth(&self) -> Option<(Timestamp, f64)> {
        self.judgement.trusted
    }

    /// The class of that depth, as hysteresis holds it: what an unknown point was.
    #[must_use]
    pub fn last_class(&self) -> Option<DepthClass> {
        self.judgement.class
    }

    /// Whether the class is only held: the water has fallen below it, and the hold has not passed.
    #[must_use]
    pub fn is_clearing(&self) -> bool {
        self.judgement.is_clearing()
    }

    /// The newest reading, if it is suspect and not followed as it is.
    #[must_use]
    pub fn suspect_depth_m(&self) -> Option<f64> {
        let (at, depth) = self.judgement.suspect?;
        let is_followed = |(t, trusted): (Timestamp, f64)| t > at || t == at && trusted >= depth;
        let followed = self.judgement.trusted.is_some_and(is_followed);
        (!followed).then_some(depth)
    }

    /// Quality of the newest observation.
    #[must_use]
    pub fn quality(&self) -> Option<Quality> {
        self.judgement.newest.map(|newest| newest.quality)
    }

    /// The tests that the newest observation did not pass, if that casts doubt on the point.
    #[must_use]
    pub fn doubt_tests(&self) -> TestSet {
        let newest = self.judgement.newest.filter(evidence::Reading::is_doubtful);
        newest.map_or(TestSet::NONE, |newest| newest.tests)
    }

    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        let Some(newest) = self.judgement.newest else {
            return Some(Cause::NoData);
        };
        let is_known = self.status() != PointStatus::Unknown;
        match newest.is_doubtful() && (is_known || self.is_recent(newest.at)) {
            true => Some(Cause::Suspect),
            false if is_known => None,
            false => Some(Cause::Stale),
        }
    }
}

#[cfg(test)]
mod transcripts;

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
                a.observe([&at(second, *depth, Quality::Pass)]);
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
        a.observe([&at(0, 0.0, Quality::Pass)]);
        a.observe([&at(60, 0.9, Quality::Suspect)]);
        assert_eq!(
            (a.status(), a.cause()),
            (PointStatus::Dry, Some(Cause::Suspect))
        );
        assert_eq!(a.suspect_depth_m(), Some(0.9));
        a.observe([&at(120, 0.0, Quality::Pass)]);
        assert_eq!((a.status(), a.cause()), (PointStatus::Dry, None));
    }

    #[test]
    fn two_suspect_readings_that_agree_raise_the_lower_of_both() {
        let mut a = fresh();
        a.observe([&at(0, 0.0, Quality::Pass)]);
        a.observe([&at(60, 0.5, Quality::Suspect)]);
        a.observe([&at(120, 0.35, Quality::Suspect)]);
        assert_eq!(a.status(), PointStatus::Closure);
    }

    #[test]
    fn silence_makes_a_point_unknown_and_never_dry() {
        let mut a = fresh();
        assert_eq!(
            (a.status(), a.cause()),
            (PointStatus::Unknown, Some(Cause::NoData))
        );
        a.observe([&at(0, 0.2, Quality::Pass)]);
        assert!(!a.tick(Timestamp::from_millis(180_000)));
        assert!(a.tick(Timestamp::from_millis(180_001)));
        assert_eq!(
            (a.status(), a.cause()),
            (PointStatus::Unknown, Some(Cause::Stale))
        );
        a.observe([&at(300, 0.2, Quality::Pass)]);
        assert_eq!(a.status(), PointStatus::Waterlogged);
    }

    #[test]
    fn what_comes_late_is_judged_as_if_it_had_been_there() {
        let (mut late, mut straight) = (fresh(), fresh());
        let known = at(600, 0.0, Quality::Pass);
        let before = at(300, 0.9, Quality::Pass);
        late.observe([&known]);
        assert!(late.observe([&before]), "nine decimetres, five minutes ago");
        assert_eq!(late.status(), PointStatus::Severe);
        straight.observe([&before, &known]);
        assert_eq!(late, straight);
    }

    #[test]
    fn a_newer_reading_that_failed_hides_nothing() {
        let mut a = fresh();
        a.observe([
            &at(60, 0.0, Quality::Pass),
            &at(180, -9999.0, Quality::Fail),
        ]);
        a.observe([&at(150, 0.6, Quality::Pass)]);
        assert_eq!(a.status(), PointStatus::Severe);
        assert_eq!(a.depth(), Some((Timestamp::from_millis(150_000), 0.6)));
    }

    #[test]
    fn a_better_value_of_a_known_time_is_followed_upwards_and_downwards() {
        let mut a = fresh();
        a.observe([&at(60, 0.1, Quality::Pass)]);
        a.observe([&at(60, 0.6, Quality::Pass)]);
        assert_eq!(a.status(), PointStatus::Severe);
        a.observe([&at(60, 0.02, Quality::Pass)]);
        assert_eq!(a.status(), PointStatus::Dry, "it never was more than that");
        a.observe([&at(60, 0.02, Quality::Fail)]);
        assert_eq!((a.status(), a.depth()), (PointStatus::Unknown, None));
    }

    #[test]
    fn deeper_than_the_place_was_known_for_is_still_a_flood() {
        let mut a = fresh();
        a.observe([&at(0, 3.9, Quality::Pass)]);
        for minute in 1..60 {
            a.observe([&at(minute * 60, 4.5, Quality::Suspect)]);
            a.tick(Timestamp::from_millis(minute * 60_000 + 30_000));
            let said = (a.status(), a.cause());
            assert_eq!(
                said,
                (PointStatus::Severe, Some(Cause::Suspect)),
                "minute {minute}"
            );
        }
        assert_eq!(a.depth(), Some((Timestamp::from_millis(59 * 60_000), 4.5)));
        a.tick(Timestamp::from_millis(63 * 60_000));
        assert_eq!(
            (a.status(), a.cause()),
            (PointStatus::Unknown, Some(Cause::Stale))
        );
        assert_eq!(a.last_class(), Some(DepthClass::Severe));
    }

    #[test]
    fn doubtful_readings_of_less_water_never_lower_and_at_last_leave_the_point_unknown() {
        let mut a = fresh();
        a.observe([&at(0, 0.3, Quality::Pass)]);
        for minute in 1..=4 {
            a.observe([&at(minute * 60, 0.0, Quality::Suspect)]);
            a.tick(Timestamp::from_millis(minute * 60_000));
        }
        assert_eq!(
            (a.status(), a.cause()),
            (PointStatus::Unknown, Some(Cause::Suspect))
        );
        assert_eq!(a.last_class(), Some(DepthClass::Closure));
        assert_eq!(a.depth(), Some((Timestamp::from_millis(0), 0.3)));
    }

    #[test]
    fn a_class_that_is_only_held_is_clearing() {
        let mut a = fresh();
        a.observe([&at(0, 0.3, Quality::Pass)]);
        assert!(!a.is_clearing());
        a.observe([&at(60, 0.24, Quality::Pass)]);
        assert!(!a.is_clearing(), "within the hysteresis");
        a.observe([&at(120, 0.1, Quality::Pass)]);
        assert!(a.is_clearing());
        a.observe([&at(720, 0.1, Quality::Pass)]);
        assert_eq!((a.status(), a.is_clearing()), (PointStatus::Notice, false));
    }

    #[test]
    fn what_was_saved_is_gone_on_from() {
        let mut a = fresh();
        for (second, depth, quality) in [
            (0, 0.3, Quality::Pass),
            (60, 0.1, Quality::Pass),
            (120, 0.9, Quality::Suspect),
        ] {
            a.observe([&at(second, depth, quality)]);
        }
        let bytes = rmp_serde::to_vec_named(a.state()).expect("is data");
        let state = rmp_serde::from_slice(&bytes).expect("was written so");
        assert_eq!(Assessment::restore(Thresholds::default(), 60, state), a);
    }

    /// Observations of two hours, some doubtful, and a permutation of them.
    fn any_hours() -> impl Strategy<Value = Vec<Observation>> {
        let flags = prop::sample::select(vec![
            Quality::Pass,
            Quality::Pass,
            Quality::NotEvaluated,
            Quality::Suspect,
            Quality::Fail,
            Quality::Missing,
        ]);
        let one = (0_i64..240, 0_i32..60, flags);
        prop::collection::btree_map(0_i64..240, one, 1..80).prop_map(|given| {
            let each = given.into_iter().map(|(half_minute, (_, centi, flag))| {
                let mut o = at(half_minute * 30, f64::from(centi) / 100.0, flag);
                o.value = o.value.filter(|_| flag != Quality::Missing);
                o
            });
            each.collect()
        })
    }

    proptest! {
        #[test]
        fn the_status_is_never_below_the_class_of_the_depth(
            depths in prop::collection::vec(0.0_f64..1.0, 1..60)
        ) {
            let thresholds = Thresholds::default();
            let mut a = fresh();
            for (minute, depth) in (0_i64..).zip(&depths) {
                a.observe([&at(minute * 60, *depth, Quality::Pass)]);
                let class = thresholds.class_of((depth * 1000.0).round() / 1000.0);
                prop_assert!(a.last_class().expect("known") >= class);
            }
        }

        #[test]
        fn any_order_any_repetition_and_any_restart_give_the_same_assessment(
            given in any_hours(),
            order in prop::collection::vec(any::<prop::sample::Index>(), 120),
            together in 1_usize..9,
        ) {
            let now = Timestamp::from_millis(7_260_000);
            let mut straight = fresh();
            straight.observe(&given);
            straight.tick(now);
            let mut shuffled: Vec<_> = given.iter().chain(&given).collect();
            for (i, index) in order.iter().enumerate() {
                let n = shuffled.len();
                shuffled.swap(i % n, index.index(n));
            }
            let mut other = fresh();
            for some in shuffled.chunks(together) {
                other.observe(some.iter().copied());
                other = Assessment::restore(Thresholds::default(), 60, other.state().clone());
            }
            other.tick(now);
            prop_assert_eq!(other, straight);
        }
    }
}
