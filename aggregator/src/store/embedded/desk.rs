//! What the desk keeps, and the log of what was done: two keyspaces that are written together and never
//! forgotten.

use std::{ops::ControlFlow, sync::Mutex};

use fjall::{Keyspace, KeyspaceCreateOptions, OwnedWriteBatch};

use super::{
    damage::{Damage, Read, read},
    database::Database,
    engine::{engine, lock, number},
};
use crate::{
    audit::{Chain, Entry},
    store::{
        Commit, StoreError,
        record::{Flaw, deed, desk},
    },
};

const DESK: &str = "desk-v1";
const DEEDS: &str = "deeds-v1";

/// Both keyspaces.
pub struct Desk {
    desk: Keyspace,
    deeds: Keyspace,
    end: Mutex<Chain>,
}

impl Desk {
    pub fn open(db: &Database, damage: &Damage) -> Result<Self, StoreError> {
        let keyspace = |name| {
            let made = db.keyspace(name, KeyspaceCreateOptions::default);
            made.map_err(engine)
        };
        let (desk, deeds) = (keyspace(DESK)?, keyspace(DEEDS)?);
        let end = Mutex::new(end_of(&deeds, damage)?);
        Ok(Self { desk, deeds, end })
    }

    /// Adds what a commit has of both to the batch.
    pub fn write(&self, batch: &mut OwnedWriteBatch, commit: &Commit) -> Result<(), StoreError> {
        let mut value = Vec::new();
        for (key, kept) in &commit.desk {
            match kept {
                Some(kept) => {
                    desk::write_value(&mut value, kept)
                        .map_err(|flaw: Flaw| flaw.of(named_desk(key.as_bytes())))?;
                    batch.insert(&self.desk, key.as_str(), value.as_slice());
                }
                None => batch.remove(&self.desk, key.as_str()),
            }
        }
        for entry in &commit.deeds {
            let key = entry.number.to_be_bytes();
            deed::write_value(&mut value, entry).map_err(|flaw: Flaw| flaw.of(named(&key)))?;
            batch.insert(&self.deeds, key, value.as_slice());
        }
        Ok(())
    }

    /// Where the log ends.
    pub fn end(&self) -> Chain {
        *lock(&self.end)
    }

    /// The log ends there from now on.
    pub fn ends(&self, end: Chain) {
        *lock(&self.end) = end;
    }

    /// What is kept under keys that begin so.
    pub fn read(
        &self,
        damage: &Damage,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut found = Vec::new();
        let guards = self.desk.prefix(prefix);
        damage.read_all(guards, &self.desk, desk::decode, named_desk, |kept| {
            found.push(kept);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Visits the deeds after one, oldest first.
    pub fn visit(
        &self,
        damage: &Damage,
        after: u64,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let Some(from) = after.checked_add(1) else {
            return Ok(());
        };
        let guards = self.deeds.range(from.to_be_bytes()..);
        damage.read_all(guards, &self.deeds, deed::decode, named, visit)
    }
}

/// The last number, and the hash of the last entry that can be read: what is damaged at the end leaves
/// a gap, and no number comes twice.
fn end_of(deeds: &Keyspace, damage: &Damage) -> Result<Chain, StoreError> {
    let mut end = Chain::default();
    for guard in deeds.iter().rev() {
        match read(guard, deed::decode)? {
            Read::Whole(entry) => {
                end.last = end.last.max(entry.number);
                end.hash = entry.hash;
                break;
            }
            Read::Flawed(key, flaw) => {
                end.last = end.last.max(number(&key));
                damage.tell(&flaw.of(named(&key)));
            }
            Read::NoMore(flaw) => {
                damage.suspect();
                damage.tell(&flaw.of(format!("a block of {DEEDS}")));
                break;
            }
        }
    }
    Ok(end)
}

fn named(key: &[u8]) -> String {
    format!("deed {}", number(key))
}

fn named_desk(key: &[u8]) -> String {
    format!("{} of the desk", String::from_utf8_lossy(key))
}
