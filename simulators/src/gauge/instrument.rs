//! One simulated instrument, and what it looks at.

use shared::{gauge::Parameter, ids::GaugeId, time::Timestamp};

use super::Fault;

/// What the water and the rain do: a recording, or a simulated city.
pub trait Readings: Send + Sync {
    /// The value in the parameter's unit at a storm time; `None` where there is nothing to give.
    fn reading(&self, gauge: &GaugeId, at: Timestamp) -> Option<f64>;
}

/// Nothing to read: every gauge is silent.
pub(crate) struct Silence;

impl Readings for Silence {
    fn reading(&self, _: &GaugeId, _: Timestamp) -> Option<f64> {
        None
    }
}

/// One simulated instrument.
#[derive(Debug, Clone, PartialEq)]
pub struct SimGauge {
    pub id: GaugeId,
    pub parameter: Parameter,
    /// How often it is read, or reports, in seconds of storm time.
    pub interval_s: u32,
    pub faults: Vec<Fault>,
}
