//! The mark beside the engine: how far the store was durable when it was last synced, so that a
//! store which lost something without a word is found out. Shell.
//!
//! Written after every sync and not synced itself: it is never ahead of the store, and costs no
//! sync of its own. After a power cut it may be behind by what was committed in the last half
//! minute: what of that is damaged in the same moment passes for what the cut left.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use crate::store::StoreError;

const NAME: &str = "mark";
const VERSION: u8 = 1;

/// Version, two numbers, checksum: within one sector, so that it is never torn.
const BYTES: usize = 1 + 8 + 8 + 4;

/// How far the store is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Durable {
    /// The number of the last commit.
    pub commit: u64,
    /// The number of the last arrival.
    pub arrival: u64,
}

/// What the mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Durable(Durable),
    /// It is damaged.
    Nonsense,
    /// There is none.
    Nothing,
}

/// On disk: version byte, number of the last commit, number of the last arrival (little-endian),
/// CRC-32 of all that.
fn encode(durable: Durable) -> [u8; BYTES] {
    let mut bytes = [VERSION; BYTES];
    let numbers = [durable.commit, durable.arrival];
    let all = numbers.iter().flat_map(|n| n.to_le_bytes());
    for (to, from) in bytes.iter_mut().skip(1).zip(all) {
        *to = from;
    }
    if let Some((said, sum)) = bytes.split_last_chunk_mut::<4>() {
        *sum = crc32fast::hash(said).to_le_bytes();
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Durable> {
    let bytes: &[u8; BYTES] = bytes.try_into().ok()?;
    let (said, sum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(said) != u32::from_le_bytes(*sum) {
        return None;
    }
    let ([VERSION], numbers) = said.split_first_chunk::<1>()? else {
        return None;
    };
    let (commit, arrival) = numbers.split_first_chunk::<8>()?;
    Some(Durable {
        commit: u64::from_le_bytes(*commit),
        arrival: u64::from_le_bytes(arrival.try_into().ok()?),
    })
}

/// Where the mark is in the folder of a store.
pub fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// Reads the mark of the store in `folder`.
///
/// # Errors
/// It is there and cannot be read.
pub fn read(folder: &Path) -> io::Result<Said> {
    match fs::read(path(folder)) {
        Ok(bytes) => Ok(decode(&bytes).map_or(Said::Nonsense, Said::Durable)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Said::Nothing),
        Err(e) => Err(e),
    }
}

/// The mark of an open store.
pub struct Mark {
    path: PathBuf,
    file: File,
}

impl Mark {
    /// Makes the mark, durable itself.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(folder: &Path, durable: Durable) -> Result<Self, StoreError> {
        let path = path(folder);
        let made = || {
            let mut options = OpenOptions::new();
            let file = options
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            file.set_len(BYTES as u64)?;
            file.write_all_at(&encode(durable), 0)?;
            file.sync_all()?;
            File::open(folder)?.sync_all()?;
            Ok(file)
        };
        match made() {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(StoreError::File { path, source }),
        }
    }

    /// Says how far the store is durable now.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn set(&self, durable: Durable) -> Result<(), StoreError> {
        let written = self.file.write_all_at(&encode(durable), 0);
        written.map_err(|source| StoreError::File {
            path: self.path.clone(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_with_any_bit_turned_or_any_byte_missing_is_nonsense() {
        let durable = Durable {
            commit: 77,
            arrival: 4_711,
        };
        let bytes = encode(durable);
        assert_eq!(decode(&bytes), Some(durable));
        for bit in 0..BYTES * 8 {
            let mut other = bytes;
            if let Some(byte) = other.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            assert_eq!(decode(&other), None, "bit {bit}");
        }
        for length in 0..BYTES {
            assert_eq!(decode(bytes.get(..length).expect("shorter")), None);
        }
    }

    #[test]
    fn what_was_set_last_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read(folder.path()).expect("readable"), Said::Nothing);
        let mark = Mark::create(folder.path(), Durable::default()).expect("made");
        for commit in [5, 3] {
            let durable = Durable { commit, arrival: 9 };
            mark.set(durable).expect("written");
            let said = read(folder.path()).expect("readable");
            assert_eq!(said, Said::Durable(durable));
        }
    }
}
