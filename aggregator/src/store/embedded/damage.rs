//! Records that cannot be read: told once each, passed over, and never a reason not to serve the
//! rest.

use std::{
    collections::HashSet,
    fs, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Mutex,
};

use fjall::{Guard, Keyspace, LsmError, UserKey};
use tracing::{error, warn};

use super::engine::{engine, lock};
use crate::store::{
    StoreError,
    record::{Flaw, RecordError},
};

/// Damaged records that are remembered, so that each is told once. Beyond that the medium is
/// failing, and a thousand lines have said so.
const MAX_TOLD: usize = 1_000;

/// Left in the store's folder while the engine is suspected, and while it is opened: it may end the
/// whole process over what it does not expect.
const SUSPECT: &str = "suspect";

/// What was found damaged since the store was opened.
pub struct Damage {
    told: Mutex<HashSet<String>>,
    suspect: PathBuf,
}

/// What reading one record came to.
pub enum Read<T> {
    Whole(T),
    /// It cannot be decoded; the next may be.
    Flawed(UserKey, Flaw),
    /// A block of the engine's is damaged: this iterator gives nothing more.
    NoMore(Flaw),
}

/// Reads a record that an iterator found.
pub fn read<T>(
    guard: Guard,
    decode: impl FnOnce(&[u8], &[u8]) -> Result<T, Flaw>,
) -> Result<Read<T>, StoreError> {
    let (key, value) = match guard.into_inner() {
        Ok(pair) => pair,
        Err(e) if is_damage(&e) => return Ok(Read::NoMore(Flaw::Value(e.into()))),
        Err(e) => return Err(engine(e)),
    };
    Ok(match decode(&key, &value) {
        Ok(whole) => Read::Whole(whole),
        Err(flaw) => Read::Flawed(key, flaw),
    })
}

impl Damage {
    /// Of the store in a folder.
    pub fn of(store: &Path) -> Self {
        Self {
            told: Mutex::default(),
            suspect: store.join(SUSPECT),
        }
    }

    /// Lets the next opening read everything: what is damaged is then set aside and the rest written
    /// anew. Until then the engine may stumble over it at any time.
    pub fn suspect(&self) {
        if self.suspicion() == 0 {
            self.suspect_as(1);
        }
    }

    /// How often the engine was suspected or did not come back from being opened; 0 after an opening
    /// that went well.
    pub fn suspicion(&self) -> u32 {
        let said = fs::read_to_string(&self.suspect);
        said.map_or(0, |said| said.trim().parse().unwrap_or(1))
    }

    /// Says how often, for the next opening.
    pub fn suspect_as(&self, often: u32) {
        if let Err(error) = fs::write(&self.suspect, often.to_string()) {
            let path = self.suspect.display();
            warn!(%path, %error, "the store's folder cannot be written");
        }
    }

    /// The engine is open.
    ///
    /// # Errors
    /// The medium.
    pub fn clear(&self) -> io::Result<()> {
        fs::remove_file(&self.suspect)
    }

    /// Reads what an iterator gives until the visitor breaks or a damaged block ends it.
    pub fn read_all<T>(
        &self,
        guards: impl Iterator<Item = Guard>,
        keyspace: &Keyspace,
        decode: impl Fn(&[u8], &[u8]) -> Result<T, Flaw>,
        named: impl Fn(&[u8]) -> String,
        mut visit: impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        for guard in guards {
            match read(guard, &decode)? {
                Read::Whole(whole) => {
                    if visit(whole).is_break() {
                        break;
                    }
                }
                Read::Flawed(key, flaw) => self.tell(&flaw.of(named(&key))),
                Read::NoMore(flaw) => {
                    self.suspect();
                    self.tell(&flaw.of(format!("a block of {}", keyspace.name())));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Tells of a damaged record, once.
    pub fn tell(&self, damaged: &RecordError) {
        let mut told = lock(&self.told);
        if told.len() < MAX_TOLD && told.insert(damaged.record.clone()) {
            error!(error = ?damaged, "a record of the store is damaged and passed over");
        }
    }

    /// Counts a damaged part of a file; `false` where it is known, or one too many to be told.
    pub fn count_one(&self, part: &str) -> bool {
        let mut told = lock(&self.told);
        told.len() < MAX_TOLD && told.insert(part.to_owned())
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        lock(&self.told).len() as u64
    }
}

/// Whether the engine read the bytes and found them wrong, unlike a medium that gave none.
pub fn is_damage(error: &fjall::Error) -> bool {
    match error {
        fjall::Error::Storage(LsmError::Io(_)) | fjall::Error::Io(_) => false,
        fjall::Error::Storage(_) => true,
        fjall::Error::Decompress(_)
        | fjall::Error::InvalidTrailer
        | fjall::Error::InvalidTag(_) => true,
        _ => false,
    }
}
