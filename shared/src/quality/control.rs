//! The tests of one gauge, applied in the order in which its readings come.
//!
//! Uneven spacing is normal (event-driven reports), so every test works on time, not on counts.

use super::{Limits, Quality, Test, TestSet, limits::SAME};
use crate::{time::Timestamp, value::Value};

/// The quality control of one gauge: its limits and the little history that its tests need.
#[derive(Debug, Clone)]
pub struct QualityControl {
    limits: Limits,
    /// The last reading that was not suspect: changes are measured from it, so that one wrong reading
    /// neither makes the next good one suspect nor vouches for a second wrong one.
    accepted: Option<(Timestamp, f64)>,
    last: Option<(Timestamp, f64)>,
    before_last: Option<(Timestamp, f64)>,
    flat_since: Option<(Timestamp, f64)>,
}

/// Readings further apart than this say nothing about each other's rate or spike.
const MEMORY_SECONDS: f64 = 3600.0;

impl QualityControl {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            accepted: None,
            last: None,
            before_last: None,
            flat_since: None,
        }
    }

    /// Whether the instrument's value means "no reading".
    #[must_use]
    pub fn is_sentinel(&self, value: Value) -> bool {
        self.limits.is_sentinel(value.units())
    }

    /// Flags one reading. `None` is a reading that did not come (missing).
    ///
    /// Readings older than the newest seen are checked for range only: they cannot be judged
    /// against a history that is already ahead of them.
    pub fn assess(&mut self, at: Timestamp, value: Option<Value>) -> (Quality, TestSet) {
        let Some(units) = value.map(Value::units) else {
            return (Quality::Missing, TestSet::NONE);
        };
        if self.limits.is_sentinel(units) {
            return (Quality::Fail, TestSet::NONE.with(Test::Sentinel));
        }
        if self
            .limits
            .fail_span
            .is_some_and(|span| !span.contains(units))
        {
            return (Quality::Fail, TestSet::NONE.with(Test::GrossRange));
        }
        let mut tests = TestSet::NONE;
        if self
            .limits
            .suspect_span
            .is_some_and(|span| !span.contains(units))
        {
            tests = tests.with(Test::GrossRange);
        }
        if self.last.is_none_or(|(t, _)| at > t) {
            tests = self.compare(at, units, tests);
            self.remember(at, units, tests.is_empty());
        }
        let quality = if tests.is_empty() {
            Quality::Pass
        } else {
            Quality::Suspect
        };
        (quality, tests)
    }

    fn compare(&self, at: Timestamp, units: f64, mut tests: TestSet) -> TestSet {
        if self.is_too_fast(at, units) {
            tests = tests.with(Test::RateOfChange);
        }
        if self.is_apart(at, units) {
            tests = tests.with(Test::Spike);
        }
        if let (Some((since, flat)), Some(limit)) = (self.flat_since, self.limits.flat_seconds)
            && !self.is_after_a_gap(at)
            && (flat - units).abs() < SAME
            && self.limits.flat_above.is_none_or(|above| units > above)
            && at.seconds_since(since) > limit
        {
            tests = tests.with(Test::FlatLine);
        }
        tests
    }

    fn is_after_a_gap(&self, at: Timestamp) -> bool {
        let is_gap = |(t, _)| at.seconds_since(t) > MEMORY_SECONDS;
        self.last.is_none_or(is_gap)
    }

    /// Whether it is further from the last accepted reading than water gets in that time.
    fn is_too_fast(&self, at: Timestamp, units: f64) -> bool {
        let (Some((t, accepted)), Some(limit)) = (self.accepted, self.limits.rate_per_minute)
        else {
            return false;
        };
        let seconds = at.seconds_since(t);
        let change = (units - accepted).abs();
        seconds <= MEMORY_SECONDS && change > self.limits.noise + limit * seconds / 60.0
    }

    /// Whether it follows on a spike and is not back where the gauge was before. The spike itself
    /// has already been published, suspect by its rate.
    fn is_apart(&self, at: Timestamp, units: f64) -> bool {
        let pair = self.before_last.zip(self.last);
        let (Some(((t, before), (_, last))), Some(limit)) = (pair, self.limits.spike) else {
            return false;
        };
        let (up, down) = (last - before, last - units);
        let is_back = (units - before).abs() <= self.limits.noise;
        at.seconds_since(t) <= MEMORY_SECONDS
            && !is_back
            && up.is_sign_positive() == down.is_sign_positive()
            && up.abs().min(down.abs()) > limit
    }

    fn remember(&mut self, at: Timestamp, units: f64, is_accepted: bool) {
        let after_a_gap = self.is_after_a_gap(at);
        self.before_last = self.last;
        self.last = Some((at, units));
        if is_accepted {
            self.accepted = Some((at, units));
        }
        let has_moved = |(_, flat): (Timestamp, f64)| (flat - units).abs() >= SAME;
        if after_a_gap || self.flat_since.is_none_or(has_moved) {
            self.flat_since = Some((at, units));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::Parameter;

    fn control() -> QualityControl {
        QualityControl::new(Limits::default_for(Parameter::Depth))
    }

    fn flags(minutes_and_metres: &[(i64, f64)]) -> Vec<u8> {
        let mut control = control();
        minutes_and_metres
            .iter()
            .map(|(minute, metres)| {
                let value = Value::from_units(*metres).expect("finite");
                control
                    .assess(Timestamp::from_millis(minute * 60_000), Some(value))
                    .0
                    .number()
            })
            .collect()
    }

    #[test]
    fn a_quiet_rise_passes() {
        assert_eq!(
            flags(&[(0, 0.0), (1, 0.02), (2, 0.10), (3, 0.25), (4, 0.4)]),
            [1, 1, 1, 1, 1]
        );
    }

    #[test]
    fn sentinels_and_impossible_values_fail() {
        assert_eq!(
            flags(&[(0, -9999.0), (1, -888.0), (2, 6.1), (3, -0.6), (4, 0.1)]),
            [4, 4, 4, 4, 1]
        );
    }

    #[test]
    fn a_jump_is_suspect_and_the_return_is_not() {
        assert_eq!(
            flags(&[(0, 0.0), (1, 0.6), (2, 0.0), (3, 0.0)]),
            [1, 3, 1, 1]
        );
    }

    #[test]
    fn half_a_return_from_a_jump_is_suspect_too() {
        assert_eq!(
            flags(&[(0, 0.0), (1, 0.8), (2, 0.5), (3, 0.0)]),
            [1, 3, 3, 1]
        );
    }

    #[test]
    fn a_second_equal_reading_does_not_vouch_for_a_jump_but_time_does() {
        assert_eq!(
            flags(&[(0, 0.0), (1, 1.2), (2, 1.2), (3, 1.2), (4, 1.2)]),
            [1, 3, 3, 3, 1]
        );
    }

    #[test]
    fn scatter_is_no_rate_however_fast_a_gauge_is_asked() {
        let mut control = control();
        for second in 0..600 {
            let metres = 0.2 + if second % 2 == 0 { 0.01 } else { -0.01 };
            let at = Timestamp::from_millis(second * 1000);
            let value = Value::from_units(metres).ok();
            assert_eq!(control.assess(at, value).0, Quality::Pass, "{second}");
        }
        let pair = Timestamp::from_millis(599_100);
        assert_eq!(
            control.assess(pair, Value::from_units(0.22).ok()).0,
            Quality::Pass
        );
    }

    #[test]
    fn the_same_value_after_a_gap_of_hours_is_no_flat_line() {
        let minutes = [(0, 0.18), (500, 0.18), (501, 0.18), (840, 0.18)];
        assert_eq!(flags(&minutes), [1, 1, 1, 1]);
    }

    #[test]
    fn a_real_flood_of_ten_centimetres_a_minute_is_never_suspect() {
        let rise: Vec<_> = (0_i32..20)
            .map(|m| (i64::from(m), f64::from(m) * 0.1))
            .collect();
        assert!(flags(&rise).iter().all(|f| *f == 1));
    }

    #[test]
    fn standing_still_under_water_for_hours_is_suspect_but_dry_is_not() {
        let still = |metres| (0..=24).map(|n| (n * 30, metres)).collect::<Vec<_>>();
        let (wet, dry) = (flags(&still(0.2)), flags(&still(0.0)));
        // Six hours are twelve half hours.
        assert!(wet.iter().take(13).all(|flag| *flag == 1), "{wet:?}");
        assert!(wet.iter().skip(13).all(|flag| *flag == 3), "{wet:?}");
        assert!(dry.iter().all(|flag| *flag == 1), "{dry:?}");
    }

    #[test]
    fn a_late_reading_is_judged_by_range_only() {
        assert_eq!(flags(&[(10, 0.0), (5, 0.9), (11, 0.0)]), [1, 1, 1]);
    }

    #[test]
    fn no_reading_is_missing() {
        assert_eq!(
            control().assess(Timestamp::default(), None).0,
            Quality::Missing
        );
    }

    /// The tests that did not pass, of readings by seconds and units; `-` where all did.
    fn tests(limits: &Limits, seconds_and_units: &[(i64, f64)]) -> Vec<String> {
        let mut control = QualityControl::new(limits.clone());
        let each = |(second, units): &(i64, f64)| {
            let value = Value::from_units(*units).expect("finite");
            let at = Timestamp::from_millis(second * 1_000);
            let (quality, tests) = control.assess(at, Some(value));
            assert_eq!(quality == Quality::Pass, tests.is_empty());
            let names: Vec<_> = tests.iter().map(|test| test.to_string()).collect();
            if names.is_empty() {
                "-".to_owned()
            } else {
                names.join(" ")
            }
        };
        seconds_and_units.iter().map(each).collect()
    }

    fn stage() -> Limits {
        Limits::default_for(Parameter::Stage)
    }

    #[test]
    fn inside_the_suspect_span_passes_inside_the_other_is_suspect_and_outside_fails() {
        let judged = [
            (-0.501, Quality::Fail),
            (-0.5, Quality::Suspect),
            (-0.151, Quality::Suspect),
            (-0.15, Quality::Pass),
            (4.0, Quality::Pass),
            (4.001, Quality::Suspect),
            (6.0, Quality::Suspect),
            (6.001, Quality::Fail),
        ];
        for (metres, quality) in judged {
            let value = Value::from_units(metres).ok();
            let (found, tests) = control().assess(Timestamp::default(), value);
            assert_eq!(found, quality, "{metres} m");
            assert_eq!(tests.contains(Test::GrossRange), quality != Quality::Pass);
        }
    }

    #[test]
    fn an_error_value_is_told_apart_from_a_value_out_of_range_and_neither_leaves_a_trace() {
        let readings = [(0, 0.0), (60, -9999.0), (120, 7.0), (180, 0.04)];
        let limits = Limits::default_for(Parameter::Depth);
        assert_eq!(
            tests(&limits, &readings),
            ["-", "sentinel", "gross-range", "-"]
        );
        let is_error = |milli| control().is_sentinel(Value::from_milli(milli));
        assert!(is_error(-9_999_000) && !is_error(-9_998_999) && !is_error(7_000));
    }

    #[test]
    fn water_may_move_by_the_scatter_and_the_pace_of_a_flood_and_by_no_more() {
        let most = [
            (1, 0.055),
            (30, 0.2),
            (60, 0.35),
            (120, 0.65),
            (3_600, 18.05),
        ];
        for (seconds, metres) in most {
            for way in [1.0, -1.0] {
                let to = |change: f64| [(0, 20.0), (seconds, 20.0 + way * change)];
                assert_eq!(tests(&stage(), &to(metres - 0.001)), ["-", "-"]);
                let faster = tests(&stage(), &to(metres + 0.001));
                assert_eq!(faster, ["-", "rate-of-change"], "{metres} m in {seconds} s");
            }
        }
        let after_more_than_an_hour = [(0, 0.0), (3_601, 40.0)];
        assert_eq!(tests(&stage(), &after_more_than_an_hour), ["-", "-"]);
    }

    #[test]
    fn a_limit_that_is_not_set_switches_its_test_off() {
        let none = Limits::default();
        let readings = [
            (0, 0.0),
            (1, -9999.0),
            (2, 1e6),
            (3, 500.0),
            (30_000, 500.0),
        ];
        assert_eq!(tests(&none, &readings), ["-"; 5]);
        let (day, hours) = (86_400, 3_600);
        let still: Vec<_> = (0..day / hours).map(|n| (n * hours, 500.0)).collect();
        assert!(tests(&none, &still).iter().all(|told| told == "-"));
    }

    #[test]
    fn what_follows_on_a_spike_is_suspect_unless_it_is_back() {
        let third = [
            (1.0, "-", "back to the thousandth"),
            (1.049, "-", "back, within the scatter"),
            (0.951, "-", "back, within the scatter below"),
            (1.051, "spike", "just not back"),
            (0.949, "spike", "just not back, below"),
            (1.499, "spike", "half a way back"),
            (1.501, "-", "stays up there"),
        ];
        for (metres, told, why) in third {
            let up = [(0, 1.0), (60, 2.0), (120, metres)];
            assert_eq!(tests(&stage(), &up), ["-", "rate-of-change", told], "{why}");
            let down = up.map(|(second, metres)| (second, 10.0 - metres));
            assert_eq!(
                tests(&stage(), &down),
                ["-", "rate-of-change", told],
                "{why}"
            );
        }
    }

    #[test]
    fn a_step_no_higher_than_a_spike_is_none_however_far_it_falls() {
        let (low, high) = (
            [(0, 1.0), (120, 1.499), (240, 0.9)],
            [(0, 1.0), (120, 1.501), (240, 0.9)],
        );
        assert_eq!(tests(&stage(), &low), ["-", "-", "-"]);
        assert_eq!(tests(&stage(), &high), ["-", "-", "spike"]);
    }

    #[test]
    fn stairs_are_no_spike() {
        for way in [1.0, -1.0] {
            let stairs = [(0, 10.0), (120, 10.0 + way * 0.6), (240, 10.0 + way * 1.2)];
            assert_eq!(tests(&stage(), &stairs), ["-", "-", "-"]);
        }
    }

    #[test]
    fn a_spike_is_seen_within_an_hour_and_not_over_more() {
        let within = |end| [(0, 1.0), (1_800, 2.0), (end, 1.2)];
        assert_eq!(tests(&stage(), &within(3_600)), ["-", "-", "spike"]);
        assert_eq!(tests(&stage(), &within(3_601)), ["-", "-", "-"]);
    }

    #[test]
    fn of_two_readings_at_one_time_the_second_is_judged_by_range_only_and_not_remembered() {
        let readings = [(60, 1.0), (60, 9.0), (60, 55.0), (61, 1.0)];
        assert_eq!(tests(&stage(), &readings), ["-", "-", "gross-range", "-"]);
    }

    /// The last of readings an hour apart, each with these units.
    fn last_of_hourly(limits: &Limits, units: &[f64]) -> String {
        let hourly = (0..).step_by(3_600).zip(units.iter().copied());
        let told = tests(limits, &hourly.collect::<Vec<_>>());
        told.last().cloned().unwrap_or_default()
    }

    #[test]
    fn still_water_is_suspect_after_its_time_and_the_smallest_movement_begins_it_anew() {
        let limits = Limits::default_for(Parameter::Depth);
        assert_eq!(last_of_hourly(&limits, &[0.2; 7]), "-", "six hours");
        assert_eq!(last_of_hourly(&limits, &[0.2; 8]), "flat-line");
        let moved = [0.2, 0.2, 0.2, 0.201, 0.201, 0.201, 0.201, 0.201, 0.201];
        assert_eq!(last_of_hourly(&limits, &moved), "-", "five hours since");
        let moves_at_last = [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.201];
        assert_eq!(last_of_hourly(&limits, &moves_at_last), "-");
    }

    #[test]
    fn what_is_no_higher_than_it_may_stand_for_ever_is_no_flat_line() {
        let limits = Limits::default_for(Parameter::Depth);
        assert_eq!(last_of_hourly(&limits, &[0.03; 20]), "-");
        assert_eq!(last_of_hourly(&limits, &[0.031; 20]), "flat-line");
        let everywhere = Limits {
            flat_above: None,
            ..limits
        };
        assert_eq!(last_of_hourly(&everywhere, &[0.0; 20]), "flat-line");
    }

    #[test]
    fn a_gap_of_more_than_an_hour_begins_the_flat_line_anew() {
        let limits = Limits::default_for(Parameter::Depth);
        let with_a_gap = |last_second| {
            let first = (0..7).map(|n| (n * 3_600, 0.2));
            tests(
                &limits,
                &first.chain([(last_second, 0.2)]).collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            with_a_gap(7 * 3_600).last().map(String::as_str),
            Some("flat-line")
        );
        assert_eq!(
            with_a_gap(7 * 3_600 + 1).last().map(String::as_str),
            Some("-")
        );
    }
}
