//! What must survive: the inputs in order of arrival, the series of observations that follows from
//! them, cursors, saved worlds, refused messages, and what is in quarantine.
//!
//! [`Store`] is the contract and knows no engine. [`open`] is the one place that chooses one; a
//! server-grade database can keep the same contract later. [`MemoryStore`] keeps it for tests.

mod cause;
mod contract;
mod embedded;
mod memory;
mod record;
mod retention;

use std::{path::Path, sync::Arc};

pub use cause::Cause;
pub use contract::{
    Commit, Durability, Forgotten, MAX_REFUSED, Quarantined, Refused, SavedWorld, Store,
    StoreError, Stored,
};
pub use memory::MemoryStore;
pub use record::{Flaw, RecordError};
pub use retention::Forgetting;

/// Opens the store in `folder`, creating it where there is none. A damaged one is opened with whatever
/// can be read of it: [`Store::damaged`] counts and the log tells what was found.
///
/// # Errors
/// The folder cannot be used, or another process holds it.
pub fn open(folder: &Path) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(embedded::Embedded::open(folder)?))
}
