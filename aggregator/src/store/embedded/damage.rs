//! Records that cannot be read: told once each, passed over, and never a reason not to serve the
//! rest.

use std::{collections::HashSet, sync::Mutex};

use fjall::{Guard, LsmError};
use tracing::error;

use super::{engine, lock};
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
    /// This one cannot be decoded; the next may be.
    Damaged,
    /// The engine's block is damaged: an iterator gives nothing more of its keyspace.
    NoMore,
}

impl Damage {
    /// Reads a record of `keyspace` that an iterator found.
    pub fn read<T>(
        &self,
        guard: Guard,
        keyspace: &str,
        decode: impl FnOnce(&[u8], &[u8]) -> Result<T, Flaw>,
        named: impl FnOnce(&[u8]) -> String,
    ) -> Result<Read<T>, StoreError> {
        let (key, value) = match guard.into_inner() {
            Ok(pair) => pair,
            Err(e) if is_damage(&e) => {
                self.tell(&Flaw::Value(e.into()).of(format!("a block of {keyspace}")));
                return Ok(Read::NoMore);
            }
            Err(e) => return Err(engine(e)),
        };
        match decode(&key, &value) {
            Ok(whole) => Ok(Read::Whole(whole)),
            Err(flaw) => {
                self.tell(&flaw.of(named(&key)));
                Ok(Read::Damaged)
            }
        }
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
