//! Instants and durations of the system: UTC, milliseconds.

use std::{fmt, ops::Add, ops::Sub, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::error::chain;

/// An instant in UTC with millisecond resolution; milliseconds since the Unix epoch.
///
/// In binary formats it is the integer; in JSON and TOML it is RFC 3339 text, and an integer of
/// milliseconds is accepted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A text that is not an instant.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{text}` is not an RFC 3339 time with an offset")]
pub struct NotATime {
    pub text: String,
    pub source: jiff::Error,
}

/// The earliest instant that is accepted as an observation's time: 2000-01-01T00:00:00Z.
pub const EARLIEST: Timestamp = Timestamp(946_684_800_000);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Milliseconds from `earlier` to `self`; negative if `self` is before it.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Seconds from `earlier` to `self`; negative if `self` is before it.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        self.millis_since(earlier) as f64 / 1000.0
    }

    /// `self` moved by a signed number of milliseconds.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The UTC day as `YYYYMMDD`, used to name a day of history.
    #[must_use]
    pub fn day(self) -> String {
        let text = self.to_string();
        let (date, _) = text.split_once('T').unwrap_or((&text, ""));
        date.replace('-', "")
    }

    fn zoned(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        self.plus_millis(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        self.plus_millis(-i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds, for example `2026-07-21T08:20:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.zoned())
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;

    /// Parses RFC 3339 with an offset. A time without a zone is refused.
    fn from_str(text: &str) -> Result<Self, NotATime> {
        text.parse::<jiff::Timestamp>()
            .map(|t| Self(t.as_millisecond()))
            .map_err(|source| NotATime {
                text: text.to_owned(),
                source,
            })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Millis(i64),
            Text(String),
        }
        if !deserializer.is_human_readable() {
            return i64::deserialize(deserializer).map(Self);
        }
        match Form::deserialize(deserializer)? {
            Form::Millis(millis) => Ok(Self(millis)),
            Form::Text(text) => text
                .parse::<Self>()
                .map_err(|e| D::Error::custom(chain(&e))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_prints_and_parses_rfc_3339_and_needs_an_offset() {
        let t: Timestamp = "2026-07-21T16:20:00+08:00".parse().expect("valid");
        assert_eq!(t.to_string(), "2026-07-21T08:20:00.000Z");
        assert_eq!(t.day(), "20260721");
        assert!("2026-07-21T16:20:00".parse::<Timestamp>().is_err());
    }

    #[test]
    fn json_accepts_milliseconds_and_text() {
        let a: Timestamp = serde_json::from_str("1784622000000").expect("integer");
        let b: Timestamp = serde_json::from_str("\"2026-07-21T08:20:00Z\"").expect("text");
        assert_eq!(a, b);
    }
}
