//! What sources give, and what they are told of it.

use shared::{ids::GaugeId, time::Timestamp, value::Value};

/// What one gauge gave, or failed to give, at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub gauge: GaugeId,
    /// When the answer arrived, in storm time.
    pub at: Timestamp,
    pub outcome: Outcome,
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
