//! Records that cannot be read: told once each, passed over, and never a reason not to serve the
//! rest.

use std::{collections::HashSet, ops::ControlFlow, sync::Mutex};

use fjall::{Guard, Keyspace, LsmError, UserKey};
use tracing::error;

use super::engine::{engine, lock};
use crate::store::{
    StoreError,
    record::{Flaw, RecordError},
};

/// Damaged records that are remembered, so that each is told once. Beyond that the medium is
/// failing, and a thousand lines have said so.
const MAX_TOLD: usize = 1_000;

/// What was found damaged since the store was opened.
#[derive(Default)]
pub struct Damage(Mutex<HashSet<String>>);

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
                    self.tell(&flaw.of(format!("a block of {}", keyspace.name())));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Tells of a damaged record, once.
    pub fn tell(&self, damaged: &RecordError) {
        let mut told = lock(&self.0);
        if told.len() < MAX_TOLD && told.insert(damaged.record.clone()) {
            error!(error = ?damaged, "a record of the store is damaged and passed over");
        }
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        lock(&self.0).len() as u64
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
