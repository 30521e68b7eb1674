//! What a spool needs of a store, whatever the store is made of. Pure.
//!
//! An [`Engine`] is where stores are made, opened and set aside, a [`FrameStore`] is an open one:
//! frames by number and the spool's two own [`Numbers`]. Everything else that a spool promises is
//! in [`super::queue`], once for all engines. `tests/spool/contract.rs`
//! holds every engine to this.

use std::error::Error;

use super::frame::FrameError;

/// Where a spool's store is kept.
pub trait Engine: Send {
    /// Opens the store, or makes an empty one, and gives every frame in it to `take`, rising by
    /// number. `None` for the numbers of a store that was never given any.
    ///
    /// # Errors
    /// See [`OpenError`]. An engine that panics on bad bytes says that they are corrupt.
    fn open(&mut self, take: &mut dyn FnMut(u64, &[u8])) -> Result<Opened, OpenError>;

    /// Puts a store that cannot be opened out of the way, for inspection, and returns where it is
    /// now. Opening makes a new one after that.
    ///
    /// # Errors
    /// It cannot be moved.
    fn set_aside(&mut self) -> Result<String, SpoolError>;

    /// How many bytes may be held, as [`super::retention::charge`] counts them, so that the
    /// store's files stay within `max_bytes`.
    fn hold_limit(&self, max_bytes: u64) -> u64;
}

/// What opening gives.
pub type Opened = (Box<dyn FrameStore>, Option<Numbers>);

/// An open store. Changes are applied in their order, each whole or not at all, and are durable
/// after [`FrameStore::sync`]; a power cut before that may undo any number of the last ones.
pub trait FrameStore: Send {
    /// Sets the spool's own numbers.
    ///
    /// # Errors
    /// The store cannot be written.
    fn set_numbers(&mut self, numbers: Numbers) -> Result<(), EngineError>;

    /// Keeps a frame; in the same step its number is used up.
    ///
    /// # Errors
    /// The store cannot be written.
    fn append(&mut self, seq: u64, frame: &[u8]) -> Result<(), EngineError>;

    /// A frame, if it is held.
    ///
    /// # Errors
    /// The store cannot be read.
    fn read(&mut self, seq: u64) -> Result<Option<Vec<u8>>, EngineError>;

    /// Removes a frame and returns it, if it was held.
    ///
    /// # Errors
    /// The store cannot be written.
    fn remove(&mut self, seq: u64) -> Result<Option<Vec<u8>>, EngineError>;

    /// Makes every change so far durable: when it returns, a power cut undoes none of them.
    ///
    /// # Errors
    /// The store cannot be written. What changed since the last sync may be lost.
    fn sync(&mut self) -> Result<(), EngineError>;
}

/// The numbers that a store keeps beside its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Which life of the store the sequence numbers belong to.
    pub incarnation: u64,
    /// The number of the next batch; they count from 1.
    pub next: u64,
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

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// For a human: a new store would not mend it.
    #[error(transparent)]
    Unusable(#[from] SpoolError),
    /// Its content makes no sense: it is to be set aside.
    #[error("the store is corrupt")]
    Corrupt(#[source] EngineError),
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
    #[error("the spool's new store is corrupt")]
    Corrupt(#[source] EngineError),
    #[error("the spool's store is closed")]
    Closed,
    #[error("batch {seq} is damaged and was removed")]
    Damaged {
        seq: u64,
        #[source]
        reason: FrameError,
    },
    #[error("a batch cannot be encoded")]
    Encode(#[from] FrameError),
}
