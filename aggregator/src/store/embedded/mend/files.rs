//! Files of the store, as far as the medium gives them. Shell.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::Path,
};

const PAGE: usize = 4_096;

/// A lock on a file, which is made where there is none; `None` while another process holds it.
///
/// # Errors
/// The medium.
pub fn lock(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let file = options
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// All of a file; zeros where the medium gives nothing.
///
/// # Errors
/// It cannot be opened.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    let Err(error) = file.read_to_end(&mut bytes) else {
        return Ok(bytes);
    };
    let length = usize::try_from(file.metadata()?.len()).map_err(|_| error)?;
    bytes.clear();
    bytes.resize(length, 0);
    for (page, at) in bytes.chunks_mut(PAGE).zip((0..).step_by(PAGE)) {
        if file.read_exact_at(page, at).is_err() {
            page.fill(0);
        }
    }
    Ok(bytes)
}

/// Puts a file of other content in the place of one, or of none: after a power cut it is the old or
/// the new.
///
/// # Errors
/// The medium.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let mut file = File::create(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Gives a file, or every file of a folder, a second name; a copy where the file system has none.
///
/// # Errors
/// The medium.
pub fn link_all(from: &Path, to: &Path) -> io::Result<()> {
    if fs::symlink_metadata(from)?.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            link_all(&entry.path(), &to.join(entry.file_name()))?;
        }
        return sync_folder(to);
    }
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to)?;
        File::open(to)?.sync_all()?;
    }
    Ok(())
}

/// Bytes that a file or a folder takes up on the disk.
///
/// # Errors
/// The medium.
pub fn bytes_of(path: &Path) -> io::Result<u64> {
    let own = fs::symlink_metadata(path)?;
    if !own.is_dir() {
        // Journals are mostly holes.
        return Ok(own.blocks() * 512);
    }
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        bytes += bytes_of(&entry?.path())?;
    }
    Ok(bytes)
}

/// Makes what was created, renamed and removed in a folder survive a power cut.
///
/// # Errors
/// The medium.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes a file or a folder, whichever it is and if it is.
///
/// # Errors
/// The medium.
pub fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    match removed {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
