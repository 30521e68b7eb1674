//! A directory with a spool's store in it, and the accidents that happen to files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use agent::spool::log::LogEngine;
use tempfile::TempDir;

/// The budget of the engine's files.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A data directory.
pub struct OnDisk(TempDir);

impl OnDisk {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn engine(&self, max_bytes: u64) -> LogEngine {
        LogEngine::new(self.path(), max_bytes).unwrap()
    }

    /// What is on disk at this instant, as a power cut or `kill -9` would leave it.
    pub fn copied(&self) -> Self {
        let copy = Self::new();
        copy_all(&self.path().join("spool"), &copy.path().join("spool"));
        copy
    }

    /// The files of the log, the oldest first.
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path().join("spool")).unwrap();
        let paths = entries.map(|e| e.unwrap().path());
        let mut files: Vec<_> = paths
            .filter(|p| p.extension().is_some_and(|e| e == "log"))
            .collect();
        files.sort();
        files
    }

    /// Flips a bit in the last byte of each of these bytes, which are somewhere in the log.
    pub fn damage(&self, bytes: &[u8]) {
        for file in self.files() {
            let mut content = fs::read(&file).unwrap();
            let found = content.windows(bytes.len()).position(|w| w == bytes);
            if let Some(at) = found {
                *content.get_mut(at + bytes.len() - 1).unwrap() ^= 1;
                fs::write(&file, content).unwrap();
                return;
            }
        }
        panic!("the log does not hold these bytes");
    }

    /// Files that were set aside.
    pub fn set_aside(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path())
            .unwrap()
            .map(|e| e.unwrap().path());
        let mut aside: Vec<_> = entries
            .filter(|p| p.to_string_lossy().contains(".damaged-"))
            .collect();
        aside.sort();
        aside
    }
}

fn copy_all(from: &Path, to: &Path) {
    if !from.exists() {
        return;
    }
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
