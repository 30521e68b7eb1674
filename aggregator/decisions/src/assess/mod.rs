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
//!
//! What was last believed outlives the evidence for it: where that has become history, or is of a time
//! that a clock set back does not know, the point is unknown, and what it was is told until a reading
//! since then can be trusted.

mod evidence;
mod judgement;

use serde::{Deserialize, Serialize};
use shared::{
    observation::Observation,
    quality::{Quality, Test, TestSet},
    time::Timestamp,
    waterlogging::{DepthClass, Thresholds},
};

pub use evidence::Evidence;
use evidence::{Reach, Took};
use judgement::Judgement;

/// A point is unknown when its gauge gave nothing trustworthy for this many of its intervals.
pub const STALE_INTERVALS: u32 = 3;

/// What is said of a point, rising. Unknown is never to be read as dry.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
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
    /// All is to be judged anew, with the next look at the clock.
    is_due: bool,
}

/// So many readings are judged anew at once. More wait for the next look at the clock, which comes
/// twice a second: a backlog that comes newest first would else be judged as often as it has readings.
const AT_ONCE: usize = 2_000;

/// What an assessment remembers: everything but what the city says of the point. It can be saved
/// and given back to [`Assessment::restore`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssessmentState {
    /// Since when the point is watched.
    begun: Timestamp,
    /// When the clock was last looked at.
    looked_at: Timestamp,
    evidence: Evidence,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outlived: Option<Belief>,
}

/// What was believed of a depth, and is not known any more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Belief {
    /// When it was, at the latest.
    at: Timestamp,
    depth_m: f64,
    class: DepthClass,
    /// A trusted reading later than this one knows better.
    until: Timestamp,
    /// The clock by which it was observed was set back.
    clock: bool,
}

impl Assessment {
    /// A point that has given nothing yet.
    #[must_use]
    pub fn new(thresholds: Thresholds, interval_s: u32, now: Timestamp) -> Self {
        let state = AssessmentState {
            begun: now,
            looked_at: now,
            evidence: Evidence::default(),
            outlived: None,
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
            is_due: false,
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
        let (before, belief) = (self.status(), self.belief());
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
        self.is_due |= !is_judged;
        if self.is_due && self.state.evidence.count() <= AT_ONCE {
            self.judge();
        }
        self.settle(belief);
        before != self.status()
    }

    /// Keeps what was believed where the evidence for it has become history.
    fn settle(&mut self, belief: Option<Belief>) {
        let first = self.state.evidence.iter().next();
        let is_history = |b: &Belief| first.is_none_or(|first| b.at < first.at);
        self.state.outlived = belief.filter(is_history).or(self.state.outlived);
        self.state.outlived = self.outlived();
    }

    /// Looks at the clock: silence makes a point unknown. Returns whether the status changed.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        let before = self.status();
        if self.is_due {
            let belief = self.belief();
            self.judge();
            self.settle(belief);
        }
        self.state.looked_at = now;
        before != self.status()
    }

    /// Forgets readings of times after `latest`: the clock by which they were taken was ahead.
    pub fn clock_was_set_back(&mut self, now: Timestamp, latest: Timestamp) {
        let belief = self.belief().filter(|b| b.at > latest);
        self.state.outlived = belief.or(self.state.outlived);
        self.state.evidence.forget_after(latest);
        self.state.looked_at = now;
        self.state.begun = self.state.begun.min(now);
        self.judge();
        let trusted = self.judgement.trusted.map_or(now, |(at, _)| at);
        if let Some(belief) = &mut self.state.outlived {
            belief.at = belief.at.min(now);
            belief.until = trusted.max(now);
            belief.clock = true;
        }
    }

    /// Judges all evidence anew.
    fn judge(&mut self) {
        self.is_due = false;
        self.judgement = Judgement::default();
        for reading in self.state.evidence.iter() {
            self.judgement
                .take(reading, &self.thresholds, self.stale_after_ms);
        }
    }

    /// What is believed, or was.
    fn belief(&self) -> Option<Belief> {
        let believed = || {
            let (at, depth_m) = self.judgement.trusted?;
            Some(Belief {
                at,
                depth_m,
                class: self.judgement.class?,
                until: at,
                clock: false,
            })
        };
        self.outlived().or_else(believed)
    }

    /// What was believed and has outlived its evidence, while nothing since then is trusted.
    fn outlived(&self) -> Option<Belief> {
        let trusted = self.judgement.trusted;
        let outlived = self.state.outlived;
        outlived.filter(|b| trusted.is_none_or(|(at, _)| at <= b.until))
    }

    fn is_recent(&self, at: Timestamp) -> bool {
        self.state.looked_at.millis_since(at) <= self.stale_after_ms
    }

    #[must_use]
    pub fn status(&self) -> PointStatus {
        match (self.judgement.class, self.judgement.trusted) {
            _ if self.outlived().is_some() => PointStatus::Unknown,
            (Some(class), Some((at, _))) if self.is_recent(at) => class.into(),
            _ => PointStatus::Unknown,
        }
    }

    /// Since when the status holds.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        if let Some(outlived) = self.outlived() {
            return outlived.at;
        }
        match self.judgement.trusted {
            None => self.state.begun,
            Some((at, _)) if self.is_recent(at) => self.judgement.since,
            Some((at, _)) => at.plus_millis(self.stale_after_ms),
        }
    }

    /// The last trusted depth in metres and when it was observed, however long ago.
    #[must_use]
    pub fn depth(&self) -> Option<(Timestamp, f64)> {
        self.belief().map(|b| (b.at, b.depth_m))
    }

    /// The class of that depth, as hysteresis holds it: what an unknown point was.
    #[must_use]
    pub fn last_class(&self) -> Option<DepthClass> {
        self.belief().map(|b| b.class)
    }

    /// Whether the class is only held: the water has fallen below it, and the hold has not passed.
    #[must_use]
    pub fn is_clearing(&self) -> bool {
        self.outlived().is_none() && self.judgement.is_clearing()
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
        let tests = newest.map_or(TestSet::NONE, |newest| newest.tests);
        if self.outlived().is_some_and(|b| b.clock) {
            tests.with(Test::Clock)
        } else {
            tests
        }
    }

    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        if self.outlived().is_some_and(|b| b.clock) {
            return Some(Cause::Suspect);
        }
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
mod tests;
