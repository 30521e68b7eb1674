//! The series: one keyspace for each UTC day, so that retention frees whole days at once.

use std::{
    collections::BTreeMap,
    ops::{ControlFlow, RangeInclusive},
    sync::Mutex,
};

use fjall::{Guard, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch};
use shared::{observation::Observation, time::Timestamp};

use super::{
    damage::{Damage, is_damage},
    database::Database,
    engine::{engine, lock},
};
use crate::store::{
    Commit, StoreError, Stored,
    record::{Flaw, observation},
    retention::Day,
};

pub const PREFIX: &str = "series-v1-";

/// Bytes of a day that are kept in memory before they are written as a table: between two costs. In
/// a large one every insertion misses the processor's cache, on the one thread that commits (1.6 µs
/// an observation at 64 MiB, 1.0 at 16); small ones are merged more often by the store's own threads
/// (0.6 µs against 2.2).
const MAX_MEMTABLE_BYTES: u64 = 32 * 1024 * 1024;

/// The series of every gauge.
pub struct Series {
    db: Database,
    days: Mutex<BTreeMap<Day, Keyspace>>,
}

impl Series {
    /// The series of the database.
    pub fn open(db: &Database) -> Result<Self, StoreError> {
        let mut days = BTreeMap::new();
        for name in db.list_keyspace_names() {
            let day = name.strip_prefix(PREFIX).and_then(|day| day.parse().ok());
            if let Some(day) = day {
                let keyspace = db.keyspace(&name, options).map_err(engine)?;
                days.insert(Day(day), keyspace);
            }
        }
        Ok(Self {
            db: db.clone(),
            days: Mutex::new(days),
        })
    }

    /// Adds a commit's observations to the batch.
    pub fn write(&self, batch: &mut OwnedWriteBatch, commit: &Commit) -> Result<(), StoreError> {
        // Neighbours are nearly always of one day: look it up once per run of a day.
        let mut today: Option<(Day, Keyspace)> = None;
        let (mut key, mut value) = (Vec::new(), Vec::new());
        for (observation, received_at) in commit.observations() {
            let at = observation.observed_at;
            let day = Day::of(at);
            let keyspace = match &today {
                Some((known, keyspace)) if *known == day => keyspace,
                _ => &today.insert((day, self.day(day)?)).1,
            };
            key.clear();
            observation::append_key(&mut key, &observation.gauge, observation.parameter, at);
            observation::write_value(&mut value, observation, received_at)
                .map_err(|flaw| flaw.of(named(&key)))?;
            batch.insert(keyspace, key.as_slice(), value.as_slice());
        }
        Ok(())
    }

    /// Adds an observation to the batch where the series has none of its identity, or one that is
    /// not newer. Returns whether it did.
    pub fn put_newer(
        &self,
        batch: &mut OwnedWriteBatch,
        observation: &Observation,
        received_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let at = observation.observed_at;
        let day = self.day(Day::of(at))?;
        let key = observation::key(&observation.gauge, observation.parameter, at);
        let known = day.get(&key).map_err(engine)?;
        let known = known.and_then(|value| observation::decode(&key, &value).ok());
        let is_newer = known.is_none_or(|known| {
            known.received_at <= received_at && known.observation != *observation
        });
        if is_newer {
            let mut value = Vec::new();
            observation::write_value(&mut value, observation, received_at)
                .map_err(|flaw| flaw.of(named(&key)))?;
            batch.insert(&day, key, value);
        }
        Ok(is_newer)
    }

    /// The element with this key.
    pub fn get(&self, damage: &Damage, day: Day, key: &[u8]) -> Result<Option<Stored>, StoreError> {
        let day = lock(&self.days).get(&day).cloned();
        let Some(day) = day else { return Ok(None) };
        let flaw = match day.get(key) {
            Ok(None) => return Ok(None),
            Ok(Some(value)) => match observation::decode(key, &value) {
                Ok(stored) => return Ok(Some(stored)),
                Err(flaw) => flaw,
            },
            Err(e) if is_damage(&e) => {
                damage.suspect();
                Flaw::Value(e.into())
            }
            Err(e) => return Err(engine(e)),
        };
        damage.tell(&flaw.of(named(key)));
        Ok(None)
    }

    /// The newest element of the series whose keys begin so.
    pub fn newest(&self, damage: &Damage, prefix: &[u8]) -> Result<Option<Stored>, StoreError> {
        let mut newest = None;
        for day in self.all().into_iter().rev() {
            read(damage, &day, day.prefix(prefix).rev(), |stored| {
                newest = Some(stored);
                ControlFlow::Break(())
            })?;
            if newest.is_some() {
                break;
            }
        }
        Ok(newest)
    }

    /// The elements of a series with keys in `span`, of these days; at most `limit`, the newest.
    pub fn range(
        &self,
        damage: &Damage,
        days: (Day, Day),
        span: &RangeInclusive<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let mut found = Vec::new();
        for day in self.between(days).into_iter().rev() {
            if found.len() >= limit {
                break;
            }
            read(damage, &day, day.range(span.clone()).rev(), |stored| {
                found.push(stored);
                if found.len() < limit {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })?;
        }
        found.reverse();
        Ok(found)
    }

    pub fn visit(&self, damage: &Damage, visit: &mut dyn FnMut(Stored)) -> Result<(), StoreError> {
        for day in self.all() {
            read(damage, &day, day.iter(), |stored| {
                visit(stored);
                ControlFlow::Continue(())
            })?;
        }
        Ok(())
    }

    /// Drops the days before `oldest`. Returns how many.
    pub fn forget_before(&self, oldest: Day) -> Result<usize, StoreError> {
        let old = {
            let mut days = lock(&self.days);
            let young = days.split_off(&oldest);
            std::mem::replace(&mut *days, young)
        };
        let count = old.len();
        for keyspace in old.into_values() {
            self.db.delete_keyspace(keyspace).map_err(engine)?;
        }
        Ok(count)
    }

    /// The oldest day that there is.
    pub fn oldest(&self) -> Option<Day> {
        lock(&self.days).keys().next().copied()
    }

    fn day(&self, day: Day) -> Result<Keyspace, StoreError> {
        let mut days = lock(&self.days);
        if let Some(keyspace) = days.get(&day) {
            return Ok(keyspace.clone());
        }
        let name = format!("{PREFIX}{}", day.0);
        let keyspace = self.db.keyspace(&name, options).map_err(engine)?;
        days.insert(day, keyspace.clone());
        Ok(keyspace)
    }

    fn between(&self, (first, last): (Day, Day)) -> Vec<Keyspace> {
        if first > last {
            return Vec::new();
        }
        let days = lock(&self.days);
        let span = days.range(first..=last);
        span.map(|(_, day)| day.clone()).collect()
    }

    fn all(&self) -> Vec<Keyspace> {
        lock(&self.days).values().cloned().collect()
    }
}

fn read(
    damage: &Damage,
    day: &Keyspace,
    guards: impl Iterator<Item = Guard>,
    visit: impl FnMut(Stored) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    damage.read_all(guards, day, observation::decode, named, visit)
}

pub fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(MAX_MEMTABLE_BYTES)
}

fn named(key: &[u8]) -> String {
    match observation::decode_key(key) {
        Ok((gauge, parameter, at)) => format!("observation of {gauge} ({parameter}) at {at}"),
        Err(_) => format!("observation {key:02x?}"),
    }
}
