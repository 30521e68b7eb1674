//! The tests of one gauge, applied in the order in which its readings come.
//!
//! Uneven spacing is normal (event-driven reports), so every test works on time, not on counts.

use serde::{Deserialize, Serialize};

use super::{Quality, Test, TestSet};
use crate::{gauge::Parameter, time::Timestamp, value::Value};

/// An inclusive span in the parameter's unit. TOML form: `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Span(pub f64, pub f64);

impl Span {
    fn contains(self, units: f64) -> bool {
        (self.0..=self.1).contains(&units)
    }
}

/// Limits of the quality tests, in the parameter's unit. A missing limit switches its test off.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Outside: fail.
    pub fail_span: Option<Span>,
    /// Outside, yet inside `fail_span`: suspect.
    pub suspect_span: Option<Span>,
    /// A single step there and back of more than this: suspect.
    pub spike: Option<f64>,
    /// Change per minute of more than this, beyond `noise`: suspect, never fail.
    pub rate_per_minute: Option<f64>,
    /// A change of no more than this is no change, however fast it comes: instruments scatter.
    pub noise: f64,
    /// Unchanged for longer than this many seconds without a gap, while above `flat_above`: suspect.
    pub flat_seconds: Option<f64>,
    /// The flat-line test applies only to values above this.
    pub flat_above: Option<f64>,
    /// Values that mean "no reading" for this instrument.
    pub sentinels: Vec<f64>,
}

/// Limits that contradict themselves.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LimitsError {
    #[error("{name} = [{low}, {high}] is not a span: the low end comes first")]
    Reversed {
        name: &'static str,
        low: f64,
        high: f64,
    },
    #[error("suspect_span must lie inside fail_span")]
    Outside,
    #[error("{name} must be a positive number, not {found}")]
    NotPositive { name: &'static str, found: f64 },
    #[error("noise must be 0 or more, not {0}")]
    Noise(f64),
}

/// Sentinels that instruments and systems commonly leak; see issue trackers of hydrological
/// software for −888, −999, −9999, and SL 651 for all-F fields.
const COMMON_SENTINELS: [f64; 5] = [-888.0, -999.0, -9999.0, 9999.0, -99999.0];

impl Limits {
    /// Sensible limits where a gauge's configuration has none. Road depth and rainfall follow the
    /// ranges of published instruments; the rate limit of 0.3 m/min is above the fastest recorded
    /// rise of a flooding underpass (about 0.3 m/min, Zhengzhou 2021); the noise of 5 cm is what
    /// ultrasonic street gauges scatter over wind and traffic (FloodNet New York, 2023).
    #[must_use]
    pub fn default_for(parameter: Parameter) -> Self {
        let common = Self {
            sentinels: COMMON_SENTINELS.to_vec(),
            ..Self::default()
        };
        match parameter {
            Parameter::Depth => Self {
                fail_span: Some(Span(-0.5, 6.0)),
                suspect_span: Some(Span(-0.15, 4.0)),
                spike: Some(0.15),
                rate_per_minute: Some(0.30),
                noise: 0.05,
                flat_seconds: Some(6.0 * 3600.0),
                flat_above: Some(0.03),
                ..common
            },
            Parameter::Stage | Parameter::WaterLevel => Self {
                fail_span: Some(Span(-10.0, 60.0)),
                suspect_span: Some(Span(-5.0, 50.0)),
                spike: Some(0.5),
                rate_per_minute: Some(0.30),
                noise: 0.05,
                ..common
            },
            Parameter::RainfallDepth => Self {
                fail_span: Some(Span(0.0, 200.0)),
                suspect_span: Some(Span(0.0, 100.0)),
                ..common
            },
            Parameter::RainfallIntensity => Self {
                fail_span: Some(Span(0.0, 600.0)),
                suspect_span: Some(Span(0.0, 360.0)),
                ..common
            },
        }
    }

    /// # Errors
    /// A reversed span, a suspect span outside the fail span, or a limit that is not positive.
    pub fn check(&self) -> Result<(), LimitsError> {
        for (name, span) in [
            ("fail_span", self.fail_span),
            ("suspect_span", self.suspect_span),
        ] {
            if let Some(Span(low, high)) = span
                && (low.is_nan() || high.is_nan() || low >= high)
            {
                return Err(LimitsError::Reversed { name, low, high });
            }
        }
        if let (Some(fail), Some(suspect)) = (self.fail_span, self.suspect_span)
            && !(fail.contains(suspect.0) && fail.contains(suspect.1))
        {
            return Err(LimitsError::Outside);
        }
        if self.noise.is_nan() || self.noise < 0.0 {
            return Err(LimitsError::Noise(self.noise));
        }
        let positive = [
            ("spike", self.spike),
            ("rate_per_minute", self.rate_per_minute),
            ("flat_seconds", self.flat_seconds),
        ];
        for (name, limit) in positive {
            if let Some(found) = limit
                && (found.is_nan() || found <= 0.0)
            {
                return Err(LimitsError::NotPositive { name, found });
            }
        }
        Ok(())
    }
}

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

/// Values that differ by less are the same: half of the thousandths that they are held in.
const SAME: f64 = 0.0005;

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

    /// Flags one reading. `None` is a reading that did not come (missing).
    ///
    /// Readings older than the newest seen are checked for range only: they cannot be judged
    /// against a history that is already ahead of them.
    pub fn assess(&mut self, at: Timestamp, value: Option<Value>) -> (Quality, TestSet) {
        let Some(units) = value.map(Value::units) else {
            return (Quality::Missing, TestSet::NONE);
        };
        if self
            .limits
            .sentinels
            .iter()
            .any(|s| (s - units).abs() < SAME)
        {
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
        let minutes = at.seconds_since(t) / 60.0;
        let change = (units - accepted).abs();
        minutes * 60.0 <= MEMORY_SECONDS && change > self.limits.noise + limit * minutes
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
            && up * down > 0.0
            && up.abs().min(down.abs()) > limit
    }

    fn remember(&mut self, at: Timestamp, units: f64, is_accepted: bool) {
        let after_a_gap = self.is_after_a_gap(at);
        self.before_last = self.last.filter(|_| !after_a_gap);
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

    #[test]
    fn limits_that_contradict_themselves_are_refused() {
        let mut limits = Limits::default_for(Parameter::Depth);
        assert_eq!(limits.check(), Ok(()));
        limits.suspect_span = Some(Span(-1.0, 2.0));
        assert_eq!(limits.check(), Err(LimitsError::Outside));
        limits.suspect_span = Some(Span(2.0, 1.0));
        assert!(matches!(limits.check(), Err(LimitsError::Reversed { .. })));
    }
}
