//! Everything that the store writes, in its own types of version 1.
//!
//! A value begins with its version byte; a key's version is in the name of its keyspace, a saved
//! world's in its first byte. The types here are used for nothing else, and every conversion from
//! and to the domain is written by hand: a change of a domain type cannot alter a byte on disk.
//! Golden files in `tests/golden/store` pin every kind and variant. A version once released decodes
//! for ever: a new form means a new version byte, with its types beside these.

pub mod arrivals;
pub mod cursor;
pub mod deed;
pub mod desk;
mod domain;
#[cfg(test)]
mod golden;
mod input;
pub mod observation;
pub mod quarantined;
pub mod refused;
pub mod world;

use serde::{Deserialize, Serialize};

use super::cause::Cause;

/// The version that is written.
pub const VERSION: u8 = 1;

/// A record on disk that is not what it should be.
#[derive(Debug, thiserror::Error)]
#[error("{record} is damaged")]
pub struct RecordError {
    /// Which one, for example `arrivals up to 4711`.
    pub record: String,
    pub source: Flaw,
}

/// What is wrong with a record.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    #[error("it is empty")]
    Empty,
    #[error("its version is {0}; this program decodes version {VERSION}")]
    Version(u8),
    #[error("it is malformed")]
    Postcard(#[from] postcard::Error),
    #[error("{0} bytes follow it")]
    Trailing(usize),
    #[error("its key is not one")]
    Key,
    #[error("it has {found} bytes instead of {expected}")]
    Length { found: usize, expected: usize },
    #[error("it is missing")]
    Missing,
    #[error("its part {0} is missing")]
    Part(u16),
    #[error("its checksum is wrong")]
    Checksum,
    #[error("it holds a value that cannot be")]
    Value(#[source] Cause),
}

impl Flaw {
    /// With the record that has it.
    #[must_use]
    pub fn of(self, record: impl Into<String>) -> RecordError {
        RecordError {
            record: record.into(),
            source: self,
        }
    }

    fn value(cause: impl Into<Cause>) -> Self {
        Self::Value(cause.into())
    }
}

/// Writes the version byte and `form` over what `bytes` held.
fn write<T: Serialize>(bytes: &mut Vec<u8>, form: &T) -> Result<(), Flaw> {
    bytes.clear();
    bytes.push(VERSION);
    *bytes = postcard::to_extend(form, std::mem::take(bytes))?;
    Ok(())
}

/// Reads the form that follows the version byte, to the last byte.
fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Flaw> {
    let (version, body) = bytes.split_first().ok_or(Flaw::Empty)?;
    if *version != VERSION {
        return Err(Flaw::Version(*version));
    }
    let (form, rest) = postcard::take_from_bytes(body)?;
    if rest.is_empty() {
        Ok(form)
    } else {
        Err(Flaw::Trailing(rest.len()))
    }
}
