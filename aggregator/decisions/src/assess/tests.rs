//! Rules of the assessor, one by one, and that the order of observations does not matter.

use proptest::prelude::*;
use shared::{
    gauge::Parameter,
    quality::{Test, TestSet},
    value::Value,
};

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
fn a_flood_that_a_clock_ahead_stamped_is_told_with_its_doubt_until_a_reading_since_is_trusted() {
    let (now, minute) = (Timestamp::from_millis(600_000), 60_000);
    let mut a = fresh();
    a.observe([&at(590, 0.1, Quality::Pass), &at(4_000, 0.9, Quality::Pass)]);
    a.tick(Timestamp::from_millis(4_000_000));
    assert_eq!(a.status(), PointStatus::Severe);
    a.clock_was_set_back(now, now.plus_millis(minute));
    let told = |a: &Assessment| (a.status(), a.cause(), a.last_class(), a.depth());
    let in_doubt = (
        PointStatus::Unknown,
        Some(Cause::Suspect),
        Some(DepthClass::Severe),
        Some((now, 0.9)),
    );
    assert_eq!(told(&a), in_doubt);
    assert!(a.doubt_tests().contains(Test::Clock));
    // What comes late, and what is not trusted, say nothing of it.
    a.observe([
        &at(595, 0.1, Quality::Pass),
        &at(630, 0.0, Quality::Suspect),
    ]);
    assert_eq!(told(&a), in_doubt);
    let earlier = now.plus_millis(-minute);
    a.clock_was_set_back(earlier, now);
    assert_eq!(a.depth(), Some((earlier, 0.9)));
    a.observe([&at(640, 0.1, Quality::Pass)]);
    a.tick(Timestamp::from_millis(640_000));
    let depth = Some((Timestamp::from_millis(640_000), 0.1));
    assert_eq!(
        told(&a),
        (PointStatus::Notice, None, Some(DepthClass::Notice), depth)
    );
    assert_eq!(a.state().outlived, None);
}

#[test]
fn a_flood_outlives_the_evidence_for_it_until_a_reading_is_trusted() {
    let mut a = fresh();
    a.observe([&at(0, 0.6, Quality::Pass)]);
    let day = 86_400;
    a.observe([&at(day, 0.6, Quality::Suspect)]);
    a.tick(Timestamp::from_millis(day * 1000));
    let told = |a: &Assessment| (a.status(), a.cause(), a.last_class());
    let (unknown, severe) = (PointStatus::Unknown, Some(DepthClass::Severe));
    assert_eq!(told(&a), (unknown, Some(Cause::Suspect), severe));
    let saved = a.state().clone();
    assert_eq!(Assessment::restore(Thresholds::default(), 60, saved), a);
    a.observe([&at(day + 60, 0.0, Quality::Pass)]);
    a.tick(Timestamp::from_millis((day + 60) * 1000));
    assert_eq!(told(&a), (PointStatus::Dry, None, Some(DepthClass::Dry)));
}

#[test]
fn the_tests_that_cast_doubt_are_told_while_they_do() {
    let mut a = fresh();
    let mut flat = at(0, 0.2, Quality::Suspect);
    flat.tests = TestSet::NONE.with(Test::FlatLine);
    a.observe([&flat]);
    assert_eq!(a.quality(), Some(Quality::Suspect));
    assert_eq!(a.doubt_tests(), flat.tests);
    a.observe([&at(60, 0.2, Quality::Pass)]);
    assert_eq!(
        (a.quality(), a.doubt_tests()),
        (Some(Quality::Pass), TestSet::NONE)
    );
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
