//! The quarantine: observations that may not enter the series now, by their numbers.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicU64, Ordering},
};

use fjall::{Keyspace, KeyspaceCreateOptions, OwnedWriteBatch};

use super::{
    damage::Damage,
    database::Database,
    engine::{engine, number},
};
use crate::store::{
    Commit, Quarantined, StoreError,
    record::{Flaw, quarantined},
    retention::Day,
};

const NAME: &str = "quarantine-v1";

/// What is in quarantine.
pub struct Quarantine {
    keyspace: Keyspace,
    next: AtomicU64,
}

impl Quarantine {
    pub fn open(db: &Database) -> Result<Self, StoreError> {
        let keyspace = db
            .keyspace(NAME, KeyspaceCreateOptions::default)
            .map_err(engine)?;
        let last = keyspace.last_key_value().map(fjall::Guard::key);
        let next = match last.transpose().map_err(engine)? {
            Some(key) => number(&key) + 1,
            None => 0,
        };
        Ok(Self {
            keyspace,
            next: AtomicU64::new(next),
        })
    }

    /// Adds what a commit puts into quarantine and takes out of it to the batch.
    pub fn write(&self, batch: &mut OwnedWriteBatch, commit: &Commit) -> Result<(), StoreError> {
        let count = commit.quarantined.len() as u64;
        // A batch that fails leaves numbers unused, which nobody minds.
        let first = self.next.fetch_add(count, Ordering::AcqRel);
        let mut value = Vec::new();
        for (number, one) in (first..).zip(&commit.quarantined) {
            quarantined::write_value(&mut value, one)
                .map_err(|flaw: Flaw| flaw.of(named(&number.to_be_bytes())))?;
            batch.insert(&self.keyspace, number.to_be_bytes(), value.as_slice());
        }
        for number in &commit.readmitted {
            batch.remove(&self.keyspace, number.to_be_bytes());
        }
        Ok(())
    }

    /// Visits what is there, oldest first.
    pub fn visit(
        &self,
        damage: &Damage,
        visit: &mut dyn FnMut(u64, Quarantined) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let read = |key: &[u8], value: &[u8]| Ok((number(key), quarantined::decode(value)?));
        let guards = self.keyspace.iter();
        damage.read_all(guards, &self.keyspace, read, named, |(number, one)| {
            visit(number, one)
        })
    }

    /// Drops what came before a day. Returns how many.
    pub fn forget_before(&self, damage: &Damage, oldest: Day) -> Result<usize, StoreError> {
        let mut gone = Vec::new();
        self.visit(damage, &mut |number, one| {
            if Day::of(one.received_at) < oldest {
                gone.push(number);
            }
            ControlFlow::Continue(())
        })?;
        for number in &gone {
            self.keyspace.remove(number.to_be_bytes()).map_err(engine)?;
        }
        Ok(gone.len())
    }
}

fn named(key: &[u8]) -> String {
    format!("quarantined observation {}", number(key))
}
