//! The store's contract, kept by every engine.

#![expect(clippy::unwrap_used, reason = "tests")]

mod contract;
mod engines;
mod given;
