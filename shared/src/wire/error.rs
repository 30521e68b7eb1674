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
    #[error("record {index} is neither an observation nor SenML")]
    Form {
        index: usize,
        source: serde_json::Error,
    },
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
    #[error("unit `{found}` given, but {parameter} is in {}", parameter.unit())]
    Unit { found: String, parameter: Parameter },
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
