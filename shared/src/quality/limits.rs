//! What the tests of one gauge go by: its limits, their defaults, and what contradicts itself.

use serde::{Deserialize, Serialize};

use crate::gauge::Parameter;

/// An inclusive span in the parameter's unit. TOML form: `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Span(pub f64, pub f64);

impl Span {
    pub(super) fn contains(self, units: f64) -> bool {
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

/// Values that differ by less are the same: half of the thousandths that they are held in.
pub(super) const SAME: f64 = 0.0005;

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

    /// Whether a value means "no reading".
    #[must_use]
    pub(super) fn is_sentinel(&self, units: f64) -> bool {
        let mut sentinels = self.sentinels.iter();
        sentinels.any(|sentinel| (sentinel - units).abs() < SAME)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn depth() -> Limits {
        Limits::default_for(Parameter::Depth)
    }

    /// The defaults as they would stand in a configuration, apart from the sentinels.
    fn as_configured(parameter: Parameter) -> String {
        let mut limits = Limits::default_for(parameter);
        limits.sentinels.clear();
        let text = toml::to_string(&limits).expect("TOML");
        text.replace("sentinels = []\n", "")
    }

    #[test]
    fn water_on_a_road_is_limited_by_what_street_gauges_give() {
        assert_eq!(
            as_configured(Parameter::Depth),
            "fail_span = [-0.5, 6.0]\n\
             suspect_span = [-0.15, 4.0]\n\
             spike = 0.15\n\
             rate_per_minute = 0.3\n\
             noise = 0.05\n\
             flat_seconds = 21600.0\n\
             flat_above = 0.03\n"
        );
    }

    #[test]
    fn a_river_may_stand_deeper_than_a_road_and_stand_still_for_as_long_as_it_likes() {
        for parameter in [Parameter::Stage, Parameter::WaterLevel] {
            assert_eq!(
                as_configured(parameter),
                "fail_span = [-10.0, 60.0]\n\
                 suspect_span = [-5.0, 50.0]\n\
                 spike = 0.5\n\
                 rate_per_minute = 0.3\n\
                 noise = 0.05\n",
                "{parameter}"
            );
        }
    }

    #[test]
    fn rain_is_never_negative_and_may_begin_and_end_as_fast_as_it_likes() {
        let spans = [
            (Parameter::RainfallDepth, [200.0, 100.0]),
            (Parameter::RainfallIntensity, [600.0, 360.0]),
        ];
        for (parameter, [fail, suspect]) in spans {
            let expected = Limits {
                fail_span: Some(Span(0.0, fail)),
                suspect_span: Some(Span(0.0, suspect)),
                ..Limits::default()
            };
            let found = Limits::default_for(parameter);
            let sentinels = found.sentinels.clone();
            assert_eq!(
                found,
                Limits {
                    sentinels,
                    ..expected
                },
                "{parameter}"
            );
        }
    }

    #[test]
    fn what_instruments_leak_is_a_sentinel_of_every_parameter_and_its_negative_is_not() {
        for parameter in <Parameter as strum::VariantArray>::VARIANTS {
            let limits = Limits::default_for(*parameter);
            for units in [-888.0, -999.0, -9999.0, 9999.0, -99999.0] {
                assert!(limits.is_sentinel(units), "{units} {parameter}");
            }
            for units in [888.0, 999.0, 99999.0, -888.001, -887.999, 0.0] {
                assert!(!limits.is_sentinel(units), "{units} {parameter}");
            }
        }
    }

    #[test]
    fn every_default_passes_its_own_check() {
        for parameter in <Parameter as strum::VariantArray>::VARIANTS {
            assert_eq!(
                Limits::default_for(*parameter).check(),
                Ok(()),
                "{parameter}"
            );
        }
        assert_eq!(Limits::default().check(), Ok(()), "no limit at all");
    }

    #[test]
    fn the_ends_of_a_span_are_within_it() {
        let span = Span(-0.5, 6.0);
        assert!([-0.5, 0.0, 6.0].iter().all(|units| span.contains(*units)));
        assert!([-0.501, 6.001].iter().all(|units| !span.contains(*units)));
    }

    #[test]
    fn a_span_that_does_not_begin_below_its_end_is_refused_by_name() {
        for (low, high) in [(2.0, 1.0), (1.0, 1.0), (f64::NAN, 1.0), (1.0, f64::NAN)] {
            let span = Some(Span(low, high));
            let told = |limits: Limits| limits.check().expect_err("no span").to_string();
            let why = format!("= [{low}, {high}] is not a span: the low end comes first");
            let fail_span = Limits {
                fail_span: span,
                ..depth()
            };
            assert_eq!(told(fail_span), format!("fail_span {why}"));
            let suspect_span = Limits {
                suspect_span: span,
                ..depth()
            };
            assert_eq!(told(suspect_span), format!("suspect_span {why}"));
        }
    }

    #[test]
    fn a_suspect_span_may_share_the_ends_of_the_fail_span_and_not_reach_beyond() {
        let check = |low, high| {
            let suspect_span = Some(Span(low, high));
            Limits {
                suspect_span,
                ..depth()
            }
            .check()
        };
        assert_eq!(check(-0.5, 6.0), Ok(()));
        assert_eq!(check(-0.6, 6.0), Err(LimitsError::Outside));
        assert_eq!(check(-0.5, 6.1), Err(LimitsError::Outside));
    }

    #[test]
    fn noise_may_be_nothing_but_not_less() {
        let check = |noise| Limits { noise, ..depth() }.check();
        assert_eq!(check(0.0), Ok(()));
        assert_eq!(check(-0.001), Err(LimitsError::Noise(-0.001)));
        assert!(matches!(check(f64::NAN), Err(LimitsError::Noise(_))));
    }

    #[test]
    fn a_limit_that_is_not_positive_is_refused_by_name() {
        for found in [0.0, -1.0, f64::NAN] {
            let limit = Some(found);
            let wrong = [
                (
                    "spike",
                    Limits {
                        spike: limit,
                        ..depth()
                    },
                ),
                (
                    "rate_per_minute",
                    Limits {
                        rate_per_minute: limit,
                        ..depth()
                    },
                ),
                (
                    "flat_seconds",
                    Limits {
                        flat_seconds: limit,
                        ..depth()
                    },
                ),
            ];
            for (name, limits) in wrong {
                let told = limits.check().expect_err("not positive").to_string();
                assert_eq!(
                    told,
                    format!("{name} must be a positive number, not {found}")
                );
            }
        }
        let flat_above = Some(-1.0);
        let below_zero = Limits {
            flat_above,
            ..depth()
        };
        assert_eq!(below_zero.check(), Ok(()), "any value may be still");
    }
}
