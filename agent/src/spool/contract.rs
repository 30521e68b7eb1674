//! What a spool promises, whatever it is made of.

use shared::{observation::Observation, wire::Ack};

use super::ranges::RangeSet;

/// A durable queue of batches, bounded in bytes.
///
/// Sequence numbers count from 1 and are never used twice within an incarnation; the incarnation
/// lives as long as the store does.
pub trait Spool: Send {
    /// Which life of the store the sequence numbers belong to.
    fn incarnation(&self) -> u64;

    /// What is held now.
    fn usage(&self) -> Usage;

    /// The sequence numbers that are held now.
    fn held(&self) -> &RangeSet;

    /// Appends one batch. It is durable only after [`Spool::commit`].
    ///
    /// # Errors
    /// The store cannot be written.
    fn append(&mut self, observations: &[Observation]) -> Result<Appended, SpoolError>;

    /// Makes everything appended so far durable: when it returns, a power cut loses nothing of it.
    ///
    /// # Errors
    /// The store cannot be written. What was appended since the last commit may be lost.
    fn commit(&mut self) -> Result<(), SpoolError>;

    /// The observations of a batch; `None` if it is not held. A batch whose bytes are damaged is
    /// removed and [`SpoolError::Damaged`] says so.
    ///
    /// # Errors
    /// The store cannot be read, or this batch is damaged.
    fn read(&mut self, seq: u64) -> Result<Option<Vec<Observation>>, SpoolError>;

    /// Removes the batches that an acknowledgement of this incarnation releases; returns how many.
    /// An acknowledgement of another incarnation releases nothing.
    ///
    /// # Errors
    /// The store cannot be written.
    fn release(&mut self, ack: &Ack) -> Result<u64, SpoolError>;

    /// Starts a new incarnation with the batches that are held. Sequence numbers go on.
    ///
    /// # Errors
    /// The store cannot be written.
    fn renew(&mut self) -> Result<(), SpoolError>;

    /// Opens the store anew after an error: some stores refuse everything after a full disk.
    ///
    /// # Errors
    /// The store still cannot be used.
    fn reopen(&mut self) -> Result<(), SpoolError>;
}

/// What a spool holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub batches: u64,
    /// Bytes charged against the budget.
    pub bytes: u64,
    /// The lowest sequence number held, or the next one if nothing is held.
    pub oldest: u64,
    /// The highest sequence number ever given; 0 before the first.
    pub newest: u64,
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It has this number; older batches may have had to go for it.
    Stored { seq: u64, dropped: Dropped },
    /// There is no room and nothing may be dropped.
    Full,
}

/// What was dropped to make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    pub batches: u64,
    pub observations: u64,
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
    Store(#[from] ::sled::Error),
    #[error("the spool's files cannot be made durable")]
    Sync(#[source] std::io::Error),
    #[error("the spool's store is closed")]
    Closed,
    #[error("batch {seq} is damaged and was removed: {reason}")]
    Damaged {
        seq: u64,
        reason: super::frame::FrameError,
    },
    #[error("a batch cannot be encoded")]
    Encode(#[from] super::frame::FrameError),
}
