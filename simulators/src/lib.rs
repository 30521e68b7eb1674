//! Simulated cities behind real protocols, and the checks that the real programs must pass.
//!
//! Gauges answer on real Modbus and MQTT lines, links fail on command, and a lab runs the real
//! `flood-aggregator` and `flood-agent` on a shared storm clock. What the gauges served is the
//! truth that the store is compared with. Nothing here shares code with the programs it judges
//! beyond the contracts in `shared`.

pub mod bench;
pub mod catchment;
pub mod city;
pub mod demo;
pub mod fleet;
pub mod gauge;
pub mod lab;
pub mod link;
pub mod load;
pub mod replay;
pub mod storm;
pub mod truth;
