//! Where the log ends, and how it goes on.

use shared::time::Timestamp;

use super::{Deed, Entry, Hash};

/// The end of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// The number of the last entry; 0 before the first.
    pub last: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            last: 0,
            hash: Hash::NONE,
        }
    }
}

impl Chain {
    /// Adds a deed to the end.
    pub fn enter(&mut self, deed: &Deed, at: Timestamp, arrival: Option<u64>) -> Entry {
        let entry = Entry::new(self.hash, self.last + 1, at, deed, arrival);
        *self = Self {
            last: entry.number,
            hash: entry.hash,
        };
        entry
    }
}
