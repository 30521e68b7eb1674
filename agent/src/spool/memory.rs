//! The spool's engine in memory, for tests: it loses in a power cut what was not synced, fails when
//! it is told to, and counts its syncs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::contract::{Engine, EngineError, FrameStore, Numbers, OpenError, Opened, SpoolError};

/// Stores on a disk that outlives them. Clones share the disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryEngine {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Clone, Default)]
struct Disk {
    synced: Content,
    /// What was done since the last sync.
    unsynced: Vec<Change>,
    /// `synced` with all of it.
    content: Content,
    is_corrupt: bool,
    is_broken: bool,
    syncs: u64,
    set_aside: u64,
}

#[derive(Debug, Clone, Default)]
struct Content {
    numbers: Option<Numbers>,
    frames: BTreeMap<u64, Vec<u8>>,
}

#[derive(Debug, Clone)]
enum Change {
    Numbers(Numbers),
    Append(u64, Vec<u8>),
    Remove(u64),
}

impl Content {
    fn apply(&mut self, change: &Change) -> Option<Vec<u8>> {
        match change {
            Change::Numbers(numbers) => {
                self.numbers = Some(*numbers);
                None
            }
            Change::Append(seq, frame) => {
                if let Some(numbers) = &mut self.numbers {
                    numbers.next = seq + 1;
                }
                self.frames.insert(*seq, frame.clone())
            }
            Change::Remove(seq) => self.frames.remove(seq),
        }
    }
}

impl Disk {
    fn change(&mut self, change: Change) -> Result<Option<Vec<u8>>, EngineError> {
        self.check()?;
        let before = self.content.apply(&change);
        self.unsynced.push(change);
        Ok(before)
    }

    fn check(&self) -> Result<(), EngineError> {
        if self.is_broken {
            Err(EngineError::new("the disk is broken"))
        } else {
            Ok(())
        }
    }
}

impl MemoryEngine {
    /// The disk as a power cut leaves it: of the changes that were not synced, the first `kept`.
    #[must_use]
    pub fn power_cut(&self, kept: usize) -> Self {
        let disk = self.disk();
        let mut content = disk.synced.clone();
        for change in disk.unsynced.iter().take(kept) {
            content.apply(change);
        }
        let left = Disk {
            synced: content.clone(),
            content,
            ..Disk::default()
        };
        Self {
            disk: Arc::new(Mutex::new(left)),
        }
    }

    /// Everything but what is held in memory fails from now on, or works again.
    pub fn set_broken(&self, is_broken: bool) {
        self.disk().is_broken = is_broken;
    }

    /// The store cannot be opened any more.
    pub fn corrupt(&self) {
        self.disk().is_corrupt = true;
    }

    /// Flips a bit of a frame; false where there is none of that number.
    pub fn damage(&self, seq: u64) -> bool {
        let mut disk = self.disk();
        let frame = disk.content.frames.get_mut(&seq);
        let byte = frame.and_then(|frame| frame.last_mut());
        byte.map(|byte| *byte ^= 1).is_some()
    }

    /// How often a store of this disk was synced.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.disk().syncs
    }

    /// How many stores were set aside.
    #[must_use]
    pub fn stores_set_aside(&self) -> u64 {
        self.disk().set_aside
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for MemoryEngine {
    fn open(&mut self, take: &mut dyn FnMut(u64, &[u8])) -> Result<Opened, OpenError> {
        let disk = self.disk();
        disk.check().map_err(SpoolError::from)?;
        if disk.is_corrupt {
            return Err(OpenError::Corrupt(EngineError::new("it was corrupted")));
        }
        for (seq, frame) in &disk.content.frames {
            take(*seq, frame);
        }
        Ok((Box::new(self.clone()), disk.content.numbers))
    }

    fn set_aside(&mut self) -> Result<String, SpoolError> {
        let mut disk = self.disk();
        disk.check()?;
        *disk = Disk {
            syncs: disk.syncs,
            set_aside: disk.set_aside + 1,
            ..Disk::default()
        };
        Ok("nowhere".to_owned())
    }

    fn hold_limit(&self, max_bytes: u64) -> u64 {
        max_bytes
    }
}

impl FrameStore for MemoryEngine {
    fn set_numbers(&mut self, numbers: Numbers) -> Result<(), EngineError> {
        self.disk().change(Change::Numbers(numbers)).map(drop)
    }

    fn append(&mut self, seq: u64, frame: &[u8]) -> Result<(), EngineError> {
        let change = Change::Append(seq, frame.to_vec());
        self.disk().change(change).map(drop)
    }

    fn read(&mut self, seq: u64) -> Result<Option<Vec<u8>>, EngineError> {
        let disk = self.disk();
        disk.check()?;
        Ok(disk.content.frames.get(&seq).cloned())
    }

    fn remove(&mut self, seq: u64) -> Result<Option<Vec<u8>>, EngineError> {
        self.disk().change(Change::Remove(seq))
    }

    fn sync(&mut self) -> Result<(), EngineError> {
        let mut disk = self.disk();
        disk.check()?;
        disk.synced = disk.content.clone();
        disk.unsynced.clear();
        disk.syncs += 1;
        Ok(())
    }
}
