//! The spool's engine on disk, sled 0.34. Shell.
//!
//! On disk: `<data_dir>/spool/` is the store; key `b` + big-endian sequence number → one frame
//! (see [`super::frame`]), keys `m-incarnation` and `m-next` → the spool's own numbers, big-endian.
//! `m-next` is written in one atomic step with the frame that uses it up.
//!
//! What a power cut leaves: after a sync every change, because it flushes sled's log and then calls
//! `sync_data` on its file (sled's own flush does not reach the medium on Linux: it uses
//! `sync_file_range`). Without one, the last changes are lost or kept. Assumed of the medium: that
//! `fdatasync` means what it says.
//!
//! A store that is set aside is renamed to `spool.corrupt-<n>`.

use std::{
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Duration,
};

use sled::{Db, Mode};

use super::{
    contract::{Engine, EngineError, FrameStore, Numbers, OpenError, Opened, SpoolError},
    store_files,
};

/// sled's default of 1 GiB would be the machine.
const CACHE_BYTES: u64 = 8 * 1024 * 1024;
/// A safety net only: durability comes from [`FrameStore::sync`].
const FLUSH_EVERY_MS: u64 = 1_000;
const INCARNATION: &[u8] = b"m-incarnation";
const NEXT: &[u8] = b"m-next";
const BATCH: u8 = b'b';
/// A store that was just closed keeps its lock for a moment in its own threads.
const REOPEN_TRIES: u32 = 100;
const REOPEN_PAUSE: Duration = Duration::from_millis(20);
/// What the store's files take up however little they hold.
const FILES_AT_LEAST: u64 = 4 * 1024 * 1024;

/// Stores in `<data_dir>/spool`.
pub struct SledEngine {
    store: PathBuf,
    /// Held for its lock.
    _lock: File,
}

/// An open store.
struct SledStore {
    db: Db,
    /// The same file as sled's log, for `sync_data`.
    log: File,
}

/// What sled or its files can say.
#[derive(Debug, thiserror::Error)]
enum SledError {
    #[error("sled failed")]
    Sled(#[from] sled::Error),
    #[error("the store's files cannot be made durable")]
    Sync(#[source] io::Error),
    #[error("a key of the store is malformed")]
    Key,
    #[error("a number of the store is malformed")]
    Number,
    #[error("sled panicked: {0}")]
    Panic(String),
}

impl From<SledError> for EngineError {
    fn from(error: SledError) -> Self {
        Self::new(error)
    }
}

impl SledEngine {
    /// Takes the lock of a data directory, which lasts as long as the engine.
    ///
    /// # Errors
    /// The directory cannot be used or is in use.
    pub fn new(data_dir: &Path) -> Result<Self, SpoolError> {
        let lock = store_files::claim(data_dir)?;
        Ok(Self {
            store: data_dir.join("spool"),
            _lock: lock,
        })
    }

    fn unusable(&self, source: io::Error) -> SpoolError {
        SpoolError::Directory {
            path: self.store.display().to_string(),
            source,
        }
    }

    fn open_store(&self, take: &mut dyn FnMut(u64, &[u8])) -> Result<Opened, OpenError> {
        let unusable = |source| self.unusable(source);
        store_files::remove_torn_snapshots(&self.store).map_err(unusable)?;
        let db = self.open_db()?;
        store_files::make_durable(&self.store).map_err(unusable)?;
        let log = File::open(self.store.join("db")).map_err(unusable)?;
        let numbers = read_numbers(&db)?;
        for entry in db.scan_prefix([BATCH]) {
            let (key, frame) = entry.map_err(classify)?;
            let seq = key.last_chunk::<8>().filter(|_| key.len() == 9);
            let seq = seq.ok_or_else(|| corrupt(SledError::Key))?;
            take(u64::from_be_bytes(*seq), &frame);
        }
        Ok((Box::new(SledStore { db, log }), numbers))
    }

    fn open_db(&self) -> Result<Db, OpenError> {
        let config = sled::Config::new()
            .path(&self.store)
            .mode(Mode::LowSpace)
            .cache_capacity(CACHE_BYTES)
            .use_compression(false)
            .flush_every_ms(Some(FLUSH_EVERY_MS));
        for _ in 0..REOPEN_TRIES {
            match config.open() {
                Ok(db) => return Ok(db),
                Err(sled::Error::Io(e)) if is_locked(&e) => std::thread::sleep(REOPEN_PAUSE),
                Err(error) => return Err(classify(error)),
            }
        }
        let path = self.store.display().to_string();
        Err(SpoolError::InUse { path }.into())
    }
}

impl Engine for SledEngine {
    fn open(&mut self, take: &mut dyn FnMut(u64, &[u8])) -> Result<Opened, OpenError> {
        // Bad bytes can make sled panic as well as fail; both mean the same here.
        let opened = catch_unwind(AssertUnwindSafe(|| self.open_store(take)));
        opened.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(corrupt(SledError::Panic(text.unwrap_or("").to_owned())))
        })
    }

    fn set_aside(&mut self) -> Result<String, SpoolError> {
        let aside = store_files::quarantine(&self.store).map_err(|e| self.unusable(e))?;
        Ok(aside.display().to_string())
    }

    /// Measured with batches of 1 to 200 observations and budgets of 8 to 32 MiB, under constant
    /// turnover: the files take 4 MiB and 1.9 to 2.2 times what is held; 2.5 leaves a margin.
    fn hold_limit(&self, max_bytes: u64) -> u64 {
        hold_limit(max_bytes)
    }
}

impl FrameStore for SledStore {
    fn set_numbers(&mut self, numbers: Numbers) -> Result<(), EngineError> {
        let mut step = sled::Batch::default();
        step.insert(INCARNATION, &numbers.incarnation.to_be_bytes());
        step.insert(NEXT, &numbers.next.to_be_bytes());
        Ok(self.db.apply_batch(step).map_err(SledError::from)?)
    }

    fn append(&mut self, seq: u64, frame: &[u8]) -> Result<(), EngineError> {
        let mut step = sled::Batch::default();
        step.insert(&batch_key(seq), frame);
        step.insert(NEXT, &(seq + 1).to_be_bytes());
        Ok(self.db.apply_batch(step).map_err(SledError::from)?)
    }

    fn read(&mut self, seq: u64) -> Result<Option<Vec<u8>>, EngineError> {
        let frame = self.db.get(batch_key(seq)).map_err(SledError::from)?;
        Ok(frame.map(|frame| frame.to_vec()))
    }

    fn remove(&mut self, seq: u64) -> Result<Option<Vec<u8>>, EngineError> {
        let frame = self.db.remove(batch_key(seq)).map_err(SledError::from)?;
        Ok(frame.map(|frame| frame.to_vec()))
    }

    fn sync(&mut self) -> Result<(), EngineError> {
        self.db.flush().map_err(SledError::from)?;
        Ok(self.log.sync_data().map_err(SledError::Sync)?)
    }
}

fn hold_limit(max_bytes: u64) -> u64 {
    max_bytes.saturating_sub(FILES_AT_LEAST) / 5 * 2
}

fn batch_key(seq: u64) -> [u8; 9] {
    let mut key = [BATCH; 9];
    if let Some(number) = key.last_chunk_mut::<8>() {
        *number = seq.to_be_bytes();
    }
    key
}

fn is_locked(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn corrupt(error: SledError) -> OpenError {
    OpenError::Corrupt(error.into())
}

fn classify(error: sled::Error) -> OpenError {
    use io::ErrorKind::{
        NotADirectory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    let is_unusable = matches!(
        &error,
        sled::Error::Io(e) if matches!(
            e.kind(),
            PermissionDenied | StorageFull | QuotaExceeded | ReadOnlyFilesystem | NotADirectory
        )
    );
    if is_unusable {
        OpenError::Unusable(EngineError::from(SledError::Sled(error)).into())
    } else {
        corrupt(error.into())
    }
}

/// The spool's numbers; `None` where there is neither.
fn read_numbers(db: &Db) -> Result<Option<Numbers>, OpenError> {
    let number = |key: &[u8]| match db.get(key).map_err(classify)? {
        None => Ok(None),
        Some(bytes) => match <[u8; 8]>::try_from(bytes.as_ref()) {
            Ok(bytes) => Ok(Some(u64::from_be_bytes(bytes))),
            Err(_) => Err(corrupt(SledError::Number)),
        },
    };
    match (number(INCARNATION)?, number(NEXT)?) {
        (Some(incarnation), Some(next)) => Ok(Some(Numbers { incarnation, next })),
        (None, None) => Ok(None),
        _ => Err(corrupt(SledError::Number)),
    }
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
