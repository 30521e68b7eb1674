//! The aggregator: MQTT in, one merged history, a live flood map out.
//!
//! ingest → merge → assess → forecast → dispatch → publish. The stages decide and do no I/O; the
//! shells are `ingest::{broker, mqtt, committer}`, `store`, `http` and `run`.

pub mod assess;
pub mod cli;
pub mod commands;
pub mod config;
pub mod counters;
pub mod dispatch;
mod ends;
pub mod forecast;
pub mod http;
pub mod ingest;
pub mod map;
pub mod merge;
pub mod metrics;
pub mod network;
pub mod orders;
pub mod rebuild;
pub mod run;
pub mod store;
pub mod store_before;
pub mod world;
