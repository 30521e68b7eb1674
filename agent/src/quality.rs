//! From readings to observations: the shared quality tests, applied per gauge, and the start of a
//! silence. Pure.
//!
//! A gauge that does not answer gives no value. The first reading that fails makes one observation
//! with the flag *missing*, so that the aggregator learns of the silence at once and not by its
//! staleness limit; further failures make none until the gauge has answered again.
//!
//! *When in doubt about the time, the water is shown and the doubt is said*: a reading whose time
//! cannot be is kept as suspect with the test `clock`, and leaves no trace in the history that later
//! readings are compared with. No two readings of a gauge get one time, also where the clock was
//! set back: a time is what an observation is known by.

use std::collections::{BTreeSet, HashMap, VecDeque};

use shared::{
    gauge::Parameter,
    ids::GaugeId,
    limits::MAX_AHEAD_MS,
    observation::Observation,
    quality::{Quality, QualityControl, Test, TestSet},
    time::{EARLIEST, Timestamp},
    value::Value,
};

use crate::{
    config::GaugeSpec,
    source::{Outcome, Reading, Stamp},
    total::{Fell, RainTotal, most_mm},
};

/// Own times that are remembered per gauge, for a clock that is set back: an hour at one a second.
const REMEMBERED: usize = 4_096;
/// Receivers of GPS count weeks in ten bits: an old one gives times that are 1,024 weeks ago.
const WEEK_ROLLOVER_MS: i64 = 1_024 * 7 * 86_400_000;
/// An own time that is longer ago is no backlog: no logger keeps more than a year.
const LONGEST_BACKLOG_MS: i64 = 366 * 86_400_000;
/// How close to now an own time must be, with the weeks that rolled over, to be one that did: a
/// backlog of a month.
const NEAR_MS: i64 = 31 * 86_400_000;

/// What the gateway's clock says, and what is thought of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayTime {
    pub wall: Timestamp,
    /// The best guess at the present: `wall`, or later where that cannot be.
    pub now: Timestamp,
    pub is_doubted: bool,
}

impl GatewayTime {
    /// A clock that is believed.
    #[must_use]
    pub fn sure(now: Timestamp) -> Self {
        Self {
            wall: now,
            now,
            is_doubted: false,
        }
    }
}

/// The quality control of all gauges of an agent.
pub struct QualityStage {
    gauges: HashMap<GaugeId, Gauge>,
    silent: BTreeSet<GaugeId>,
}

struct Gauge {
    parameter: Parameter,
    control: QualityControl,
    /// As the control was at the start.
    fresh: QualityControl,
    total: Option<RainTotal>,
    /// When a rain gauge last said how much had fallen.
    rained_at: Option<Timestamp>,
    /// Values that are no total.
    sentinels: Vec<f64>,
    /// The newest times that were given, in the order in which they were.
    given: VecDeque<Timestamp>,
    newest: Timestamp,
}

impl Gauge {
    fn new(spec: &GaugeSpec) -> Self {
        let control = QualityControl::new(spec.limits.clone());
        Self {
            parameter: spec.parameter,
            fresh: control.clone(),
            control,
            total: spec.total.map(|total| RainTotal::new(total, None)),
            rained_at: None,
            sentinels: spec.limits.sentinels.clone(),
            given: VecDeque::new(),
            newest: Timestamp::from_millis(i64::MIN),
        }
    }

    /// The time, or the next one that this gauge has not been given yet.
    fn only_once(&mut self, mut at: Timestamp) -> Timestamp {
        while at <= self.newest && self.given.contains(&at) {
            at = at.plus_millis(1);
        }
        self.newest = self.newest.max(at);
        if self.given.len() == REMEMBERED {
            self.given.pop_front();
        }
        self.given.push_back(at);
        at
    }

    /// The parameter's value in what the gauge gave; none where a total has nothing to be
    /// compared with.
    fn value(&mut self, at: Timestamp, given: Value) -> Option<Value> {
        let Some(total) = &mut self.total else {
            return Some(given);
        };
        match total.take(at, given.units()) {
            Fell::Unknown => None,
            Fell::Since { mm, seconds } if self.parameter == Parameter::RainfallIntensity => {
                Value::from_units(mm / seconds * 3_600.0).ok()
            }
            Fell::Since { mm, .. } => Value::from_units(mm).ok(),
        }
    }

    /// Whether a total is one of the values that mean "no reading".
    fn is_no_total(&self, given: Value) -> bool {
        let is_sentinel = |sentinel: &f64| (sentinel - given.units()).abs() < 0.0005;
        self.total.is_some() && self.sentinels.iter().any(is_sentinel)
    }

    /// Whether so much cannot have fallen since the last reading: a total that was configured as
    /// what fell since the last reading shows as this.
    fn is_too_much_rain(&mut self, at: Timestamp, value: Value) -> bool {
        if self.parameter != Parameter::RainfallDepth {
            return false;
        }
        let before = self.rained_at.replace(at);
        let seconds = before.map(|before| at.seconds_since(before));
        seconds.is_some_and(|s| s > 0.0 && value.units() > most_mm(s))
    }

    fn assess(&mut self, at: Timestamp, value: Value, is_doubted: bool) -> (Quality, TestSet) {
        if is_doubted {
            let (quality, tests) = self.control.clone().assess(at, Some(value));
            doubt(quality, tests)
        } else {
            self.control.assess(at, Some(value))
        }
    }
}

impl QualityStage {
    pub fn new<'a>(gauges: impl IntoIterator<Item = &'a GaugeSpec>) -> Self {
        let gauge = |spec: &GaugeSpec| (spec.id.clone(), Gauge::new(spec));
        Self {
            gauges: gauges.into_iter().map(gauge).collect(),
            silent: BTreeSet::new(),
        }
    }

    /// The observation that a reading makes, if any.
    pub fn assess(&mut self, reading: &Reading, clock: GatewayTime) -> Option<Observation> {
        let gauge = self.gauges.get_mut(&reading.gauge)?;
        let (at, is_doubted) = match reading.stamp {
            Stamp::Own => {
                let (at, doubt) = own_time(reading.at, clock);
                (at, doubt.is_some())
            }
            Stamp::Gateway | Stamp::Unknown => {
                let ahead_ms = clock.now.millis_since(clock.wall);
                let at = gauge.only_once(reading.at.plus_millis(ahead_ms));
                (at, clock.is_doubted || reading.stamp == Stamp::Unknown)
            }
        };
        let (value, quality, tests) = match reading.outcome {
            Outcome::Failed => {
                if !self.silent.insert(reading.gauge.clone()) {
                    return None;
                }
                (None, Quality::Missing, TestSet::NONE)
            }
            Outcome::Sentinel(value) => {
                self.silent.remove(&reading.gauge);
                let sentinel = TestSet::NONE.with(Test::Sentinel);
                (Some(value), Quality::Fail, sentinel)
            }
            Outcome::Number(given) if gauge.is_no_total(given) => {
                self.silent.remove(&reading.gauge);
                let sentinel = TestSet::NONE.with(Test::Sentinel);
                (Some(given), Quality::Fail, sentinel)
            }
            Outcome::Number(given) => {
                self.silent.remove(&reading.gauge);
                let value = gauge.value(at, given)?;
                let (mut quality, mut tests) = gauge.assess(at, value, is_doubted);
                if gauge.is_too_much_rain(at, value) && quality == Quality::Pass {
                    (quality, tests) = (Quality::Suspect, tests.with(Test::GrossRange));
                }
                (Some(value), quality, tests)
            }
        };
        let tests = if is_doubted {
            tests.with(Test::Clock)
        } else {
            tests
        };
        Some(Observation {
            gauge: reading.gauge.clone(),
            parameter: gauge.parameter,
            observed_at: at,
            value,
            quality,
            tests,
        })
    }

    /// Gauges that give nothing at present.
    #[must_use]
    pub fn silent(&self) -> &BTreeSet<GaugeId> {
        &self.silent
    }

    /// The clock was set: what was read before says nothing about the pace of what comes.
    pub fn forget_history(&mut self) {
        for gauge in self.gauges.values_mut() {
            gauge.control = gauge.fresh.clone();
        }
    }

    /// The last total of every rain gauge that counts.
    #[must_use]
    pub fn totals(&self) -> Vec<(GaugeId, Timestamp, f64)> {
        let last = |(id, gauge): (&GaugeId, &Gauge)| {
            let (at, total) = gauge.total.as_ref()?.last()?;
            Some((id.clone(), at, total))
        };
        let mut totals: Vec<_> = self.gauges.iter().filter_map(last).collect();
        totals.sort_by(|a, b| a.0.cmp(&b.0));
        totals
    }

    /// Goes on with totals that an earlier process kept.
    pub fn restore_totals(&mut self, totals: &[(GaugeId, Timestamp, f64)]) {
        for (id, at, last) in totals {
            if let Some(total) = self.gauges.get_mut(id).and_then(|g| g.total.as_mut()) {
                *total = total.with_last(*at, *last);
            }
        }
    }
}

/// The time to use for a reading with a time of its own, and why it is not believed, if it is not.
#[must_use]
pub fn own_time(at: Timestamp, clock: GatewayTime) -> (Timestamp, Option<&'static str>) {
    let age_ms = clock.now.millis_since(at);
    let rolled = at.plus_millis(WEEK_ROLLOVER_MS);
    let rolled_age_ms = clock.now.millis_since(rolled);
    if (-MAX_AHEAD_MS..=NEAR_MS).contains(&rolled_age_ms) {
        let why = "its times are 1,024 weeks ago: a GPS receiver whose week has rolled over";
        (rolled, Some(why))
    } else if at < EARLIEST {
        (clock.now, Some("its times are before the year 2000"))
    } else if clock.is_doubted {
        // The gauge may well know better than the gateway.
        (at, None)
    } else if age_ms < -MAX_AHEAD_MS {
        (clock.now, Some("its times are in the future"))
    } else if age_ms > LONGEST_BACKLOG_MS {
        (clock.now, Some("its times are more than a year ago"))
    } else {
        (at, None)
    }
}

fn doubt(quality: Quality, tests: TestSet) -> (Quality, TestSet) {
    let worse = match quality {
        Quality::Pass | Quality::NotEvaluated => Quality::Suspect,
        Quality::Suspect | Quality::Fail | Quality::Missing => quality,
    };
    (worse, tests.with(Test::Clock))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shared::quality::Limits;

    use super::*;
    use crate::total::TotalSpec;

    const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);
    const SURE: GatewayTime = GatewayTime {
        wall: NOW,
        now: NOW,
        is_doubted: false,
    };
    const DEPTH: Outcome = Outcome::Number(Value::from_milli(100));

    fn spec(parameter: Parameter) -> GaugeSpec {
        GaugeSpec {
            id: id(),
            parameter,
            interval: Duration::from_secs(60),
            limits: Limits::default_for(parameter),
            total: None,
        }
    }

    fn stage() -> QualityStage {
        QualityStage::new(&[spec(Parameter::Depth)])
    }

    fn id() -> GaugeId {
        "lg-0001".parse().expect("id")
    }

    fn reading(at: Timestamp, stamp: Stamp, outcome: Outcome) -> Reading {
        Reading {
            gauge: id(),
            at,
            stamp,
            outcome,
        }
    }

    fn flags(stage: &mut QualityStage, outcome: Outcome) -> Option<(Quality, TestSet)> {
        let observation = stage.assess(&reading(NOW, Stamp::Gateway, outcome), SURE)?;
        assert_eq!(
            observation.value.is_none(),
            observation.quality == Quality::Missing
        );
        Some((observation.quality, observation.tests))
    }

    #[test]
    fn a_silence_makes_one_missing_observation_and_an_answer_ends_it() {
        let mut stage = stage();
        let passed = Some((Quality::Pass, TestSet::NONE));
        assert_eq!(flags(&mut stage, DEPTH), passed);
        let missing = Some((Quality::Missing, TestSet::NONE));
        assert_eq!(flags(&mut stage, Outcome::Failed), missing);
        assert_eq!(flags(&mut stage, Outcome::Failed), None);
        assert_eq!(stage.silent().len(), 1);
        assert!(flags(&mut stage, DEPTH).is_some() && stage.silent().is_empty());
        assert!(flags(&mut stage, Outcome::Failed).is_some());
    }

    #[test]
    fn an_error_value_of_the_instrument_fails_with_its_reason() {
        let sentinel = Outcome::Sentinel(Value::from_milli(-32_768));
        let expected = (Quality::Fail, TestSet::NONE.with(Test::Sentinel));
        assert_eq!(flags(&mut stage(), sentinel), Some(expected));
    }

    #[test]
    fn a_reading_from_1970_or_from_the_future_gets_the_time_of_reception_and_is_suspect() {
        let years_ago = NOW.plus_millis(-2 * LONGEST_BACKLOG_MS);
        for at in [
            Timestamp::default(),
            NOW.plus_millis(MAX_AHEAD_MS + 1),
            years_ago,
        ] {
            let got = stage().assess(&reading(at, Stamp::Own, DEPTH), SURE);
            let got = got.expect("an observation");
            assert_eq!((got.observed_at, got.quality), (NOW, Quality::Suspect));
            assert!(got.tests.contains(Test::Clock));
        }
        let backlog = NOW.plus_millis(-86_400_000);
        let got = stage().assess(&reading(backlog, Stamp::Own, DEPTH), SURE);
        let got = got.expect("an observation");
        assert_eq!((got.observed_at, got.quality), (backlog, Quality::Pass));
    }

    #[test]
    fn the_weeks_of_a_gps_receiver_that_rolled_over_are_put_right_and_the_doubt_is_said() {
        let at = NOW.plus_millis(-5_000);
        let rolled = at.plus_millis(-WEEK_ROLLOVER_MS);
        let got = stage().assess(&reading(rolled, Stamp::Own, DEPTH), SURE);
        let got = got.expect("an observation");
        assert_eq!((got.observed_at, got.quality), (at, Quality::Suspect));
        assert!(got.tests.contains(Test::Clock));
    }

    #[test]
    fn a_message_that_waited_somewhere_is_kept_as_suspect_and_leaves_no_trace() {
        let mut stage = stage();
        let flood = Outcome::Number(Value::from_milli(2_000));
        let got = stage.assess(&reading(NOW, Stamp::Unknown, flood), SURE);
        let got = got.expect("an observation");
        assert_eq!(got.quality, Quality::Suspect);
        assert_eq!(got.tests, TestSet::NONE.with(Test::Clock));
        let later = NOW.plus_millis(60_000);
        let next = stage.assess(&reading(later, Stamp::Gateway, DEPTH), SURE);
        assert_eq!(next.expect("an observation").quality, Quality::Pass);
    }

    #[test]
    fn under_a_clock_that_cannot_be_right_nothing_is_lost_and_everything_is_suspect() {
        let wall = Timestamp::from_millis(946_684_860_000);
        let clock = GatewayTime {
            wall,
            now: NOW,
            is_doubted: true,
        };
        let mut stage = stage();
        let got = stage.assess(&reading(wall, Stamp::Gateway, DEPTH), clock);
        let got = got.expect("an observation");
        assert_eq!((got.observed_at, got.quality), (NOW, Quality::Suspect));
        let own = stage.assess(&reading(NOW.plus_millis(9_000), Stamp::Own, DEPTH), clock);
        assert_eq!(own.expect("an observation").quality, Quality::Pass);
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_time_twice() {
        let mut stage = stage();
        let mut times = BTreeSet::new();
        for second in [0, 1, 2, 3, 1, 2, 3, 4, 2, 3] {
            let at = NOW.plus_millis(second * 1_000);
            let got = stage.assess(&reading(at, Stamp::Gateway, DEPTH), SURE);
            assert!(times.insert(got.expect("an observation").observed_at));
        }
    }

    #[test]
    fn a_clock_that_was_set_does_not_make_standing_water_a_flat_line() {
        let mut stage = stage();
        let at = |hours: i64| NOW.plus_millis(hours * 3_600_000);
        let flag = |stage: &mut QualityStage, hours| {
            let got = stage.assess(&reading(at(hours), Stamp::Gateway, DEPTH), SURE);
            got.expect("an observation").quality
        };
        let flags: Vec<_> = (0..8).map(|hours| flag(&mut stage, hours)).collect();
        assert_eq!(flags.first(), Some(&Quality::Pass));
        assert_eq!(flags.last(), Some(&Quality::Suspect), "seven hours");
        stage.forget_history();
        assert_eq!(flag(&mut stage, 8), Quality::Pass, "the clock was set");
    }

    #[test]
    fn a_running_total_becomes_depth_or_intensity_by_the_times_of_two_readings() {
        for (parameter, milli) in [
            (Parameter::RainfallDepth, 400),
            (Parameter::RainfallIntensity, 12_000),
        ] {
            let total = Some(TotalSpec {
                wrap: None,
                zero: 0.0,
            });
            let mut stage = QualityStage::new(&[GaugeSpec {
                total,
                ..spec(parameter)
            }]);
            let total = |milli| Outcome::Number(Value::from_milli(milli));
            let first = reading(NOW, Stamp::Gateway, total(254_000));
            assert_eq!(stage.assess(&first, SURE), None);
            let kept = stage.totals();
            stage.restore_totals(&kept);
            let later = NOW.plus_millis(120_000);
            let second = reading(later, Stamp::Gateway, total(254_400));
            let got = stage.assess(&second, SURE).expect("an observation");
            assert_eq!(got.value, Some(Value::from_milli(milli)), "{parameter}");
            assert_eq!(got.quality, Quality::Pass);
        }
    }

    #[test]
    fn more_than_can_have_fallen_since_the_last_reading_is_suspect() {
        let mut stage = QualityStage::new(&[spec(Parameter::RainfallDepth)]);
        let mut flag = |seconds: i64, milli| {
            let at = NOW.plus_millis(seconds * 1_000);
            let rain = Outcome::Number(Value::from_milli(milli));
            let got = stage.assess(&reading(at, Stamp::Gateway, rain), SURE);
            got.expect("an observation").quality
        };
        assert_eq!(flag(0, 25_400), Quality::Pass, "after a long gap, perhaps");
        assert_eq!(flag(5, 25_400), Quality::Suspect);
        assert_eq!(flag(10, 1_000), Quality::Pass);
        assert_eq!(
            flag(610, 90_000),
            Quality::Pass,
            "ten minutes of a cloudburst"
        );
    }

    #[test]
    fn a_gauge_that_is_not_configured_gives_nothing() {
        let unknown = Reading {
            gauge: "lg-9999".parse().expect("id"),
            ..reading(NOW, Stamp::Gateway, DEPTH)
        };
        assert_eq!(stage().assess(&unknown, SURE), None);
    }
}
