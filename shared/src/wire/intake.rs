//! Third parties' observations on `flood/v1/in/<source>`: plain JSON or SenML (RFC 8428).

use serde::Deserialize;
use serde_json::Value;

use super::{
    FieldError, IntakeError,
    v1::intake::{Base, Plain, SenMl, is_senml},
};
use crate::{limits, observation::Observation, time::Timestamp};

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
    let (list, is_list) = match serde_json::from_slice(payload)? {
        Value::Array(list) => (list, true),
        one => (vec![one], false),
    };
    if list.len() > limits::MAX_BATCH {
        return Err(IntakeError::TooMany(list.len()));
    }
    // Told apart by looking, so that an error speaks of the form that was meant.
    if is_list && list.iter().any(is_senml) {
        let mut base = Base::new(received_at);
        each(&list, |record: SenMl| base.resolve(record))
    } else {
        each(&list, |plain: Plain<'_>| plain.try_into())
    }
}

fn each<'a, T: Deserialize<'a>>(
    list: &'a [Value],
    mut observation: impl FnMut(T) -> Result<Observation, FieldError>,
) -> Result<Vec<Observation>, IntakeError> {
    let records = list.iter().enumerate();
    records
        .map(|(index, json)| {
            let record = T::deserialize(json);
            let record = record.map_err(|source| IntakeError::Form { index, source })?;
            observation(record).map_err(|source| IntakeError::Record { index, source })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::chain, quality::Quality, value::Value as Measured};

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
            (Some(Measured::from_milli(310)), Quality::NotEvaluated)
        );
    }

    #[test]
    fn a_correction_says_that_it_is_one() {
        let got = decode(
            r#"{"gauge":"lg-1","parameter":"depth","observed_at":"2026-07-21T16:19:00+08:00","value":0.02,"replaces":true}"#,
        );
        assert!(got.expect("valid").iter().all(Observation::is_correction));
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
            chain(&wrong_unit),
            "record 0: unit `cm` given, but depth is in m"
        );
        let wrong_name = decode(r#"[{"n":"depth","v":2}]"#).expect_err("no gauge");
        assert!(matches!(
            wrong_name,
            IntakeError::Record {
                index: 0,
                source: FieldError::SenMlName(_)
            }
        ));
        assert!(decode("not json").is_err() && decode("{}").is_err() && decode("[{}]").is_err());
    }
}
