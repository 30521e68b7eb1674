//! What a gauge publishes on its topic. Pure.
//!
//! `{"value": 0.213, "observed_at": "2026-07-21T08:31:00.000Z"}`, in the parameter's unit;
//! `observed_at` may be left out (then the time of reception counts), `null` as value says that
//! the gauge has no reading, and a bare number is taken too. Other keys are ignored.
//!
//! Gauges publish much that is nearly that, and a reading is not refused for its form: a byte order
//! mark, trailing NULs, a number in quotes, a plus sign, `nan`, a decimal comma, JSON with NaN in
//! it, times in Unix seconds or as text are read. What could mean two things is refused by name. A
//! time that cannot be read costs the reading its time and not the water.

use serde_json::Value as Json;
use shared::{time::Timestamp, value::Value};

use crate::source::Outcome;

/// Longest payload that is looked at: uplinks of radio networks wrap a reading in some kilobytes.
const MAX_BYTES: usize = 64 * 1024;
/// Characters of a payload that are shown in an error.
const SHOWN: usize = 40;
/// Words of gauges and home automation for "no reading".
const NO_READING: [&str; 8] = [
    "",
    "nan",
    "null",
    "none",
    "n/a",
    "unknown",
    "unavailable",
    "offline",
];
/// Numbers of this size are seconds, milliseconds, micro- or nanoseconds since 1970: from 2000 to
/// 2100 in each.
const SECONDS: std::ops::Range<f64> = 946_684_800.0..4_102_444_800.0;

/// Why a payload is not a reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PayloadError {
    #[error("the payload has {0} bytes; at most {MAX_BYTES} are allowed")]
    TooLarge(usize),
    #[error("`{0}` is neither a number nor {{\"value\": …}}")]
    Form(String),
    #[error("`{0}` has no \"value\"")]
    NoValue(String),
    #[error("`{0}` could be a thousand times more or less; write it with a point")]
    Comma(String),
    #[error("`{0}` has something behind the number; publish the number alone")]
    Unit(String),
    #[error("{0} is not a finite number within ±1e9")]
    Value(String),
}

impl PayloadError {
    /// The error without what the payload says.
    pub(crate) fn sort(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "large",
            Self::Form(_) => "form",
            Self::NoValue(_) => "no value",
            Self::Comma(_) => "comma",
            Self::Unit(_) => "unit",
            Self::Value(_) => "value",
        }
    }
}

/// What a payload says of its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OwnTime {
    At(Timestamp),
    /// It says nothing.
    None,
    /// It says something that is no time.
    Unreadable(String),
}

/// The reading's content and its own time, if it has one.
///
/// # Errors
/// Anything but the forms above.
pub(crate) fn decode(payload: &[u8]) -> Result<(Outcome, OwnTime), PayloadError> {
    if payload.len() > MAX_BYTES {
        return Err(PayloadError::TooLarge(payload.len()));
    }
    let text = String::from_utf8_lossy(payload);
    let text = text.trim_start_matches('\u{feff}');
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if text.starts_with('{') || text.starts_with('[') {
        object(text)
    } else {
        Ok((number(text)?, OwnTime::None))
    }
}

fn object(text: &str) -> Result<(Outcome, OwnTime), PayloadError> {
    let form = || PayloadError::Form(shown(text));
    let json: Json = serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&without_nan(text)))
        .map_err(|_| form())?;
    let fields = json.as_object().ok_or_else(form)?;
    let outcome = match fields.get("value") {
        None => return Err(PayloadError::NoValue(shown(text))),
        Some(Json::Null) => Outcome::Failed,
        Some(Json::Number(number)) => value(number.as_f64().unwrap_or(f64::INFINITY))?,
        Some(Json::String(text)) => number(text)?,
        Some(_) => return Err(form()),
    };
    let at = fields.get("observed_at").map_or(OwnTime::None, own_time);
    Ok((outcome, at))
}

/// Python and others write NaN and Infinity where JSON has no word for them.
fn without_nan(text: &str) -> String {
    let mut repaired = text.to_owned();
    for word in ["NaN", "-Infinity", "Infinity"] {
        for space in ["", " "] {
            let with_word = format!(":{space}{word}");
            repaired = repaired.replace(&with_word, ":null");
        }
    }
    repaired
}

fn number(text: &str) -> Result<Outcome, PayloadError> {
    let text = text.trim().trim_matches('"').trim();
    if NO_READING.contains(&text.to_lowercase().as_str()) {
        return Ok(Outcome::Failed);
    }
    if let Ok(number) = text.parse::<f64>() {
        return value(number);
    }
    if let Some((whole, fraction)) = text.split_once(',')
        && let Ok(number) = format!("{whole}.{fraction}").parse::<f64>()
    {
        let digits = whole.trim_start_matches(['+', '-']);
        let is_thousands = fraction.len() == 3 && !digits.is_empty() && digits != "0";
        return if is_thousands {
            Err(PayloadError::Comma(shown(text)))
        } else {
            value(number)
        };
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    if first.parse::<f64>().is_ok() {
        return Err(PayloadError::Unit(shown(text)));
    }
    Err(PayloadError::Form(shown(text)))
}

fn value(number: f64) -> Result<Outcome, PayloadError> {
    if number.is_nan() {
        return Ok(Outcome::Failed);
    }
    let value = Value::from_units(number);
    value
        .map(Outcome::Number)
        .map_err(|error| PayloadError::Value(error.0.to_string()))
}

fn own_time(json: &Json) -> OwnTime {
    let unreadable = || OwnTime::Unreadable(shown(&json.to_string()));
    match json {
        Json::Null => OwnTime::None,
        Json::Number(number) => number
            .as_f64()
            .map_or_else(unreadable, |number| OwnTime::At(since_1970(number))),
        Json::String(text) => match text.trim() {
            "" => OwnTime::None,
            text => text
                .parse::<f64>()
                .map(since_1970)
                .or_else(|_| text.parse())
                .map_or_else(|_| unreadable(), OwnTime::At),
        },
        _ => unreadable(),
    }
}

/// A count since 1970 in the unit in which it is of this century; milliseconds where it is of none.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of floats saturates"
)]
fn since_1970(count: f64) -> Timestamp {
    let per_second = [1.0, 1e6, 1e9];
    let unit = per_second
        .into_iter()
        .find(|unit| SECONDS.contains(&(count / unit)))
        .unwrap_or(1e3);
    Timestamp::from_millis((count / unit * 1_000.0).round() as i64)
}

fn shown(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_784_622_660_000);

    fn milli(payload: impl AsRef<[u8]>) -> Option<i64> {
        match decode(payload.as_ref()).expect("valid").0 {
            Outcome::Number(value) => Some(value.milli()),
            _ => None,
        }
    }

    fn time(observed_at: &str) -> OwnTime {
        let payload = format!(r#"{{"value":0.2,"observed_at":{observed_at}}}"#);
        decode(payload.as_bytes()).expect("valid").1
    }

    #[test]
    fn objects_bare_numbers_and_null_are_readings() {
        let got = decode(br#"{"value":0.213,"observed_at":"2026-07-21T08:31:00Z","battery":3.6}"#);
        let expected = (Outcome::Number(Value::from_milli(213)), OwnTime::At(AT));
        assert_eq!(got, Ok(expected));
        assert_eq!(milli("12"), Some(12_000));
        assert_eq!(milli(r#"{"value":null}"#), None);
    }

    #[test]
    fn what_is_nearly_a_number_is_read() {
        for (payload, expected) in [
            (&b"0.104\x00"[..], 104),
            (b"{\"value\":0.105}\x00\x00", 105),
            (b"\xef\xbb\xbf0.106", 106),
            (b"\xef\xbb\xbf{\"value\":0.107}", 107),
            (b"+0.108", 108),
            (b".109\n", 109),
            (b"  0.110 ", 110),
            (b"0,111", 111),
            (b"-0,25", -250),
            (b"00.112", 112),
            (b"\"0.115\"", 115),
            (b"{\"value\":\"0.114\"}", 114),
            (b"{\"value\":\"0,114\"}", 114),
            (b"{\"value\":0.137,\"ort\":\"Br\xfccke\"}", 137),
        ] {
            assert_eq!(milli(payload), Some(expected), "{payload:?}");
        }
        let large = format!(r#"{{"value":0.134,"x":"{}"}}"#, "y".repeat(5_000));
        assert_eq!(milli(large), Some(134));
    }

    #[test]
    fn what_gauges_say_when_they_have_no_reading_is_none_and_no_error() {
        for payload in [
            "",
            "nan",
            "NaN",
            "null",
            "unavailable",
            "\"unknown\"",
            r#"{"value":NaN}"#,
            r#"{"value": NaN, "t": 1}"#,
            r#"{"value":"nan"}"#,
        ] {
            assert_eq!(milli(payload), None, "{payload}");
        }
    }

    #[test]
    fn times_are_read_in_seconds_milliseconds_and_as_text() {
        for text in [
            "1784622660",
            "1784622660.000",
            "\"1784622660\"",
            "1784622660000",
            "\"1784622660000\"",
            "1784622660000.0",
            "1784622660000000",
            "\"2026-07-21T16:31:00+08:00\"",
            "\"2026-07-21 08:31:00Z\"",
            "\"2026-07-21T16:31:00+0800\"",
        ] {
            assert_eq!(time(text), OwnTime::At(AT), "{text}");
        }
        assert_eq!(time("null"), OwnTime::None);
        assert_eq!(time("\"\""), OwnTime::None);
        assert_eq!(time("0"), OwnTime::At(Timestamp::default()));
        assert!(matches!(
            time("\"2026-07-21T08:31:00\""),
            OwnTime::Unreadable(_)
        ));
        assert!(matches!(time("\"yesterday\""), OwnTime::Unreadable(_)));
    }

    #[test]
    fn anything_else_is_refused_and_says_why() {
        for (bad, why) in [
            ("{}x", "neither a number"),
            (r#"{"value":1.}"#, "neither a number"),
            (r#"[{"value":1}]"#, "neither a number"),
            ("hello", "neither a number"),
            (r#"{"depth":1}"#, "no \"value\""),
            ("1,250", "a thousand times"),
            ("0.113 m", "behind the number"),
            (r#"{"value":1e12}"#, "not a finite number"),
            ("1e400", "not a finite number"),
        ] {
            let said = decode(bad.as_bytes()).expect_err(bad).to_string();
            assert!(said.contains(why), "{bad}: {said}");
        }
        let large = vec![b' '; 70_000];
        assert_eq!(decode(&large), Err(PayloadError::TooLarge(70_000)));
    }
}
