//! The files around the store: its lock, its durability, its quarantine. Shell.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::contract::SpoolError;

/// Quarantined stores that are kept for inspection; older ones make room.
const KEEP_CORRUPT: usize = 2;

/// Makes the data directory and takes its lock, which lasts as long as the returned file.
///
/// # Errors
/// The directory cannot be made, or another process holds it.
pub fn claim(data_dir: &Path) -> Result<File, SpoolError> {
    let failed = |source| SpoolError::Directory {
        path: data_dir.display().to_string(),
        source,
    };
    fs::create_dir_all(data_dir).map_err(failed)?;
    let lock = File::create(data_dir.join("spool.lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(SpoolError::InUse {
            path: data_dir.display().to_string(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Removes half-written snapshots: sled 0.34 leaves `snap.*.generating` when it is cut off during
/// opening, and then refuses to open ever after. They hold nothing that the log does not.
///
/// # Errors
/// The directory cannot be read or a file not removed.
pub fn remove_torn_snapshots(store: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(store) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::warn!(file = %name, "removed a torn snapshot of the spool");
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Syncs what sled writes without a sync when it opens: its configuration and the directories.
///
/// # Errors
/// A file or directory cannot be synced.
pub fn make_durable(store: &Path) -> io::Result<()> {
    for name in ["conf", "db"] {
        let path = store.join(name);
        if path.exists() {
            File::open(path)?.sync_all()?;
        }
    }
    File::open(store)?.sync_all()?;
    match store.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Sets a store aside as `<store>.corrupt-<n>` and returns where it is now.
///
/// # Errors
/// It cannot be renamed.
pub fn quarantine(store: &Path) -> io::Result<PathBuf> {
    let earlier = quarantined(store)?;
    let number = earlier.last().map_or(1, |(n, _)| n + 1);
    let surplus = (earlier.len() + 1).saturating_sub(KEEP_CORRUPT);
    for (_, path) in earlier.iter().take(surplus) {
        tracing::warn!(path = %path.display(), "removed an old quarantined spool");
        fs::remove_dir_all(path)?;
    }
    let aside = with_suffix(store, &format!(".corrupt-{number}"));
    fs::rename(store, &aside)?;
    Ok(aside)
}

/// Earlier quarantined stores, oldest first.
fn quarantined(store: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let prefix = with_suffix(store, ".corrupt-");
    let prefix = prefix
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let parent = store.parent().unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(number) = name.strip_prefix(&prefix).and_then(|n| n.parse().ok()) {
            found.push((number, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
