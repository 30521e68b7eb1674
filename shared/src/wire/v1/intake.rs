//! Third parties' messages: observations in plain JSON, or SenML (RFC 8428). Only read.

use serde_json::Value as Json;

use super::{
    codes::{Named as _, Numbered as _},
    fields::{Fields, told},
    senml::{Given, RELATIVE_BELOW, Resolved},
};
use crate::{
    gauge::Parameter,
    ids::GaugeId,
    observation::Observation,
    quality::{Quality, Test, TestSet},
    time::{EARLIEST, Timestamp},
    value::Value,
    wire::FieldError,
};

/// The fields of a plain observation; the last four may be left out. One that `replaces` is the
/// source's word on what it said of that time before: it is followed, upwards and downwards, and a
/// quality of 4 takes back what was said.
const PLAIN: [&str; 7] = [
    "gauge",
    "parameter",
    "observed_at",
    "value",
    "unit",
    "quality",
    "replaces",
];

/// The observation of a record in plain JSON.
///
/// # Errors
/// The first field that is wrong, missing or unknown.
pub fn plain(record: &Json) -> Result<Observation, FieldError> {
    let fields = Fields::of(record)?;
    if let Some(found) = fields.names().find(|name| !PLAIN.contains(name)) {
        let found = found.to_owned();
        return Err(FieldError::Unknown {
            found,
            known: &PLAIN,
        });
    }
    let required = |field| fields.text(field)?.ok_or(FieldError::Missing(field));
    let gauge = required("gauge")?.parse();
    let parameter = Parameter::named(required("parameter")?);
    let what = (
        gauge.map_err(|e: crate::ids::IdError| of("gauge", e))?,
        parameter.map_err(|e| of("parameter", e))?,
    );
    let at = observed_at(&fields)?;
    let quality = fields.whole("quality")?.map(quality).transpose()?;
    let (value, unit) = (fields.number("value")?, fields.text("unit")?);
    let observation = observed(what, at, value, unit, ["value", "unit"])?;
    let tests = match fields.yes_or_no("replaces")? {
        Some(true) => observation.tests.with(Test::Corrected),
        Some(false) | None => observation.tests,
    };
    Ok(Observation {
        quality: quality.unwrap_or(observation.quality),
        tests,
        ..observation
    })
}

fn of(field: &'static str, source: impl Into<FieldError>) -> FieldError {
    let source = Box::new(source.into());
    FieldError::Of { field, source }
}

fn quality(number: u64) -> Result<Quality, FieldError> {
    let number = u8::try_from(number).unwrap_or(u8::MAX);
    Quality::numbered(number).map_err(|e| of("quality", e))
}

/// RFC 3339, or milliseconds since 1970.
fn observed_at(fields: &Fields) -> Result<Timestamp, FieldError> {
    let field = "observed_at";
    match fields.get(field).ok_or(FieldError::Missing(field))? {
        Json::String(text) => text
            .parse()
            .map_err(|e: crate::time::NotATime| of(field, e)),
        other => {
            let millis = other.as_i64().ok_or_else(|| FieldError::Form {
                field,
                expected: "an RFC 3339 time, or whole milliseconds since 1970",
                found: told(other),
            })?;
            // Every second since 2000 is, as milliseconds, in January 1970.
            let as_seconds = Timestamp::from_millis(millis.saturating_mul(1000));
            if millis < EARLIEST.as_millis() && as_seconds >= EARLIEST {
                return Err(FieldError::Seconds { field, millis });
            }
            Ok(Timestamp::from_millis(millis))
        }
    }
}

/// The observation of a SenML record; `received_at` is "now" for relative times.
///
/// # Errors
/// The first field that does not say what an observation is.
pub fn measured(record: Resolved, received_at: Timestamp) -> Result<Observation, FieldError> {
    let what = split(&record.name)?;
    let at = instant(record.time, received_at)?;
    if record.sum.is_some() {
        return Err(FieldError::NoValue("`s` or `bs` is a sum over time"));
    }
    let number = match record.value {
        Some(Given::Number(number)) => number,
        Some(Given::Text(_)) => return Err(FieldError::NoValue("`vs` is a text")),
        Some(Given::Boolean(_)) => return Err(FieldError::NoValue("`vb` is true or false")),
        Some(Given::Data(_)) => return Err(FieldError::NoValue("`vd` is data")),
        None => return Err(FieldError::Missing("v")),
    };
    observed(what, at, Some(number), record.unit.as_deref(), ["v", "u"])
}

/// A SenML name ends in `<gauge>/<parameter>` or `<gauge>:<parameter>`.
fn split(name: &str) -> Result<(GaugeId, Parameter), FieldError> {
    let parts = name.rsplit_once(['/', ':']);
    let (head, parameter) = parts.ok_or_else(|| FieldError::SenMlName(name.to_owned()))?;
    let gauge = head.rsplit(['/', ':']).next().unwrap_or(head);
    Ok((
        gauge.parse().map_err(|e: crate::ids::IdError| of("n", e))?,
        Parameter::named(parameter).map_err(|e| of("n", e))?,
    ))
}

/// Seconds that a time may be from 1970: the end of the year 9999.
const MOST_SECONDS: f64 = 253_402_300_799.0;

#[expect(
    clippy::cast_possible_truncation,
    reason = "seconds up to the year 9999 in ms fit in i64"
)]
fn instant(seconds: f64, received_at: Timestamp) -> Result<Timestamp, FieldError> {
    // Not a number is in no span either.
    if !(-MOST_SECONDS..=MOST_SECONDS).contains(&seconds) {
        return Err(FieldError::NoTime(seconds));
    }
    let millis = (seconds * 1000.0).round() as i64;
    Ok(if seconds < RELATIVE_BELOW {
        received_at.plus_millis(millis)
    } else {
        Timestamp::from_millis(millis)
    })
}

fn observed(
    (gauge, parameter): (GaugeId, Parameter),
    observed_at: Timestamp,
    value: Option<f64>,
    unit: Option<&str>,
    [of_value, of_unit]: [&'static str; 2],
) -> Result<Observation, FieldError> {
    if let Some(found) = unit.filter(|unit| *unit != parameter.unit()) {
        let found = found.to_owned();
        return Err(of(of_unit, FieldError::Unit { found, parameter }));
    }
    let value = value.map(Value::from_units).transpose();
    let value = value.map_err(|e| of(of_value, e))?;
    Ok(Observation {
        gauge,
        parameter,
        observed_at,
        value,
        quality: match value {
            Some(_) => Quality::NotEvaluated,
            None => Quality::Missing,
        },
        tests: TestSet::NONE,
    })
}
