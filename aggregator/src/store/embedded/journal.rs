//! The arrivals, in segments: a keyspace for the arrivals of about a day, so that retention frees
//! whole segments at once.
//!
//! A segment is named by the number of its first arrival and by the day on which that came; the
//! numbers alone order them. A new one begins when the day changes, so that a clock that jumps
//! costs a segment and disorders nothing.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Mutex};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch};

use super::{
    damage::{Damage, Read},
    engine, lock,
};
use crate::{
    store::{
        Commit, StoreError,
        record::arrivals,
        retention::{self, Day},
    },
    world::Arrival,
};

const PREFIX: &str = "arrivals-v1-";

/// Bytes of a segment that are kept in memory before they are written as a table. Their keys rise,
/// so tables never overlap and are never merged.
const MAX_MEMTABLE_BYTES: u64 = 16 * 1024 * 1024;

/// All that arrived, as far as it is kept.
pub struct Journal {
    db: Database,
    /// By the number of the first arrival.
    segments: Mutex<BTreeMap<u64, Segment>>,
}

#[derive(Clone)]
struct Segment {
    day: Day,
    keyspace: Keyspace,
}

impl Journal {
    /// The arrivals of the database. A last segment of which nothing was written is dropped.
    pub fn open(db: &Database) -> Result<Self, StoreError> {
        let mut segments = BTreeMap::new();
        for name in db.list_keyspace_names() {
            let parts = name.strip_prefix(PREFIX).and_then(|s| s.split_once('-'));
            let parts =
                parts.and_then(|(first, day)| Some((first.parse().ok()?, day.parse().ok()?)));
            if let Some((first, day)) = parts {
                let keyspace = db.keyspace(&name, options).map_err(engine)?;
                let day = Day(day);
                segments.insert(first, Segment { day, keyspace });
            }
        }
        let db = db.clone();
        while let Some(last) = segments.last_entry()
            && last.get().keyspace.last_key_value().is_none()
        {
            let empty = last.remove().keyspace;
            db.delete_keyspace(empty).map_err(engine)?;
        }
        let segments = Mutex::new(segments);
        Ok(Self { db, segments })
    }

    /// The number of the last arrival; 0 where there is none.
    pub fn last(&self) -> Result<u64, StoreError> {
        let segments = lock(&self.segments);
        let last = segments.last_key_value().map(|(_, s)| s.keyspace.clone());
        let Some(guard) = last.and_then(|keyspace| keyspace.last_key_value()) else {
            return Ok(0);
        };
        let key = guard.key().map_err(engine)?;
        let last = arrivals::decode_key(&key);
        Ok(last.map_err(|flaw| flaw.of("the last group of arrivals"))?)
    }

    /// The number of the first arrival that is kept.
    pub fn first(&self) -> Option<u64> {
        lock(&self.segments)
            .first_key_value()
            .map(|(first, _)| *first)
    }

    /// Adds a commit's arrivals to the batch.
    pub fn write(&self, batch: &mut OwnedWriteBatch, commit: &Commit) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (commit.arrivals.first(), commit.arrivals.last()) else {
            return Ok(());
        };
        let mut value = Vec::new();
        arrivals::write_value(&mut value, &commit.arrivals)
            .map_err(|flaw| flaw.of(named(&arrivals::key(last.number))))?;
        let keyspace = self.segment(first)?;
        batch.insert(&keyspace, arrivals::key(last.number), value);
        Ok(())
    }

    fn segment(&self, first: &Arrival) -> Result<Keyspace, StoreError> {
        let mut segments = lock(&self.segments);
        let day = Day::of(first.at);
        if let Some((_, newest)) = segments.last_key_value()
            && newest.day.goes_on_with(day)
        {
            return Ok(newest.keyspace.clone());
        }
        let name = format!("{PREFIX}{:020}-{}", first.number, day.0);
        let keyspace = self.db.keyspace(&name, options).map_err(engine)?;
        let segment = Segment {
            day,
            keyspace: keyspace.clone(),
        };
        segments.insert(first.number, segment);
        Ok(keyspace)
    }

    /// Visits the arrivals after a number.
    pub fn visit(
        &self,
        damage: &Damage,
        after: u64,
        visit: &mut dyn FnMut(Arrival) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let Some(from) = after.checked_add(1) else {
            return Ok(());
        };
        for keyspace in self.from(from) {
            for guard in keyspace.range(arrivals::key(from)..) {
                let group = match damage.read(guard, keyspace.name(), arrivals::decode, named)? {
                    Read::Whole(group) => group,
                    Read::Damaged => continue,
                    Read::NoMore => break,
                };
                for arrival in group {
                    if arrival.number >= from && visit(arrival).is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// The segments that may hold arrivals from a number on, in order.
    fn from(&self, number: u64) -> Vec<Keyspace> {
        let segments = lock(&self.segments);
        let holder = segments.range(..=number).next_back();
        let from = holder.map_or(0, |(first, _)| *first);
        segments
            .range(from..)
            .map(|(_, s)| s.keyspace.clone())
            .collect()
    }

    /// Drops the segments that nobody needs any more. Returns how many.
    pub fn forget_before(
        &self,
        oldest: Day,
        newest_world: Option<u64>,
    ) -> Result<usize, StoreError> {
        let mut segments = lock(&self.segments);
        let days = segments.iter().map(|(first, s)| (*first, s.day)).collect();
        let count = retention::outlived(&days, oldest, newest_world);
        let mut gone = Vec::with_capacity(count);
        for _ in 0..count {
            gone.extend(segments.pop_first());
        }
        drop(segments);
        for (_, segment) in gone {
            self.db.delete_keyspace(segment.keyspace).map_err(engine)?;
        }
        Ok(count)
    }
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(MAX_MEMTABLE_BYTES)
}

fn named(key: &[u8]) -> String {
    match arrivals::decode_key(key) {
        Ok(last) => format!("arrivals up to {last}"),
        Err(_) => format!("arrivals {key:02x?}"),
    }
}
