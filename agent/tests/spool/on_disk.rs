//! A directory with a spool's store in it, and the accidents that happen to files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use agent::spool::sled::SledEngine;
use tempfile::TempDir;

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

    /// The files of the store, sled's own and the mark.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        list(&self.path().join("spool"), &mut files);
        files.sort();
        files
    }

    /// Flips a bit in the last byte of these bytes, wherever they are in the store.
    pub fn damage(&self, bytes: &[u8]) {
        let mut is_found = false;
        for file in self.files() {
            let mut content = fs::read(&file).unwrap();
            let windows = content.windows(bytes.len()).enumerate();
            let found = windows.filter(|(_, window)| *window == bytes);
            let found: Vec<usize> = found.map(|(at, _)| at).collect();
            for at in &found {
                *content.get_mut(at + bytes.len() - 1).unwrap() ^= 1;
            }
            if !found.is_empty() {
                is_found = true;
                fs::write(&file, content).unwrap();
            }
        }
        assert!(is_found, "the store does not hold these bytes");
    }

    /// The store as sled sees it, once its own threads have let go of it.
    pub fn raw(&self) -> sled::Db {
        loop {
            match sled::open(self.path().join("spool")) {
                Err(sled::Error::Io(error)) if error.to_string().contains("lock") => {
                    std::thread::yield_now();
                }
                opened => return opened.unwrap(),
            }
        }
    }

    /// Stores that were set aside.
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

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            list(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}
