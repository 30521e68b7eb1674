//! Opening the store: as it is, and where it is damaged with whatever can be read of it.

use std::{
    any::Any,
    io::ErrorKind,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, Mutex, atomic::AtomicU64},
};

use fjall::{KeyspaceCreateOptions, LsmError};
use shared::error::chain;
use tracing::warn;

use super::{
    COMMITS, CURSORS, Embedded, REFUSED, Writer,
    damage::Damage,
    database::Database,
    desk::Desk,
    engine::{engine, number},
    journal::{self, Journal},
    mend::{
        self, COMMIT_KEY, Care, Said,
        mark::{Durable, Mark},
        told::{Told, Where},
    },
    quarantine::Quarantine,
    rebuild,
    series::{self, Series},
    worlds::Worlds,
};
use crate::store::StoreError;

/// Bytes that all of the engine's journals together may take before memtables are flushed: bounds
/// what is replayed at start.
const MAX_JOURNAL_BYTES: u64 = 128 * 1024 * 1024;

/// Ways to open a store, each for where those before have failed.
const WAYS: [Care; 4] = [Care::Usual, Care::Thorough, Care::Anew, Care::Without];

impl Embedded {
    /// Opens the store in `folder`, creating it where there is none.
    ///
    /// # Errors
    /// The folder cannot be used, or another process uses it.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let claim = mend::claim(folder)?;
        let damage = Arc::new(Damage::of(folder));
        let mut told = Told::new(folder, &damage);
        let mut failed = StoreError::InUse(folder.to_owned());
        for care in WAYS {
            let attempt = || open(folder, care, &damage, &mut told);
            let error = match catch_unwind(AssertUnwindSafe(attempt)) {
                Ok(Ok(mut opened)) => {
                    opened.claim = Some(claim);
                    return Ok(opened);
                }
                Ok(Err(error)) => error,
                Err(panic) => StoreError::Open {
                    path: folder.to_owned(),
                    source: said(&*panic).into(),
                },
            };
            if is_for_a_human(&error) {
                return Err(error);
            }
            let store = folder.display();
            let cause = chain(&error);
            warn!(%store, ?care, cause, "the store does not open; it is looked at again");
            failed = error;
        }
        Err(failed)
    }
}

fn open(
    folder: &Path,
    care: Care,
    damage: &Arc<Damage>,
    told: &mut Told<'_>,
) -> Result<Embedded, StoreError> {
    let suspicion = damage.suspicion();
    let care = care.max(match suspicion {
        0 => Care::Usual,
        1 | 2 => Care::Thorough,
        _ => Care::Anew,
    });
    let mended = mend::mend(folder, care, &options, told).map_err(|source| StoreError::File {
        path: folder.to_owned(),
        source,
    })?;
    let worlds = Worlds::open(folder, told)?;
    damage.suspect_as(suspicion.saturating_add(1));
    let db = engine_in(folder)?;
    let keyspace = |name| db.keyspace(name, || options(name)).map_err(engine);
    let (cursors, refused, commits) = (keyspace(CURSORS)?, keyspace(REFUSED)?, keyspace(COMMITS)?);
    let last_refused = refused.last_key_value().map(fjall::Guard::key);
    let next_refused = match last_refused.transpose().map_err(engine)? {
        Some(key) => number(&key) + 1,
        None => 0,
    };
    let journal = Journal::open(&db)?;
    let said = commits.get(COMMIT_KEY).map_err(engine)?;
    let said = said.and_then(|said| Said::decode(&said));
    let commit = said.map_or(0, |said| said.number);
    let durable = mended.durable.unwrap_or_default();
    if commit < durable.commit && told.parts == 0 {
        let what = format!(
            "lost: {} commit(s) after commit {commit}",
            durable.commit - commit
        );
        told.damage(&Where::File(&folder.join("engine")), &what, None);
    }
    // Numbers that were used are not used again, also where what had them is lost.
    let arrival = journal.last()?.max(durable.arrival);
    let arrival = arrival.max(worlds.newest().unwrap_or_default());
    // What the engine has found, it has synced.
    let found = Durable { commit, arrival };
    damage.clear().map_err(|source| StoreError::File {
        path: folder.to_owned(),
        source,
    })?;
    let series = Series::open(&db)?;
    let days = rebuild::days(&mended.incomplete);
    rebuild::rebuild(&db, &series, &journal, damage, arrival, &days)?;
    let opened = Embedded {
        series,
        last_arrival: AtomicU64::new(arrival),
        journal,
        cursors,
        refused,
        quarantine: Quarantine::open(&db)?,
        desk: Desk::open(&db, damage)?,
        commits,
        worlds,
        damage: Arc::clone(damage),
        writer: Mutex::new(Writer {
            next_refused,
            value: Vec::new(),
            commit,
            mark: Mark::create(folder, found)?,
            durable: found,
        }),
        db,
        claim: None,
    };
    Ok(opened)
}

fn engine_in(folder: &Path) -> Result<Database, StoreError> {
    let opened = fjall::Database::builder(folder.join("engine"))
        .max_journaling_size(MAX_JOURNAL_BYTES)
        .manual_journal_persist(true)
        .open()
        .and_then(|engine| Database::of(engine, folder));
    opened.map_err(|source| match source {
        fjall::Error::Locked => StoreError::InUse(folder.to_owned()),
        source => StoreError::Open {
            path: folder.to_owned(),
            source: source.into(),
        },
    })
}

fn options(keyspace: &str) -> KeyspaceCreateOptions {
    if keyspace.starts_with(series::PREFIX) {
        series::options()
    } else if keyspace.starts_with(journal::PREFIX) {
        journal::options()
    } else {
        KeyspaceCreateOptions::default()
    }
}

/// Whether mending the store is not what helps.
fn is_for_a_human(error: &StoreError) -> bool {
    use ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let kind = match error {
        StoreError::InUse(_) => return true,
        StoreError::File { source, .. } => Some(source.kind()),
        StoreError::Open { source, .. } | StoreError::Engine(source) => {
            match source.downcast_ref::<fjall::Error>() {
                Some(fjall::Error::InvalidVersion(Some(_))) => return true,
                Some(fjall::Error::Io(source) | fjall::Error::Storage(LsmError::Io(source))) => {
                    Some(source.kind())
                }
                _ => None,
            }
        }
        _ => None,
    };
    matches!(
        kind,
        Some(PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull)
    )
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "the engine has panicked".to_owned())
}
