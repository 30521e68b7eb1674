//! The embedded store: one fjall database (an LSM tree, pure Rust) and a folder of saved worlds.
//!
//! In the folder: `engine/`, the database, with keyspaces `series-v1-DAY` (the series of one UTC
//! day), `arrivals-v1-FIRST-DAY` (a segment of the arrivals), `cursors-v1`, `refused-v1`,
//! `quarantine-v1`, `desk-v1`, `deeds-v1`, and `commits-v1` (which commit was the last); `worlds/`, a file for each saved
//! world; `mark`, which says how far all that is durable; `keyspaces` and `worlds.list`, so that what
//! is gone is missed; `lock`; and `damaged-TIME/`, what was set aside.
//!
//! A store that is damaged opens (`opening`): before the engine sees its files they are looked at and
//! mended (`mend`). Assumed of the medium: nothing. What one damaged place costs at most:
//!
//! * in the engine's journal, the commits that it hits; of those of which a single bit was turned,
//!   nothing, up to 45 KB. What is behind them is kept.
//! * in a table, the blocks that it hits; a day of the series is then made good from the arrivals of
//!   its days (`rebuild`). A list of tables or of names costs nothing.
//! * a saved world; arrivals are then stepped from the one before.
//!
//! All of it is told in one line for each part, counted, and set aside. Not told: what a power cut
//! leaves of commits whose sync had not come to its end, because nobody was told of them either; and
//! what is damaged in the same half minute as the power is cut, because the mark is then behind.
//! Tables beyond the newest 256 MiB are not read at every opening: what is damaged in them is found by
//! whoever reads it, and mended at the next opening.

mod damage;
mod database;
mod desk;
mod engine;
mod journal;
mod mend;
mod opening;
mod quarantine;
mod rebuild;
mod series;
mod worlds;

use std::{
    ops::ControlFlow,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use fjall::{Keyspace, OwnedWriteBatch, PersistMode};
use shared::{
    gauge::Parameter,
    ids::{AgentId, GaugeId},
    time::Timestamp,
    wire::Ack,
};

use self::{
    damage::Damage,
    database::Database,
    desk::Desk,
    engine::{engine, lock, number},
    journal::Journal,
    mend::{
        COMMIT_KEY, Claim, Said,
        mark::{Durable, Mark},
    },
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
use crate::{
    audit::{Chain, Entry},
    world::Arrival,
};

const CURSORS: &str = "cursors-v1";
const REFUSED: &str = "refused-v1";
/// Holds one record, which every commit writes: which commit it is.
const COMMITS: &str = "commits-v1";

/// The store of one aggregator.
pub struct Embedded {
    db: Database,
    series: Series,
    journal: Journal,
    cursors: Keyspace,
    refused: Keyspace,
    quarantine: Quarantine,
    desk: Desk,
    commits: Keyspace,
    worlds: Worlds,
    damage: Arc<Damage>,
    last_arrival: AtomicU64,
    writer: Mutex<Writer>,
    /// Until the engine has let go of its files.
    claim: Option<Claim>,
}

/// What one commit leaves to the next.
struct Writer {
    next_refused: u64,
    value: Vec<u8>,
    /// The number of the last commit.
    commit: u64,
    mark: Mark,
    durable: Durable,
}

impl Writer {
    /// To be called after the sync. Another thread may have synced more.
    fn mark_durable(&mut self, through: Durable) -> Result<(), StoreError> {
        if through.commit >= self.durable.commit {
            self.mark.set(through)?;
            self.durable = through;
        }
        Ok(())
    }
}

impl Store for Embedded {
    fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let writer = &mut *lock(&self.writer);
        let last = commit.follow_on(self.last_arrival.load(Ordering::Acquire))?;
        let end_of_deeds = commit.deeds_follow_on(self.desk.end())?;
        let encoding = |flaw: Flaw| StoreError::Record(flaw.of("commit"));
        let mode = match commit.durability {
            Durability::Synced => PersistMode::SyncData,
            Durability::Buffered => PersistMode::Buffer,
        };
        let items = commit.observations().count() + commit.cursors.len() + 1;
        let mut batch =
            OwnedWriteBatch::with_capacity(self.db.engine().clone(), items).durability(Some(mode));
        self.series.write(&mut batch, commit)?;
        self.journal.write(&mut batch, commit)?;
        let value = &mut writer.value;
        for agent in commit.forgotten() {
            batch.remove(&self.cursors, cursor::key(agent));
        }
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
        self.desk.write(&mut batch, commit)?;
        let said = Said {
            number: writer.commit + 1,
            seqno: self.db.engine().seqno(),
        };
        batch.insert(&self.commits, COMMIT_KEY, said.encode());
        batch.commit().map_err(|error| {
            // It may have stumbled over what is damaged.
            self.damage.suspect();
            engine(error)
        })?;
        writer.next_refused += commit.refused.len() as u64;
        writer.commit = said.number;
        self.last_arrival.store(last, Ordering::Release);
        self.desk.ends(end_of_deeds);
        match commit.durability {
            Durability::Synced => writer.mark_durable(Durable {
                commit: said.number,
                arrival: last,
            }),
            Durability::Buffered => Ok(()),
        }
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

    fn desk(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.desk.read(&self.damage, prefix)
    }

    fn deeds(
        &self,
        after: u64,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.desk.visit(&self.damage, after, visit)
    }

    fn end_of_deeds(&self) -> Result<Chain, StoreError> {
        Ok(self.desk.end())
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
        let before = Durable {
            commit: lock(&self.writer).commit,
            arrival: self.last_arrival.load(Ordering::Acquire),
        };
        self.db
            .engine()
            .persist(PersistMode::SyncData)
            .map_err(engine)?;
        lock(&self.writer).mark_durable(before)?;
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
        Ok(self.db.engine().disk_space().map_err(engine)? + self.worlds.disk_bytes()?)
    }

    fn damaged(&self) -> u64 {
        self.damage.count()
    }
}
