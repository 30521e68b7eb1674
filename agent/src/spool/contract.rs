//! What a spool needs of a store, whatever the store is made of. Pure.
//!
//! An [`Engine`] is where a store is made and opened, a [`FrameStore`] is an open one: frames by
//! number. The numbers live as long as the opening: the frames that are found are numbered from 1,
//! the oldest first, and no number means anything in the next life. Everything else that a spool
//! promises is in [`super::queue`], once for all engines. `tests/spool/contract.rs` holds every
//! engine to this.

use std::error::Error;

use shared::time::Timestamp;

use super::frame::FrameError;

/// Where a spool's store is kept.
pub trait Engine: Send {
    /// Opens the store, or makes an empty one, and gives the number, from 1, and the length of every
    /// whole frame in it to `take`, the oldest first.
    ///
    /// A medium that cannot be written opens all the same: appending fails then, and works again
    /// when it can be. What is damaged is left out, set aside and told in [`Opened::damage`].
    ///
    /// # Errors
    /// For a human: no medium would mend it.
    fn open(&mut self, take: &mut dyn FnMut(u64, usize)) -> Result<Opened, SpoolError>;

    /// How many bytes may be held, as [`super::retention::charge`] counts them, so that the
    /// store's files stay within `max_bytes`.
    fn hold_limit(&self, max_bytes: u64) -> u64;
}

/// What opening gives.
pub struct Opened {
    pub store: Box<dyn FrameStore>,
    pub damage: Damage,
    /// When something was last made durable in it, by the clock of then.
    pub durable_at: Option<Timestamp>,
}

/// What a store has lost, by its own account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Damage {
    /// Each damaged place, for people: which file, what about it, where it is now.
    pub places: Vec<String>,
    /// Bytes that hold nothing that can be read.
    pub bytes: u64,
    /// Batches that are known to be missing; there may have been more.
    pub batches: u64,
}

impl Damage {
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.places.is_empty()
    }
}

/// An open store. Changes are applied in their order, each whole or not at all, and are durable
/// after [`FrameStore::sync`]; a power cut before that may undo any number of the last ones.
pub trait FrameStore: Send {
    /// Keeps a frame under a number above all others of this life.
    ///
    /// # Errors
    /// The store cannot be written. What was appended since the last sync may be gone with it; the
    /// next sync fails then, once, whatever was appended meanwhile.
    fn append(&mut self, number: u64, frame: &[u8]) -> Result<(), EngineError>;

    /// A frame, if it is held.
    ///
    /// # Errors
    /// The store cannot be read.
    fn read(&mut self, number: u64) -> Result<Option<Vec<u8>>, EngineError>;

    /// How long a frame is, if it is held.
    fn frame_bytes(&self, number: u64) -> Option<usize>;

    /// Removes frames, if they are held. They may come back in the next life where the store
    /// could not be written, which costs repetitions and never a loss.
    ///
    /// # Errors
    /// The store cannot be written; in this life they are removed all the same.
    fn remove(&mut self, numbers: &[u64]) -> Result<(), EngineError>;

    /// Makes every change so far durable: when it returns, a power cut undoes none of them.
    ///
    /// # Errors
    /// The store cannot be written. What changed since the last sync may be lost.
    fn sync(&mut self, now: Timestamp) -> Result<(), EngineError>;
}

/// What an engine says of its own failure.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct EngineError(Box<dyn Error + Send + Sync>);

impl EngineError {
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// Why a spool cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error("the spool's directory {path} cannot be used")]
    Directory {
        path: String,
        source: std::io::Error,
    },
    #[error("the spool {path} is already in use by another process")]
    InUse { path: String },
    #[error("the spool's store failed")]
    Engine(#[from] EngineError),
    #[error("batch {seq} is damaged and was removed")]
    Damaged {
        seq: u64,
        #[source]
        reason: FrameError,
    },
    #[error("a batch cannot be encoded")]
    Encode(#[from] FrameError),
}
