//! The engines under test, and what can befall them.

use std::{path::Path, sync::Arc};

use aggregator::store::{MemoryStore, Store, open};
use tempfile::TempDir;

/// An engine with all that it kept.
pub trait Engine {
    fn store(&self) -> &dyn Store;

    /// Closes it in good order and opens it again.
    fn reopen(&mut self);
}

/// The embedded engine in a folder of its own.
pub struct Embedded {
    folder: TempDir,
    store: Option<Arc<dyn Store>>,
}

impl Embedded {
    pub fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap())
    }

    pub fn in_folder(folder: TempDir) -> Self {
        let store = Some(open(folder.path()).unwrap());
        Self { folder, store }
    }

    pub fn close(&mut self) {
        self.store = None;
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Engine for Embedded {
    fn store(&self) -> &dyn Store {
        &**self.store.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.close();
        self.store = Some(open(self.folder.path()).unwrap());
    }
}

/// The engine in memory. It has nothing to close.
#[derive(Default)]
pub struct Memory(pub MemoryStore);

impl Engine for Memory {
    fn store(&self) -> &dyn Store {
        &self.0
    }

    fn reopen(&mut self) {}
}

/// Every engine, freshly made.
pub fn each(mut test: impl FnMut(&mut dyn Engine)) {
    test(&mut Memory::default());
    test(&mut Embedded::new());
}
