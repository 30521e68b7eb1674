//! The spool's engine in memory, for tests: it loses in a power cut what was not synced, fails when
//! it is told to, and counts its syncs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use shared::time::Timestamp;

use super::{
    contract::{Damage, Engine, EngineError, FrameStore, Opened, SpoolError},
    frame,
};

/// Stores on a disk that outlives them. Clones share the disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryEngine {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Clone, Default)]
struct Disk {
    synced: Frames,
    /// What was done since the last sync.
    unsynced: Vec<DiskChange>,
    /// `synced` with all of it.
    content: Frames,
    durable_at: Option<Timestamp>,
    /// The number in this life of each place on the disk.
    numbers: BTreeMap<u64, u64>,
    next_place: u64,
    is_broken: bool,
    syncs: u64,
}

/// By their place on the disk.
type Frames = BTreeMap<u64, Vec<u8>>;

#[derive(Debug, Clone)]
enum DiskChange {
    Append(u64, Vec<u8>),
    Remove(u64),
}

fn apply(frames: &mut Frames, change: &DiskChange) {
    match change {
        DiskChange::Append(place, frame) => drop(frames.insert(*place, frame.clone())),
        DiskChange::Remove(place) => drop(frames.remove(place)),
    }
}

impl Disk {
    fn change(&mut self, change: DiskChange) {
        apply(&mut self.content, &change);
        self.unsynced.push(change);
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
            apply(&mut content, change);
        }
        let left = Disk {
            synced: content.clone(),
            content,
            next_place: disk.next_place,
            ..Disk::default()
        };
        Self {
            disk: Arc::new(Mutex::new(left)),
        }
    }

    /// The disk as it is now, apart from what becomes of this one: an image of it.
    #[must_use]
    pub fn image(&self) -> Self {
        Self {
            disk: Arc::new(Mutex::new(self.disk().clone())),
        }
    }

    /// Everything fails from now on, or works again.
    pub fn set_broken(&self, is_broken: bool) {
        self.disk().is_broken = is_broken;
    }

    /// Flips a bit of a frame; false where there is none of that number.
    pub fn damage(&self, number: u64) -> bool {
        let mut disk = self.disk();
        let Some(place) = disk.numbers.get(&number).copied() else {
            return false;
        };
        let frame = disk.content.get_mut(&place);
        let byte = frame.and_then(|frame| frame.last_mut());
        byte.map(|byte| *byte ^= 1).is_some()
    }

    /// How often a store of this disk was synced.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.disk().syncs
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for MemoryEngine {
    fn open(&mut self, take: &mut dyn FnMut(u64, usize)) -> Result<Opened, SpoolError> {
        let mut disk = self.disk();
        let mut damage = Damage::default();
        disk.content.retain(|place, frame| {
            let is_whole = frame::is_whole(frame);
            if !is_whole {
                damage.places.push(format!("place {place}"));
                damage.bytes += frame.len() as u64;
                damage.batches += 1;
            }
            is_whole
        });
        disk.numbers.clear();
        let found: Vec<_> = disk.content.iter().map(|(p, f)| (*p, f.len())).collect();
        for (number, (place, bytes)) in (1..).zip(found) {
            disk.numbers.insert(number, place);
            take(number, bytes);
        }
        if !disk.is_broken {
            disk.synced = disk.content.clone();
            disk.unsynced.clear();
        }
        Ok(Opened {
            store: Box::new(self.clone()),
            damage,
            durable_at: disk.durable_at,
        })
    }

    fn hold_limit(&self, max_bytes: u64) -> u64 {
        max_bytes
    }
}

impl FrameStore for MemoryEngine {
    fn append(&mut self, number: u64, frame: &[u8]) -> Result<(), EngineError> {
        let mut disk = self.disk();
        disk.check()?;
        let place = disk.next_place;
        disk.next_place += 1;
        disk.numbers.insert(number, place);
        disk.change(DiskChange::Append(place, frame.to_vec()));
        Ok(())
    }

    fn read(&mut self, number: u64) -> Result<Option<Vec<u8>>, EngineError> {
        let disk = self.disk();
        disk.check()?;
        let place = disk.numbers.get(&number);
        Ok(place.and_then(|place| disk.content.get(place)).cloned())
    }

    fn frame_bytes(&self, number: u64) -> Option<usize> {
        let disk = self.disk();
        let place = disk.numbers.get(&number);
        place.and_then(|p| disk.content.get(p)).map(Vec::len)
    }

    fn remove(&mut self, numbers: &[u64]) -> Result<(), EngineError> {
        let mut disk = self.disk();
        for number in numbers {
            if let Some(place) = disk.numbers.remove(number)
                && !disk.is_broken
            {
                disk.change(DiskChange::Remove(place));
            }
        }
        disk.check()
    }

    fn sync(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let mut disk = self.disk();
        disk.check()?;
        disk.synced = disk.content.clone();
        disk.unsynced.clear();
        disk.durable_at = Some(now);
        disk.syncs += 1;
        Ok(())
    }
}
