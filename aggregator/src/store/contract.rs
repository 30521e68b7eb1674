//! What any store of the aggregator promises.
//!
//! The inputs in order of arrival are the journal: whoever commits hands over arrivals and nothing
//! twice, and the series of every gauge is derived from them by the store itself. Which of the two
//! is the primary record is the store's own affair.

use std::{io, ops::ControlFlow, path::PathBuf};

use serde::Serialize;
use shared::{
    gauge::Parameter,
    ids::{AgentId, GaugeId},
    observation::Observation,
    time::Timestamp,
    wire::Ack,
};

use super::{cause::Cause, record::RecordError};
use crate::{
    audit::{Chain, Entry},
    world::{Arrival, Input},
};

/// An observation with the time at which the aggregator took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub observation: Observation,
    pub received_at: Timestamp,
}

/// A message or an observation that was refused, kept so that nothing is lost unseen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Refused {
    #[schema(value_type = crate::schema::Instant)]
    pub received_at: Timestamp,
    /// The counter it was counted under, for example `bad-payload`.
    pub reason: String,
    pub topic: String,
    pub detail: String,
    /// The beginning of the payload, printable characters only.
    pub payload: String,
}

/// An observation that may not enter the series now, kept whole until it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Who gave it.
    pub sender: String,
    /// The counter it was counted under.
    pub reason: String,
    pub received_at: Timestamp,
    pub observation: Observation,
}

/// Refused messages that are kept; the oldest go first.
pub const MAX_REFUSED: usize = 10_000;

/// What a commit has survived when it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A power cut.
    #[default]
    Synced,
    /// The end of the process, however it comes. A power cut may take it, but never without all
    /// that was committed after it; the next synced commit covers it. For groups of which nothing
    /// was told to anybody, such as those that hold only ticks.
    Buffered,
}

/// One atomic write: all of it is kept, or none of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commit {
    /// Their numbers are consecutive and follow on the last one that the store has. The
    /// observations in them also go into the series, received when the arrival came.
    pub arrivals: Vec<Arrival>,
    pub cursors: Vec<(AgentId, Ack)>,
    pub refused: Vec<Refused>,
    pub quarantined: Vec<Quarantined>,
    /// Numbers of quarantined observations that have left the quarantine.
    pub readmitted: Vec<u64>,
    /// What the desk keeps from now on under each key; none removes it. The last of a key counts.
    pub desk: Vec<(String, Option<Vec<u8>>)>,
    /// What was done, by whom. Their numbers are consecutive and follow on the last one that the store
    /// has.
    pub deeds: Vec<Entry>,
    pub durability: Durability,
}

impl Commit {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
            && self.cursors.is_empty()
            && self.refused.is_empty()
            && self.quarantined.is_empty()
            && self.readmitted.is_empty()
            && self.desk.is_empty()
            && self.deeds.is_empty()
    }

    /// The observations of its arrivals with the time of their arrival, in their order.
    pub fn observations(&self) -> impl Iterator<Item = (&Observation, Timestamp)> {
        self.arrivals.iter().flat_map(|arrival| {
            let observed: &[Observation] = match &arrival.input {
                Input::Observed(observations) | Input::Early { observations, .. } => observations,
                _ => &[],
            };
            observed.iter().map(|o| (o, arrival.at))
        })
    }

    /// The agents that it forgets: their cursors go, before its own come.
    pub fn forgotten(&self) -> impl Iterator<Item = &AgentId> {
        self.arrivals
            .iter()
            .filter_map(|arrival| match &arrival.input {
                Input::Forgotten(agent) => Some(agent),
                _ => None,
            })
    }

    /// Whether the arrivals follow on `last`, the newest that the store has; if so, the newest then.
    ///
    /// # Errors
    /// [`StoreError::OutOfOrder`], with the first number that does not follow.
    pub fn follow_on(&self, last: u64) -> Result<u64, StoreError> {
        let numbers = self.arrivals.iter().map(|arrival| arrival.number);
        follow_on(numbers, last).map_err(|(number, last)| StoreError::OutOfOrder { number, last })
    }

    /// Whether the deeds follow on `end`, where the log of the store ends; if so, where it ends then.
    ///
    /// # Errors
    /// [`StoreError::DeedOutOfOrder`], with the first number that does not follow.
    pub fn deeds_follow_on(&self, end: Chain) -> Result<Chain, StoreError> {
        follow_on(self.deeds.iter().map(|deed| deed.number), end.last)
            .map_err(|(number, last)| StoreError::DeedOutOfOrder { number, last })?;
        Ok(self.deeds.last().map_or(end, |deed| Chain {
            last: deed.number,
            hash: deed.hash,
        }))
    }
}

/// The last of consecutive numbers that follow on `last`, or the first that does not and the one before.
fn follow_on(mut numbers: impl Iterator<Item = u64>, last: u64) -> Result<u64, (u64, u64)> {
    numbers.try_fold(last, |last, number| match last.checked_add(1) {
        Some(next) if next == number => Ok(number),
        _ => Err((number, last)),
    })
}

/// The world as it was after an arrival, in the world's own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedWorld {
    /// The number of the last arrival that it has been stepped with.
    pub after: u64,
    /// When that was, by the world's own time.
    pub at: Timestamp,
    pub bytes: Vec<u8>,
}

/// What retention removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Days of the series.
    pub days: usize,
    /// Segments of the arrivals.
    pub segments: usize,
    pub worlds: usize,
    /// Observations in quarantine.
    pub quarantined: usize,
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store at {path} cannot be opened")]
    Open { path: PathBuf, source: Cause },
    #[error("the store at {0} is in use by another flood-aggregator")]
    InUse(PathBuf),
    /// The medium or the engine failed. After a commit that ends so, nobody knows what is on disk:
    /// only opening the store anew tells.
    #[error("the store cannot be read or written")]
    Engine(#[source] Cause),
    #[error("{path} of the store cannot be read or written")]
    File { path: PathBuf, source: io::Error },
    #[error("a record of the store cannot be encoded")]
    Record(#[from] RecordError),
    #[error("arrival {number} does not follow on {last}, the last one that the store has")]
    OutOfOrder { number: u64, last: u64 },
    #[error("deed {number} does not follow on {last}, the last one that the store has")]
    DeedOutOfOrder { number: u64, last: u64 },
    #[error("a world after arrival {after} cannot be kept: the last arrival is {last}")]
    AheadOfArrivals { after: u64, last: u64 },
}

/// The contract. Every method may block on the disk: call it from a thread that may wait. A visitor
/// may call the store itself.
///
/// A record that cannot be decoded (damaged, or of a version that this program does not know) is
/// told to the log once, counted in [`Store::damaged`] and passed over; the rest is served. So a
/// reader of arrivals sees a gap in the numbers, a gauge's series lacks an observation until it
/// comes again, an agent whose cursor is gone sends its batches again, and the log of deeds has a gap,
/// which its verification names.
pub trait Store: Send + Sync {
    /// Writes all of `commit` atomically, and as durably as it asks for.
    ///
    /// An observation replaces one with the same identity (gauge, parameter,
    /// `observed_at`); so does a cursor
    /// of the same agent.
    ///
    /// # Errors
    /// [`StoreError::OutOfOrder`], [`StoreError::DeedOutOfOrder`]: nothing was written. After any other,
    /// nothing of `commit` is promised: only opening the store anew tells what it holds.
    fn commit(&self, commit: &Commit) -> Result<(), StoreError>;

    /// The observation with this identity.
    ///
    /// # Errors
    /// The store cannot be read.
    fn get(
        &self,
        gauge: &GaugeId,
        parameter: Parameter,
        observed_at: Timestamp,
    ) -> Result<Option<Stored>, StoreError>;

    /// The newest observation of a series by observation time.
    ///
    /// # Errors
    /// The store cannot be read.
    fn newest(&self, gauge: &GaugeId, parameter: Parameter) -> Result<Option<Stored>, StoreError>;

    /// The observations of a series with `from ≤ observed_at ≤ to`, rising, at most `limit` (the newest).
    ///
    /// # Errors
    /// The store cannot be read.
    fn range(
        &self,
        gauge: &GaugeId,
        parameter: Parameter,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError>;

    /// Visits every observation of the series, by UTC day, gauge, parameter and time.
    ///
    /// # Errors
    /// The store cannot be read.
    fn visit(&self, visit: &mut dyn FnMut(Stored)) -> Result<(), StoreError>;

    /// Every agent's cursor, by agent.
    ///
    /// # Errors
    /// The store cannot be read.
    fn cursors(&self) -> Result<Vec<(AgentId, Ack)>, StoreError>;

    /// The newest refused messages, newest first. [`MAX_REFUSED`] are kept.
    ///
    /// # Errors
    /// The store cannot be read.
    fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError>;

    /// Visits the observations in quarantine with their numbers, oldest first, until the visitor
    /// breaks. The numbers hold until the store is opened anew.
    ///
    /// # Errors
    /// The store cannot be read.
    fn quarantined(
        &self,
        visit: &mut dyn FnMut(u64, Quarantined) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// What the desk keeps under keys that begin so, by key.
    ///
    /// # Errors
    /// The store cannot be read.
    fn desk(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError>;

    /// Visits the deeds that come after the one numbered `after`, in their order, until the visitor
    /// breaks. Whether they are what was entered is for a [`Verification`](crate::audit::Verification)
    /// to say.
    ///
    /// # Errors
    /// The store cannot be read.
    fn deeds(
        &self,
        after: u64,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Where the log of deeds ends. Where the last deed cannot be read, its number with the hash of the
    /// last that can.
    ///
    /// # Errors
    /// The store cannot be read.
    fn end_of_deeds(&self) -> Result<Chain, StoreError>;

    /// The number of the last arrival; 0 while there was none. Retention does not change it.
    ///
    /// # Errors
    /// The store cannot be read.
    fn last_arrival(&self) -> Result<u64, StoreError>;

    /// Visits the arrivals that are kept and come after the one numbered `after`, in their order,
    /// until the visitor breaks. Numbers that are missing between them could not be read.
    ///
    /// # Errors
    /// The store cannot be read.
    fn arrivals(
        &self,
        after: u64,
        visit: &mut dyn FnMut(Arrival) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Keeps a saved world, replacing one after the same arrival, and thins the older ones: the two
    /// newest stay, and of the others those that are an hour of their own time or 20,000 arrivals
    /// apart from the next older one that stays, so that any moment can be replayed from nearby.
    ///
    /// When it returns, the world and every arrival up to `after` survive a power cut. It does not
    /// hold up a commit on another thread for longer than one sync.
    ///
    /// # Errors
    /// [`StoreError::AheadOfArrivals`], or the store cannot be written; those that were kept stay.
    fn save_world(&self, world: &SavedWorld) -> Result<(), StoreError>;

    /// Visits the saved worlds whose `at` is not after `not_after`, by their place among the
    /// arrivals, newest first, until the visitor breaks.
    ///
    /// # Errors
    /// The store cannot be read.
    fn saved_worlds(
        &self,
        not_after: Option<Timestamp>,
        visit: &mut dyn FnMut(SavedWorld) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Forgets what is older than the UTC day of `oldest`: days of the series, segments of arrivals
    /// from the oldest on, what came into quarantine before it, and saved worlds, also those whose
    /// next arrival is gone. Never the
    /// newest saved world nor an arrival after it, and while there is no saved world, no arrival. What
    /// the desk keeps and what was done is never forgotten: some 400 bytes for each deed, 15 MB a year
    /// at a hundred a day.
    ///
    /// # Errors
    /// The store cannot be written; part of it may be gone.
    fn forget_before(&self, oldest: Timestamp) -> Result<Forgotten, StoreError>;

    /// The beginning of the oldest UTC day of which the series has anything.
    ///
    /// # Errors
    /// The store cannot be read.
    fn oldest_day(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Bytes that the store takes up.
    ///
    /// # Errors
    /// The store cannot tell.
    fn disk_bytes(&self) -> Result<u64, StoreError>;

    /// Records that could not be decoded and parts of files that were found damaged since the store was
    /// opened, when it was opened included; each counted once.
    fn damaged(&self) -> u64;
}
