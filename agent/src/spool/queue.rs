//! The durable queue of batches: numbers, room, release, incarnation, and what becomes of batches
//! while the medium takes nothing. The same for every engine.
//!
//! *Every opening is a life of its own*: it draws a new incarnation and numbers what it finds from
//! 1, the oldest first. A store that went back to an older state can therefore never give a number
//! twice under one incarnation, and an acknowledgement of an earlier life releases nothing: what it
//! named is sent again, and ends in `merge`.
//!
//! What [`Spool::commit`] made durable leaves the queue only by [`Spool::release`], or by the named
//! policy for a full queue. What a power cut leaves: after a commit everything that was appended.
//! What was appended since is lost or kept. A release that was not followed by a commit may be
//! undone, which costs repetitions, never a loss. What a killed process had appended is found again
//! and is durable once the spool is open.
//!
//! *A medium that takes nothing stops nothing.* Batches then wait in memory, are numbered, read and
//! released like all others, and go to the medium with the first commit that succeeds. Beyond
//! [`MEMORY_BYTES`] the oldest of them are dropped and counted.

use std::collections::BTreeMap;

use shared::{error::chain, observation::Observation, time::Timestamp};

use super::{
    contract::{Damage, Engine, EngineError, FrameStore, Opened, SpoolError},
    frame,
    retention::{Verdict, charge, charge_of, decide},
    seqs::{self, SeqSet},
};
use crate::config::{SpoolConfig, WhenFull};

/// Batches that wait in memory while the medium takes nothing, as they are charged: hours of a
/// large gateway, and a thirtieth of the memory that the unit grants.
pub const MEMORY_BYTES: u64 = 4 * 1024 * 1024;

/// A durable queue of batches, bounded in bytes.
pub struct Spool {
    hold_limit: u64,
    when_full: WhenFull,
    /// Gives the incarnations.
    random: fastrand::Rng,
    incarnation: u64,
    store: Box<dyn FrameStore>,
    /// Held for its lock.
    _engine: Box<dyn Engine>,
    /// The number of the next batch; they count from 1.
    next: u64,
    bytes: u64,
    held: SeqSet,
    /// Frames that are not durable: appended since the last commit, or refused by the medium.
    waiting: BTreeMap<u64, Waiting>,
    damage: Damage,
    durable_at: Option<Timestamp>,
}

/// A batch that is not durable yet.
struct Waiting {
    frame: Vec<u8>,
    /// Whether the store has it, without a sync.
    is_written: bool,
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
    /// The lowest sequence number that is not durable; none where everything is.
    pub waiting: Option<u64>,
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
    /// The highest number dropped that had never been durable; 0 where all had been.
    pub never_durable: u64,
}

impl Spool {
    /// Opens the spool. `random` gives the incarnations: seeded alike, two lives would pass for one.
    ///
    /// # Errors
    /// The store cannot be used for a reason that is for a human.
    pub fn open(
        mut engine: Box<dyn Engine>,
        config: SpoolConfig,
        mut random: fastrand::Rng,
    ) -> Result<Self, SpoolError> {
        let (mut bytes, mut held) = (0, SeqSet::new());
        let Opened {
            store,
            damage,
            durable_at,
        } = engine.open(&mut |number, frame_bytes| {
            bytes += charge_of(frame_bytes);
            held.insert(number);
        })?;
        Ok(Self {
            hold_limit: engine.hold_limit(config.max_bytes),
            when_full: config.when_full,
            incarnation: random.u64(..),
            random,
            store,
            _engine: engine,
            next: held.last().unwrap_or(0) + 1,
            bytes,
            held,
            waiting: BTreeMap::new(),
            damage,
            durable_at,
        })
    }

    /// This life of the spool: what its sequence numbers belong to.
    #[must_use]
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// What was found damaged at the opening.
    #[must_use]
    pub fn damage(&self) -> &Damage {
        &self.damage
    }

    /// When something was last made durable before the opening, by the clock of then.
    #[must_use]
    pub fn durable_at(&self) -> Option<Timestamp> {
        self.durable_at
    }

    /// What is held now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            batches: seqs::count(&self.held),
            bytes: self.bytes,
            oldest: self.held.first().unwrap_or(self.next),
            newest: self.next - 1,
            waiting: self.waiting.keys().next().copied(),
        }
    }

    /// The sequence numbers that are held now.
    #[must_use]
    pub fn held(&self) -> SeqSet {
        self.held.clone()
    }

    /// Appends one batch. It is durable only after [`Spool::commit`].
    ///
    /// # Errors
    /// It cannot be encoded.
    pub fn append(&mut self, observations: &[Observation]) -> Result<Appended, SpoolError> {
        let frame = frame::encode(observations)?;
        let incoming = charge(&frame);
        let mut dropped = match decide(self.when_full, self.bytes, incoming, self.hold_limit) {
            Verdict::Store => Dropped::default(),
            Verdict::MakeRoom { bytes } => self.make_room(bytes),
            Verdict::Full => return Ok(Appended::Full),
        };
        let seq = self.next;
        self.next += 1;
        self.bytes += incoming;
        self.held.insert(seq);
        // Behind those that wait already, so that the order on the medium is that of time.
        let is_written = self.waiting.values().all(|batch| batch.is_written)
            && self.store.append(seq, &frame).is_ok();
        self.waiting.insert(seq, Waiting { frame, is_written });
        self.bound_memory(&mut dropped);
        Ok(Appended::Stored { seq, dropped })
    }

    /// Makes everything durable that is not: when it returns, a power cut loses nothing of it.
    ///
    /// # Errors
    /// The medium takes nothing; what is not durable is kept in memory and tried again.
    pub fn commit(&mut self, now: Timestamp) -> Result<(), SpoolError> {
        let unwritten = self.waiting.iter_mut().filter(|(_, w)| !w.is_written);
        for (seq, batch) in unwritten {
            self.store.append(*seq, &batch.frame)?;
            batch.is_written = true;
        }
        if let Err(error) = self.store.sync(now) {
            // What a failed sync has left of them is not known.
            let written = self.waiting.iter_mut().filter(|(_, w)| w.is_written);
            let again: Vec<u64> = written
                .map(|(seq, batch)| {
                    batch.is_written = false;
                    *seq
                })
                .collect();
            // Removed, so that they are not found twice; the medium fails anyway.
            if let Err(error) = self.store.remove(&again) {
                tracing::debug!(error = chain(&error), "what was not synced stays");
            }
            return Err(error.into());
        }
        self.waiting.clear();
        Ok(())
    }

    /// The observations of a batch; `None` if it is not held. A batch whose bytes are damaged is
    /// removed and [`SpoolError::Damaged`] says so.
    ///
    /// # Errors
    /// The store cannot be read, or this batch is damaged.
    pub fn read(&mut self, seq: u64) -> Result<Option<Vec<Observation>>, SpoolError> {
        if !self.held.contains(seq) {
            return Ok(None);
        }
        let frame = match self.waiting.get(&seq) {
            Some(waiting) => Some(waiting.frame.clone()),
            None => self.store.read(seq)?,
        };
        let Some(frame) = frame else {
            return Ok(None);
        };
        match frame::decode(&frame) {
            Ok(observations) => Ok(Some(observations)),
            Err(reason) => {
                let size = self.size(seq);
                self.forget(&[(seq, size)])?;
                Err(SpoolError::Damaged { seq, reason })
            }
        }
    }

    /// Removes batches; returns how many of them were held. Where the store cannot be written they
    /// may come back in the next life, and are sent again.
    pub fn release(&mut self, released: &SeqSet) -> u64 {
        let released = &self.held & released;
        let mut sizes = Vec::new();
        for seq in &released {
            sizes.push((seq, self.size(seq)));
        }
        if let Err(error) = self.forget(&sizes) {
            tracing::debug!(error = chain(&error), "released batches may come back");
        }
        seqs::count(&released)
    }

    /// Starts a new incarnation with the batches that are held. Sequence numbers go on.
    pub fn renew(&mut self) {
        self.incarnation = self.random.u64(..);
    }

    /// What a batch is charged with.
    fn size(&mut self, seq: u64) -> u64 {
        match self.waiting.get(&seq) {
            Some(waiting) => charge(&waiting.frame),
            None => self.store.frame_bytes(seq).map_or(0, charge_of),
        }
    }

    fn forget(&mut self, batches: &[(u64, u64)]) -> Result<(), EngineError> {
        let mut written = Vec::new();
        for (seq, size) in batches {
            self.held.remove(*seq);
            self.bytes = self.bytes.saturating_sub(*size);
            let waiting = self.waiting.remove(seq);
            if waiting.is_none_or(|waiting| waiting.is_written) {
                written.push(*seq);
            }
        }
        if written.is_empty() {
            return Ok(());
        }
        self.store.remove(&written)
    }

    /// Drops the oldest batches until so many bytes more are free, or nothing is left.
    fn make_room(&mut self, bytes: u64) -> Dropped {
        let (mut dropped, start) = (Dropped::default(), self.bytes);
        while start - self.bytes < bytes {
            let Some(oldest) = self.held.first() else {
                break;
            };
            self.drop_batch(oldest, &mut dropped);
        }
        dropped
    }

    /// Drops the oldest of what the medium did not take until the rest fits in memory.
    fn bound_memory(&mut self, dropped: &mut Dropped) {
        let refused = self.waiting.iter().filter(|(_, w)| !w.is_written);
        let sizes: Vec<_> = refused.map(|(seq, w)| (*seq, charge(&w.frame))).collect();
        let mut total: u64 = sizes.iter().map(|(_, size)| size).sum();
        let newest = sizes.len().saturating_sub(1);
        for (seq, size) in sizes.into_iter().take(newest) {
            if total <= MEMORY_BYTES {
                break;
            }
            self.drop_batch(seq, dropped);
            total -= size;
        }
    }

    fn drop_batch(&mut self, seq: u64, dropped: &mut Dropped) {
        let observations = self.read(seq).ok().flatten().unwrap_or_default();
        if self.waiting.contains_key(&seq) {
            dropped.never_durable = seq;
        }
        let size = self.size(seq);
        if let Err(error) = self.forget(&[(seq, size)]) {
            tracing::debug!(error = chain(&error), seq, "a dropped batch may come back");
        }
        dropped.batches += 1;
        dropped.observations += observations.len() as u64;
    }
}
