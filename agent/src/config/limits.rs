//! A gauge's quality limits: the parameter's defaults, changed by what the file says.

use shared::{
    gauge::Parameter,
    quality::{Limits, LimitsError, Span},
};

use super::raw::{Change, RawLimits};

/// Why a gauge cannot have the limits that its file gives it.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum WrongLimits {
    #[error("{0} = true says nothing: give the limit, or false for no test")]
    Switch(&'static str),
    #[error(transparent)]
    Contradiction(#[from] LimitsError),
}

/// The limits of one gauge.
///
/// # Errors
/// `true` where a number or `false` belongs, or limits that contradict themselves.
pub(super) fn merged(
    parameter: Parameter,
    change: Option<&RawLimits>,
) -> Result<Limits, WrongLimits> {
    let mut limits = Limits::default_for(parameter);
    let Some(change) = change else {
        return Ok(limits);
    };
    let span = |[low, high]: [f64; 2]| Span(low, high);
    apply("fail_span", &mut limits.fail_span, change.fail_span, span)?;
    apply(
        "suspect_span",
        &mut limits.suspect_span,
        change.suspect_span,
        span,
    )?;
    apply("spike", &mut limits.spike, change.spike, |n| n)?;
    apply(
        "rate_per_minute",
        &mut limits.rate_per_minute,
        change.rate_per_minute,
        |n| n,
    )?;
    if let Some(noise) = change.noise {
        limits.noise = noise;
    }
    apply(
        "flat_seconds",
        &mut limits.flat_seconds,
        change.flat_seconds,
        |n| n,
    )?;
    apply(
        "flat_above",
        &mut limits.flat_above,
        change.flat_above,
        |n| n,
    )?;
    if let Some(sentinels) = &change.sentinels {
        limits.sentinels.clone_from(sentinels);
    }
    limits.check()?;
    Ok(limits)
}

fn apply<T, U>(
    name: &'static str,
    limit: &mut Option<U>,
    change: Option<Change<T>>,
    convert: impl Fn(T) -> U,
) -> Result<(), WrongLimits> {
    match change {
        None => {}
        Some(Change::To(value)) => *limit = Some(convert(value)),
        Some(Change::Switch(false)) => *limit = None,
        Some(Change::Switch(true)) => {
            return Err(WrongLimits::Switch(name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_absent_keeps_the_default_and_false_switches_the_test_off() {
        let change = RawLimits {
            spike: Some(Change::To(0.4)),
            rate_per_minute: Some(Change::Switch(false)),
            ..RawLimits::default()
        };
        let got = merged(Parameter::Depth, Some(&change)).expect("consistent");
        let default = Limits::default_for(Parameter::Depth);
        assert_eq!(
            got,
            Limits {
                spike: Some(0.4),
                rate_per_minute: None,
                ..default
            }
        );
    }

    #[test]
    fn limits_that_contradict_the_defaults_are_refused() {
        let change = RawLimits {
            fail_span: Some(Change::To([0.0, 2.0])),
            ..RawLimits::default()
        };
        let refused = merged(Parameter::Depth, Some(&change)).expect_err("suspect span is wider");
        assert_eq!(
            refused.to_string(),
            "suspect_span must lie inside fail_span"
        );
    }
}
