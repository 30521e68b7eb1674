//! The durable queue of batches: numbers, room, release, incarnation, and what becomes of a store
//! that makes no sense. The same for every engine.
//!
//! Sequence numbers count from 1 and are never used twice within an incarnation; the incarnation
//! lives as long as the store does. What [`Spool::commit`] made durable leaves the queue only by
//! [`Spool::release`], or by the named policy for a full queue.
//!
//! What a power cut leaves: after [`Spool::commit`] everything that was appended. What was appended
//! since is lost or kept. A release that was not followed by a commit may be undone, which costs
//! repetitions, never a loss. What a killed process had appended is found again and is durable once
//! the spool is open: published and then lost, its number would be given again.
//!
//! A store that cannot be opened is set aside and a new one is started with a new incarnation: the
//! agent always starts.

use shared::{error::chain, observation::Observation, wire::Ack};

use super::{
    contract::{Engine, EngineError, FrameStore, Numbers, OpenError, SpoolError},
    frame,
    retention::{Verdict, charge, decide},
    seqs::{self, SeqSet},
};
use crate::config::{SpoolConfig, WhenFull};

/// A durable queue of batches, bounded in bytes.
pub struct Spool {
    engine: Box<dyn Engine>,
    hold_limit: u64,
    when_full: WhenFull,
    /// Gives the incarnations.
    random: fastrand::Rng,
    /// `None` only between closing and opening again.
    queue: Option<Queue>,
}

/// The queue in an open store, with what is known of its content.
struct Queue {
    store: Box<dyn FrameStore>,
    numbers: Numbers,
    bytes: u64,
    held: SeqSet,
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

impl Spool {
    /// Opens the spool, setting a corrupt store aside. `random` gives the incarnations: seeded
    /// alike, two stores would pass for one.
    ///
    /// # Errors
    /// The store cannot be used for a reason that a new one would not mend.
    pub fn open(
        engine: Box<dyn Engine>,
        config: SpoolConfig,
        random: fastrand::Rng,
    ) -> Result<Self, SpoolError> {
        let mut spool = Self {
            hold_limit: engine.hold_limit(config.max_bytes),
            when_full: config.when_full,
            engine,
            random,
            queue: None,
        };
        spool.reopen()?;
        Ok(spool)
    }

    /// Opens the store anew, as after an error: some stores refuse everything after a full disk.
    ///
    /// # Errors
    /// The store still cannot be used.
    pub fn reopen(&mut self) -> Result<(), SpoolError> {
        self.queue = None;
        let engine = self.engine.as_mut();
        let queue = match Queue::open(engine, &mut self.random) {
            Ok(queue) => queue,
            Err(OpenError::Unusable(error)) => return Err(error),
            Err(OpenError::Corrupt(reason)) => {
                let set_aside = engine.set_aside()?;
                tracing::error!(
                    reason = chain(&reason),
                    set_aside,
                    "the spool is corrupt; it was set aside and a new one started"
                );
                let opened = Queue::open(engine, &mut self.random);
                opened.map_err(|error| match error {
                    OpenError::Unusable(error) => error,
                    OpenError::Corrupt(reason) => SpoolError::Corrupt(reason),
                })?
            }
        };
        self.queue = Some(queue);
        Ok(())
    }

    /// Which life of the store the sequence numbers belong to.
    #[must_use]
    pub fn incarnation(&self) -> u64 {
        self.queue
            .as_ref()
            .map_or(0, |queue| queue.numbers.incarnation)
    }

    /// What is held now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.queue
            .as_ref()
            .map_or_else(Usage::default, |queue| Usage {
                batches: seqs::count(&queue.held),
                bytes: queue.bytes,
                oldest: queue.held.first().unwrap_or(queue.numbers.next),
                newest: queue.numbers.next - 1,
            })
    }

    /// The sequence numbers that are held now.
    #[must_use]
    pub fn held(&self) -> SeqSet {
        let queue = self.queue.as_ref();
        queue.map_or_else(SeqSet::new, |queue| queue.held.clone())
    }

    /// Appends one batch. It is durable only after [`Spool::commit`].
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn append(&mut self, observations: &[Observation]) -> Result<Appended, SpoolError> {
        let (when_full, hold_limit) = (self.when_full, self.hold_limit);
        let queue = self.opened()?;
        let frame = frame::encode(observations)?;
        let incoming = charge(&frame);
        let dropped = match decide(when_full, queue.bytes, incoming, hold_limit) {
            Verdict::Store => Dropped::default(),
            Verdict::MakeRoom { bytes } => queue.make_room(bytes)?,
            Verdict::Full => return Ok(Appended::Full),
        };
        let seq = queue.numbers.next;
        queue.store.append(seq, &frame)?;
        queue.numbers.next = seq + 1;
        queue.bytes += incoming;
        queue.held.insert(seq);
        Ok(Appended::Stored { seq, dropped })
    }

    /// Makes everything appended so far durable: when it returns, a power cut loses nothing of it.
    ///
    /// # Errors
    /// The store cannot be written. What was appended since the last commit may be lost.
    pub fn commit(&mut self) -> Result<(), SpoolError> {
        Ok(self.opened()?.store.sync()?)
    }

    /// The observations of a batch; `None` if it is not held. A batch whose bytes are damaged is
    /// removed and [`SpoolError::Damaged`] says so.
    ///
    /// # Errors
    /// The store cannot be read, or this batch is damaged.
    pub fn read(&mut self, seq: u64) -> Result<Option<Vec<Observation>>, SpoolError> {
        let queue = self.opened()?;
        let Some(frame) = queue.store.read(seq)? else {
            return Ok(None);
        };
        match frame::decode(&frame) {
            Ok(observations) => Ok(Some(observations)),
            Err(reason) => {
                queue.remove(seq)?;
                Err(SpoolError::Damaged { seq, reason })
            }
        }
    }

    /// Removes the batches that an acknowledgement of this incarnation releases; returns how many.
    /// An acknowledgement of another incarnation releases nothing.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn release(&mut self, ack: &Ack) -> Result<u64, SpoolError> {
        let queue = self.opened()?;
        if ack.incarnation != queue.numbers.incarnation {
            return Ok(0);
        }
        let released = &queue.held & &seqs::released_by(ack);
        for seq in &released {
            queue.remove(seq)?;
        }
        Ok(seqs::count(&released))
    }

    /// Starts a new incarnation with the batches that are held. Sequence numbers go on.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn renew(&mut self) -> Result<(), SpoolError> {
        let incarnation = self.random.u64(..);
        let queue = self.opened()?;
        let numbers = Numbers {
            incarnation,
            ..queue.numbers
        };
        queue.store.set_numbers(numbers)?;
        queue.numbers = numbers;
        self.commit()
    }

    fn opened(&mut self) -> Result<&mut Queue, SpoolError> {
        self.queue.as_mut().ok_or(SpoolError::Closed)
    }
}

impl Queue {
    /// Opens the store, counts what is held, and removes what is damaged.
    fn open(engine: &mut dyn Engine, random: &mut fastrand::Rng) -> Result<Self, OpenError> {
        let (mut bytes, mut held, mut damaged) = (0, SeqSet::new(), Vec::new());
        let (store, numbers) = engine.open(&mut |seq, frame| {
            if frame::is_whole(frame) {
                bytes += charge(frame);
                held.insert(seq);
            } else {
                damaged.push(seq);
            }
        })?;
        let newest = held.last().max(damaged.last().copied());
        let is_new = numbers.is_none();
        let numbers = match (numbers, newest) {
            (None, None) => Some(Numbers {
                incarnation: random.u64(..),
                next: 1,
            }),
            // Every number that was ever held is used up, whatever the store says of the next.
            (Some(numbers), newest) if numbers.next > 0 => {
                let after_newest = newest.unwrap_or(0).checked_add(1);
                after_newest.map(|next| Numbers {
                    next: numbers.next.max(next),
                    ..numbers
                })
            }
            _ => None,
        };
        let lost = || EngineError::new("the store has lost its own numbers");
        let numbers = numbers.ok_or_else(|| OpenError::Corrupt(lost()))?;
        let mut queue = Self {
            store,
            numbers,
            bytes,
            held,
        };
        queue.begin(is_new, &damaged).map_err(SpoolError::Engine)?;
        Ok(queue)
    }

    fn begin(&mut self, is_new: bool, damaged: &[u64]) -> Result<(), EngineError> {
        if !damaged.is_empty() {
            tracing::error!(
                batches = damaged.len(),
                "damaged batches were removed from the spool"
            );
        }
        for seq in damaged {
            self.store.remove(*seq)?;
        }
        if is_new {
            self.store.set_numbers(self.numbers)?;
        }
        self.store.sync()
    }

    fn remove(&mut self, seq: u64) -> Result<Option<Vec<u8>>, EngineError> {
        let frame = self.store.remove(seq)?;
        self.held.remove(seq);
        if let Some(frame) = &frame {
            self.bytes = self.bytes.saturating_sub(charge(frame));
        }
        Ok(frame)
    }

    /// Drops the oldest batches until so many bytes more are free, or nothing is left.
    fn make_room(&mut self, bytes: u64) -> Result<Dropped, EngineError> {
        let (mut dropped, start) = (Dropped::default(), self.bytes);
        while start - self.bytes < bytes {
            let Some(oldest) = self.held.first() else {
                break;
            };
            let frame = self.remove(oldest)?;
            let observations = frame
                .and_then(|frame| frame::decode(&frame).ok())
                .unwrap_or_default();
            dropped.batches += 1;
            dropped.observations += observations.len() as u64;
        }
        Ok(dropped)
    }
}
