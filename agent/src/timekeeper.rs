//! What is thought of the gateway's clock.
//!
//! A gateway without a battery for its clock starts in 1970, in 2000, at the date of its system or
//! at the time of its last shutdown, and goes on from there until it is synchronised. Two things
//! are certain: it is not before this program was built, and not before something that this agent
//! has made durable. A clock that says so is wrong; readings are then given the earliest time that
//! it can be, and are suspect. That the system does not call its clock synchronised is told, and
//! makes readings suspect only where the configuration says so: a gateway inside a private network
//! may have a clock that is right and nobody to say it, and suspect readings alone show no flood.
//!
//! The aggregator's acknowledgements say when they were sent. A clock that is not known to be
//! synchronised and differs from them by more than [`MAX_AHEAD_MS`] is wrong: readings then get the
//! aggregator's time, and are suspect; one that agrees with them is believed.
//!
//! [`ClockWatch`] decides, with both clocks as arguments; [`Timekeeper`] is the shared one.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use shared::{
    clock::{Clock, real_now},
    limits::MAX_AHEAD_MS,
    time::Timestamp,
};

/// How far before its build a program may run: time zones, and machines that build ahead.
const BUILD_SLACK_MS: i64 = 86_400_000;
/// How far the clock may be before the newest durable time: what a synchronisation sets it back.
const DURABLE_SLACK_MS: i64 = 60_000;
/// After so long a clock that is before the newest durable time is believed: rather the one that
/// was kept was wrong.
const DURABLE_PATIENCE: Duration = Duration::from_secs(3_600);
/// A difference between two clocks that is a step and not their drift.
const STEP_MS: i64 = 2_000;

/// An instant by the gateway's clock and by one that nobody sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    wall: Timestamp,
    line: Instant,
}

impl Moment {
    #[must_use]
    pub fn now() -> Self {
        Self {
            wall: real_now(),
            line: Instant::now(),
        }
    }

    /// By how many milliseconds the gateway's clock was set between this moment and a later one;
    /// zero where it only drifted.
    fn set_until(self, later: Self) -> i64 {
        let line_ms = millis(later.line.saturating_duration_since(self.line));
        let moved = later.wall.millis_since(self.wall).saturating_sub(line_ms);
        if moved.abs() >= STEP_MS { moved } else { 0 }
    }
}

/// What is known of the clock besides what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockFloors {
    /// When this program was built.
    pub built: Timestamp,
    /// When something was last made durable by this agent.
    pub durable: Option<Timestamp>,
    /// Whether a clock that is not synchronised makes readings suspect.
    pub needs_synchronisation: bool,
}

impl ClockFloors {
    /// Those of this program.
    #[must_use]
    pub fn of_this_build(durable: Option<Timestamp>, needs_synchronisation: bool) -> Self {
        let built: i64 = env!("FLOOD_BUILT_AT").parse().unwrap_or(0);
        Self {
            built: Timestamp::from_millis(built.saturating_mul(1_000)),
            durable,
            needs_synchronisation,
        }
    }
}

/// What is thought of the clock at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What it says.
    pub wall: Timestamp,
    /// The best guess at the present.
    pub now: Timestamp,
    /// Why readings under it are suspect.
    pub doubt: Option<String>,
    /// What else is to be told of it.
    pub remark: Option<&'static str>,
}

/// The clock, watched.
#[derive(Debug)]
pub struct ClockWatch {
    floors: ClockFloors,
    /// What the system says; none where it says nothing.
    is_synchronised: Option<bool>,
    /// The aggregator's clock at line time zero, by its last acknowledgement.
    aggregators_ms: Option<i64>,
    /// The wall clock at line time zero, by the last look.
    offset_ms: Option<i64>,
    stepped_ms: i64,
}

impl ClockWatch {
    #[must_use]
    pub fn new(floors: ClockFloors) -> Self {
        Self {
            floors,
            is_synchronised: None,
            aggregators_ms: None,
            offset_ms: None,
            stepped_ms: 0,
        }
    }

    /// What the system says of its clock.
    pub fn set_synchronised(&mut self, is_synchronised: Option<bool>) {
        self.is_synchronised = is_synchronised;
    }

    /// An acknowledgement that came at `line` says when it was sent. One that answers nothing that is on its
    /// way may be an old one that somebody kept: it sets no clock back.
    pub fn told(&mut self, at: Timestamp, line: Duration, is_answer: bool) {
        let told_ms = at.as_millis().saturating_sub(millis(line));
        let is_before = |known: i64| told_ms < known.saturating_sub(STEP_MS);
        if is_answer || !self.aggregators_ms.is_some_and(is_before) {
            self.aggregators_ms = Some(told_ms);
        }
    }

    /// What is thought of a clock that says `wall` when the program has run for `line`.
    pub fn judge(&mut self, wall: Timestamp, line: Duration) -> Judgement {
        let line_ms = millis(line);
        let offset_ms = wall.as_millis().saturating_sub(line_ms);
        let moved = self.offset_ms.map_or(0, |before| offset_ms - before);
        self.offset_ms = Some(offset_ms);
        if moved.abs() >= STEP_MS {
            self.stepped_ms = self.stepped_ms.saturating_add(moved);
        }
        let ClockFloors { built, durable, .. } = self.floors;
        let is_synchronised = self.is_synchronised == Some(true);
        let aggregators = self.aggregators_ms.filter(|_| !is_synchronised);
        let is_kept_wrong = is_synchronised || aggregators.is_some() || line > DURABLE_PATIENCE;
        let durable = durable.filter(|_| !is_kept_wrong);
        let believed = Judgement {
            wall,
            now: wall,
            doubt: None,
            remark: None,
        };
        if let Some(aggregators_ms) = aggregators {
            let now = Timestamp::from_millis(aggregators_ms.saturating_add(line_ms));
            if now.millis_since(wall).abs() > MAX_AHEAD_MS {
                return Judgement {
                    now,
                    doubt: Some(
                        "it differs from the aggregator's by more than a minute; readings get the \
                         aggregator's time and are suspect: have it synchronised"
                            .to_owned(),
                    ),
                    ..believed
                };
            }
        }
        if built.millis_since(wall) > BUILD_SLACK_MS {
            let earliest = durable.map_or(built, |durable| built.max(durable));
            return Judgement {
                now: earliest.plus_millis(line_ms),
                doubt: Some(format!(
                    "it is before this program was built ({built}); readings are suspect until it \
                     is set: have it synchronised, or set it by hand"
                )),
                ..believed
            };
        }
        if let Some(durable) = durable.filter(|d| d.millis_since(wall) > DURABLE_SLACK_MS) {
            return Judgement {
                doubt: Some(format!(
                    "it is before the newest time in the spool ({durable}); readings are suspect \
                     until it is set"
                )),
                ..believed
            };
        }
        match self.is_synchronised {
            Some(false) if self.floors.needs_synchronisation => Judgement {
                doubt: Some(
                    "the system says that it is not synchronised; readings are suspect".to_owned(),
                ),
                ..believed
            },
            Some(false) => Judgement {
                remark: Some(
                    "the system says that it is not synchronised; readings are believed all the \
                     same",
                ),
                ..believed
            },
            Some(true) | None => believed,
        }
    }

    /// By how much the clock was set since this was last asked.
    pub fn take_step(&mut self) -> Option<i64> {
        let stepped_ms = std::mem::take(&mut self.stepped_ms);
        (stepped_ms != 0).then_some(stepped_ms)
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// The clock as the parts of the agent share it.
#[derive(Debug)]
pub struct Timekeeper {
    clock: Clock,
    began: Instant,
    watch: Mutex<ClockWatch>,
}

impl Timekeeper {
    #[must_use]
    pub fn new(clock: Clock, floors: ClockFloors) -> Self {
        Self {
            clock,
            began: Instant::now(),
            watch: Mutex::new(ClockWatch::new(floors)),
        }
    }

    /// What is thought of the clock now. A scaled one is always believed.
    #[must_use]
    pub fn judge(&self) -> Judgement {
        let wall = self.clock.now();
        if self.clock != Clock::Real {
            return Judgement {
                wall,
                now: wall,
                doubt: None,
                remark: None,
            };
        }
        let line = self.began.elapsed();
        self.with(|watch| watch.judge(real_now(), line))
    }

    /// By how many milliseconds the clock was set since `moment`. A scaled one never is.
    pub(crate) fn set_since(&self, moment: Moment) -> i64 {
        if self.clock == Clock::Real {
            moment.set_until(Moment::now())
        } else {
            0
        }
    }

    /// An acknowledgement of the aggregator was sent at this instant. What a scaled clock says is
    /// nobody's.
    pub(crate) fn told(&self, at: Timestamp, is_answer: bool) {
        let line = self.began.elapsed();
        if self.clock == Clock::Real {
            self.with(|watch| watch.told(at, line, is_answer));
        }
    }

    /// By how much the clock was set since this was last asked.
    pub(crate) fn take_step(&self) -> Option<i64> {
        self.with(ClockWatch::take_step)
    }

    /// What the system says of its clock.
    pub(crate) fn set_synchronised(&self, is_synchronised: Option<bool>) {
        self.with(|watch| watch.set_synchronised(is_synchronised));
    }

    fn with<T>(&self, work: impl FnOnce(&mut ClockWatch) -> T) -> T {
        work(&mut self.watch.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT: Timestamp = Timestamp::from_millis(1_784_622_000_000);
    const DAY_MS: i64 = 86_400_000;
    const SECOND: Duration = Duration::from_secs(1);

    fn watch(durable: Option<Timestamp>) -> ClockWatch {
        ClockWatch::new(ClockFloors {
            built: BUILT,
            durable,
            needs_synchronisation: false,
        })
    }

    fn at(days: i64) -> Timestamp {
        BUILT.plus_millis(days * DAY_MS)
    }

    #[test]
    fn a_clock_at_1970_2000_2019_or_the_date_of_its_system_is_not_believed() {
        for wall in [
            "1970-01-01T00:01:00Z",
            "2000-01-01T00:01:00Z",
            "2019-06-01T00:00:00Z",
            "2026-07-01T00:00:00Z",
        ] {
            let wall = wall.parse().expect("a time");
            let judged = watch(None).judge(wall, SECOND * 60);
            assert!(judged.doubt.is_some(), "{wall}");
            assert_eq!(
                judged.now,
                BUILT.plus_millis(60_000),
                "the earliest it can be"
            );
        }
        assert_eq!(watch(None).judge(at(3), SECOND).doubt, None);
    }

    #[test]
    fn a_clock_before_the_newest_durable_time_is_doubted_until_it_is_set_or_for_an_hour() {
        let mut watch = watch(Some(at(30)));
        assert!(watch.judge(at(27), SECOND).doubt.is_some());
        assert_eq!(watch.judge(at(30), SECOND).doubt, None);
        assert!(watch.judge(at(27), SECOND).doubt.is_some());
        assert_eq!(watch.judge(at(27), SECOND * 3_601).doubt, None);
        watch.set_synchronised(Some(true));
        assert_eq!(watch.judge(at(27), SECOND).doubt, None);
        let judged = watch.judge(at(-30), SECOND);
        assert!(judged.doubt.is_some(), "whatever the system says");
    }

    #[test]
    fn a_clock_that_is_not_synchronised_is_told_and_doubted_only_where_that_is_wanted() {
        let mut lenient = watch(None);
        lenient.set_synchronised(Some(false));
        let judged = lenient.judge(at(3), SECOND);
        assert!(judged.doubt.is_none() && judged.remark.is_some());
        let mut strict = ClockWatch::new(ClockFloors {
            needs_synchronisation: true,
            ..lenient.floors
        });
        assert_eq!(strict.judge(at(3), SECOND).doubt, None, "nothing is known");
        strict.set_synchronised(Some(false));
        assert!(strict.judge(at(3), SECOND).doubt.is_some());
        strict.set_synchronised(Some(true));
        assert_eq!(
            strict.judge(at(3), SECOND),
            watch(None).judge(at(3), SECOND)
        );
    }

    #[test]
    fn a_clock_that_differs_from_the_aggregators_is_wrong_unless_it_is_synchronised() {
        let mut watch = watch(Some(at(30)));
        watch.told(at(3).plus_millis(3_600_000), SECOND * 10, true);
        let judged = watch.judge(at(3), SECOND * 20);
        assert!(judged.doubt.is_some());
        assert_eq!(judged.now, at(3).plus_millis(3_610_000));
        let set = at(3).plus_millis(3_610_500);
        assert_eq!(watch.judge(set, SECOND * 20).doubt, None, "it was set");
        watch.set_synchronised(Some(true));
        assert_eq!(watch.judge(at(3), SECOND * 20).doubt, None);
    }

    #[test]
    fn an_acknowledgement_that_is_given_again_sets_no_clock_back() {
        let mut watch = watch(None);
        watch.told(at(3), SECOND, true);
        let minutes = SECOND * 200;
        let wall = at(3).plus_millis(199_000);
        watch.told(at(3), minutes, false);
        assert_eq!(watch.judge(wall, minutes).doubt, None, "an old one");
        watch.told(at(3), minutes, true);
        assert!(watch.judge(wall, minutes).doubt.is_some(), "the answer");
    }

    #[test]
    fn what_was_read_before_the_clock_was_set_is_told_by_how_much() {
        let line = Instant::now();
        let before = Moment { wall: at(3), line };
        let later = |wall_ms: i64| Moment {
            wall: at(3).plus_millis(wall_ms),
            line: line + SECOND * 5,
        };
        assert_eq!(before.set_until(later(5_000)), 0);
        assert_eq!(before.set_until(later(6_999)), 0, "drift");
        assert_eq!(before.set_until(later(7_000)), 2_000);
        assert_eq!(before.set_until(later(5_000 - 7 * DAY_MS)), -7 * DAY_MS);
    }

    #[test]
    fn a_step_is_seen_and_drift_is_not() {
        let mut watch = watch(None);
        for second in 0..60 {
            let drift = i64::from(second);
            watch.judge(
                at(3).plus_millis(i64::from(second) * 1_000 + drift),
                SECOND * second,
            );
        }
        assert_eq!(watch.take_step(), None);
        watch.judge(at(3).plus_millis(3_660_000), SECOND * 60);
        let step = watch.take_step().expect("a step");
        assert!((3_599_000..=3_601_000).contains(&step), "{step}");
        assert_eq!(watch.take_step(), None);
        watch.judge(at(3).plus_millis(61_000), SECOND * 61);
        assert!(watch.take_step().expect("a step") < -3_500_000);
    }
}
