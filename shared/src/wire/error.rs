//! Why a payload is not the message that its topic promises.

use crate::{
    gauge::Parameter, ids::IdError, limits, lonlat::NotAPosition, time::NotATime, units::NotFinite,
    value::NotAValue,
};

/// Why bytes are not the message that was expected.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("the payload is empty")]
    Empty,
    #[error("the payload has {0} bytes; at most {max} are allowed", max = limits::MAX_PAYLOAD)]
    TooLarge(usize),
    #[error(
        "version {0} is not known here; this program decodes version {known}",
        known = super::version::VERSION
    )]
    Version(u8),
    #[error("the batch has {0} observations; at most {max} are allowed", max = limits::MAX_BATCH)]
    TooMany(usize),
    #[error("the batch is malformed")]
    Postcard(#[from] postcard::Error),
    #[error("{0} bytes follow the batch")]
    Trailing(usize),
    #[error("the JSON is malformed")]
    Json(#[from] serde_json::Error),
    #[error("observation {index}")]
    Observation { index: usize, source: FieldError },
    #[error(transparent)]
    Field(#[from] FieldError),
}

/// Why a third party's message cannot be taken. Nothing of such a message is kept.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    #[error("the message has {0} bytes; at most {max} are allowed", max = limits::MAX_PAYLOAD)]
    TooLarge(usize),
    #[error("the message is not JSON")]
    Json(#[from] serde_json::Error),
    #[error("SenML is a list of records: put the object into [ ]")]
    NoPack,
    #[error("the message has {0} records; at most {max} are allowed", max = limits::MAX_BATCH)]
    TooMany(usize),
    #[error("record {index}")]
    Record { index: usize, source: FieldError },
}

/// Why one field of a message does not say what it should.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    #[error("`{found}` is not a {what}; known: {}", known.join(", "))]
    Name {
        what: &'static str,
        found: String,
        known: &'static [&'static str],
    },
    #[error("{found} is not a {what}")]
    Number { what: &'static str, found: u32 },
    #[error("the SenML name `{0}` must end in `<gauge>/<parameter>` or `<gauge>:<parameter>`")]
    SenMlName(String),
    #[error("a record is an object, not {found}")]
    NoRecord { found: String },
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("there is no field `{found}`; known: {}", known.join(", "))]
    Unknown {
        found: String,
        known: &'static [&'static str],
    },
    #[error("`{field}` must be {expected}, not {found}")]
    Form {
        field: &'static str,
        expected: &'static str,
        found: String,
    },
    #[error("`{field}`")]
    Of {
        field: &'static str,
        source: Box<FieldError>,
    },
    #[error(
        "`{field}` is {millis}; a whole number is milliseconds since 1970, and these look like \
         seconds"
    )]
    Seconds { field: &'static str, millis: i64 },
    #[error("`{0}` must be understood (RFC 8428 § 4.4) and is not")]
    MustUnderstand(String),
    #[error("`bver` is {found}; versions from 1 to {known} are understood")]
    SenMlVersion { found: u64, known: u64 },
    #[error("`bver` is {after}, after {before} in an earlier record")]
    SenMlVersions { before: u64, after: u64 },
    #[error("`{first}` and `{second}` are given; a record has one value")]
    TwoValues {
        first: &'static str,
        second: &'static str,
    },
    #[error("{0}; a gauge gives a number, in `v`")]
    NoValue(&'static str),
    #[error("`t` and `bt` give {0:e} seconds, which is no time")]
    NoTime(f64),
    #[error("unit `{found}` given, but {parameter} is in {}", parameter.unit())]
    Unit { found: String, parameter: Parameter },
    #[error("{0} ms since 1970 is no time that a clock tells")]
    BeyondTime(i64),
    #[error("{0} m³ is nothing that a truck has pumped")]
    Pumped(f64),
    #[error(transparent)]
    Id(#[from] IdError),
    #[error(transparent)]
    Time(#[from] NotATime),
    #[error(transparent)]
    Value(#[from] NotAValue),
    #[error(transparent)]
    Position(#[from] NotAPosition),
    #[error(transparent)]
    Quantity(#[from] NotFinite),
}
