//! Simulated gauges behind real lines: Modbus TCP, Modbus RTU on a pseudo-terminal, and MQTT.
//!
//! A gauge gives what [`Readings`] say at a storm time, changed by its faults, quantised as its
//! register or message would. Every reading that leaves a gauge is written to the
//! [`ServedLog`]: the ground truth for "nothing lost, nothing twice".

mod device;
mod fault;
mod modbus;
mod mqtt;
pub mod register;
mod served;

use shared::{gauge::Parameter, ids::GaugeId, time::Timestamp};

pub use device::{Device, Switch};
pub use fault::{Answer, Fault, FaultKind};
pub use modbus::{RtuBus, TcpBus};
pub use mqtt::{GaugeMessage, MqttGauges, topic_of};
pub use served::{Served, ServedLog};

/// What the water and the rain do: a recording, or a simulated city.
pub trait Readings: Send + Sync {
    /// The value in the parameter's unit at a storm time; `None` where there is nothing to give.
    fn reading(&self, gauge: &GaugeId, at: Timestamp) -> Option<f64>;
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
