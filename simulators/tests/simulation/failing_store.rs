//! A store in memory that fails when it is told to.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use aggregator::{
    audit::{Chain, Entry},
    store::{
        Commit, Forgotten, MemoryStore, Quarantined, Refused, SavedWorld, Store, StoreError, Stored,
    },
    world::Arrival,
};
use shared::{
    gauge::Parameter,
    ids::{AgentId, GaugeId},
    time::Timestamp,
    wire::Ack,
};

/// How the next commit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteFault {
    #[default]
    None,
    /// Nothing is written.
    Refused,
    /// All of it is written, and nobody learns of it.
    Unheard,
}

/// [`MemoryStore`] with faults.
#[derive(Default)]
pub struct FailingStore {
    kept: MemoryStore,
    is_unreadable: AtomicBool,
}

impl FailingStore {
    /// From now on it cannot be read, or can again. Says how it was.
    pub fn make_unreadable(&self, is_unreadable: bool) -> bool {
        self.is_unreadable.swap(is_unreadable, Relaxed)
    }

    /// What a power cut leaves, readable.
    pub fn crash(&self) {
        self.make_unreadable(false);
        self.kept.crash();
    }

    /// Commits as the fault has it.
    pub fn commit_with(&self, commit: &Commit, fault: WriteFault) -> Result<(), StoreError> {
        if fault != WriteFault::Refused {
            self.kept.commit(commit)?;
        }
        match fault {
            WriteFault::None => Ok(()),
            WriteFault::Refused | WriteFault::Unheard => Err(broken("the disk is gone")),
        }
    }

    fn readable(&self) -> Result<&MemoryStore, StoreError> {
        if self.is_unreadable.load(Relaxed) {
            Err(broken("the disk cannot be read"))
        } else {
            Ok(&self.kept)
        }
    }
}

fn broken(why: &str) -> StoreError {
    StoreError::Engine(why.into())
}

impl Store for FailingStore {
    fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        self.kept.commit(commit)
    }

    fn get(
        &self,
        gauge: &GaugeId,
        parameter: Parameter,
        observed_at: Timestamp,
    ) -> Result<Option<Stored>, StoreError> {
        self.readable()?.get(gauge, parameter, observed_at)
    }

    fn newest(&self, gauge: &GaugeId, parameter: Parameter) -> Result<Option<Stored>, StoreError> {
        self.readable()?.newest(gauge, parameter)
    }

    fn range(
        &self,
        gauge: &GaugeId,
        parameter: Parameter,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        self.readable()?.range(gauge, parameter, from, to, limit)
    }

    fn visit(&self, visit: &mut dyn FnMut(Stored)) -> Result<(), StoreError> {
        self.readable()?.visit(visit)
    }

    fn cursors(&self) -> Result<Vec<(AgentId, Ack)>, StoreError> {
        self.readable()?.cursors()
    }

    fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
        self.readable()?.refused(limit)
    }

    fn quarantined(
        &self,
        visit: &mut dyn FnMut(u64, Quarantined) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.readable()?.quarantined(visit)
    }

    fn desk(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.readable()?.desk(prefix)
    }

    fn deeds(
        &self,
        after: u64,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.readable()?.deeds(after, visit)
    }

    fn end_of_deeds(&self) -> Result<Chain, StoreError> {
        self.readable()?.end_of_deeds()
    }

    fn last_arrival(&self) -> Result<u64, StoreError> {
        self.readable()?.last_arrival()
    }

    fn arrivals(
        &self,
        after: u64,
        visit: &mut dyn FnMut(Arrival) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.readable()?.arrivals(after, visit)
    }

    fn save_world(&self, world: &SavedWorld) -> Result<(), StoreError> {
        self.kept.save_world(world)
    }

    fn saved_worlds(
        &self,
        not_after: Option<Timestamp>,
        visit: &mut dyn FnMut(SavedWorld) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.readable()?.saved_worlds(not_after, visit)
    }

    fn oldest_day(&self) -> Result<Option<Timestamp>, StoreError> {
        self.readable()?.oldest_day()
    }

    fn forget_before(&self, oldest: Timestamp) -> Result<Forgotten, StoreError> {
        self.kept.forget_before(oldest)
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.kept.disk_bytes()
    }

    fn damaged(&self) -> u64 {
        self.kept.damaged()
    }
}
