//! What any store of the aggregator promises.

use serde::{Deserialize, Serialize};
use shared::{
    ids::{AgentId, GaugeId},
    observation::Observation,
    time::Timestamp,
    wire::Ack,
};

use crate::orders::Order;

/// An observation with the time at which the aggregator took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub observation: Observation,
    pub received_at: Timestamp,
}

/// A message or an observation that was refused, kept so that nothing is lost unseen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub received_at: Timestamp,
    /// The counter it was counted under, for example `bad-payload`.
    pub reason: String,
    pub topic: String,
    pub detail: String,
    /// The beginning of the payload, printable characters only.
    pub payload: String,
}

/// One atomic write: all of it becomes durable, or none of it.
#[derive(Debug, Default)]
pub struct Commit {
    pub observations: Vec<Stored>,
    pub cursors: Vec<(AgentId, Ack)>,
    pub orders: Vec<Order>,
    pub refused: Vec<Refused>,
}

impl Commit {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
            && self.cursors.is_empty()
            && self.orders.is_empty()
            && self.refused.is_empty()
    }
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store at {path} cannot be opened")]
    Open { path: String, source: fjall::Error },
    #[error("the store at {0} is in use by another flood-aggregator")]
    InUse(String),
    #[error("the store cannot be read or written")]
    Engine(#[from] fjall::Error),
    #[error("a record of the store cannot be decoded: {0}")]
    Record(String),
}

/// The contract. Every method may block on the disk: call it from a thread that may wait.
pub trait Store: Send + Sync {
    /// Writes all of `commit` atomically. When this returns, it survives a power cut.
    ///
    /// An observation replaces one with the same identity (gauge, `observed_at`).
    ///
    /// # Errors
    /// Nothing of `commit` is promised then.
    fn commit(&self, commit: &Commit) -> Result<(), StoreError>;

    /// The observation with this identity.
    ///
    /// # Errors
    /// The store cannot be read.
    fn get(&self, gauge: &GaugeId, observed_at: Timestamp) -> Result<Option<Stored>, StoreError>;

    /// A gauge's newest observation by observation time.
    ///
    /// # Errors
    /// The store cannot be read.
    fn newest(&self, gauge: &GaugeId) -> Result<Option<Stored>, StoreError>;

    /// A gauge's observations with `from ≤ observed_at ≤ to`, rising, at most `limit` (the newest).
    ///
    /// # Errors
    /// The store cannot be read.
    fn range(
        &self,
        gauge: &GaugeId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError>;

    /// Visits every observation of the store, by day, gauge and time.
    ///
    /// # Errors
    /// The store cannot be read, or the visitor's own.
    fn visit(&self, visit: &mut dyn FnMut(Stored)) -> Result<(), StoreError>;

    /// Every agent's cursor.
    ///
    /// # Errors
    /// The store cannot be read.
    fn cursors(&self) -> Result<Vec<(AgentId, Ack)>, StoreError>;

    /// Every order that was ever given.
    ///
    /// # Errors
    /// The store cannot be read.
    fn orders(&self) -> Result<Vec<Order>, StoreError>;

    /// The newest refused messages, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError>;
}
