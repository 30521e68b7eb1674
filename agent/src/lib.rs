//! The edge agent: reads gauges, flags and spools what they give, and sends it to the aggregator.
//!
//! `source → quality → spool → uplink`. An observation is durable in the spool before it is
//! published or a local broker is acknowledged, and it leaves the spool only on the aggregator's
//! commit acknowledgement. Until its batch is in the spool, a draft keeps it over the death of the
//! process, but not over a power cut. Decisions are plain functions (`config`, `quality`, `source::decode`,
//! `source::schedule`, `source::breaker`, `spool::retention`, `uplink::machine`,
//! `uplink::backoff`); the files that say "Shell" touch sockets, disks and clocks.

pub mod cli;
pub mod collector;
pub mod config;
pub mod health;
pub mod quality;
pub mod random;
pub mod run;
pub mod source;
pub mod spool;
pub mod systemd;
pub mod uplink;
