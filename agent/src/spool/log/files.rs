//! The files of the log: their names, the lock, the mark, and where damaged ones go. Shell.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use shared::time::Timestamp;

use crate::spool::contract::SpoolError;

/// Damaged files that are kept for inspection; older ones make room.
const KEEP_DAMAGED: usize = 4;
const DAMAGED: &str = "spool.damaged-";
const MARK_BYTES: usize = 36;

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
    match lock.try_lock() {
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

/// The name of a file of the log.
pub(super) fn path_of(store: &Path, number: u64) -> PathBuf {
    store.join(format!("{number:08}.log"))
}

/// The files of the log, rising, and whatever else lies in its directory.
///
/// # Errors
/// The directory cannot be read.
pub(super) fn list(store: &Path) -> io::Result<(Vec<u64>, Vec<PathBuf>)> {
    let entries = match fs::read_dir(store) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
        entries => entries?,
    };
    let (mut numbers, mut others) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match name.strip_suffix(".log").and_then(|n| n.parse().ok()) {
            Some(number) if path_of(store, number) == entry.path() => numbers.push(number),
            _ if name == "mark" => {}
            _ => others.push(entry.path()),
        }
    }
    numbers.sort_unstable();
    Ok((numbers, others))
}

/// The bytes of a file as far as they can be read, and why not all of them.
pub(super) fn read_all(path: &Path) -> (Vec<u8>, Option<io::Error>) {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    (bytes, read.err())
}

/// Makes the names in a directory durable.
///
/// # Errors
/// It cannot be synced.
pub(super) fn sync_names(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Sets a file aside as `<data_dir>/spool.damaged-<n>` and returns where it is now.
///
/// # Errors
/// It cannot be moved.
pub(super) fn set_aside(store: &Path, path: &Path) -> io::Result<PathBuf> {
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
        tracing::warn!(path = %old.display(), "removed an old damaged file of the spool");
        if old.is_dir() {
            fs::remove_dir_all(old)?;
        } else {
            fs::remove_file(old)?;
        }
    }
    let aside = parent.join(format!("{DAMAGED}{number}"));
    fs::rename(path, &aside)?;
    Ok(aside)
}

/// How far the log reached when it was last synced. Written after every sync and not synced
/// itself: it is never ahead of the log, so that a log which ends before it has lost its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    /// The newest file; 0 where everything was released and the last file removed.
    pub file: u64,
    pub length: u64,
    /// The place of the next batch.
    pub place: u64,
    pub at: Timestamp,
}

impl Mark {
    /// The mark in a directory, if there is one that holds.
    pub(super) fn read(store: &Path) -> Option<Self> {
        let bytes = fs::read(store.join("mark")).ok()?;
        let (content, checksum) = bytes.split_last_chunk::<4>()?;
        if content.len() + 4 != MARK_BYTES
            || crc32fast::hash(content) != u32::from_le_bytes(*checksum)
        {
            return None;
        }
        let mut numbers = content
            .chunks_exact(8)
            .filter_map(|n| n.first_chunk().map(|n| u64::from_le_bytes(*n)));
        Some(Self {
            file: numbers.next()?,
            length: numbers.next()?,
            place: numbers.next()?,
            at: Timestamp::from_millis(numbers.next()?.cast_signed()),
        })
    }

    /// # Errors
    /// It cannot be written.
    pub(super) fn write(self, store: &Path, is_synced: bool) -> io::Result<()> {
        let numbers = [
            self.file,
            self.length,
            self.place,
            self.at.as_millis().cast_unsigned(),
        ];
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        let checksum = crc32fast::hash(&bytes).to_le_bytes();
        bytes.extend_from_slice(&checksum);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(store.join("mark"))?;
        file.write_all_at(&bytes, 0)?;
        if is_synced { file.sync_data() } else { Ok(()) }
    }
}
