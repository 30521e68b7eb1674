//! Simulated gauges behind real lines: Modbus TCP, Modbus RTU on a pseudo-terminal, and MQTT.
//!
//! A gauge gives what [`Readings`] say at a storm time, changed by its faults, quantised as its
//! register or message would. Every reading that leaves a gauge is written to the
//! [`ServedLog`]: the ground truth for "nothing lost, nothing twice".

mod answer;
mod device;
mod fault;
mod instrument;
mod modbus;
mod mqtt;
mod served;

pub(crate) mod register;

pub(crate) use answer::{GaugeAnswer, answer};
pub(crate) use device::Device;
pub use device::Switch;
pub use fault::{Fault, FaultKind};
pub(crate) use instrument::Silence;
pub use instrument::{Readings, SimGauge};
pub(crate) use modbus::{RtuBus, TcpBus};
pub(crate) use mqtt::{MqttGauges, topic_of};
pub use served::{Served, ServedLog};
