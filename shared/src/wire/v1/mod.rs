//! Version 1 of the wire, frozen: the bytes of every message, apart from the program's own types.
//!
//! Each message has a form here, made of texts and numbers only, and two conversions written by
//! hand. Those into the form take the program's type apart field by field, those out of it name
//! every field, so that whatever is added to an observation, a parameter or a truck's states
//! either stops here at compile time or changes no byte. Golden files in `tests/golden/v1` hold
//! the bytes themselves.
//!
//! Nothing here changes any more, and all of it stays: what was once released decodes for ever.
//! A version 2 stands beside this folder as `wire/v2`. Of batches it begins with another version
//! byte (in JSON another `version`), by which [`Envelope::decode`] chooses the decoder; the other
//! messages carry no version of their own, their topic does: they would travel below `flood/v2/`.
//!
//! [`Envelope::decode`]: crate::wire::Envelope::decode

pub mod ack;
pub mod batch;
pub mod batch_json;
mod codes;
pub mod command;
mod fields;
pub mod health;
pub mod intake;
pub mod senml;
pub mod truck;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{time::Timestamp, wire::FieldError};

/// The version byte of a batch.
pub const VERSION: u8 = 1;

/// An instant in JSON: RFC 3339 text is written, and read beside milliseconds since the epoch.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum Instant<'a> {
    Millis(i64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

impl From<Timestamp> for Instant<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Text(at.to_string().into())
    }
}

impl TryFrom<Instant<'_>> for Timestamp {
    type Error = FieldError;

    fn try_from(at: Instant<'_>) -> Result<Self, FieldError> {
        match at {
            Instant::Millis(millis) => Ok(Self::from_millis(millis)),
            Instant::Text(text) => Ok(text.parse()?),
        }
    }
}

/// The bytes of a form in JSON.
pub fn to_json(form: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(form).expect("texts and numbers under fixed keys are always JSON")
}
