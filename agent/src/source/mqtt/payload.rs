//! What a gauge publishes on its topic. Pure.
//!
//! `{"value": 0.213, "observed_at": "2026-07-21T08:31:00.000Z"}`, in the parameter's unit;
//! `observed_at` may be left out (then the time of reception counts), `null` as value says that
//! the gauge has no reading, and a bare number is taken too. Other keys are ignored.

use serde::Deserialize;
use shared::{time::Timestamp, value::Value};

use crate::source::Outcome;

/// Longest payload that is looked at: a reading takes a hundred bytes.
const MAX_BYTES: usize = 4 * 1024;

/// Why a payload is not a reading.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PayloadError {
    #[error("the payload has {0} bytes; at most {MAX_BYTES} are allowed")]
    TooLarge(usize),
    #[error("the payload is neither a number nor {{\"value\": …}}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Value(#[from] shared::value::NotAValue),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PayloadForm {
    Number(f64),
    Object {
        /// Must be there, yet may be null: serde takes an absent `Option` for `None` otherwise.
        #[serde(deserialize_with = "Option::deserialize")]
        value: Option<f64>,
        #[serde(default)]
        observed_at: Option<Timestamp>,
    },
}

/// The reading's content and its own time, if it has one.
///
/// # Errors
/// Anything but the forms above.
pub(crate) fn decode(payload: &[u8]) -> Result<(Outcome, Option<Timestamp>), PayloadError> {
    if payload.len() > MAX_BYTES {
        return Err(PayloadError::TooLarge(payload.len()));
    }
    let (value, at) = match serde_json::from_slice(payload)? {
        PayloadForm::Number(value) => (Some(value), None),
        PayloadForm::Object { value, observed_at } => (value, observed_at),
    };
    let value = value.map(Value::from_units).transpose()?;
    Ok((value.map_or(Outcome::Failed, Outcome::Number), at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_bare_numbers_and_null_are_readings() {
        let got = decode(br#"{"value":0.213,"observed_at":"2026-07-21T08:31:00Z","battery":3.6}"#);
        let at = Timestamp::from_millis(1_784_622_660_000);
        assert_eq!(
            got.expect("valid"),
            (Outcome::Number(Value::from_milli(213)), Some(at))
        );
        assert_eq!(
            decode(b"12").expect("valid"),
            (Outcome::Number(Value::from_milli(12_000)), None)
        );
        assert_eq!(
            decode(br#"{"value":null}"#).expect("valid"),
            (Outcome::Failed, None)
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "{}x",
            "\"0.2\"",
            r#"{"value":"0.2"}"#,
            r#"{"value":1e12}"#,
            r#"{"depth":1}"#,
        ] {
            assert!(decode(bad.as_bytes()).is_err(), "{bad} was taken");
        }
        assert!(matches!(
            decode(&[b' '; 5_000]),
            Err(PayloadError::TooLarge(5_000))
        ));
    }
}
