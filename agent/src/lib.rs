//! The edge agent: reads gauges, flags and spools what they give, and sends it to the aggregator.
//!
//! `source → quality → spool → uplink`. An observation is durable in the spool before it is
//! published or a local broker is acknowledged, and it leaves the spool only on the aggregator's
//! commit acknowledgement. Until its batch is in the spool, a draft keeps it over the death of the
//! process, but not over a power cut.
//!
//! Decisions are plain functions of what they are given; the files that say "Shell" touch sockets,
//! disks and clocks. The floors of the house, each standing on those above it in this list and on
//! none below:
//!
//! | floor | what it is for |
//! |---|---|
//! | [`counters`], [`faults`], [`pulse`], [`timekeeper`], [`total`] | what every part counts, what is wrong, whether its loop moves, what is thought of the clock, and what a rain gauge's total says |
//! | [`config`] | the one file, parsed into types that cannot be wrong |
//! | `net` | the line to an MQTT broker: dialling, one connection, its subscriptions |
//! | [`source`] | readings from Modbus lines and local brokers |
//! | [`quality`] | from readings to observations |
//! | [`spool`] | the durable queue, its draft, and the thread that owns both |
//! | [`health`] | what the agent says of itself |
//! | [`collector`] | gathers readings into batches that become durable together |
//! | [`uplink`] | what is sent when, and when it counts as delivered |
//! | [`status`], [`summary`], `systemd`, `timesync`, [`cli`], [`run`] | the program around them |

pub mod cli;
pub mod collector;
pub mod config;
pub mod counters;
pub mod faults;
pub mod health;
pub mod kept;
pub(crate) mod net;
pub mod pulse;
pub mod quality;
pub mod run;
pub mod source;
pub mod spool;
pub mod status;
pub mod summary;
pub(crate) mod systemd;
pub mod timekeeper;
pub(crate) mod timesync;
pub mod total;
pub mod uplink;
