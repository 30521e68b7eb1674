//! What sources give, and what they are told of it.

use shared::{ids::GaugeId, time::Timestamp, value::Value};

/// What one gauge gave, or failed to give, at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub gauge: GaugeId,
    /// In storm time.
    pub at: Timestamp,
    pub stamp: Stamp,
    pub outcome: Outcome,
}

/// Where the time of a reading comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// The gateway's clock, when the answer arrived.
    Gateway,
    /// The gauge's own clock.
    Own,
    /// Nobody knows: the message waited somewhere and has no time of its own, or one that is none.
    /// The time is that of its arrival.
    Unknown,
}

/// The content of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Number(Value),
    /// The instrument's own "no reading" value.
    Sentinel(Value),
    /// No answer, or one that cannot be used.
    Failed,
}

impl Outcome {
    /// A number in the parameter's unit; failed where it can be no value.
    #[must_use]
    pub fn from_units(number: f64) -> Self {
        Value::from_units(number).map_or(Self::Failed, Self::Number)
    }
}

/// What has become of a delivery, by the token of its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Durable(u64),
    /// It never will be: the source's broker must deliver again.
    Dropped(u64),
}
