//! The durable queue between the gauges and the aggregator.
//!
//! Observations are appended in batches, become durable together, and stay until the aggregator's
//! commit acknowledgement releases them; nothing else removes them except the named policy for a
//! full queue. [`contract::Spool`] is the promise, [`sled::SledSpool`] keeps it on disk,
//! [`memory::MemorySpool`] is the model that the tests compare it with, and [`keeper::Keeper`] is
//! the one thread that owns it. What is not in the queue yet, the open batch, is in a
//! [`draft::Draft`].

pub mod contract;
pub mod draft;
pub mod frame;
pub mod keeper;
pub mod memory;
pub mod ranges;
pub mod retention;
pub mod sled;
mod store_files;

pub use contract::{Appended, Dropped, Spool, SpoolError, Usage};

pub use crate::config::WhenFull;
