//! Simulated cities behind real protocols, and the checks that the real programs must pass.
//!
//! Gauges answer on real Modbus and MQTT lines, links fail on command, and a lab runs the real
//! `flood-aggregator` and `flood-agent` on a shared storm clock. What the gauges served is the
//! truth that the store is compared with. Nothing here shares code with the programs it judges
//! beyond the contracts in `shared`.
//!
//! From the ground up, and a room imports only from those above it in this list:
//! - `console`, `files`, `rng`; `layer`: a city's layers as they are read here;
//! - `storm`, `catchment`: rain and water; [`gauge`]: what reads them, behind real lines;
//!   [`link`]: lines that fail; `truth`: a whole city's water; `fleet`: its trucks;
//! - [`city`]: the demo city; `recording`: storms that were recorded; `scenario`: files that say
//!   what to play;
//! - [`lab`]: the real programs, running; `judge`: what was seen of them beside what was true;
//! - [`replay`], [`demo`], [`load`], [`mod@bench`]: the commands; [`evaluate`] and [`plans`], which import
//!   what the aggregator decides by.

pub mod bench;
pub mod city;
pub mod console;
pub mod demo;
pub mod evaluate;
pub mod gauge;
pub mod lab;
pub mod link;
pub mod load;
pub mod plans;
pub mod replay;

mod catchment;
mod files;
mod fleet;
mod judge;
mod layer;
mod recording;
mod rng;
mod scenario;
mod storm;
mod truth;
