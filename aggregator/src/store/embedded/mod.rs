//! The embedded store: one fjall database (an LSM tree, pure Rust) and a folder of saved worlds.
//!
//! In the folder: `engine/`, the database, with keyspaces `series-v1-DAY` (the series of one UTC
//! day), `arrivals-v1-FIRST-DAY` (a segment of the arrivals), `cursors-v1`, `refused-v1` and
//! `quarantine-v1`; and `worlds/`, a file for each saved world.

mod damage;
mod engine;
mod journal;
mod quarantine;
mod series;
mod worlds;

use std::{
    ops::ControlFlow,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use shared::{
    gauge::Parameter,
    ids::{AgentId, GaugeId},
    time::Timestamp,
    wire::Ack,
};

use self::{
    damage::Damage,
    engine::{engine, lock, number},
    journal::Journal,
    quarantine::Quarantine,
    series::Series,
    worlds::Worlds,
};
use super::{
    Commit, Durability, Forgotten, MAX_REFUSED, Quarantined, Refused, SavedWorld, Store,
    StoreError, Stored,
    record::{Flaw, cursor, observation, refused},
    retention::Day,
};
use crate::world::Arrival;

const CURSORS: &str = "cursors-v1";
const REFUSED: &str = "refused-v1";

/// Bytes that all of the engine's journals together may take before memtables are flushed: bounds
/// what is replayed at start.
const MAX_JOURNAL_BYTES: u64 = 128 * 1024 * 1024;

/// The store of one aggregator.
pub struct Embedded {
    db: Database,
    series: Series,
    journal: Journal,
    cursors: Keyspace,
    refused: Keyspace,
    quarantine: Quarantine,
    worlds: Worlds,
    damage: Damage,
    last_arrival: AtomicU64,
    writer: Mutex<Writer>,
}

/// What one commit leaves to the next.
struct Writer {
    next_refused: u64,
    value: Vec<u8>,
}

impl Embedded {
    /// Opens the store in `folder`, creating it where there is none.
    ///
    /// # Errors
    /// The folder cannot be used, another process holds it, or its files are damaged.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.to_owned();
        let worlds = Worlds::open(&folder.join("worlds"))?;
        let opened = Database::builder(folder.join("engine"))
            .max_journaling_size(MAX_JOURNAL_BYTES)
            .manual_journal_persist(true)
            .open();
        let db = opened.map_err(|source| match source {
            fjall::Error::Locked => StoreError::InUse(path),
            source => StoreError::Open {
                path,
                source: source.into(),
            },
        })?;
        let keyspace = |name| db.keyspace(name, KeyspaceCreateOptions::default);
        let (cursors, refused) = (
            keyspace(CURSORS).map_err(engine)?,
            keyspace(REFUSED).map_err(engine)?,
        );
        let last_refused = refused.last_key_value().map(fjall::Guard::key);
        let next_refused = match last_refused.transpose().map_err(engine)? {
            Some(key) => number(&key) + 1,
            None => 0,
        };
        let journal = Journal::open(&db)?;
        Ok(Self {
            series: Series::open(&db)?,
            last_arrival: AtomicU64::new(journal.last()?),
            journal,
            cursors,
            refused,
            quarantine: Quarantine::open(&db)?,
            worlds,
            damage: Damage::default(),
            writer: Mutex::new(Writer {
                next_refused,
                value: Vec::new(),
            }),
            db,
        })
    }
}

impl Store for Embedded {
    fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let writer = &mut *lock(&self.writer);
        let last = commit.follow_on(self.last_arrival.load(Ordering::Acquire))?;
        let encoding = |flaw: Flaw| StoreError::Record(flaw.of("commit"));
        let mode = match commit.durability {
            Durability::Synced => PersistMode::SyncData,
            Durability::Buffered => PersistMode::Buffer,
        };
        let items = commit.observations().count() + commit.cursors.len() + 1;
        let mut batch =
            OwnedWriteBatch::with_capacity(self.db.clone(), items).durability(Some(mode));
        self.series.write(&mut batch, commit)?;
        self.journal.write(&mut batch, commit)?;
        let value = &mut writer.value;
        for (agent, ack) in &commit.cursors {
            cursor::write_value(value, ack).map_err(encoding)?;
            batch.insert(&self.cursors, cursor::key(agent), value.as_slice());
        }
        for (number, message) in (writer.next_refused..).zip(&commit.refused) {
            refused::write_value(value, message).map_err(encoding)?;
            batch.insert(&self.refused, number.to_be_bytes(), value.as_slice());
            if let Some(old) = number.checked_sub(MAX_REFUSED as u64) {
                batch.remove(&self.refused, old.to_be_bytes());
            }
        }
        self.quarantine.write(&mut batch, commit)?;
        batch.commit().map_err(engine)?;
        writer.next_refused += commit.refused.len() as u64;
        self.last_arrival.store(last, Ordering::Release);
        Ok(())
    }

    fn get(
        &self,
        gauge: &GaugeId,
        parameter: Parameter,
        observed_at: Timestamp,
    ) -> Result<Option<Stored>, StoreError> {
        let key = observation::key(gauge, parameter, observed_at);
        self.series.get(&self.damage, Day::of(observed_at), &key)
    }

    fn newest(&self, gauge: &GaugeId, parameter: Parameter) -> Result<Option<Stored>, StoreError> {
        let prefix = observation::prefix(gauge, parameter);
        self.series.newest(&self.damage, &prefix)
    }

    fn range(
        &self,
        gauge: &GaugeId,
        parameter: Parameter,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let days = (Day::of(from), Day::of(to));
        let key = |at| observation::key(gauge, parameter, at);
        let span = key(from)..=key(to);
        self.series.range(&self.damage, days, &span, limit)
    }

    fn visit(&self, visit: &mut dyn FnMut(Stored)) -> Result<(), StoreError> {
        self.series.visit(&self.damage, visit)
    }

    fn cursors(&self) -> Result<Vec<(AgentId, Ack)>, StoreError> {
        let mut cursors = Vec::new();
        let named = |key: &[u8]| format!("cursor of {}", String::from_utf8_lossy(key));
        let (damage, guards) = (&self.damage, self.cursors.iter());
        damage.read_all(guards, &self.cursors, cursor::decode, named, |cursor| {
            cursors.push(cursor);
            ControlFlow::Continue(())
        })?;
        Ok(cursors)
    }

    fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
        let mut newest = Vec::new();
        let named = |key: &[u8]| format!("refused message {}", number(key));
        let decode = |_: &[u8], value: &[u8]| refused::decode(value);
        let (damage, guards) = (&self.damage, self.refused.iter().rev().take(limit));
        damage.read_all(guards, &self.refused, decode, named, |message| {
            newest.push(message);
            ControlFlow::Continue(())
        })?;
        Ok(newest)
    }

    fn quarantined(
        &self,
        visit: &mut dyn FnMut(u64, Quarantined) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.quarantine.visit(&self.damage, visit)
    }

    fn last_arrival(&self) -> Result<u64, StoreError> {
        Ok(self.last_arrival.load(Ordering::Acquire))
    }

    fn arrivals(
        &self,
        after: u64,
        visit: &mut dyn FnMut(Arrival) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let last = self.last_arrival.load(Ordering::Acquire);
        match after.checked_add(1) {
            Some(from) => self.journal.visit(&self.damage, from, last, visit),
            None => Ok(()),
        }
    }

    fn save_world(&self, world: &SavedWorld) -> Result<(), StoreError> {
        let (after, last) = (world.after, self.last_arrival.load(Ordering::Acquire));
        if after > last {
            return Err(StoreError::AheadOfArrivals { after, last });
        }
        // What it rests on must not be lost while it stays.
        self.db.persist(PersistMode::SyncData).map_err(engine)?;
        self.worlds.save(world)
    }

    fn saved_worlds(
        &self,
        not_after: Option<Timestamp>,
        visit: &mut dyn FnMut(SavedWorld) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.worlds.visit(&self.damage, not_after, visit)
    }

    fn oldest_day(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.series.oldest().map(Day::begin))
    }

    fn forget_before(&self, oldest: Timestamp) -> Result<Forgotten, StoreError> {
        let oldest = Day::of(oldest);
        let days = self.series.forget_before(oldest)?;
        let segments = self.journal.forget_before(oldest, self.worlds.newest())?;
        let worlds = self.worlds.forget_before(oldest, self.journal.first())?;
        Ok(Forgotten {
            days,
            segments,
            worlds,
            quarantined: self.quarantine.forget_before(&self.damage, oldest)?,
        })
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.db.disk_space().map_err(engine)? + self.worlds.disk_bytes()?)
    }

    fn damaged(&self) -> u64 {
        self.damage.count()
    }
}
