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
pub mod register;
mod served;

pub use answer::GaugeAnswer;
pub use device::{Device, Switch};
pub use fault::{Fault, FaultKind};
pub use instrument::{Readings, Silence, SimGauge};
pub use modbus::{RtuBus, TcpBus};
pub use mqtt::{GaugeMessage, MqttGauges, topic_of};
pub use served::{Served, ServedLog};
