//! What gives way when the spool is full, in the words of configuration files. Pure.

use std::str::FromStr;

use super::word::UnknownWord;

/// What gives way when the spool has no room for a new batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// The oldest batches are dropped and counted: in a flood the newest depth matters most.
    #[default]
    DropOldest,
    /// Nothing is dropped and nothing more is read: polls stop, and local brokers keep what is not
    /// acknowledged to them. For records that must have no gap at their beginning.
    StopReading,
}

impl FromStr for WhenFull {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "drop-oldest" => Ok(Self::DropOldest),
            "stop-reading" => Ok(Self::StopReading),
            _ => Err(UnknownWord::new(
                "when_full =",
                text,
                "drop-oldest, stop-reading",
            )),
        }
    }
}
