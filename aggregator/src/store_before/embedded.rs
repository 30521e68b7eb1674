//! The embedded store: one fjall database (an LSM tree, pure Rust).
//!
//! On disk: keyspaces `day-YYYYMMDD` (history of one UTC day), `cursor` (agent → [`Ack`]), `order`,
//! `refused`. A commit is one atomic batch across all of them, followed by `fdatasync` of the
//! journal, so after [`Store::commit`] returned a killed process or a power cut loses nothing of it
//! (assuming that the medium honours `fdatasync`); before that, all or nothing of it is there.
//! Retention drops whole days, which frees their space at once.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};
use shared::{
    ids::{AgentId, GaugeId},
    time::Timestamp,
    wire::Ack,
};

use super::{Commit, Refused, Store, StoreError, Stored, record};
use crate::orders::Order;

const DAY: &str = "day-";

/// Bytes that all journals together may take before memtables are flushed: bounds the replay at
/// start to a second or two.
const MAX_JOURNAL_BYTES: u64 = 128 * 1024 * 1024;

/// Bytes of a day that are kept in memory before they are written as a table: between two costs. In
/// a large one every insertion misses the processor's cache, on the one thread that commits (1.6 µs
/// an observation at 64 MiB, 1.0 at 16); small ones are merged more often by the store's own threads
/// (0.6 µs against 2.2).
const MAX_MEMTABLE_BYTES: u64 = 32 * 1024 * 1024;

/// Refused messages that are kept.
const MAX_REFUSED: u64 = 10_000;

/// The fjall database of one aggregator.
pub struct Embedded {
    db: Database,
    path: PathBuf,
    days: Mutex<BTreeMap<String, Keyspace>>,
    cursor: Keyspace,
    order: Keyspace,
    refused: Keyspace,
    next_refused: AtomicU64,
}

impl Embedded {
    /// Opens the store in `path`, creating it where there is none.
    ///
    /// # Errors
    /// The folder cannot be used, another process holds it, or its files are damaged.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let shown = path.display().to_string();
        let open = |source| match source {
            fjall::Error::Locked => StoreError::InUse(shown.clone()),
            source => StoreError::Open {
                path: shown.clone(),
                source,
            },
        };
        std::fs::create_dir_all(path).map_err(|e| open(fjall::Error::Io(e)))?;
        let db = Database::builder(path)
            .max_journaling_size(MAX_JOURNAL_BYTES)
            .manual_journal_persist(true)
            .open()
            .map_err(open)?;
        let keyspace = |name: &str| db.keyspace(name, KeyspaceCreateOptions::default);
        let (cursor, order) = (keyspace("cursor")?, keyspace("order")?);
        let refused = keyspace("refused")?;
        let next = match refused.last_key_value() {
            Some(guard) => be_u64(&guard.key()?) + 1,
            None => 0,
        };
        let mut days = BTreeMap::new();
        for name in db.list_keyspace_names() {
            let name = name.to_string();
            if name.starts_with(DAY) {
                days.insert(name.clone(), db.keyspace(&name, day_options)?);
            }
        }
        let next_refused = AtomicU64::new(next);
        let path = path.to_owned();
        Ok(Self {
            path,
            days: Mutex::new(days),
            cursor,
            order,
            refused,
            next_refused,
            db,
        })
    }

    /// Drops the days before `oldest` (`YYYYMMDD`). Returns how many.
    ///
    /// # Errors
    /// The database cannot delete one of them.
    pub fn drop_days_before(&self, oldest: &str) -> Result<usize, StoreError> {
        let mut days = self.lock_days();
        let keep = days.split_off(&format!("{DAY}{oldest}"));
        let old = std::mem::replace(&mut *days, keep);
        drop(days);
        let count = old.len();
        for keyspace in old.into_values() {
            self.db.delete_keyspace(keyspace)?;
        }
        Ok(count)
    }

    /// Bytes on disk.
    ///
    /// # Errors
    /// The database cannot tell.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.db.disk_space()?)
    }

    /// Where the store lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn lock_days(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Keyspace>> {
        self.days
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn day(&self, name: &str) -> Result<Keyspace, StoreError> {
        let mut days = self.lock_days();
        if let Some(day) = days.get(name) {
            return Ok(day.clone());
        }
        let day = self.db.keyspace(name, day_options)?;
        days.insert(name.to_owned(), day.clone());
        Ok(day)
    }

    /// The days that may hold `from..=to`, oldest first.
    fn days_between(&self, from: Timestamp, to: Timestamp) -> Vec<Keyspace> {
        if from > to {
            return Vec::new();
        }
        let span = day_name(from)..=day_name(to);
        self.lock_days()
            .range(span)
            .map(|(_, day)| day.clone())
            .collect()
    }

    fn all_days(&self) -> Vec<Keyspace> {
        self.lock_days().values().cloned().collect()
    }
}

fn day_options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(MAX_MEMTABLE_BYTES)
}

fn day_name(at: Timestamp) -> String {
    format!("{DAY}{}", at.day())
}

fn be_u64(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .take(8)
        .fold(0, |n, b| (n << 8) | u64::from(*b))
}

fn json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|e| StoreError::Record(e.to_string()))
}

fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|e| StoreError::Record(e.to_string()))
}

impl Store for Embedded {
    fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut batch = fjall::OwnedWriteBatch::with_capacity(
            self.db.clone(),
            commit.observations.len() + commit.cursors.len(),
        )
        .durability(Some(PersistMode::SyncData));
        // Neighbours are nearly always of one day: look its name up once per run of a day.
        let mut today: Option<(i64, Keyspace)> = None;
        let (mut key, mut value) = (Vec::new(), Vec::new());
        for stored in &commit.observations {
            let at = stored.observation.observed_at;
            let number = at.as_millis().div_euclid(86_400_000);
            let day = match &today {
                Some((known, day)) if *known == number => day.clone(),
                _ => {
                    let day = self.day(&day_name(at))?;
                    today = Some((number, day.clone()));
                    day
                }
            };
            record::write_key(&mut key, &stored.observation.gauge, at);
            record::write_value(&mut value, stored)?;
            batch.insert(&day, key.as_slice(), value.as_slice());
        }
        for (agent, ack) in &commit.cursors {
            batch.insert(&self.cursor, agent.as_str().as_bytes(), json(ack)?);
        }
        for order in &commit.orders {
            batch.insert(&self.order, order.id.as_str().as_bytes(), json(order)?);
        }
        for refused in &commit.refused {
            let number = self.next_refused.fetch_add(1, Ordering::Relaxed);
            batch.insert(&self.refused, number.to_be_bytes(), json(refused)?);
            if let Some(old) = number.checked_sub(MAX_REFUSED) {
                batch.remove(&self.refused, old.to_be_bytes());
            }
        }
        batch.commit()?;
        Ok(())
    }

    fn get(&self, gauge: &GaugeId, observed_at: Timestamp) -> Result<Option<Stored>, StoreError> {
        let day = self.lock_days().get(&day_name(observed_at)).cloned();
        let Some(day) = day else { return Ok(None) };
        let key = record::key(gauge, observed_at);
        let found = day.get(&key)?;
        found.map(|value| record::decode(&key, &value)).transpose()
    }

    fn newest(&self, gauge: &GaugeId) -> Result<Option<Stored>, StoreError> {
        let prefix = record::prefix(gauge);
        for day in self.all_days().into_iter().rev() {
            if let Some(guard) = day.prefix(&prefix).next_back() {
                let (key, value) = guard.into_inner()?;
                return record::decode(&key, &value).map(Some);
            }
        }
        Ok(None)
    }

    fn range(
        &self,
        gauge: &GaugeId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let mut found = Vec::new();
        let span = record::key(gauge, from)..=record::key(gauge, to);
        for day in self.days_between(from, to).into_iter().rev() {
            for guard in day.range(span.clone()).rev() {
                if found.len() >= limit {
                    break;
                }
                let (key, value) = guard.into_inner()?;
                found.push(record::decode(&key, &value)?);
            }
        }
        found.reverse();
        Ok(found)
    }

    fn visit(&self, visit: &mut dyn FnMut(Stored)) -> Result<(), StoreError> {
        for day in self.all_days() {
            for guard in day.iter() {
                let (key, value) = guard.into_inner()?;
                visit(record::decode(&key, &value)?);
            }
        }
        Ok(())
    }

    fn cursors(&self) -> Result<Vec<(AgentId, Ack)>, StoreError> {
        let mut cursors = Vec::new();
        for guard in self.db.snapshot().iter(&self.cursor) {
            let (key, value) = guard.into_inner()?;
            let id = String::from_utf8_lossy(&key).into_owned();
            let agent =
                AgentId::try_from(id).map_err(|e| StoreError::Record(format!("cursor: {e}")))?;
            cursors.push((agent, from_json(&value)?));
        }
        Ok(cursors)
    }

    fn orders(&self) -> Result<Vec<Order>, StoreError> {
        let mut orders = Vec::new();
        for guard in self.order.iter() {
            orders.push(from_json(&guard.value()?)?);
        }
        Ok(orders)
    }

    fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
        let newest = self.refused.iter().rev().take(limit);
        newest.map(|guard| from_json(&guard.value()?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        gauge::Parameter,
        observation::Observation,
        quality::{Quality, TestSet},
        value::Value,
    };

    use super::*;

    fn stored(gauge: &str, millis: i64, milli: i64) -> Stored {
        Stored {
            observation: Observation {
                gauge: gauge.parse().expect("id"),
                parameter: Parameter::Depth,
                observed_at: Timestamp::from_millis(millis),
                value: Some(Value::from_milli(milli)),
                quality: Quality::Pass,
                tests: TestSet::NONE,
            },
            received_at: Timestamp::from_millis(millis),
        }
    }

    const DAY_MS: i64 = 86_400_000;

    #[test]
    fn what_was_committed_is_there_after_reopening() {
        let folder = tempfile::tempdir().expect("tempdir");
        let gauge: GaugeId = "lg-1".parse().expect("id");
        let agent: AgentId = "gw-1".parse().expect("id");
        let mut ack = Ack::nothing(9);
        ack.add(1);
        {
            let store = Embedded::open(folder.path()).expect("opens");
            let observations = vec![stored("lg-1", 5, 1), stored("lg-1", DAY_MS + 5, 2)];
            let cursors = vec![(agent.clone(), ack.clone())];
            let commit = Commit {
                observations,
                cursors,
                ..Commit::default()
            };
            store.commit(&commit).expect("commits");
        }
        let store = Embedded::open(folder.path()).expect("opens again");
        assert_eq!(
            store.newest(&gauge).expect("reads"),
            Some(stored("lg-1", DAY_MS + 5, 2))
        );
        assert_eq!(store.cursors().expect("reads"), vec![(agent, ack)]);
        let both = store
            .range(
                &gauge,
                Timestamp::from_millis(0),
                Timestamp::from_millis(2 * DAY_MS),
                10,
            )
            .expect("reads");
        assert_eq!(both.len(), 2);
    }

    #[test]
    fn a_range_keeps_to_its_gauge_and_its_limit_keeps_the_newest() {
        let folder = tempfile::tempdir().expect("tempdir");
        let store = Embedded::open(folder.path()).expect("opens");
        let mut observations: Vec<_> = (0..10).map(|t| stored("lg-1", t, t)).collect();
        observations.push(stored("lg-10", 3, 99));
        store
            .commit(&Commit {
                observations,
                ..Commit::default()
            })
            .expect("commits");
        let gauge: GaugeId = "lg-1".parse().expect("id");
        let (from, to) = (Timestamp::from_millis(2), Timestamp::from_millis(8));
        let times: Vec<_> = store
            .range(&gauge, from, to, 3)
            .expect("reads")
            .iter()
            .map(|s| s.observation.observed_at.as_millis())
            .collect();
        assert_eq!(times, [6, 7, 8]);
    }

    #[test]
    fn retention_drops_whole_days() {
        let folder = tempfile::tempdir().expect("tempdir");
        let store = Embedded::open(folder.path()).expect("opens");
        let observations = vec![stored("lg-1", 0, 1), stored("lg-1", DAY_MS * 3, 2)];
        store
            .commit(&Commit {
                observations,
                ..Commit::default()
            })
            .expect("commits");
        assert_eq!(store.drop_days_before("19700102").expect("drops"), 1);
        let mut left = 0;
        store.visit(&mut |_| left += 1).expect("reads");
        assert_eq!(left, 1);
    }

    #[test]
    fn a_store_in_use_is_refused_with_its_path() {
        let folder = tempfile::tempdir().expect("tempdir");
        let _held = Embedded::open(folder.path()).expect("opens");
        let Err(refused) = Embedded::open(folder.path()) else {
            panic!("opened twice")
        };
        assert!(matches!(refused, StoreError::InUse(_)), "{refused}");
    }
}
