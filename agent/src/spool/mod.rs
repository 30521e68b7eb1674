//! The durable queue between the gauges and the aggregator.
//!
//! Observations are appended in batches, become durable together, and stay until the aggregator's
//! commit acknowledgement releases them; nothing else removes them except the named policy for a
//! full queue. [`queue::Spool`] keeps that promise on any engine ([`contract`] says what it asks of
//! one): [`sled`] on disk, [`memory`] in tests. [`keeper::Keeper`] is the one thread that owns it.
//! What is not in the queue yet, the open batch, is in a [`draft::Draft`].

pub mod contract;
pub mod draft;
pub mod frame;
pub mod keeper;

pub mod memory;
pub mod queue;
pub mod retention;
pub mod seqs;
pub mod sled;

use std::{collections::hash_map::RandomState, hash::BuildHasher as _, path::Path};

pub use contract::SpoolError;
pub use queue::{Appended, Dropped, Spool, Usage};

use self::sled::SledEngine;
use crate::config::SpoolConfig;

/// Opens the spool of a data directory, on the engine that this program uses.
///
/// # Errors
/// The directory cannot be used or is in use.
pub fn open(data_dir: &Path, config: SpoolConfig) -> Result<Spool, SpoolError> {
    // fastrand seeds itself from the time since the machine's start, in which gateways of one kind
    // hardly differ; the standard library's seed comes from the system.
    let seed = RandomState::new().hash_one(());
    let engine = Box::new(SledEngine::new(data_dir)?);
    Spool::open(engine, config, fastrand::Rng::with_seed(seed))
}
