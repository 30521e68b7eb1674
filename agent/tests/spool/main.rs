//! The spool keeps its promises: its contract on every engine, the accidents of the one on disk,
//! the draft.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod accidents;
mod contract;
mod draft;
mod observations;
mod on_disk;
