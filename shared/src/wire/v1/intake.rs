//! Third parties' messages: observations in plain JSON, or SenML (RFC 8428). Only read.

use std::borrow::Cow;

use serde::Deserialize;

use super::{
    Instant,
    codes::{Named as _, Numbered as _},
};
use crate::{
    gauge::Parameter,
    ids::GaugeId,
    observation::Observation,
    quality::{Quality, Test, TestSet},
    time::Timestamp,
    value::Value,
    wire::FieldError,
};

/// One observation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plain<'a> {
    #[serde(borrow)]
    gauge: Cow<'a, str>,
    #[serde(borrow)]
    parameter: Cow<'a, str>,
    observed_at: Instant<'a>,
    /// In the parameter's unit.
    value: Option<f64>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    quality: Option<u8>,
    /// It is the source's word on what it said of that time before: the value is followed, upwards
    /// and downwards; a quality of 4 takes back what was said.
    #[serde(default)]
    replaces: bool,
}

impl TryFrom<Plain<'_>> for Observation {
    type Error = FieldError;

    fn try_from(plain: Plain<'_>) -> Result<Self, FieldError> {
        let quality = plain.quality.map(Quality::numbered).transpose()?;
        let what = (plain.gauge.parse()?, Parameter::named(&plain.parameter)?);
        let at = plain.observed_at.try_into()?;
        let observation = observed(what, at, plain.value, plain.unit.as_deref())?;
        let tests = if plain.replaces {
            observation.tests.with(Test::Corrected)
        } else {
            observation.tests
        };
        Ok(Self {
            quality: quality.unwrap_or(observation.quality),
            tests,
            ..observation
        })
    }
}

/// One SenML record; unknown fields are ignored as RFC 8428 § 4.4 asks (except must-understand).
#[derive(Deserialize)]
pub struct SenMl {
    #[serde(default)]
    bn: Option<String>,
    #[serde(default)]
    bt: Option<f64>,
    #[serde(default)]
    bu: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    t: f64,
    #[serde(default)]
    u: Option<String>,
    #[serde(default)]
    v: Option<f64>,
}

/// Whether a JSON object is a SenML record and no plain observation: it has a name.
pub fn is_senml(record: &serde_json::Value) -> bool {
    record.get("n").is_some() || record.get("bn").is_some()
}

/// RFC 8428 § 4.5.3: a time below 2^28 is relative to now.
const RELATIVE_BELOW: f64 = 268_435_456.0;

/// What earlier records of a SenML pack say for the later ones.
pub struct Base {
    received_at: Timestamp,
    name: String,
    time: f64,
    unit: Option<String>,
}

impl Base {
    /// Before the first record; `received_at` is "now" for relative times.
    pub fn new(received_at: Timestamp) -> Self {
        Self {
            received_at,
            name: String::new(),
            time: 0.0,
            unit: None,
        }
    }

    /// The observation of the next record.
    pub fn resolve(&mut self, record: SenMl) -> Result<Observation, FieldError> {
        self.name = record.bn.unwrap_or(std::mem::take(&mut self.name));
        self.time = record.bt.unwrap_or(self.time);
        self.unit = record.bu.or(self.unit.take());
        let what = split(&format!("{}{}", self.name, record.n))?;
        let at = self.instant(self.time + record.t);
        let unit = record.u.as_ref().or(self.unit.as_ref());
        observed(what, at, record.v, unit.map(String::as_str))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds of this era in ms fit in i64"
    )]
    fn instant(&self, seconds: f64) -> Timestamp {
        let millis = (seconds * 1000.0).round() as i64;
        if seconds < RELATIVE_BELOW {
            self.received_at.plus_millis(millis)
        } else {
            Timestamp::from_millis(millis)
        }
    }
}

/// A SenML name ends in `<gauge>/<parameter>` or `<gauge>:<parameter>`.
fn split(name: &str) -> Result<(GaugeId, Parameter), FieldError> {
    let parts = name.rsplit_once(['/', ':']);
    let (head, parameter) = parts.ok_or_else(|| FieldError::SenMlName(name.to_owned()))?;
    let gauge = head.rsplit(['/', ':']).next().unwrap_or(head);
    Ok((gauge.parse()?, Parameter::named(parameter)?))
}

fn observed(
    (gauge, parameter): (GaugeId, Parameter),
    observed_at: Timestamp,
    value: Option<f64>,
    unit: Option<&str>,
) -> Result<Observation, FieldError> {
    if let Some(found) = unit.filter(|unit| *unit != parameter.unit()) {
        let found = found.to_owned();
        return Err(FieldError::Unit { found, parameter });
    }
    let value = value.map(Value::from_units).transpose()?;
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
