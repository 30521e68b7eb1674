//! Recorded storms, played through the real programs and judged.
//!
//! [`load()`] reads a recording or a scenario file; [`run`] plays it in storm time through real Modbus
//! TCP, Modbus RTU and MQTT lines, agents and the aggregator, and with `--check` compares what came
//! out with what went in and with the truth.

mod args;
mod load;
mod play;
mod report;

pub use args::ReplayArgs;
pub use load::load;
pub use play::{run, setup};
