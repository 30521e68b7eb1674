//! The spool's engine on disk: sled 0.34, and around it what sled does not do: name damage, count
//! it, serve everything else, and go on when the card is full. Shell.
//!
//! On disk, in `<data_dir>/spool/`: a store of sled. Under the place of each batch, a big-endian
//! `u64` that only ever rises, stands an entry that says itself what it is (`entry`); under
//! `counts` what the store should hold (`table::Counts`), changed in one step with it. `mark` says
//! what was held at the last sync (`mark`).
//!
//! Opening: the files are searched byte by byte for whole entries (`salvage`), sled is opened, its
//! panics being errors, and what it has is compared with the counts and the mark (`look`). If
//! it does not open, or is not what it was, a new store is made of all entries that were found, and
//! the damaged one is set aside as `<data_dir>/spool.damaged-<n>`. The search comes first because
//! sled overwrites what is behind damage in its log when it opens; the newest 8 MiB are kept in
//! memory until it has shown that it has them. Of a longer backlog, what is older and behind damage
//! that hits no batch itself can be lost to that: it is counted.
//!
//! What a power cut leaves: after a sync every change, because it flushes sled's log and then calls
//! `sync_data` on its file (sled's own flush does not reach the medium on Linux). Without one, any
//! number of the last changes is undone. Assumed of the medium: nothing. A flipped bit, a page of
//! zeros, a file that was cut off or is gone costs at most the batches in it of which there is no
//! other copy. Files that went back to an older state are an older spool: every opening numbers
//! anew. Damage may bring back batches that were released after the last sync; they are sent again,
//! and merged by gauge and time.
//!
//! A full or read-only card: sled fails and stays failed, and is closed. Batches are then served
//! from where they lie in its files; every append tries to open it again, as long as that does not
//! take more than a twentieth of the time.
//!
//! A start reads all files once; one that finds damage writes all that is held once more, which takes
//! seconds for tens of thousands of batches, and room for a second store beside the first.
//!
//! sled's files grow to about twice what was once held, and are used again, not made smaller.

mod entry;
mod files;
mod look;
mod mark;
mod opening;
mod replace;
mod salvage;
mod store;
mod table;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use super::contract::{Engine, Opened, SpoolError};

/// What the store's files take up however little they hold.
const FILES_AT_LEAST: u64 = 5 * 1024 * 1024;

/// A store in `<data_dir>/spool`.
pub struct SledEngine {
    store: PathBuf,
    /// Held for its lock.
    lock: Option<File>,
}

impl SledEngine {
    /// Takes the lock of a data directory, which lasts as long as the engine.
    ///
    /// # Errors
    /// The directory cannot be used or is in use.
    pub fn new(data_dir: &Path) -> Result<Self, SpoolError> {
        Ok(Self {
            store: data_dir.join("spool"),
            lock: files::claim(data_dir)?,
        })
    }
}

impl Engine for SledEngine {
    fn open(&mut self, take: &mut dyn FnMut(u64, usize)) -> Result<Opened, SpoolError> {
        if self.lock.is_none() {
            tracing::warn!(path = %self.store.display(), "the spool's directory cannot be made yet");
        }
        opening::open(&self.store, take)
    }

    /// Measured with batches of 1 to 200 observations and budgets of 8 to 32 MiB, under constant
    /// turnover: the files take 4 MiB and 1.4 to 2.4 times what is held; 5 MiB and 2.5 leave a margin.
    fn hold_limit(&self, max_bytes: u64) -> u64 {
        hold_limit(max_bytes)
    }
}

fn hold_limit(max_bytes: u64) -> u64 {
    max_bytes.saturating_sub(FILES_AT_LEAST) / 5 * 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::retention::PER_BATCH;

    #[test]
    fn the_smallest_budget_still_holds_a_day_of_a_small_gateway() {
        let batch = 10 * 25 + PER_BATCH;
        assert!(hold_limit(8 * 1024 * 1024) / batch > 24 * 60);
    }
}
