//! sled, held by the collar: what it panics at is an error like any other. Shell.

use std::{
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::Duration,
};

use sled::{Db, Mode};

use super::{
    entry::{self, HEAD},
    files,
};
use crate::spool::contract::EngineError;

/// sled's default of 1 GiB would be the machine.
const CACHE_BYTES: u64 = 1024 * 1024;
/// The key of [`Counts`], behind those of all places.
const COUNTS: &[u8] = b"counts";
/// A store that was just closed keeps its lock for a moment in its own threads.
const REOPEN_TRIES: u32 = 100;
const REOPEN_PAUSE: Duration = Duration::from_millis(20);
/// Changes that are made in one step. Between steps sled is flushed: it would hold all of them in
/// memory otherwise.
const STEP: usize = 500;
const STEP_BYTES: usize = 1024 * 1024;

/// What sled or its files can say.
#[derive(Debug, thiserror::Error)]
pub(super) enum SledError {
    #[error("sled failed")]
    Sled(#[source] sled::Error),
    #[error("sled panicked: {0}")]
    Panic(String),
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("the store is inconsistent: {0}")]
    Inconsistent(&'static str),
    #[error("{0}; it is tried again")]
    Closed(String),
    #[error("what was appended since the last sync must be appended again")]
    Undone,
}

impl From<SledError> for EngineError {
    fn from(error: SledError) -> Self {
        Self::new(error)
    }
}

impl SledError {
    /// What the system said, where it was the system.
    pub(super) fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::File(error) => Some(error.kind()),
            _ => None,
        }
    }

    fn is_locked(&self) -> bool {
        matches!(self, Self::File(error) if error.to_string().contains("could not acquire lock"))
    }
}

impl From<sled::Error> for SledError {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => Self::File(system_error(&error).unwrap_or(error)),
            error => Self::Sled(error),
        }
    }
}

/// What the system said, of which sled repeats only the text: `Os { code: 28, kind: …`.
fn system_error(error: &io::Error) -> Option<io::Error> {
    let text = error.to_string();
    let code = text.strip_prefix("Os { code: ")?.split(',').next()?;
    Some(io::Error::from_raw_os_error(code.parse().ok()?))
}

/// What the store says of itself, changed in one step with every change: a store that has lost
/// something in its midst does not agree with it, one that has lost its end is behind the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// Changes that were made to the store, ever.
    pub changes: u64,
    /// The place of the next batch.
    pub next_place: u64,
    /// Batches in the store.
    pub held: u64,
}

impl Counts {
    fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let numbers = [self.changes, self.next_place, self.held];
        for (to, number) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
            *to = number.to_be_bytes();
        }
        bytes
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        let ([changes, next_place, held], []) = bytes.as_chunks::<8>() else {
            return None;
        };
        Some(Self {
            changes: u64::from_be_bytes(*changes),
            next_place: u64::from_be_bytes(*next_place),
            held: u64::from_be_bytes(*held),
        })
    }
}

/// An open store of sled: entries by their place, big-endian, and its [`Counts`].
pub(super) struct Table {
    /// Taken when it is closed.
    db: Option<Db>,
    /// sled's own file: its flush does not reach the medium on Linux (it uses `sync_file_range`).
    log: File,
    pub(super) counts: Counts,
}

impl Table {
    /// Opens or makes the store in a folder, and gives the place and the length of every entry to
    /// `take`.
    ///
    /// # Errors
    /// It cannot be opened, or is not what it says it is.
    pub(super) fn open(folder: &Path, take: &mut dyn FnMut(u64, usize)) -> Result<Self, SledError> {
        files::remove_torn_snapshots(folder);
        guarded(|| {
            let db = open_db(folder)?;
            let log = File::open(folder.join("db"))?;
            let (mut counts, mut held) = (None, 0);
            for pair in db.iter() {
                let (key, value) = pair?;
                if key.as_ref() == COUNTS {
                    counts = Counts::of(&value);
                    continue;
                }
                let is_its = |e: &entry::Entry<'_>| key.as_ref() == e.place.to_be_bytes();
                let entry = entry::first(&value).filter(is_its);
                let entry = entry.ok_or(SledError::Inconsistent("an entry is damaged"))?;
                if entry.bytes() != value.len() {
                    return Err(SledError::Inconsistent("an entry has another length"));
                }
                held += 1;
                take(entry.place, entry.body.len());
            }
            let is_new = counts.is_none() && held == 0;
            let counts = counts.or_else(|| is_new.then(Counts::default));
            let counts = counts.ok_or(SledError::Inconsistent("its counts are missing"))?;
            if counts.held != held {
                return Err(SledError::Inconsistent("batches are missing"));
            }
            let db = Some(db);
            Ok(Self { db, log, counts })
        })
    }

    /// Makes durable what a killed process left, and the names of files that sled does not.
    ///
    /// # Errors
    /// The medium takes nothing.
    pub(super) fn settle(&mut self, folder: &Path) -> Result<(), SledError> {
        self.flush(folder)?;
        File::open(folder.join("conf"))?.sync_all()?;
        files::sync_names(folder)?;
        Ok(files::sync_names(folder.parent().unwrap_or(folder))?)
    }

    /// Lets an empty store count on from where another stopped.
    ///
    /// # Errors
    /// What is in the store is not known then.
    pub(super) fn begin(&mut self, counts: Counts) -> Result<(), SledError> {
        self.apply(sled::Batch::default(), |own| *own = counts)
    }

    /// # Errors
    /// What is in the store is not known then.
    pub(super) fn insert(&mut self, place: u64, frame: &[u8]) -> Result<(), SledError> {
        let mut step = sled::Batch::default();
        step.insert(&place.to_be_bytes(), entry::encode(place, frame));
        self.apply(step, |counts| {
            counts.next_place = counts.next_place.max(place + 1);
            counts.held += 1;
        })
    }

    /// Inserts many, which are only as durable as without a sync.
    ///
    /// # Errors
    /// What is in the store is not known then.
    pub(super) fn insert_all(
        &mut self,
        frames: impl Iterator<Item = (u64, Vec<u8>)>,
    ) -> Result<(), SledError> {
        let (mut bytes, mut count) = (0, 0);
        for (place, frame) in frames {
            self.insert(place, &frame)?;
            (bytes, count) = (bytes + frame.len(), count + 1);
            if bytes > STEP_BYTES || count == STEP {
                self.with(|db| db.flush())?;
                (bytes, count) = (0, 0);
            }
        }
        Ok(())
    }

    /// Removes entries, all of which are held.
    ///
    /// # Errors
    /// What is in the store is not known then.
    pub(super) fn remove(&mut self, places: &[u64]) -> Result<(), SledError> {
        for places in places.chunks(STEP) {
            let mut step = sled::Batch::default();
            for place in places {
                step.remove(&place.to_be_bytes());
            }
            let count = places.len() as u64;
            self.apply(step, |counts| {
                counts.held = counts.held.saturating_sub(count);
            })?;
            if places.len() == STEP {
                self.with(|db| db.flush())?;
            }
        }
        Ok(())
    }

    fn apply(
        &mut self,
        mut step: sled::Batch,
        change: impl FnOnce(&mut Counts),
    ) -> Result<(), SledError> {
        let mut counts = self.counts;
        counts.changes += 1;
        change(&mut counts);
        step.insert(COUNTS, &counts.to_bytes());
        self.with(|db| db.apply_batch(step))?;
        self.counts = counts;
        Ok(())
    }

    /// The frame of an entry; none where it is not there. Whether it is whole is not looked at.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn frame(&self, place: u64) -> Result<Option<Vec<u8>>, SledError> {
        let value = self.with(|db| db.get(place.to_be_bytes()))?;
        Ok(value.and_then(|value| Some(value.get(HEAD..)?.to_vec())))
    }

    /// # Errors
    /// What is durable is not known then.
    pub(super) fn flush(&self, folder: &Path) -> Result<(), SledError> {
        self.with(|db| db.flush())?;
        self.log.sync_data()?;
        // Large nodes are files of their own, whose names sled does not make durable.
        files::sync_names(&folder.join("blobs"))?;
        Ok(())
    }

    fn with<T>(&self, act: impl FnOnce(&Db) -> sled::Result<T>) -> Result<T, SledError> {
        guarded(|| match &self.db {
            Some(db) => Ok(act(db)?),
            None => unreachable!("taken only when it is dropped"),
        })
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let db = self.db.take();
        // sled panics where it cannot write its last bytes.
        if let Err(error) = guarded(|| {
            drop(db);
            Ok(())
        }) {
            tracing::debug!(%error, "closing the spool's store failed");
        }
    }
}

fn open_db(folder: &Path) -> Result<Db, SledError> {
    let config = sled::Config::new()
        .path(folder)
        .mode(Mode::LowSpace)
        .cache_capacity(CACHE_BYTES)
        .use_compression(false)
        .flush_every_ms(None);
    let mut tries = 0;
    loop {
        let opened = config.open().map_err(SledError::from);
        tries += 1;
        match opened {
            Err(error) if error.is_locked() && tries < REOPEN_TRIES => {
                std::thread::sleep(REOPEN_PAUSE);
            }
            opened => return opened,
        }
    }
}

fn guarded<T>(act: impl FnOnce() -> Result<T, SledError>) -> Result<T, SledError> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(SledError::Panic(
            text.unwrap_or("without a word").to_owned(),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_said_is_known_also_where_sled_repeats_only_its_text() {
        let system = io::Error::from_raw_os_error(28);
        let repeated = io::Error::other(format!("{system:?}"));
        for error in [system, repeated] {
            let error = SledError::from(sled::Error::Io(error));
            assert_eq!(error.io_kind(), Some(io::ErrorKind::StorageFull));
            assert!(error.to_string().contains("No space left"), "{error}");
        }
    }

    #[test]
    fn a_panic_is_an_error_that_says_why() {
        let panicked = guarded::<()>(|| unreachable!("for the test"));
        let text = panicked.expect_err("panicked").to_string();
        assert!(text.contains("for the test"), "{text}");
    }
}
