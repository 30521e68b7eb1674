//! The spool's engine on disk: a log of its own, because what is damaged must be named and
//! everything around it served; the stores there are give up what follows, or all of it. Shell.
//!
//! On disk, in `<data_dir>/spool/`: files `00000001.log` and so on, each entries one after the
//! other ([`entry`]); a batch is appended to the newest one, and so is the list of batches that
//! were released. A file is removed when nothing in it is held; one of which little is held is
//! rewritten when the files take too much room. `mark` says how far the log reached ([`files`]).
//!
//! What a power cut leaves: after a sync every change. Without one, the front of what was appended,
//! and behind it anything, which is no entry. Assumed of the medium: nothing. A flipped bit, a page
//! of zeros, a file that was cut off or is gone costs the batches in it, is counted and told, and
//! the file is set aside as `<data_dir>/spool.damaged-<n>` once its other batches are rewritten.
//! Files that went back to an older state are an older spool: every opening numbers anew.
//!
//! A full card: an append fails and leaves nothing behind; removing needs no room.

mod entry;
mod files;
mod opening;
mod store;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use self::store::SPARE_FILES;
use super::contract::{Engine, Opened, SpoolError};

/// The smallest and the largest size at which a file is full.
const FILE_BYTES: (u64, u64) = (128 * 1024, 4 * 1024 * 1024);
/// Files that the budget is divided into.
const FILES: u64 = 32;

/// A log in `<data_dir>/spool`.
pub struct LogEngine {
    store: PathBuf,
    file_bytes: u64,
    /// Held for its lock.
    lock: Option<File>,
}

impl LogEngine {
    /// Takes the lock of a data directory, which lasts as long as the engine. `max_bytes` is the
    /// budget of its files.
    ///
    /// # Errors
    /// The directory cannot be used or is in use.
    pub fn new(data_dir: &Path, max_bytes: u64) -> Result<Self, SpoolError> {
        Ok(Self {
            store: data_dir.join("spool"),
            file_bytes: (max_bytes / FILES).clamp(FILE_BYTES.0, FILE_BYTES.1),
            lock: files::claim(data_dir)?,
        })
    }
}

impl Engine for LogEngine {
    fn open(&mut self, take: &mut dyn FnMut(u64, usize)) -> Result<Opened, SpoolError> {
        if self.lock.is_none() {
            tracing::warn!(path = %self.store.display(), "the spool's directory cannot be made yet");
        }
        opening::open(&self.store, self.file_bytes, take)
    }

    /// Files take at most twice what is held, and a few files more: beyond that they are rewritten.
    fn hold_limit(&self, max_bytes: u64) -> u64 {
        hold_limit(max_bytes, self.file_bytes)
    }
}

fn hold_limit(max_bytes: u64, file_bytes: u64) -> u64 {
    max_bytes.saturating_sub(SPARE_FILES * file_bytes) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::retention::PER_BATCH;

    #[test]
    fn the_smallest_budget_still_holds_a_day_of_a_small_gateway() {
        let batch = 10 * 25 + PER_BATCH;
        assert!(hold_limit(8 * 1024 * 1024, 256 * 1024) / batch > 24 * 60);
    }
}
