//! The engine, with the list of its keyspaces that is kept beside it.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use fjall::{Keyspace, KeyspaceCreateOptions};
use tracing::warn;

use super::{
    engine::lock,
    mend::{
        LIST,
        list::{self, List},
    },
};

/// The engine, and the list of its keyspaces that is kept beside it.
#[derive(Clone)]
pub struct Database {
    engine: fjall::Database,
    /// Where the list is.
    list: PathBuf,
    names: Arc<Mutex<List>>,
}

impl Database {
    /// The engine of the store in a folder.
    ///
    /// # Errors
    /// The list cannot be written.
    pub fn of(engine: fjall::Database, store: &Path) -> Result<Self, fjall::Error> {
        let mut names = List::new();
        for name in engine.list_keyspace_names() {
            let keyspace = engine.keyspace(&name, KeyspaceCreateOptions::default)?;
            names.insert(keyspace.id(), name.to_string());
        }
        let list = store.join(LIST);
        match list::read(&list) {
            Ok(kept) if kept == names => {}
            Err(e) if e.kind() != ErrorKind::InvalidData => return Err(e.into()),
            kept => {
                if kept.is_err() {
                    warn!(path = %list.display(), "the list was damaged; it is written anew");
                }
                list::write(&list, &names)?;
            }
        }
        Ok(Self {
            engine,
            list,
            names: Arc::new(Mutex::new(names)),
        })
    }

    pub fn engine(&self) -> &fjall::Database {
        &self.engine
    }

    pub fn list_keyspace_names(&self) -> Vec<String> {
        lock(&self.names).values().cloned().collect()
    }

    /// The keyspace of a name, which is made where there is none.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn keyspace(
        &self,
        name: &str,
        options: impl FnOnce() -> KeyspaceCreateOptions,
    ) -> Result<Keyspace, fjall::Error> {
        let mut names = lock(&self.names);
        let keyspace = self.engine.keyspace(name, options)?;
        if names.insert(keyspace.id(), name.to_owned()).is_none() {
            list::write(&self.list, &names)?;
        }
        Ok(keyspace)
    }

    /// Deletes a keyspace.
    ///
    /// # Errors
    /// It cannot be deleted.
    pub fn delete_keyspace(&self, keyspace: Keyspace) -> Result<(), fjall::Error> {
        let mut names = lock(&self.names);
        let id = keyspace.id();
        self.engine.delete_keyspace(keyspace)?;
        names.remove(&id);
        Ok(list::write(&self.list, &names)?)
    }
}
