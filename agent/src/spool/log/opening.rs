//! Opening the log: every batch that can be read is found, whatever happened to the files, and what
//! cannot is named, counted and set aside. Shell.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    io,
    path::Path,
};

use shared::error::chain;

use super::{
    entry::{self, HEAD, Kind, Name},
    files::{self, Mark},
    store::{Content, LogStore, Newest, Place},
};
use crate::spool::contract::{Damage, Opened, SpoolError};

/// What was read of all files.
#[derive(Default)]
struct Survey {
    /// Every whole batch: its name and where it stands.
    batches: BTreeMap<Name, Place>,
    released: HashSet<Name>,
    gone: BTreeSet<u64>,
    /// The files that the newest readable one was begun beside, and its number.
    beside: Option<(u64, Vec<(u64, u64)>)>,
    files: BTreeMap<u64, Content>,
    /// Where the last entry of each file ends.
    ends: BTreeMap<u64, u64>,
    /// Damaged files and what about them.
    damaged: BTreeMap<u64, String>,
    /// Files that are gone without a word.
    missing: Vec<u64>,
    next_place: u64,
    damage: Damage,
}

/// Opens the log in `store` and gives numbers, from 1, and lengths of its frames to `take`.
///
/// # Errors
/// The directory cannot be read for a reason that is for a human.
pub(super) fn open(
    store: &Path,
    file_bytes: u64,
    take: &mut dyn FnMut(u64, usize),
) -> Result<Opened, SpoolError> {
    let (numbers, others) = match files::list(store) {
        Err(source) if !files::is_the_medium(&source) => {
            let path = store.display().to_string();
            return Err(SpoolError::Directory { path, source });
        }
        listed => listed.unwrap_or_else(|error| {
            tracing::error!(path = %store.display(), %error, "the spool cannot be listed");
            (Vec::new(), Vec::new())
        }),
    };
    let mark = Mark::read(store);
    let mut survey = Survey::default();
    let last = numbers.last().copied();
    for number in &numbers {
        survey.read(store, *number, last == Some(*number));
    }
    for other in others {
        let what = format!("{} is no file of the spool", other.display());
        survey.damage.places.push(what);
    }
    survey.look_for_missing(store, last, mark);
    let held = survey.held();
    let mut log = LogStore {
        store: store.to_owned(),
        file_bytes,
        newest: None,
        held: BTreeMap::new(),
        released: Vec::new(),
        next_place: survey.next_place.max(mark.map_or(0, |mark| mark.place)) + 1,
        next_file: last.max(mark.map(|mark| mark.file)).unwrap_or(0) + 1,
        is_mark_failing: false,
        files: std::mem::take(&mut survey.files),
    };
    for (number, place) in (1..).zip(held) {
        log.hold(number, place);
        take(number, place.bytes as usize - HEAD);
    }
    log.continue_newest(last.filter(|n| !survey.damaged.contains_key(n)), &survey);
    log.note_gone(&survey.missing);
    let damaged = std::mem::take(&mut survey.damaged);
    let mut damage = survey.damage;
    for (number, what) in damaged {
        damage.places.push(log.salvage(number, &what));
    }
    Ok(Opened {
        store: Box::new(log),
        damage,
        durable_at: mark.map(|mark| mark.at),
    })
}

impl Survey {
    fn read(&mut self, store: &Path, number: u64, is_newest: bool) {
        let path = files::path_of(store, number);
        let (bytes, error) = files::read_all(&path);
        let found = entry::find(&bytes);
        for (at, entry) in &found.entries {
            self.take(number, *at, entry);
        }
        let content = Content {
            bytes: bytes.len() as u64,
            ..Content::default()
        };
        self.files.insert(number, content);
        self.ends.insert(number, found.end as u64);
        let mut what = Vec::new();
        let lost: usize = found.holes.iter().map(|hole| hole.bytes).sum();
        if lost > 0 {
            let holes = found.holes.len();
            let batches: u64 = found.holes.iter().map(|hole| hole.batches).sum();
            self.lost(lost as u64, batches);
            let first = found.holes.first().map_or(0, |hole| hole.at);
            what.push(format!(
                "{lost} bytes in {holes} place(s) from byte {first} on are damaged, at least {batches} batch(es)"
            ));
        }
        let tail = bytes.len() - found.end;
        if tail > 0 && is_newest {
            // What a power cut leaves of the last write; told, since a flipped bit looks the same.
            tracing::warn!(path = %path.display(), bytes = tail, "the end of the spool is torn");
        }
        if tail > 0 && !is_newest {
            self.lost(tail as u64, 0);
            what.push(format!("the last {tail} bytes are damaged"));
        }
        if let Some(error) = error {
            what.push(format!("it cannot be read to its end: {}", chain(&error)));
        }
        if !what.is_empty() {
            self.damaged.insert(number, what.join("; "));
        }
    }

    fn take(&mut self, file: u64, at: usize, entry: &entry::Entry<'_>) {
        match entry.kind {
            Kind::Begin => self.beside = Some((file, entry::files(entry.body).collect())),
            Kind::Batch => {
                self.next_place = self.next_place.max(entry.number);
                let place = Place {
                    file,
                    at: at as u64,
                    bytes: u32::try_from(entry.bytes()).unwrap_or(u32::MAX),
                };
                // A copy that a rewriting left behind has the same name.
                self.batches.insert(entry.name(), place);
            }
            Kind::Released => self.released.extend(entry::names(entry.body)),
            Kind::Gone => drop(self.gone.insert(entry.number)),
        }
    }

    /// Files that are gone or cut off, by what the newest one and the mark say of them.
    fn look_for_missing(&mut self, store: &Path, last: Option<u64>, mark: Option<Mark>) {
        let beside = self.beside.take().filter(|(file, _)| Some(*file) == last);
        for (number, bytes) in beside.map(|(_, files)| files).unwrap_or_default() {
            let end = self.files.get(&number).map(|content| content.bytes);
            match end {
                None if !self.gone.contains(&number) => self.missing(store, number, bytes),
                Some(end) if end < bytes => {
                    self.lost(bytes - end, 0);
                    let what = format!("its last {} bytes are cut off", bytes - end);
                    self.note(number, &what);
                }
                _ => {}
            }
        }
        let Some(mark) = mark else { return };
        let lost = (mark.place).saturating_sub(self.next_place + 1);
        let end = self.ends.get(&mark.file).copied();
        if Some(mark.file) > last && mark.file > 0 {
            self.missing(store, mark.file, mark.length);
            self.damage.batches += lost;
        } else if Some(mark.file) == last && end.is_some_and(|end| end < mark.length) {
            let bytes = mark.length - end.unwrap_or(0);
            self.lost(bytes, lost);
            self.note(
                mark.file,
                &format!("its last {bytes} bytes, which were durable, are lost: {lost} batch(es)"),
            );
        }
    }

    /// One thing more about a damaged file.
    fn note(&mut self, number: u64, what: &str) {
        let known = self.damaged.entry(number).or_default();
        if !known.is_empty() {
            known.push_str("; ");
        }
        known.push_str(what);
    }

    fn missing(&mut self, store: &Path, number: u64, bytes: u64) {
        self.lost(bytes, 0);
        let path = files::path_of(store, number);
        self.missing.push(number);
        let what = format!("{} is gone, with {bytes} bytes", path.display());
        self.damage.places.push(what);
    }

    fn lost(&mut self, bytes: u64, batches: u64) {
        self.damage.bytes += bytes;
        self.damage.batches += batches;
    }

    /// Where everything stands that was not released, the oldest first.
    fn held(&mut self) -> Vec<Place> {
        let released = std::mem::take(&mut self.released);
        let batches = std::mem::take(&mut self.batches);
        let held = batches.into_iter().filter(|(n, _)| !released.contains(n));
        held.map(|(_, place)| place).collect()
    }
}

impl LogStore {
    /// Goes on writing where the last process stopped, over whatever a torn write left there.
    fn continue_newest(&mut self, last: Option<u64>, survey: &Survey) {
        let Some((number, end)) = last.and_then(|n| Some((n, *survey.ends.get(&n)?))) else {
            return;
        };
        let path = files::path_of(&self.store, number);
        let opened = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(path);
        // What a killed process wrote is durable from here on: published and then lost in a power
        // cut, it would be missed by nobody.
        let ready = opened.and_then(|file: std::fs::File| {
            file.set_len(end)?;
            file.sync_data()?;
            files::sync_names(&self.store)?;
            Ok(file)
        });
        match ready {
            Ok(file) => {
                self.files.entry(number).or_default().bytes = end;
                self.newest = Some(Newest { number, file, end });
            }
            Err(error) => {
                tracing::warn!(%error, "the newest file of the spool cannot be continued");
            }
        }
    }

    /// Notes that files are gone, so that it is told once.
    fn note_gone(&mut self, missing: &[u64]) {
        for number in missing {
            let gone = entry::encode(Kind::Gone, *number, &[]);
            if let Err(error) = self.write(&gone) {
                tracing::debug!(error = chain(&error), "a lost file will be told again");
            }
        }
    }

    /// Rewrites what a damaged file still holds and sets the file aside; says what became of it.
    fn salvage(&mut self, number: u64, what: &str) -> String {
        let path = files::path_of(&self.store, number);
        let rewritten = self.copy(number).map_err(io::Error::other);
        let aside = rewritten.and_then(|()| {
            let gone = entry::encode(Kind::Gone, number, &[]);
            self.write(&gone).map_err(io::Error::other)?;
            if let Some(newest) = &self.newest {
                newest.file.sync_data()?;
            }
            files::set_aside(&self.store, &path)
        });
        match aside {
            Ok(aside) => {
                self.files.remove(&number);
                format!(
                    "{}: {what}; set aside as {}",
                    path.display(),
                    aside.display()
                )
            }
            // It stays where it is and is served from there, until the next opening.
            Err(error) => format!(
                "{}: {what}; it cannot be set aside now: {}",
                path.display(),
                chain(&error)
            ),
        }
    }
}
