//! Third parties' observations on `flood/v1/in/<source>`: plain JSON or SenML (RFC 8428).

use serde::Deserialize;

use crate::{
    gauge::Parameter,
    ids::{GaugeId, IdError},
    limits,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    value::{NotAValue, Value},
};

/// Why a third party's message cannot be taken. Nothing of such a message is kept.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    #[error("the message has {0} bytes; at most {max} are allowed", max = limits::MAX_PAYLOAD)]
    TooLarge(usize),
    #[error("the message is neither a JSON observation, nor a list of them, nor SenML")]
    Json(#[from] serde_json::Error),
    #[error("the message has {0} records; at most {max} are allowed", max = limits::MAX_BATCH)]
    TooMany(usize),
    #[error(
        "record {index}: the SenML name `{name}` must end in `<gauge>/<parameter>` or `<gauge>:<parameter>`"
    )]
    Name { index: usize, name: String },
    #[error("record {index}: bad gauge id")]
    Gauge { index: usize, source: IdError },
    #[error("record {index}: {message}")]
    Parameter { index: usize, message: String },
    #[error("record {index}: unit `{found}` given, but {parameter} is in {expected}")]
    Unit {
        index: usize,
        found: String,
        parameter: Parameter,
        expected: &'static str,
    },
    #[error("record {index}: bad value")]
    Value { index: usize, source: NotAValue },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    gauge: GaugeId,
    parameter: Parameter,
    observed_at: Timestamp,
    value: Option<Value>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    quality: Option<Quality>,
}

/// One SenML record; unknown fields are ignored as RFC 8428 § 4.4 asks (except must-understand).
#[derive(Deserialize)]
struct SenMl {
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

#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    One(Plain),
    Many(Vec<Plain>),
    SenMl(Vec<SenMl>),
}

/// Reads a third party's message. `received_at` resolves SenML times relative to now.
///
/// # Errors
/// The first thing that is wrong with it, naming the record.
pub fn decode_intake(
    payload: &[u8],
    received_at: Timestamp,
) -> Result<Vec<Observation>, IntakeError> {
    if payload.len() > limits::MAX_PAYLOAD {
        return Err(IntakeError::TooLarge(payload.len()));
    }
    // Told apart by looking, so that an error speaks of the form that was meant.
    let json: serde_json::Value = serde_json::from_slice(payload)?;
    let is_senml = json.as_array().is_some_and(|list| {
        list.iter()
            .any(|r| r.get("n").is_some() || r.get("bn").is_some())
    });
    let message = if is_senml {
        Message::SenMl(serde_json::from_value(json)?)
    } else if json.is_array() {
        Message::Many(serde_json::from_value(json)?)
    } else {
        Message::One(serde_json::from_value(json)?)
    };
    match message {
        Message::One(plain) => plain_observation(0, plain).map(|o| vec![o]),
        Message::Many(list) => {
            within_limit(list.len())?;
            list.into_iter()
                .enumerate()
                .map(|(i, p)| plain_observation(i, p))
                .collect()
        }
        Message::SenMl(records) => {
            within_limit(records.len())?;
            senml(records, received_at)
        }
    }
}

fn within_limit(count: usize) -> Result<(), IntakeError> {
    if count > limits::MAX_BATCH {
        Err(IntakeError::TooMany(count))
    } else {
        Ok(())
    }
}

fn check_unit(index: usize, unit: Option<&str>, parameter: Parameter) -> Result<(), IntakeError> {
    let expected = parameter.unit();
    match unit {
        Some(found) if found != expected => Err(IntakeError::Unit {
            index,
            found: found.to_owned(),
            parameter,
            expected,
        }),
        _ => Ok(()),
    }
}

fn plain_observation(index: usize, plain: Plain) -> Result<Observation, IntakeError> {
    check_unit(index, plain.unit.as_deref(), plain.parameter)?;
    let fallback = if plain.value.is_some() {
        Quality::NotEvaluated
    } else {
        Quality::Missing
    };
    Ok(Observation {
        gauge: plain.gauge,
        parameter: plain.parameter,
        observed_at: plain.observed_at,
        value: plain.value,
        quality: plain.quality.unwrap_or(fallback),
        tests: TestSet::NONE,
    })
}

/// RFC 8428 § 4.5.3: a time below 2^28 is relative to now.
const SENML_RELATIVE_BELOW: f64 = 268_435_456.0;

#[expect(
    clippy::cast_possible_truncation,
    reason = "seconds of this era in ms fit in i64"
)]
fn senml(records: Vec<SenMl>, received_at: Timestamp) -> Result<Vec<Observation>, IntakeError> {
    let (mut base_name, mut base_time, mut base_unit) = (String::new(), 0.0, None);
    let mut observations = Vec::with_capacity(records.len());
    for (index, record) in records.into_iter().enumerate() {
        base_name = record.bn.unwrap_or(base_name);
        base_time = record.bt.unwrap_or(base_time);
        base_unit = record.bu.or(base_unit);
        let name = format!("{base_name}{}", record.n);
        let (gauge, parameter) = senml_name(index, &name)?;
        let unit = record.u.or_else(|| base_unit.clone());
        check_unit(index, unit.as_deref(), parameter)?;
        let seconds = base_time + record.t;
        let millis = (seconds * 1000.0).round() as i64;
        let observed_at = if seconds < SENML_RELATIVE_BELOW {
            received_at.plus_millis(millis)
        } else {
            Timestamp::from_millis(millis)
        };
        let value = record.v.map(Value::from_units).transpose();
        let value = value.map_err(|source| IntakeError::Value { index, source })?;
        let quality = if value.is_some() {
            Quality::NotEvaluated
        } else {
            Quality::Missing
        };
        let tests = TestSet::NONE;
        observations.push(Observation {
            gauge,
            parameter,
            observed_at,
            value,
            quality,
            tests,
        });
    }
    Ok(observations)
}

fn senml_name(index: usize, name: &str) -> Result<(GaugeId, Parameter), IntakeError> {
    let bad = || IntakeError::Name {
        index,
        name: name.to_owned(),
    };
    let (head, parameter) = name.rsplit_once(['/', ':']).ok_or_else(bad)?;
    let gauge = head.rsplit(['/', ':']).next().unwrap_or(head);
    let gauge = gauge
        .parse()
        .map_err(|source| IntakeError::Gauge { index, source })?;
    let parameter = parameter
        .parse()
        .map_err(|message| IntakeError::Parameter { index, message })?;
    Ok((gauge, parameter))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);

    fn decode(text: &str) -> Result<Vec<Observation>, IntakeError> {
        decode_intake(text.as_bytes(), NOW)
    }

    #[test]
    fn a_plain_observation_is_taken_and_not_evaluated() {
        let got = decode(
            r#"{"gauge":"lg-0001","parameter":"depth","observed_at":"2026-07-21T16:19:00+08:00","value":0.31,"unit":"m"}"#,
        )
        .expect("valid");
        let [one] = got.as_slice() else {
            panic!("one observation, not {got:?}")
        };
        assert_eq!(
            (one.value, one.quality),
            (Some(Value::from_milli(310)), Quality::NotEvaluated)
        );
    }

    #[test]
    fn senml_base_fields_and_relative_times_are_resolved() {
        let got = decode(
            r#"[{"bn":"urn:dev:lg-0001/","bu":"m","n":"depth","v":0.2,"t":-60},{"n":"depth","v":0.3}]"#,
        )
        .expect("valid");
        let times: Vec<_> = got
            .iter()
            .map(|o| o.observed_at.millis_since(NOW))
            .collect();
        assert_eq!(times, [-60_000, 0]);
    }

    #[test]
    fn errors_name_the_record_and_the_reason() {
        let wrong_unit = decode(r#"[{"n":"lg-1/depth","u":"cm","v":2}]"#).expect_err("cm");
        assert_eq!(
            wrong_unit.to_string(),
            "record 0: unit `cm` given, but depth is in m"
        );
        let wrong_name = decode(r#"[{"n":"depth","v":2}]"#).expect_err("no gauge");
        assert!(matches!(wrong_name, IntakeError::Name { index: 0, .. }));
        assert!(decode("not json").is_err() && decode("{}").is_err() && decode("[{}]").is_err());
    }
}
