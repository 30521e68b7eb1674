//! The aggregator: MQTT in, one merged history, a live flood map out.
//!
//! ingest → merge → assess → forecast → dispatch → publish. Every input goes through the one
//! committer, which writes it down in order of arrival; then [`world::World::step`] says what
//! changes and what is to be done. What readers see is rendered from the world's snapshots.
//!
//! The stages decide and do no I/O; the shells are `ingest::{broker, mqtt, committer}`, `store`,
//! `publish::announcer`, `http`, `driver`, `parts`, `requests` and `run`.

pub mod audit;
pub mod auditing;
pub mod authority;
mod base;
pub mod cli;
pub mod commands;
pub mod config;
mod driver;
pub mod enrolment;
pub mod files;
mod forgetting;
mod gateways;
pub mod grants;
pub mod http;
pub mod ingest;
pub mod metrics;
pub mod net;
pub mod notary;
pub mod parts;
pub mod people;
pub mod provider;
pub mod publish;
pub mod reload;
pub mod requests;
pub mod restore;
pub mod rights;
pub mod run;
pub mod store;
mod unfinished;
pub mod watchdog;
pub mod world;

// What decides and stands on nothing else is a crate of its own, built in seconds and optimised also in
// development.
use decisions::schema;
pub use decisions::{assess, counters, dispatch, forecast, merge, network, orders, principal};
