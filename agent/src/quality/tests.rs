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
fn a_reading_with_a_time_that_cannot_be_is_suspect_and_one_of_a_backlog_is_not() {
    let assess = |at| stage().assess(&reading(at, Stamp::Own, DEPTH), SURE);
    let got = assess(Timestamp::default()).expect("an observation");
    assert_eq!((got.observed_at, got.quality), (NOW, Quality::Suspect));
    assert_eq!(got.tests, TestSet::NONE.with(Test::Clock));
    let backlog = NOW.plus_millis(-86_400_000);
    let got = assess(backlog).expect("an observation");
    assert_eq!((got.observed_at, got.quality), (backlog, Quality::Pass));
    assert!(got.tests.is_empty());
}

#[test]
fn readings_of_one_message_from_1970_are_kept_apart_and_a_repetition_is_one_reading() {
    let mut stage = stage();
    let mut own = |at| {
        let got = stage.assess(&reading(at, Stamp::Own, DEPTH), SURE);
        got.expect("an observation").observed_at
    };
    let from_1970 = [0, 60_000, 120_000].map(|ms| own(Timestamp::from_millis(ms)));
    assert_eq!(from_1970, [0, 1, 2].map(|ms| NOW.plus_millis(ms)));
    let before = NOW.plus_millis(-5_000);
    assert_eq!([own(before), own(before)], [before, before]);
    let rolled_over: Timestamp = "2006-12-05T08:19:55Z".parse().expect("a time");
    assert_eq!([own(rolled_over), own(rolled_over)], [before, before]);
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

/// A rain gauge that counts for ever.
fn counting(name: &str, parameter: Parameter) -> GaugeSpec {
    let total = Some(TotalSpec {
        wrap: None,
        zero: 0.0,
    });
    GaugeSpec {
        id: name.parse().expect("id"),
        total,
        ..spec(parameter)
    }
}

/// What a total in thousandths of a millimetre makes, so many seconds after [`NOW`].
fn counted(stage: &mut QualityStage, seconds: i64, milli: i64) -> Option<Observation> {
    let at = NOW.plus_millis(seconds * 1_000);
    let total = Outcome::Number(Value::from_milli(milli));
    stage.assess(&reading(at, Stamp::Gateway, total), GatewayTime::sure(at))
}

#[test]
fn a_running_total_becomes_depth_or_intensity_by_the_times_of_two_readings() {
    for (parameter, milli) in [
        (Parameter::RainfallDepth, 400),
        (Parameter::RainfallIntensity, 12_000),
    ] {
        let mut stage = QualityStage::new(&[counting("lg-0001", parameter)]);
        assert_eq!(counted(&mut stage, 0, 254_000), None);
        let got = counted(&mut stage, 120, 254_400).expect("an observation");
        assert_eq!(got.value, Some(Value::from_milli(milli)), "{parameter}");
        assert_eq!(got.quality, Quality::Pass);
    }
}

#[test]
fn what_fell_over_a_restart_is_in_the_first_reading_after_it() {
    let gauges = ["rg-2", "lg-0001", "rg-1"].map(|id| counting(id, Parameter::RainfallDepth));
    let mut before = QualityStage::new(&gauges);
    assert_eq!(before.totals(), [], "none has counted yet");
    counted(&mut before, 0, 254_000);
    let kept = before.totals();
    assert_eq!(kept, [(id(), NOW, 254.0)]);
    let mut after = QualityStage::new(&gauges);
    let others = [("rg-2", 2.0), ("lg-9", 9.0)].map(|(id, mm)| (id.parse().expect("id"), NOW, mm));
    after.restore_totals(&[kept, others.to_vec()].concat());
    let totals = after.totals();
    let names: Vec<_> = totals.iter().map(|(id, ..)| id.as_str()).collect();
    assert_eq!(
        names,
        ["lg-0001", "rg-2"],
        "by name; unknown ones are left out"
    );
    let got = counted(&mut after, 300, 256_500).expect("an observation");
    assert_eq!(got.value, Some(Value::from_milli(2_500)));
}

#[test]
fn an_error_value_of_a_gauge_that_counts_fails_and_is_not_counted() {
    let mut stage = QualityStage::new(&[counting("lg-0001", Parameter::RainfallDepth)]);
    counted(&mut stage, 0, 254_000);
    let got = counted(&mut stage, 60, 9_999_000).expect("an observation");
    assert_eq!((got.quality, got.tests), (Quality::Fail, SENTINEL));
    assert_eq!(
        got.value,
        Some(Value::from_milli(9_999_000)),
        "as it was given"
    );
    let got = counted(&mut stage, 120, 254_200).expect("an observation");
    assert_eq!(got.value, Some(Value::from_milli(200)));
}

#[test]
fn a_total_that_was_read_before_the_clock_was_set_back_by_years_silences_no_rain_gauge() {
    let mut stage = QualityStage::new(&[counting("lg-0001", Parameter::RainfallDepth)]);
    let ten_years = 10 * 366 * 86_400;
    assert_eq!(counted(&mut stage, ten_years, 254_000), None);
    assert_eq!(counted(&mut stage, 0, 254_200), None, "begins anew");
    let got = counted(&mut stage, 60, 254_400).expect("an observation");
    assert_eq!(got.value, Some(Value::from_milli(200)));
    assert!(counted(&mut stage, 120, 255_000).is_some());
    assert_eq!(
        counted(&mut stage, 60, 254_800),
        None,
        "a minute late, as backlogs are"
    );
    let got = counted(&mut stage, 121, 255_000).expect("an observation");
    assert_eq!(got.value, Some(Value::from_milli(0)), "and said nothing");
}

#[test]
fn a_gauge_that_is_ahead_of_a_doubted_gateway_counts_all_the_same() {
    let mut stage = QualityStage::new(&[counting("lg-0001", Parameter::RainfallDepth)]);
    let clock = GatewayTime {
        is_doubted: true,
        ..SURE
    };
    let mut own = |seconds: i64, milli| {
        let at = NOW.plus_millis(seconds * 1_000);
        let total = Outcome::Number(Value::from_milli(milli));
        let got = stage.assess(&reading(at, Stamp::Own, total), clock);
        got.and_then(|observation| observation.value)
    };
    assert_eq!(own(86_400, 254_000), None);
    assert_eq!(own(86_460, 254_200), Some(Value::from_milli(200)));
}

/// The flag of so much rain since the last reading, so many seconds after [`NOW`].
fn rained(stage: &mut QualityStage, seconds: i64, stamp: Stamp, milli: i64) -> Quality {
    let at = NOW.plus_millis(seconds * 1_000);
    let rain = Outcome::Number(Value::from_milli(milli));
    let got = stage.assess(&reading(at, stamp, rain), GatewayTime::sure(at));
    got.expect("an observation").quality
}

#[test]
fn more_than_can_have_fallen_since_the_last_reading_is_suspect() {
    let mut stage = QualityStage::new(&[spec(Parameter::RainfallDepth)]);
    let mut flag = |seconds, milli| rained(&mut stage, seconds, Stamp::Own, milli);
    assert_eq!(flag(0, 25_400), Quality::Pass, "after a long gap, perhaps");
    assert_eq!(flag(0, 25_400), Quality::Pass, "a repetition");
    assert_eq!(flag(5, 25_400), Quality::Suspect);
    assert_eq!(flag(10, 1_000), Quality::Pass);
    assert_eq!(
        flag(610, 90_000),
        Quality::Pass,
        "ten minutes of a cloudburst"
    );
    assert_eq!(
        flag(1_210, 300_000),
        Quality::Fail,
        "worse than suspect stays"
    );
}

#[test]
fn an_intensity_is_no_depth_however_fast_it_is_read() {
    let mut stage = QualityStage::new(&[spec(Parameter::RainfallIntensity)]);
    let mut flag = |seconds, milli| rained(&mut stage, seconds, Stamp::Gateway, milli);
    assert_eq!([flag(0, 90_000), flag(5, 90_000)], [Quality::Pass; 2]);
}

#[test]
fn rain_is_not_compared_with_a_time_in_doubt_or_of_a_clock_that_was_set() {
    let mut stage = QualityStage::new(&[spec(Parameter::RainfallDepth)]);
    assert_eq!(rained(&mut stage, 0, Stamp::Gateway, 0), Quality::Pass);
    let waited = rained(&mut stage, 295, Stamp::Unknown, 30_000);
    assert_eq!(waited, Quality::Suspect, "its time is not known");
    let (five_minutes, mm) = (300, 60_000);
    let next = rained(&mut stage, five_minutes, Stamp::Gateway, mm);
    assert_eq!(next, Quality::Pass, "in five minutes, not in five seconds");
    stage.forget_history();
    let set_back = rained(&mut stage, five_minutes + 5, Stamp::Gateway, mm);
    assert_eq!(set_back, Quality::Pass, "nobody knows in which time");
}

#[test]
fn a_gauge_that_is_not_configured_gives_nothing() {
    let unknown = Reading {
        gauge: "lg-9999".parse().expect("id"),
        ..reading(NOW, Stamp::Gateway, DEPTH)
    };
    assert_eq!(stage().assess(&unknown, SURE), None);
}
