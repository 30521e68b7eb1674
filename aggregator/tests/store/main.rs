//! The store's contract, kept by every engine.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod contract;
mod crash;
mod damage;
mod damages;
mod desk;
mod engines;
mod given;
mod model;
