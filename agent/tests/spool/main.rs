//! The spool keeps its promises: its contract on every engine, the accidents of the one on disk,
//! the draft, and the bytes of all of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod accidents;
mod contract;
mod draft;
mod golden;
mod observations;
mod on_disk;
mod places;
