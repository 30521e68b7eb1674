//! A directory with a spool's store in it, and the accidents that happen to files.

use std::{
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use agent::spool::sled::SledEngine;
use tempfile::TempDir;

/// A store that was just closed keeps its lock for a moment.
const LOCKED: Duration = Duration::from_millis(20);

/// A data directory.
pub struct OnDisk(TempDir);

impl OnDisk {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn engine(&self) -> SledEngine {
        SledEngine::new(self.path()).unwrap()
    }

    /// What is on disk at this instant, as a power cut or `kill -9` would leave it.
    pub fn copied(&self) -> Self {
        let copy = Self::new();
        copy_all(&self.path().join("spool"), &copy.path().join("spool"));
        copy
    }

    /// Overwrites the store's configuration with zeros.
    pub fn corrupt(&self) {
        let conf = self.path().join("spool/conf");
        let length = fs::metadata(&conf).unwrap().len();
        fs::write(&conf, vec![0; usize::try_from(length).unwrap()]).unwrap();
    }

    /// Flips a bit of a batch.
    pub fn damage(&self, seq: u64) {
        let store = self.raw();
        let key = [&b"b"[..], &seq.to_be_bytes()].concat();
        let mut frame = store.get(&key).unwrap().unwrap().to_vec();
        *frame.last_mut().unwrap() ^= 1;
        store.insert(key, frame).unwrap();
        store.flush().unwrap();
    }

    /// The store as its engine sees it.
    pub fn raw(&self) -> sled::Db {
        loop {
            match sled::open(self.path().join("spool")) {
                Ok(store) => return store,
                Err(sled::Error::Io(error)) if error.to_string().contains("lock") => sleep(LOCKED),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Stores that were set aside.
    pub fn set_aside(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path())
            .unwrap()
            .map(|e| e.unwrap().path());
        entries
            .filter(|p| p.to_string_lossy().contains(".corrupt-"))
            .collect()
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
