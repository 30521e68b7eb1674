//! The mark beside the store: what it held when it was last synced, so that a store which lost
//! something without a word is found out. Shell.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::Path,
};

use shared::time::Timestamp;

use super::entry::HEAD;
use crate::spool::seqs::SeqSet;

const NAME: &str = "mark";

/// Written after every sync and not synced itself: it is never ahead of the store. One that is
/// behind, torn or gone costs that a loss is not counted, and that released batches come back
/// where the store is damaged too.
///
/// On disk, little endian: `u64` changes, next place, time in milliseconds, bytes; then the first
/// and the last place of each range that is held; the `u32` CRC-32 of all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Mark {
    /// Changes that were made to the store, ever.
    pub changes: u64,
    /// The place of the next batch.
    pub next_place: u64,
    pub at: Timestamp,
    /// Bytes of the entries that are held.
    pub bytes: u64,
    /// Their places.
    pub held: SeqSet,
}

impl Mark {
    /// The mark in a folder, if there is one that is whole.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let bytes = fs::read(folder.join(NAME)).ok()?;
        let (content, checksum) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(content) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let (numbers, []) = content.as_chunks::<8>() else {
            return None;
        };
        let numbers: Vec<u64> = numbers.iter().map(|n| u64::from_le_bytes(*n)).collect();
        let ([changes, next_place, at, bytes], ranges) = numbers.split_first_chunk::<4>()?;
        let (ranges, []) = ranges.as_chunks::<2>() else {
            return None;
        };
        Some(Self {
            changes: *changes,
            next_place: *next_place,
            at: Timestamp::from_millis(at.cast_signed()),
            bytes: *bytes,
            held: ranges.iter().map(|[first, last]| *first..=*last).collect(),
        })
    }

    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let at = self.at.as_millis().cast_unsigned();
        let numbers = [self.changes, self.next_place, at, self.bytes];
        let ranges = self.held.ranges().flat_map(|r| [*r.start(), *r.end()]);
        let numbers = numbers.into_iter().chain(ranges);
        let mut bytes: Vec<u8> = numbers.flat_map(u64::to_le_bytes).collect();
        let checksum = crc32fast::hash(&bytes).to_le_bytes();
        bytes.extend_from_slice(&checksum);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(NAME))?;
        file.write_all_at(&bytes, 0)?;
        file.set_len(bytes.len() as u64)
    }

    /// A batch is held from now on.
    pub(super) fn note(&mut self, place: u64, frame_bytes: usize) {
        self.held.insert(place);
        self.bytes += (HEAD + frame_bytes) as u64;
    }

    /// A batch is not held any more.
    pub(super) fn forget(&mut self, place: u64, frame_bytes: usize) {
        self.held.remove(place);
        self.bytes = self.bytes.saturating_sub((HEAD + frame_bytes) as u64);
    }

    /// Whether a batch of that place, found in the raw bytes, may still be owed: it was held, or is
    /// younger than the mark. Of the young ones some may have been released; they are sent again,
    /// which whoever merges them by gauge and time does not notice.
    pub(super) fn may_owe(&self, place: u64) -> bool {
        place >= self.next_place || self.held.contains(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Mark::read(folder.path()), None);
        let mut mark = Mark {
            changes: 90,
            next_place: 41,
            at: Timestamp::from_millis(1_784_622_000_000),
            bytes: 4_000,
            held: [3..=9, 12..=40].into_iter().collect(),
        };
        mark.write(folder.path()).unwrap();
        assert_eq!(Mark::read(folder.path()), Some(mark.clone()));
        mark.held = SeqSet::new();
        mark.write(folder.path()).unwrap();
        assert_eq!(Mark::read(folder.path()), Some(mark), "a shorter one");
        let path = folder.path().join(NAME);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.first_mut().unwrap() ^= 1;
        fs::write(path, bytes).unwrap();
        assert_eq!(Mark::read(folder.path()), None);
    }

    #[test]
    fn what_was_released_before_the_mark_is_not_owed() {
        let mark = Mark {
            next_place: 10,
            held: [4..=6].into_iter().collect(),
            ..Mark::default()
        };
        let owed: Vec<u64> = (1..=12).filter(|place| mark.may_owe(*place)).collect();
        assert_eq!(owed, [4, 5, 6, 10, 11, 12]);
    }
}
