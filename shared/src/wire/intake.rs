//! Third parties' observations on `flood/v1/in/<source>`: plain JSON or SenML (RFC 8428). A message
//! is taken whole or not at all.

use serde_json::Value;

use super::{
    FieldError, IntakeError, bounds,
    v1::{
        intake::{measured, plain},
        senml::{Base, is_senml},
    },
};
use crate::{limits, observation::Observation, time::Timestamp};

/// Reads a third party's message. `received_at` resolves SenML times relative to now.
///
/// # Errors
/// The first thing that is wrong with it, naming the record and the field.
pub fn decode_intake(
    payload: &[u8],
    received_at: Timestamp,
) -> Result<Vec<Observation>, IntakeError> {
    if payload.len() > limits::MAX_PAYLOAD {
        return Err(IntakeError::TooLarge(payload.len()));
    }
    let list = match serde_json::from_slice(payload)? {
        Value::Array(list) => list,
        one if is_senml(&one) => return Err(IntakeError::NoPack),
        one => vec![one],
    };
    if list.len() > limits::MAX_BATCH {
        return Err(IntakeError::TooMany(list.len()));
    }
    // Told apart by looking, so that an error speaks of the form that was meant.
    if list.iter().any(is_senml) {
        let mut base = Base::default();
        each(&list, |record| measured(base.resolve(record)?, received_at))
    } else {
        each(&list, plain)
    }
}

fn each(
    list: &[Value],
    mut observation: impl FnMut(&Value) -> Result<Observation, FieldError>,
) -> Result<Vec<Observation>, IntakeError> {
    let records = list.iter().enumerate();
    records
        .map(|(index, record)| {
            let read =
                observation(record).and_then(|read| bounds::observation(&read).map(|()| read));
            read.map_err(|source| IntakeError::Record { index, source })
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
    fn a_time_below_two_to_the_28_is_relative_to_now_and_any_other_is_not() {
        let after_now = |text: &str| {
            let got = decode(text).expect("valid");
            got[0].observed_at.millis_since(NOW)
        };
        let now_s = NOW.as_millis() / 1000;
        for (fields, expected_ms) in [
            (String::new(), 0),
            (r#","t":-60.5"#.to_owned(), -60_500),
            (r#","t":30"#.to_owned(), 30_000),
            (r#","bt":-60,"t":-60"#.to_owned(), -120_000),
            (format!(r#","bt":{now_s},"t":-1"#), -1_000),
            (format!(r#","t":{now_s}.25"#), 250),
        ] {
            let text = format!(r#"[{{"n":"lg-1/depth","v":0.5{fields}}}]"#);
            assert_eq!(after_now(&text), expected_ms, "{text}");
        }
        let first = decode(r#"[{"n":"lg-1/depth","v":0.5,"t":268435456}]"#).expect("valid");
        assert_eq!(
            first[0].observed_at,
            Timestamp::from_millis(268_435_456_000)
        );
    }

    #[test]
    fn a_base_value_is_part_of_the_value() {
        let got = decode(
            r#"[{"bn":"lg-1/","n":"depth","u":"m","bv":1.0,"v":0.2},{"n":"depth","t":-60}]"#,
        );
        let values: Vec<_> = got.expect("valid").iter().map(|o| o.value).collect();
        assert_eq!(values, [1200, 1000].map(|m| Some(Measured::from_milli(m))));
    }

    #[test]
    fn what_is_not_understood_is_refused_whole_naming_record_and_field() {
        let good = r#"{"n":"lg-1/depth","v":0.1}"#;
        for (bad, expected) in [
            (
                r#"{"n":"lg-1/depth","u":"cm","v":2}"#,
                "`u`: unit `cm` given, but depth is in m",
            ),
            (
                r#"{"n":"lg-1/depth","vs":"0.5"}"#,
                "`vs` is a text; a gauge gives a number, in `v`",
            ),
            (
                r#"{"n":"lg-1/depth","vb":true}"#,
                "`vb` is true or false; a gauge gives a number, in `v`",
            ),
            (
                r#"{"n":"lg-1/depth","vd":"AA"}"#,
                "`vd` is data; a gauge gives a number, in `v`",
            ),
            (
                r#"{"n":"lg-1/depth","v":1,"s":7}"#,
                "`s` or `bs` is a sum over time; a gauge gives a number, in `v`",
            ),
            (r#"{"n":"lg-1/depth"}"#, "`v` is missing"),
            (
                r#"{"n":"lg-1/depth","v":1,"t":1e300}"#,
                "`t` and `bt` give 1e300 seconds, which is no time",
            ),
            (
                r#"{"n":"lg-1/salinity","v":1}"#,
                "`n`: `salinity` is not a parameter; known: depth, stage, water-level, \
                 rainfall-depth, rainfall-intensity",
            ),
        ] {
            let refused = decode(&format!("[{good},{bad}]")).expect_err(bad);
            assert_eq!(chain(&refused), format!("record 1: {expected}"), "{bad}");
        }
        let alone = decode(r#"{"n":"lg-1/depth","v":0.1}"#).expect_err("no list");
        assert_eq!(
            alone.to_string(),
            "SenML is a list of records: put the object into [ ]"
        );
    }

    #[test]
    fn a_plain_observation_that_is_wrong_is_told_by_its_field() {
        let at = r#""observed_at":"2026-07-21T16:19:00+08:00""#;
        for (record, expected) in [
            (
                format!(r#"{{"gauge":"lg-1","parameter":"depth",{at},"value":"0.3"}}"#),
                "`value` must be a number, not the text \"0.3\"",
            ),
            (
                format!(r#"{{"gauge":"lg-1","parameter":"depth",{at},"level":0.3}}"#),
                "there is no field `level`; known: gauge, parameter, observed_at, value, unit, quality, replaces",
            ),
            (
                format!(r#"{{"gauge":"lg-1",{at},"value":0.3}}"#),
                "`parameter` is missing",
            ),
            (
                format!(r#"{{"gauge":"lg-1","parameter":"depth",{at},"value":0.3,"unit":"cm"}}"#),
                "`unit`: unit `cm` given, but depth is in m",
            ),
            (
                format!(r#"{{"gauge":"lg-1","parameter":"depth",{at},"value":0.3,"quality":7}}"#),
                "`quality`: 7 is not a QARTOD flag",
            ),
            (
                r#"{"gauge":"lg-1","parameter":"depth","value":0.3}"#.to_owned(),
                "`observed_at` is missing",
            ),
            (
                r#"{"gauge":"lg-1","parameter":"depth","observed_at":1784622000,"value":0.3}"#
                    .to_owned(),
                "`observed_at` is 1784622000; a whole number is milliseconds since 1970, and these look like seconds",
            ),
            (
                r#"{"gauge":"lg-1","parameter":"depth","observed_at":true,"value":0.3}"#.to_owned(),
                "`observed_at` must be an RFC 3339 time, or whole milliseconds since 1970, not true",
            ),
            ("7".to_owned(), "a record is an object, not 7"),
        ] {
            let refused = decode(&record).expect_err(&record);
            assert_eq!(chain(&refused), format!("record 0: {expected}"));
        }
    }

    #[test]
    fn errors_name_the_record_and_the_reason() {
        let wrong_unit = decode(r#"[{"n":"lg-1/depth","u":"cm","v":2}]"#).expect_err("cm");
        assert_eq!(
            chain(&wrong_unit),
            "record 0: `u`: unit `cm` given, but depth is in m"
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
