//! A deed with its place in the log: one line, which is what is hashed, kept and handed out.

use core::net::IpAddr;
use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};
use shared::time::Timestamp;

use super::{
    deed::{Deed, MAX_SUBJECT, MAX_TEXT, bounded, named},
    hex,
};

/// A SHA-256. As text it is 64 digits, as `sha256sum` prints it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

/// A line of the log with its number and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1.
    pub number: u64,
    /// The SHA-256 of the line and the line feed behind it.
    pub hash: Hash,
    /// JSON of [`Said`], without the line feed.
    pub line: String,
}

/// What a line says, in the order of the line, which never changes. A field that is added goes to the
/// end and is left out where it has nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The hash of the line before; zeros before the first.
    pub previous: Hash,
    pub number: u64,
    /// When it was entered, by the machine's clock, whatever storm is played.
    pub at: Timestamp,
    /// `person wang-li`, `token wall-display`, `truck pt-3`, `anonymous`, `exercise` or `machine`.
    pub by: String,
    pub from: Option<IpAddr>,
    /// The name of a [`What`](super::What).
    pub what: String,
    pub subject: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// The number of the arrival that it became, or that it came of.
    pub arrival: Option<u64>,
}

/// How entries are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// The lines as they are kept: each begins with the SHA-256 of the one before.
    #[default]
    Jsonl,
    /// A table, for a spreadsheet.
    Csv,
}

/// A text that is no line of the log.
#[derive(Debug, thiserror::Error)]
#[error("it is no line of the log")]
pub struct NotALine(#[from] serde_json::Error);

/// A text that is no SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash has 64 digits from 0 to f")]
pub struct NotAHash;

impl Entry {
    /// The entry of a deed.
    #[must_use]
    pub fn new(
        previous: Hash,
        number: u64,
        at: Timestamp,
        deed: &Deed,
        arrival: Option<u64>,
    ) -> Self {
        let text = |text: &Option<String>| text.as_ref().map(|text| bounded(text, MAX_TEXT));
        let said = Said {
            previous,
            number,
            at,
            by: bounded(&named(&deed.by), MAX_SUBJECT),
            from: deed.from,
            what: deed.what.to_string(),
            subject: bounded(&deed.subject, MAX_SUBJECT),
            before: text(&deed.before),
            after: text(&deed.after),
            arrival,
        };
        let line = said.line();
        Self {
            number,
            hash: Hash::of_line(&line),
            line,
        }
    }

    /// What it says.
    ///
    /// # Errors
    /// It is damaged.
    pub fn said(&self) -> Result<Said, NotALine> {
        Ok(serde_json::from_str(&self.line)?)
    }
}

impl Said {
    fn line(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers can be written as JSON")
    }
}

impl Hash {
    /// What stands for the line before the first.
    pub const NONE: Self = Self([0; 32]);

    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash of a line and the line feed behind it.
    #[must_use]
    pub fn of_line(line: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(line);
        hash.update(b"\n");
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        hex::read(text).map(Self).ok_or(NotAHash)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
