//! The files around the store: the lock, what sled leaves half done, and where damage goes. Shell.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::spool::contract::SpoolError;

/// Damaged stores that are kept for inspection; older ones make room.
const KEEP_DAMAGED: usize = 2;
const DAMAGED: &str = "spool.damaged-";

/// How long a lock is waited for: an agent that is killed while it starts another program leaves it
/// its lock until that has begun to run.
const INHERITED: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(10);

/// Makes the data directory and takes its lock, which lasts as long as the returned file. None
/// where a medium that takes nothing has no directory yet: it may come back.
///
/// # Errors
/// The directory cannot be used for a reason that is for a human, or another process holds it.
pub(super) fn claim(data_dir: &Path) -> Result<Option<File>, SpoolError> {
    let path = || data_dir.display().to_string();
    // The directory itself is locked: a full card has no room for a file.
    let made = fs::create_dir_all(data_dir).and_then(|()| File::open(data_dir));
    let lock = match made {
        Ok(lock) => lock,
        Err(error) if is_the_medium(&error) => return Ok(None),
        Err(source) => {
            return Err(SpoolError::Directory {
                path: path(),
                source,
            });
        }
    };
    let begun = Instant::now();
    let locked = loop {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) if begun.elapsed() < INHERITED => sleep(LOOK),
            locked => break locked,
        }
    };
    match locked {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Err(SpoolError::InUse { path: path() }),
        Err(TryLockError::Error(source)) => Err(SpoolError::Directory {
            path: path(),
            source,
        }),
    }
}

/// Whether the medium failed, which no change of the configuration would mend: the agent goes on
/// without it.
pub(super) fn is_the_medium(error: &io::Error) -> bool {
    use ErrorKind::{
        NotADirectory, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    match error.kind() {
        StorageFull | QuotaExceeded | ReadOnlyFilesystem => true,
        PermissionDenied | NotADirectory | NotFound => false,
        // What a dying card says: EIO and others that have no kind of their own.
        _ => true,
    }
}

/// Every file of a store, also those in its folders, in the order of their names.
///
/// # Errors
/// A folder cannot be read.
pub(super) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files.extend(list(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Removes half-written snapshots: sled leaves `snap.*.generating` when it is cut off during
/// opening, and then refuses to open ever after. They hold nothing that its log does not.
pub(super) fn remove_torn_snapshots(folder: &Path) {
    for path in list(folder).unwrap_or_default() {
        if path.extension().is_some_and(|e| e == "generating") {
            match fs::remove_file(&path) {
                Ok(()) => {
                    tracing::info!(path = %path.display(), "removed a torn snapshot of the spool")
                }
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "a torn snapshot stays")
                }
            }
        }
    }
}

/// Makes the names in a directory durable.
///
/// # Errors
/// It cannot be synced.
pub(super) fn sync_names(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Sets a store aside as `<data_dir>/spool.damaged-<n>` and returns where it is now.
///
/// # Errors
/// It cannot be moved.
pub(super) fn set_aside(store: &Path) -> io::Result<PathBuf> {
    let parent = store.parent().unwrap_or(Path::new("."));
    let mut earlier = Vec::new();
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(number) = name.strip_prefix(DAMAGED).and_then(|n| n.parse().ok()) {
            earlier.push((number, entry.path()));
        }
    }
    earlier.sort();
    let number: u64 = earlier.last().map_or(0, |(n, _)| *n) + 1;
    let surplus = (earlier.len() + 1).saturating_sub(KEEP_DAMAGED);
    for (_, old) in earlier.iter().take(surplus) {
        tracing::warn!(path = %old.display(), "removed an old damaged spool");
        if old.is_dir() {
            fs::remove_dir_all(old)?;
        } else {
            fs::remove_file(old)?;
        }
    }
    let aside = parent.join(format!("{DAMAGED}{number}"));
    fs::rename(store, &aside)?;
    Ok(aside)
}
