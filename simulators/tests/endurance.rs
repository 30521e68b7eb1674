//! Endurance: the real programs under load, killed, cut off and given wrong clocks again and again.
//!
//! Two agents read the harbour's sixteen gauges over Modbus TCP, Modbus RTU and MQTT; half of its
//! waterlogging points stand under water all the time. Each test prints one row of the table that
//! `cargo verify endurance` puts together, and fails if anything in it is wrong: a reading that was
//! served and is not stored, one that is stored twice, a point under water that was not told of, a
//! start that took longer than five seconds.
//!
//! As tests of the workspace they do little of each. `FLOOD_KILLS`, `FLOOD_CUTS` and `FLOOD_JUMPS`
//! say how much, `FLOOD_SEED` which; every run prints its seed. What happens when is not a function
//! of the seed alone, for real programs run on a real machine.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`; libfaketime
//! must be installed.

mod common;
mod rows;
