//! Scripts in, transcripts out: what is said of a point while its gauge reports.
//!
//! A line of a script is a time (minutes:seconds) and a depth in metres, with its quality flag
//! where that is not "pass"; or `missing`; or `clock`, where only the clock is looked at. The
//! transcript adds what is said then, with a star where the status changed. Thresholds are the
//! default: notice from 0.05 m, waterlogged from 0.15 m, closure from 0.25 m, severe from 0.40 m; a
//! flag falls 0.03 m lower, after ten minutes. The gauge reports every minute.

use insta::assert_snapshot;
use shared::{gauge::Parameter, quality::TestSet, value::Value};

use super::*;

fn time(text: &str) -> Timestamp {
    let (minutes, seconds) = text.split_once(':').expect("minutes:seconds");
    let number = |text: &str| text.parse::<i64>().expect("a number");
    Timestamp::from_millis((number(minutes) * 60 + number(seconds)) * 1000)
}

fn clock(at: Timestamp) -> String {
    let seconds = at.as_millis() / 1000;
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

fn observation(at: Timestamp, depth: &str, flag: Option<&str>) -> Observation {
    let quality = match (depth, flag) {
        ("missing", None) => Quality::Missing,
        (_, None) => Quality::Pass,
        (_, Some("unchecked")) => Quality::NotEvaluated,
        (_, Some("suspect")) => Quality::Suspect,
        (_, Some("fail")) => Quality::Fail,
        (_, Some(other)) => panic!("`{other}` is no quality flag"),
    };
    Observation {
        gauge: "lg-1".parse().expect("id"),
        parameter: Parameter::Depth,
        observed_at: at,
        value: depth.parse().ok().and_then(|d| Value::from_units(d).ok()),
        quality,
        tests: TestSet::NONE,
    }
}

fn said(assessment: &Assessment) -> String {
    let status = format!("{:?}", assessment.status()).to_lowercase();
    let since = clock(assessment.since());
    let depth = assessment
        .depth()
        .map_or("no depth".to_owned(), |(at, depth)| {
            format!("{depth:.2} m at {}", clock(at))
        });
    let cause = match assessment.cause() {
        None => "",
        Some(Cause::NoData) => ", no data",
        Some(Cause::Stale) => ", stale",
        Some(Cause::Suspect) => ", in doubt",
    };
    let suspect = assessment.suspect_depth_m();
    let suspect = suspect.map_or(String::new(), |depth| {
        format!(", {depth:.2} m is not believed")
    });
    format!("{status:<11} since {since}: {depth}{cause}{suspect}")
}

fn transcript(script: &str) -> String {
    let mut assessment = Assessment::new(Thresholds::default(), 60, time("00:00"));
    let mut lines = Vec::new();
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let mut words = line.split_whitespace();
        let at = time(words.next().expect("a time"));
        let changed = match words.next().expect("what comes") {
            "clock" => assessment.tick(at),
            depth => assessment.observe([&observation(at, depth, words.next())]),
        };
        let star = if changed { '*' } else { ' ' };
        lines.push(format!("{line:<20} {star} {}", said(&assessment)));
    }
    lines.join("\n")
}

#[test]
fn a_cloudburst_raises_at_once_and_falls_after_the_hold() {
    assert_snapshot!(transcript("
        00:00 0.00
        01:00 0.04
        02:00 0.05
        03:00 0.15
        04:00 0.41
        05:00 0.36
        06:00 0.20
        10:00 0.10
        15:59 0.10
        16:00 0.10
        17:00 0.02
        18:00 0.01
        28:00 0.01
    "), @"
    00:00 0.00           * dry         since 00:00: 0.00 m at 00:00
    01:00 0.04             dry         since 00:00: 0.04 m at 01:00
    02:00 0.05           * notice      since 02:00: 0.05 m at 02:00
    03:00 0.15           * waterlogged since 03:00: 0.15 m at 03:00
    04:00 0.41           * severe      since 04:00: 0.41 m at 04:00
    05:00 0.36             severe      since 04:00: 0.36 m at 05:00
    06:00 0.20             severe      since 04:00: 0.20 m at 06:00
    10:00 0.10             severe      since 10:00: 0.10 m at 10:00
    15:59 0.10           * closure     since 15:59: 0.10 m at 15:59
    16:00 0.10           * waterlogged since 16:00: 0.10 m at 16:00
    17:00 0.02             waterlogged since 16:00: 0.02 m at 17:00
    18:00 0.01             waterlogged since 16:00: 0.01 m at 18:00
    28:00 0.01           * dry         since 28:00: 0.01 m at 28:00
    ");
}

#[test]
fn a_flag_falls_no_lower_than_the_highest_of_the_hold() {
    assert_snapshot!(transcript("
        00:00 0.45
        01:00 0.00
        05:00 0.16
        11:00 0.00
        12:00 0.00
        21:00 0.00
        22:00 0.00
    "), @"
    00:00 0.45           * severe      since 00:00: 0.45 m at 00:00
    01:00 0.00             severe      since 00:00: 0.00 m at 01:00
    05:00 0.16             severe      since 05:00: 0.16 m at 05:00
    11:00 0.00           * waterlogged since 11:00: 0.00 m at 11:00
    12:00 0.00             waterlogged since 11:00: 0.00 m at 12:00
    21:00 0.00           * dry         since 21:00: 0.00 m at 21:00
    22:00 0.00             dry         since 21:00: 0.00 m at 22:00
    ");
}

#[test]
fn water_that_comes_back_begins_the_hold_anew() {
    assert_snapshot!(transcript("
        00:00 0.30
        01:00 0.10
        09:00 0.22
        10:00 0.10
        19:00 0.10
        20:00 0.10
        21:00 0.16
        22:00 0.11
        30:00 0.15
        31:00 0.11
        41:00 0.11
    "), @"
    00:00 0.30           * closure     since 00:00: 0.30 m at 00:00
    01:00 0.10             closure     since 00:00: 0.10 m at 01:00
    09:00 0.22             closure     since 09:00: 0.22 m at 09:00
    10:00 0.10             closure     since 09:00: 0.10 m at 10:00
    19:00 0.10             closure     since 19:00: 0.10 m at 19:00
    20:00 0.10           * notice      since 20:00: 0.10 m at 20:00
    21:00 0.16           * waterlogged since 21:00: 0.16 m at 21:00
    22:00 0.11             waterlogged since 21:00: 0.11 m at 22:00
    30:00 0.15             waterlogged since 30:00: 0.15 m at 30:00
    31:00 0.11             waterlogged since 30:00: 0.11 m at 31:00
    41:00 0.11           * notice      since 41:00: 0.11 m at 41:00
    ");
}

#[test]
fn a_suspect_reading_needs_another_that_agrees() {
    assert_snapshot!(transcript("
        00:00 0.02
        01:00 0.90 suspect
        02:00 0.03
        03:00 0.90 suspect
        04:00 0.80 fail
        05:00 0.90 suspect
        06:00 missing
        07:00 0.30 suspect
        08:00 0.01 suspect
        09:00 0.01 suspect
        10:00 0.50 suspect
        13:01 0.50 suspect
        16:01 0.45 suspect
        17:01 0.02
    "), @"
    00:00 0.02           * dry         since 00:00: 0.02 m at 00:00
    01:00 0.90 suspect     dry         since 00:00: 0.02 m at 00:00, in doubt, 0.90 m is not believed
    02:00 0.03             dry         since 00:00: 0.03 m at 02:00
    03:00 0.90 suspect     dry         since 00:00: 0.03 m at 02:00, in doubt, 0.90 m is not believed
    04:00 0.80 fail        dry         since 00:00: 0.03 m at 02:00, in doubt
    05:00 0.90 suspect     dry         since 00:00: 0.03 m at 02:00, in doubt, 0.90 m is not believed
    06:00 missing          dry         since 00:00: 0.03 m at 02:00, 0.90 m is not believed
    07:00 0.30 suspect   * closure     since 07:00: 0.30 m at 07:00, in doubt
    08:00 0.01 suspect     closure     since 07:00: 0.30 m at 07:00, in doubt, 0.01 m is not believed
    09:00 0.01 suspect     closure     since 07:00: 0.30 m at 07:00, in doubt, 0.01 m is not believed
    10:00 0.50 suspect     closure     since 07:00: 0.30 m at 10:00, in doubt, 0.50 m is not believed
    13:01 0.50 suspect     closure     since 13:01: 0.30 m at 13:01, in doubt, 0.50 m is not believed
    16:01 0.45 suspect   * severe      since 16:01: 0.45 m at 16:01, in doubt
    17:01 0.02             severe      since 16:01: 0.02 m at 17:01
    ");
}

#[test]
fn suspect_readings_of_no_water_do_not_make_a_point_known() {
    assert_snapshot!(transcript("
        00:00 0.02 suspect
        01:00 0.03 suspect
        02:00 0.06 suspect
        03:00 0.07 suspect
    "), @"
    00:00 0.02 suspect     unknown     since 00:00: no depth, in doubt, 0.02 m is not believed
    01:00 0.03 suspect     unknown     since 00:00: no depth, in doubt, 0.03 m is not believed
    02:00 0.06 suspect     unknown     since 00:00: no depth, in doubt, 0.06 m is not believed
    03:00 0.07 suspect   * notice      since 03:00: 0.06 m at 03:00, in doubt, 0.07 m is not believed
    ");
}

#[test]
fn silence_is_unknown_and_never_dry() {
    assert_snapshot!(transcript("
        00:00 clock
        01:00 0.20
        04:00 clock
        04:01 clock
        05:00 clock
        06:00 missing
        07:00 0.13
        08:00 clock
    "), @"
    00:00 clock            unknown     since 00:00: no depth, no data
    01:00 0.20           * waterlogged since 01:00: 0.20 m at 01:00
    04:00 clock            waterlogged since 01:00: 0.20 m at 01:00
    04:01 clock          * unknown     since 04:00: 0.20 m at 01:00, stale
    05:00 clock            unknown     since 04:00: 0.20 m at 01:00, stale
    06:00 missing          unknown     since 04:00: 0.20 m at 01:00, stale
    07:00 0.13           * waterlogged since 07:00: 0.13 m at 07:00
    08:00 clock            waterlogged since 07:00: 0.13 m at 07:00
    ");
}

#[test]
fn what_fails_hides_nothing_and_what_comes_late_counts() {
    assert_snapshot!(transcript("
        02:00 0.20 unchecked
        03:00 0.90 fail
        03:00 0.90
        01:00 0.90
        04:00 0.95 suspect
        05:00 0.90 fail
        06:00 0.95 suspect
        07:00 0.20
    "), @"
    02:00 0.20 unchecked * waterlogged since 02:00: 0.20 m at 02:00
    03:00 0.90 fail        waterlogged since 02:00: 0.20 m at 02:00, in doubt
    03:00 0.90           * severe      since 03:00: 0.90 m at 03:00
    01:00 0.90             severe      since 01:00: 0.90 m at 03:00
    04:00 0.95 suspect     severe      since 01:00: 0.90 m at 04:00, in doubt, 0.95 m is not believed
    05:00 0.90 fail        severe      since 01:00: 0.90 m at 04:00, in doubt
    06:00 0.95 suspect     severe      since 01:00: 0.90 m at 06:00, in doubt, 0.95 m is not believed
    07:00 0.20             severe      since 01:00: 0.20 m at 07:00
    ");
}
