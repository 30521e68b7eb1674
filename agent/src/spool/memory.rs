//! A spool that forgets when it is dropped: the model in tests, and no more than that.

use std::collections::BTreeMap;

use shared::{observation::Observation, wire::Ack};

use super::{
    Appended, Dropped, Spool, SpoolError, Usage, WhenFull, frame,
    ranges::RangeSet,
    retention::{PER_BATCH, Verdict, decide},
};

/// Batches in memory under the same rules as on disk.
#[derive(Debug, Clone)]
pub struct MemorySpool {
    incarnation: u64,
    newest: u64,
    bytes: u64,
    hold_limit: u64,
    when_full: WhenFull,
    held: RangeSet,
    batches: BTreeMap<u64, (u64, Vec<Observation>)>,
}

impl MemorySpool {
    #[must_use]
    pub fn new(incarnation: u64, hold_limit: u64, when_full: WhenFull) -> Self {
        Self {
            incarnation,
            newest: 0,
            bytes: 0,
            hold_limit,
            when_full,
            held: RangeSet::default(),
            batches: BTreeMap::new(),
        }
    }

    fn remove(&mut self, seq: u64) -> Option<Vec<Observation>> {
        let (bytes, observations) = self.batches.remove(&seq)?;
        self.bytes -= bytes;
        self.held.remove(seq);
        Some(observations)
    }

    fn make_room(&mut self, bytes: u64) -> Dropped {
        let (mut dropped, start) = (Dropped::default(), self.bytes);
        while start - self.bytes < bytes {
            let Some(oldest) = self.held.first() else {
                break;
            };
            let gone = self.remove(oldest).unwrap_or_default();
            dropped.batches += 1;
            dropped.observations += gone.len() as u64;
        }
        dropped
    }
}

impl Spool for MemorySpool {
    fn incarnation(&self) -> u64 {
        self.incarnation
    }

    fn usage(&self) -> Usage {
        Usage {
            batches: self.held.len(),
            bytes: self.bytes,
            oldest: self.held.first().unwrap_or(self.newest + 1),
            newest: self.newest,
        }
    }

    fn held(&self) -> &RangeSet {
        &self.held
    }

    fn append(&mut self, observations: &[Observation]) -> Result<Appended, SpoolError> {
        let bytes = frame::encode(observations)?.len() as u64 + PER_BATCH;
        let dropped = match decide(self.when_full, self.bytes, bytes, self.hold_limit) {
            Verdict::Store => Dropped::default(),
            Verdict::MakeRoom { bytes } => self.make_room(bytes),
            Verdict::Full => return Ok(Appended::Full),
        };
        self.newest += 1;
        self.bytes += bytes;
        self.held.insert(self.newest);
        self.batches
            .insert(self.newest, (bytes, observations.to_vec()));
        Ok(Appended::Stored {
            seq: self.newest,
            dropped,
        })
    }

    fn commit(&mut self) -> Result<(), SpoolError> {
        Ok(())
    }

    fn read(&mut self, seq: u64) -> Result<Option<Vec<Observation>>, SpoolError> {
        Ok(self
            .batches
            .get(&seq)
            .map(|(_, observations)| observations.clone()))
    }

    fn release(&mut self, ack: &Ack) -> Result<u64, SpoolError> {
        if ack.incarnation != self.incarnation {
            return Ok(0);
        }
        let released: Vec<u64> = self
            .batches
            .keys()
            .copied()
            .filter(|seq| ack.releases(*seq))
            .collect();
        for seq in &released {
            self.remove(*seq);
        }
        Ok(released.len() as u64)
    }

    fn renew(&mut self) -> Result<(), SpoolError> {
        self.incarnation = self.incarnation.wrapping_add(1);
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), SpoolError> {
        Ok(())
    }
}
