//! The spool on disk, in sled 0.34. Shell.
//!
//! On disk: `<data_dir>/spool/` is the store; key `b` + big-endian sequence number → one framed
//! batch (see [`super::frame`]), keys `m…` → the incarnation and the next sequence number, which
//! is written in one atomic step with the batch that uses it up.
//!
//! What a power cut leaves: after [`Spool::commit`] everything that was appended, because commit
//! flushes sled's log and then calls `sync_data` on its file (sled's own flush does not reach the
//! medium on Linux: it uses `sync_file_range`). What was appended since the last commit is lost or
//! kept. A release that was not followed by a commit may be undone, which costs repetitions,
//! never a loss. Assumed of the medium: that `fdatasync` means what it says.
//!
//! A store that cannot be opened is renamed to `spool.corrupt-<n>` and a new one is started with a
//! new incarnation: the agent always starts.

use std::{
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Duration,
};

use shared::{observation::Observation, wire::Ack};
use sled::{Db, IVec, Mode};

use super::{
    Appended, Dropped, Spool, SpoolError, Usage, WhenFull, frame,
    ranges::RangeSet,
    retention::{PER_BATCH, Verdict, decide},
    store_files,
};

/// sled's default of 1 GiB would be the machine.
const CACHE_BYTES: u64 = 8 * 1024 * 1024;
/// A safety net only: durability comes from [`Spool::commit`].
const FLUSH_EVERY_MS: u64 = 1_000;
const INCARNATION: &[u8] = b"m-incarnation";
const NEXT: &[u8] = b"m-next";
const BATCH: u8 = b'b';
/// A store that was just closed keeps its lock for a moment in its own threads.
const REOPEN_TRIES: u32 = 100;
const REOPEN_PAUSE: Duration = Duration::from_millis(20);

/// A spool in `<data_dir>/spool`.
pub struct SledSpool {
    store: PathBuf,
    hold_limit: u64,
    when_full: WhenFull,
    /// `None` only between closing and opening again.
    open: Option<Open>,
    /// Held for its lock.
    _lock: File,
}

/// An open store with what is known of its content.
struct Open {
    db: Db,
    /// The same file as sled's log, for `sync_data`.
    log: File,
    incarnation: u64,
    next: u64,
    bytes: u64,
    held: RangeSet,
}

/// Why a store could not be opened: the one is for a human, the other for the quarantine.
enum OpenError {
    Unusable(SpoolError),
    Corrupt(String),
}

impl SledSpool {
    /// Opens the spool, setting a corrupt store aside.
    ///
    /// # Errors
    /// The directory cannot be used or is in use: things that a new store would not mend.
    pub fn open(data_dir: &Path, hold_limit: u64, when_full: WhenFull) -> Result<Self, SpoolError> {
        let lock = store_files::claim(data_dir)?;
        let store = data_dir.join("spool");
        let open = open_or_start_anew(&store)?;
        Ok(Self {
            store,
            hold_limit,
            when_full,
            open: Some(open),
            _lock: lock,
        })
    }

    fn state(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    fn state_mut(&mut self) -> Result<&mut Open, SpoolError> {
        self.open.as_mut().ok_or(SpoolError::Closed)
    }
}

impl Spool for SledSpool {
    fn incarnation(&self) -> u64 {
        self.state().map_or(0, |o| o.incarnation)
    }

    fn usage(&self) -> Usage {
        self.state().map_or_else(Usage::default, |open| Usage {
            batches: open.held.len(),
            bytes: open.bytes,
            oldest: open.held.first().unwrap_or(open.next),
            newest: open.next - 1,
        })
    }

    fn held(&self) -> &RangeSet {
        static NOTHING: RangeSet = RangeSet::new();
        self.state().map_or(&NOTHING, |open| &open.held)
    }

    fn append(&mut self, observations: &[Observation]) -> Result<Appended, SpoolError> {
        let (when_full, hold_limit) = (self.when_full, self.hold_limit);
        let open = self.state_mut()?;
        let value = frame::encode(observations)?;
        let bytes = value.len() as u64 + PER_BATCH;
        let dropped = match decide(when_full, open.bytes, bytes, hold_limit) {
            Verdict::Store => Dropped::default(),
            Verdict::MakeRoom { bytes } => open.make_room(bytes)?,
            Verdict::Full => return Ok(Appended::Full),
        };
        let seq = open.next;
        let mut step = sled::Batch::default();
        step.insert(batch_key(seq).as_slice(), value);
        step.insert(NEXT, &(seq + 1).to_be_bytes());
        open.db.apply_batch(step)?;
        open.next = seq + 1;
        open.bytes += bytes;
        open.held.insert(seq);
        Ok(Appended::Stored { seq, dropped })
    }

    fn commit(&mut self) -> Result<(), SpoolError> {
        let open = self.state_mut()?;
        open.db.flush()?;
        open.log.sync_data().map_err(SpoolError::Sync)
    }

    fn read(&mut self, seq: u64) -> Result<Option<Vec<Observation>>, SpoolError> {
        let open = self.state_mut()?;
        let Some(value) = open.db.get(batch_key(seq))? else {
            return Ok(None);
        };
        match frame::decode(&value) {
            Ok(observations) => Ok(Some(observations)),
            Err(reason) => {
                open.remove(seq)?;
                Err(SpoolError::Damaged { seq, reason })
            }
        }
    }

    fn release(&mut self, ack: &Ack) -> Result<u64, SpoolError> {
        let open = self.state_mut()?;
        if ack.incarnation != open.incarnation {
            return Ok(0);
        }
        let mut released = Vec::new();
        for (first, last) in open.held.iter() {
            for (from, to) in ack.ranges.iter().copied().chain([(0, ack.through)]) {
                released.extend(first.max(from)..=last.min(to));
            }
        }
        let mut batches = 0;
        for seq in released {
            batches += u64::from(open.remove(seq)?.is_some());
        }
        Ok(batches)
    }

    fn renew(&mut self) -> Result<(), SpoolError> {
        let open = self.state_mut()?;
        let incarnation = fastrand::u64(..);
        open.db.insert(INCARNATION, &incarnation.to_be_bytes())?;
        open.incarnation = incarnation;
        self.commit()
    }

    fn reopen(&mut self) -> Result<(), SpoolError> {
        self.open = None;
        self.open = Some(open_or_start_anew(&self.store)?);
        Ok(())
    }
}

impl Open {
    fn remove(&mut self, seq: u64) -> Result<Option<IVec>, SpoolError> {
        let value = self.db.remove(batch_key(seq))?;
        self.held.remove(seq);
        if let Some(value) = &value {
            self.bytes = self.bytes.saturating_sub(value.len() as u64 + PER_BATCH);
        }
        Ok(value)
    }

    fn make_room(&mut self, bytes: u64) -> Result<Dropped, SpoolError> {
        let (mut dropped, start) = (Dropped::default(), self.bytes);
        while start - self.bytes < bytes {
            let Some(oldest) = self.held.first() else {
                break;
            };
            let value = self.remove(oldest)?;
            let observations = value
                .and_then(|v| frame::decode(&v).ok())
                .unwrap_or_default();
            dropped.batches += 1;
            dropped.observations += observations.len() as u64;
        }
        Ok(dropped)
    }
}

fn batch_key(seq: u64) -> [u8; 9] {
    let mut key = [BATCH; 9];
    if let Some(number) = key.last_chunk_mut::<8>() {
        *number = seq.to_be_bytes();
    }
    key
}

fn open_or_start_anew(store: &Path) -> Result<Open, SpoolError> {
    match open_guarded(store) {
        Ok(open) => Ok(open),
        Err(OpenError::Unusable(error)) => Err(error),
        Err(OpenError::Corrupt(reason)) => {
            let failed = |source| SpoolError::Directory {
                path: store.display().to_string(),
                source,
            };
            let aside = store_files::quarantine(store).map_err(failed)?;
            tracing::error!(
                reason,
                set_aside = %aside.display(),
                "the spool is corrupt; it was set aside and a new one started"
            );
            open_guarded(store).map_err(|error| match error {
                OpenError::Unusable(error) => error,
                OpenError::Corrupt(reason) => failed(io::Error::other(reason)),
            })
        }
    }
}

/// Bad bytes can make sled panic as well as fail; both mean the same here.
fn open_guarded(store: &Path) -> Result<Open, OpenError> {
    match catch_unwind(AssertUnwindSafe(|| open_store(store))) {
        Ok(result) => result,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            Err(OpenError::Corrupt(
                text.unwrap_or_else(|| "the store panicked".to_owned()),
            ))
        }
    }
}

fn open_store(store: &Path) -> Result<Open, OpenError> {
    let directory = |source| {
        OpenError::Unusable(SpoolError::Directory {
            path: store.display().to_string(),
            source,
        })
    };
    store_files::remove_torn_snapshots(store).map_err(directory)?;
    let db = open_db(store)?;
    store_files::make_durable(store).map_err(directory)?;
    let log = File::open(store.join("db")).map_err(directory)?;
    let (incarnation, next) = read_meta(&db)?;
    let mut open = Open {
        db,
        log,
        incarnation,
        next,
        bytes: 0,
        held: RangeSet::default(),
    };
    take_stock(&mut open)?;
    if open.next == 0 {
        start_counting(&mut open).map_err(OpenError::Unusable)?;
    }
    Ok(open)
}

fn open_db(store: &Path) -> Result<Db, OpenError> {
    let config = sled::Config::new()
        .path(store)
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
    Err(OpenError::Unusable(SpoolError::InUse {
        path: store.display().to_string(),
    }))
}

fn is_locked(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn classify(error: sled::Error) -> OpenError {
    use io::ErrorKind::{
        NotADirectory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    match &error {
        sled::Error::Io(e)
            if matches!(
                e.kind(),
                PermissionDenied | StorageFull | QuotaExceeded | ReadOnlyFilesystem | NotADirectory
            ) =>
        {
            OpenError::Unusable(error.into())
        }
        _ => OpenError::Corrupt(error.to_string()),
    }
}

/// The incarnation and the next number; zeros in a store that was never used.
fn read_meta(db: &Db) -> Result<(u64, u64), OpenError> {
    let number = |key: &[u8]| match db.get(key).map_err(classify)? {
        None => Ok(None),
        Some(bytes) => match <[u8; 8]>::try_from(bytes.as_ref()) {
            Ok(bytes) => Ok(Some(u64::from_be_bytes(bytes))),
            Err(_) => Err(OpenError::Corrupt(
                "a number of the store is malformed".to_owned(),
            )),
        },
    };
    match (number(INCARNATION)?, number(NEXT)?) {
        (Some(incarnation), Some(next)) if next > 0 => Ok((incarnation, next)),
        (None, None) if db.is_empty() => Ok((0, 0)),
        _ => Err(OpenError::Corrupt(
            "the store has lost its own numbers".to_owned(),
        )),
    }
}

/// Counts what is held, and removes what is damaged.
fn take_stock(open: &mut Open) -> Result<(), OpenError> {
    let mut damaged = Vec::new();
    for entry in open.db.scan_prefix([BATCH]) {
        let (key, value) = entry.map_err(classify)?;
        let Some(seq) = key.last_chunk::<8>().filter(|_| key.len() == 9) else {
            return Err(OpenError::Corrupt(
                "a key of the store is malformed".to_owned(),
            ));
        };
        let seq = u64::from_be_bytes(*seq);
        if frame::is_whole(&value) {
            open.bytes += value.len() as u64 + PER_BATCH;
            open.held.insert(seq);
        } else {
            damaged.push(seq);
        }
        open.next = open.next.max(seq + 1);
    }
    if !damaged.is_empty() {
        tracing::error!(
            batches = damaged.len(),
            "damaged batches were removed from the spool"
        );
    }
    for seq in damaged {
        open.db.remove(batch_key(seq)).map_err(classify)?;
    }
    Ok(())
}

fn start_counting(open: &mut Open) -> Result<(), SpoolError> {
    open.incarnation = fastrand::u64(..);
    open.next = 1;
    let mut step = sled::Batch::default();
    step.insert(INCARNATION, &open.incarnation.to_be_bytes());
    step.insert(NEXT, &1_u64.to_be_bytes());
    open.db.apply_batch(step)?;
    open.db.flush()?;
    open.log.sync_data().map_err(SpoolError::Sync)
}
