//! An open store: in sled while the medium takes something, otherwise from where the batches lie.
//! Shell.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    time::Instant,
};

use shared::{error::chain, time::Timestamp};

use super::{
    look::{Look, look},
    mark::Mark,
    replace,
    salvage::{Loose, Newest, Search},
    table::{Counts, SledError, Table},
};
use crate::spool::{
    contract::{EngineError, FrameStore},
    seqs::SeqSet,
};

/// While the medium takes nothing, opening is tried again after so many times what a try takes: it
/// reads all that is held.
const PAUSE: u32 = 20;

/// An open store.
pub(super) struct SledStore {
    folder: PathBuf,
    /// None while the medium takes nothing.
    table: Option<Table>,
    /// Where each batch that is held stands, by its number in this life.
    held: BTreeMap<u64, Place>,
    /// Batches that sled does not have, by place; none while it is open.
    pub(super) loose: BTreeMap<u64, Loose>,
    /// The place of the next batch.
    pub(super) next_place: u64,
    /// Places that were appended since the last sync.
    unsynced: BTreeSet<u64>,
    /// Some of those were lost when the medium failed.
    is_undone: bool,
    /// The folder holds a damaged store: a new one must be made of `loose`.
    must_replace: bool,
    /// Why it is closed; the first cause, so that it is told once.
    pub(super) cause: String,
    /// When opening is tried again.
    next_try: Option<Instant>,
    /// What is held, as of now.
    mark: Mark,
    is_mark_failing: bool,
}

/// Where a batch stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) place: u64,
    pub(super) frame_bytes: usize,
}

impl FrameStore for SledStore {
    fn append(&mut self, number: u64, frame: &[u8]) -> Result<(), EngineError> {
        let place = self.next_place;
        let inserted = self.table()?.insert(place, frame);
        self.checked(inserted)?;
        self.next_place += 1;
        self.unsynced.insert(place);
        let frame_bytes = frame.len();
        self.hold(number, Place { place, frame_bytes });
        Ok(())
    }

    fn read(&mut self, number: u64) -> Result<Option<Vec<u8>>, EngineError> {
        let Some(Place { place, .. }) = self.held.get(&number).copied() else {
            return Ok(None);
        };
        if let Some(table) = &self.table {
            let frame = table.frame(place);
            if let Ok(Some(frame)) = self.checked(frame) {
                return Ok(Some(frame));
            }
        }
        let found = self.loose.get(&place).and_then(Loose::frame);
        // No bytes are no frame: whoever decodes it tells that it is lost.
        Ok(Some(found.unwrap_or_default()))
    }

    fn frame_bytes(&self, number: u64) -> Option<usize> {
        self.held.get(&number).map(|place| place.frame_bytes)
    }

    fn remove(&mut self, numbers: &[u64]) -> Result<(), EngineError> {
        let removed = numbers.iter().filter_map(|n| self.held.remove(n));
        let removed: Vec<Place> = removed.collect();
        let places: Vec<u64> = removed.iter().map(|place| place.place).collect();
        for Place { place, frame_bytes } in removed {
            self.mark.forget(place, frame_bytes);
            self.loose.remove(&place);
            self.unsynced.remove(&place);
        }
        // What is removed while sled is closed is removed when it opens again.
        let Some(table) = &mut self.table else {
            return Ok(());
        };
        let removed = table.remove(&places);
        Ok(self.checked(removed)?)
    }

    fn sync(&mut self, now: Timestamp) -> Result<(), EngineError> {
        self.table()?;
        if std::mem::take(&mut self.is_undone) {
            return Err(SledError::Undone.into());
        }
        let folder = self.folder.clone();
        let flushed = self.table()?.flush(&folder);
        self.checked(flushed)?;
        self.unsynced.clear();
        self.mark.at = now;
        self.write_mark();
        Ok(())
    }
}

impl SledStore {
    /// A store that holds nothing yet and is closed.
    pub(super) fn new(folder: PathBuf, mark: Mark) -> Self {
        Self {
            folder,
            table: None,
            held: BTreeMap::new(),
            loose: BTreeMap::new(),
            next_place: mark.next_place,
            unsynced: BTreeSet::new(),
            is_undone: false,
            must_replace: false,
            cause: String::new(),
            next_try: None,
            mark: Mark {
                held: SeqSet::new(),
                bytes: 0,
                ..mark
            },
            is_mark_failing: false,
        }
    }

    pub(super) fn hold(&mut self, number: u64, place: Place) {
        self.held.insert(number, place);
        self.mark.note(place.place, place.frame_bytes);
    }

    /// Goes on with an open store that holds exactly what is held.
    pub(super) fn settle(&mut self, mut table: Table) {
        self.next_place = self.next_place.max(table.counts.next_place);
        let settled = table.settle(&self.folder);
        self.table = Some(table);
        match self.checked(settled) {
            Ok(()) => self.write_mark(),
            Err(error) => {
                tracing::warn!(error = chain(&error), "the spool cannot be made durable");
            }
        }
    }

    /// Makes a new store of what was found of a damaged one; says what became of that.
    pub(super) fn rebuild(&mut self, what: &str) -> String {
        self.must_replace = true;
        let path = self.folder.display().to_string();
        let at = self.mark.at;
        match self.replace(at) {
            Ok(aside) => format!("{path}: {what}; set aside as {}", aside.display()),
            // It stays where it is and is served from there.
            Err(error) => {
                self.cause = chain(&error);
                let cause = &self.cause;
                format!("{path}: {what}; it cannot be set aside now: {cause}")
            }
        }
    }

    fn replace(&mut self, at: Timestamp) -> Result<PathBuf, SledError> {
        let counts = Counts {
            changes: self.mark.changes,
            next_place: self.next_place,
            held: 0,
        };
        let aside = replace::replace(&self.folder, &self.loose, counts, at)?;
        self.must_replace = false;
        // Where they lay has another name now.
        self.loose.clear();
        if let Err(error) = self.open_new() {
            self.find_loose(self.search()?);
            return Err(error);
        }
        Ok(aside)
    }

    fn open_new(&mut self) -> Result<(), SledError> {
        let mut entries = Vec::new();
        let table = Table::open(&self.folder, &mut |place, bytes| {
            entries.push((place, bytes));
        })?;
        self.reconcile(table, &entries)
    }

    /// sled, opened again where it had to be closed.
    fn table(&mut self) -> Result<&mut Table, SledError> {
        let now = Instant::now();
        if self.table.is_none() && self.next_try.is_none_or(|next| next <= now) {
            let opened = if self.must_replace {
                self.replace(self.mark.at).map(|aside| {
                    tracing::warn!(aside = %aside.display(), "the damaged spool is set aside");
                })
            } else {
                self.reopen()
            };
            let took = now.elapsed();
            self.next_try = Some(now + took * PAUSE);
            if let Err(error) = opened {
                tracing::debug!(
                    error = chain(&error),
                    "the spool cannot be opened again yet"
                );
            }
        }
        let closed = || SledError::Closed(self.cause.clone());
        self.table.as_mut().ok_or_else(closed)
    }

    /// Opens the store of the folder, and brings it to what is held.
    fn reopen(&mut self) -> Result<(), SledError> {
        let mark = Mark::read(&self.folder);
        match look(&self.folder, mark.as_ref())? {
            Look::Whole(table, entries) => self.reconcile(table, &entries),
            Look::Shut(error, search) => {
                self.find_loose(search);
                Err(error)
            }
            Look::Damaged(what, search) => {
                tracing::error!(what, "the spool was damaged while it was open");
                self.find_loose(search);
                self.must_replace = true;
                Err(SledError::Inconsistent("it is damaged"))
            }
        }
    }

    fn reconcile(&mut self, mut table: Table, entries: &[(u64, usize)]) -> Result<(), SledError> {
        let there: SeqSet = entries.iter().map(|(place, _)| *place).collect();
        let gone: Vec<u64> = (&there - &self.mark.held).iter().collect();
        table.remove(&gone)?;
        let missing = &self.mark.held - &there;
        table.insert_all(missing.iter().filter_map(|place| {
            let frame = self.loose.get(&place)?.frame()?;
            Some((place, frame))
        }))?;
        table.settle(&self.folder)?;
        self.next_place = self.next_place.max(table.counts.next_place);
        self.table = Some(table);
        self.loose.clear();
        self.write_mark();
        Ok(())
    }

    /// What sled said; where it failed it is closed, and what is held is served from where it lies.
    fn checked<T>(&mut self, said: Result<T, SledError>) -> Result<T, SledError> {
        said.map_err(|error| {
            self.cause = chain(&error);
            self.close();
            SledError::Closed(self.cause.clone())
        })
    }

    fn close(&mut self) {
        self.table = None;
        let unsynced = std::mem::take(&mut self.unsynced);
        self.is_undone |= !unsynced.is_empty();
        let lost: Vec<(u64, Place)> = self.held.iter().map(|(n, p)| (*n, *p)).collect();
        for (number, place) in lost {
            if unsynced.contains(&place.place) {
                self.held.remove(&number);
                self.mark.forget(place.place, place.frame_bytes);
            }
        }
        match self.search() {
            Ok(search) => self.find_loose(search),
            Err(error) => tracing::error!(%error, "the spool cannot be read"),
        }
    }

    fn search(&self) -> io::Result<Search> {
        let mark = Mark::read(&self.folder);
        Search::of(&self.folder, mark.as_ref(), Newest::default())
    }

    /// Takes over where the batches that are held lie.
    fn find_loose(&mut self, search: Search) {
        self.next_place = self.next_place.max(search.next_place);
        for (place, batch) in search.batches {
            if self.mark.held.contains(place) {
                self.loose.insert(place, batch);
            }
        }
    }

    /// Without the mark only a loss that sled does not see goes unsaid.
    fn write_mark(&mut self) {
        let Some(table) = &self.table else { return };
        (self.mark.changes, self.mark.next_place) = (table.counts.changes, self.next_place);
        let written = self.mark.write(&self.folder);
        let was_failing = self.is_mark_failing;
        self.is_mark_failing = written.is_err();
        if let Err(error) = written
            && !was_failing
        {
            tracing::warn!(%error, "the spool's mark cannot be written");
        }
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        // What was released since the last sync is not looked for in the next life.
        let folder = self.folder.clone();
        if let Some(table) = &self.table
            && table.flush(&folder).is_ok()
        {
            self.write_mark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::{contract::Engine as _, sled::SledEngine};

    const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);

    fn frame(number: u64) -> Vec<u8> {
        vec![u8::try_from(number).unwrap(); 300]
    }

    #[test]
    fn when_sled_fails_what_is_durable_is_served_and_the_rest_is_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = SledStore::new(folder.path().join("spool"), Mark::default());
        for number in 1..=3 {
            store.append(number, &frame(number)).unwrap();
        }
        store.sync(NOW).unwrap();
        store.append(4, &frame(4)).unwrap();
        store.remove(&[1]).unwrap();
        let full = io::Error::from(io::ErrorKind::StorageFull);
        store.checked::<()>(Err(full.into())).unwrap_err();
        store.remove(&[2]).unwrap();
        assert_eq!(store.read(3).unwrap(), Some(frame(3)));
        assert_eq!(
            store.frame_bytes(4),
            None,
            "whoever appended it still has it"
        );

        store.next_try = None;
        assert!(store.sync(NOW).unwrap_err().to_string().contains("again"));
        store.append(4, &frame(4)).unwrap();
        store.sync(NOW).unwrap();
        drop(store);
        let mut found = Vec::new();
        let mut engine = SledEngine::new(folder.path()).unwrap();
        let mut opened = engine.open(&mut |number, _| found.push(number)).unwrap();
        assert!(opened.damage.is_none(), "{:?}", opened.damage);
        let mut frames = found.iter().map(|n| opened.store.read(*n).unwrap());
        assert!(frames.by_ref().eq([Some(frame(3)), Some(frame(4))]));
    }
}
