//! Damaged parts, set aside for whoever may want to look at them. Shell.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use shared::time::Timestamp;
use tracing::warn;

use super::files::{bytes_of, link_all, sync_folder};

/// A folder beside the engine begins so, and its name ends with the time.
const PREFIX: &str = "damaged-";

/// Folders that are kept, and their bytes; the oldest go first, and never the newest.
const MAX_FOLDERS: usize = 8;
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// The folder for what one opening sets aside: made when the first part is.
pub struct Aside {
    store: PathBuf,
    at: Timestamp,
    folder: Option<PathBuf>,
}

impl Aside {
    /// For the store in `store`, opened at a time.
    pub fn new(store: &Path, at: Timestamp) -> Self {
        Self {
            store: store.to_owned(),
            at,
            folder: None,
        }
    }

    /// Keeps a file or a folder as it is now, under its path in the store; it stays where it is, too.
    /// Returns where it is kept.
    ///
    /// # Errors
    /// The medium.
    pub fn keep(&mut self, path: &Path) -> io::Result<PathBuf> {
        let target = self.target(path)?;
        link_all(path, &target)?;
        Ok(target)
    }

    /// Puts a file or a folder aside. Returns where it is.
    ///
    /// # Errors
    /// The medium.
    pub fn put(&mut self, path: &Path) -> io::Result<PathBuf> {
        let target = self.target(path)?;
        fs::rename(path, &target)?;
        path.parent().map_or(Ok(()), sync_folder)?;
        Ok(target)
    }

    fn target(&mut self, path: &Path) -> io::Result<PathBuf> {
        let within = path.strip_prefix(&self.store).map_err(io::Error::other)?;
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => self.folder.insert(self.make()?).clone(),
        };
        let target = folder.join(within);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        // A file of a folder that is put aside later may be there.
        let name = target.file_name().unwrap_or_default().to_owned();
        let others = (2..=u32::MAX).map(|k| {
            let mut other = name.clone();
            other.push(format!("-{k}"));
            target.with_file_name(other)
        });
        for target in std::iter::once(target.clone()).chain(others) {
            if !target.try_exists()? {
                return Ok(target);
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn make(&self) -> io::Result<PathBuf> {
        make_room(&self.store)?;
        // RFC 3339 without what a file's name had better not hold.
        let name: String = self.at.to_string().replace([':', '-', '.'], "");
        let folders = (1..=u32::MAX).map(|k| match k {
            1 => self.store.join(format!("{PREFIX}{name}")),
            k => self.store.join(format!("{PREFIX}{name}-{k}")),
        });
        for folder in folders {
            match fs::create_dir(&folder) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                made => {
                    return made
                        .and_then(|()| sync_folder(&self.store))
                        .map(|()| folder);
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

/// Removes the oldest of what was set aside, as far as another has no room.
fn make_room(store: &Path) -> io::Result<()> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(store)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            folders.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    // Those of one moment by their names.
    folders.sort();
    let mut bytes = 0;
    for (k, (_, folder)) in folders.iter().rev().enumerate() {
        bytes += bytes_of(folder)?;
        if k + 1 >= MAX_FOLDERS || bytes > MAX_BYTES {
            fs::remove_dir_all(folder)?;
            warn!(path = %folder.display(), "removed an old damaged part of the store");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let names = entries.map(|e| e.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|n| n.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_kept_under_its_path_and_its_folder_beside_it() {
        let store = tempfile::tempdir().expect("a folder");
        let engine = store.path().join("engine");
        fs::create_dir(&engine).expect("made");
        fs::write(engine.join("0.jnl"), b"damaged").expect("written");
        let mut aside = Aside::new(store.path(), Timestamp::from_millis(1_784_622_000_000));
        let kept = aside.keep(&engine.join("0.jnl")).expect("kept");
        assert_eq!(
            names(store.path()),
            ["damaged-20260721T082000000Z", "engine"]
        );
        assert!(kept.ends_with("damaged-20260721T082000000Z/engine/0.jnl"));
        assert!(aside.put(&engine).expect("put").ends_with("engine-2"));
        assert_eq!(fs::read(kept).expect("readable"), b"damaged");
        assert!(!engine.exists());
    }

    #[test]
    fn only_the_newest_are_kept() {
        let store = tempfile::tempdir().expect("a folder");
        for k in 0..20 {
            let file = store.path().join("file");
            fs::write(&file, b"damaged").expect("written");
            let mut aside = Aside::new(store.path(), Timestamp::from_millis(k));
            let kept = aside.put(&file).expect("put");
            assert!(kept.exists() && !file.exists());
        }
        let kept = names(store.path());
        assert_eq!(kept.len(), MAX_FOLDERS);
        let last = "damaged-19700101T000000019Z".to_owned();
        assert_eq!(kept.last(), Some(&last));
    }
}
