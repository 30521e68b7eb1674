//! An open log: appending, releasing, and keeping the files small. Shell.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use shared::time::Timestamp;

use super::{
    entry::{self, HEAD, Kind, Name},
    files::{self, Mark},
};
use crate::spool::contract::{EngineError, FrameStore};

/// Files that may hold little or nothing of use: the newest, the one being rewritten, two more.
pub(super) const SPARE_FILES: u64 = 4;
/// A newest file of which nothing is held is removed from this size on.
const IDLE_BYTES: u64 = 64 * 1024;

/// What the log's files can say.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    #[error("{path} cannot be {what}")]
    File {
        path: String,
        what: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("{path} has no batch at byte {at}")]
    Rotten { path: String, at: u64 },
}

impl From<LogError> for EngineError {
    fn from(error: LogError) -> Self {
        Self::new(error)
    }
}

/// An open log.
pub(super) struct LogStore {
    pub(super) store: PathBuf,
    pub(super) file_bytes: u64,
    /// Every file there is, by number.
    pub(super) files: BTreeMap<u64, Content>,
    /// The newest file, while it can be written.
    pub(super) newest: Option<Newest>,
    /// Where each batch that is held stands, by its number in this life.
    pub(super) held: BTreeMap<u64, Place>,
    /// Released and not written down yet.
    pub(super) released: Vec<Name>,
    /// The place of the next batch, and the number of the next file.
    pub(super) next_place: u64,
    pub(super) next_file: u64,
    pub(super) is_mark_failing: bool,
}

/// What a file takes up and what of it is held.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Content {
    pub(super) bytes: u64,
    pub(super) held: u64,
    pub(super) held_bytes: u64,
}

/// The file that is appended to.
pub(super) struct Newest {
    pub(super) number: u64,
    pub(super) file: File,
    pub(super) end: u64,
}

/// Where a batch stands: its entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) file: u64,
    pub(super) at: u64,
    pub(super) bytes: u32,
}

impl FrameStore for LogStore {
    fn append(&mut self, number: u64, frame: &[u8]) -> Result<(), EngineError> {
        let entry = entry::encode(Kind::Batch, self.next_place, frame);
        let place = self.write(&entry)?;
        self.next_place += 1;
        self.hold(number, place);
        Ok(())
    }

    fn read(&mut self, number: u64) -> Result<Option<Vec<u8>>, EngineError> {
        let Some(place) = self.held.get(&number).copied() else {
            return Ok(None);
        };
        let bytes = self.bytes_at(place)?;
        // A frame has a checksum of its own: what rotted is told by whoever decodes it.
        Ok(Some(bytes.get(HEAD..).unwrap_or_default().to_vec()))
    }

    fn frame_bytes(&self, number: u64) -> Option<usize> {
        let place = self.held.get(&number)?;
        Some((place.bytes as usize).saturating_sub(HEAD))
    }

    fn remove(&mut self, numbers: &[u64]) -> Result<(), EngineError> {
        for number in numbers {
            let Some(place) = self.held.remove(number) else {
                continue;
            };
            if let Some(content) = self.files.get_mut(&place.file) {
                content.held -= 1;
                content.held_bytes -= u64::from(place.bytes);
            }
            let head = Place {
                bytes: u32::try_from(HEAD).unwrap_or(place.bytes),
                ..place
            };
            // One that cannot be read any more will not be served after a restart either.
            let head = self.bytes_at(head).unwrap_or_default();
            self.released.extend(entry::name(&head));
        }
        // What a file that is about to go does not hold needs no note.
        let noted = if self.is_idle() {
            Ok(())
        } else {
            self.note_released()
        };
        self.tidy()?;
        noted
    }

    fn sync(&mut self, now: Timestamp) -> Result<(), EngineError> {
        self.note_released()?;
        let Some(newest) = &self.newest else {
            return Ok(());
        };
        let (number, length) = (newest.number, newest.end);
        if let Err(error) = newest.file.sync_data() {
            // What a failed sync leaves of the pages is not known: nothing more goes into this file.
            self.newest = None;
            return Err(self.failed(number, "synced", error).into());
        }
        self.set_mark(number, length, now);
        Ok(())
    }
}

impl LogStore {
    pub(super) fn hold(&mut self, number: u64, place: Place) {
        self.held.insert(number, place);
        let content = self.files.entry(place.file).or_default();
        content.held += 1;
        content.held_bytes += u64::from(place.bytes);
    }

    /// Writes an entry behind the others, in a new file where the newest is full.
    pub(super) fn write(&mut self, entry: &[u8]) -> Result<Place, LogError> {
        let is_full = |newest: &Newest| newest.end >= self.file_bytes;
        if self.newest.as_ref().is_none_or(is_full) {
            self.begin()?;
        }
        let Some(newest) = &mut self.newest else {
            unreachable!("a file has just begun")
        };
        let (number, at) = (newest.number, newest.end);
        if let Err(error) = newest.file.write_all_at(entry, at) {
            // A part of it would look like damage; where even this fails, it does.
            let undone = newest.file.set_len(at);
            let is_gone = undone.is_err() || error.kind() != io::ErrorKind::StorageFull;
            if is_gone {
                self.newest = None;
            }
            return Err(self.failed(number, "written", error));
        }
        newest.end += entry.len() as u64;
        let end = newest.end;
        self.files.entry(number).or_default().bytes = end;
        Ok(Place {
            file: number,
            at,
            bytes: u32::try_from(entry.len()).unwrap_or(u32::MAX),
        })
    }

    /// Begins a file; what the one before holds is durable then.
    fn begin(&mut self) -> Result<(), LogError> {
        if let Some(newest) = self.newest.take()
            && let Err(error) = newest.file.sync_data()
        {
            return Err(self.failed(newest.number, "synced", error));
        }
        let number = self.next_file;
        let path = files::path_of(&self.store, number);
        let earlier: Vec<_> = self.files.iter().map(|(n, c)| (*n, c.bytes)).collect();
        let head = entry::encode(Kind::Begin, number, &entry::files_body(&earlier));
        let begun = fs::create_dir_all(&self.store).and_then(|()| {
            let file = new_file(&path)?;
            file.write_all_at(&head, 0)?;
            files::sync_names(&self.store)?;
            Ok(file)
        });
        match begun {
            Ok(file) => {
                self.next_file += 1;
                let end = head.len() as u64;
                self.files.entry(number).or_default().bytes = end;
                self.newest = Some(Newest { number, file, end });
                Ok(())
            }
            Err(error) => {
                // Begun again under the same number.
                remove(&path);
                Err(self.failed(number, "begun", error))
            }
        }
    }

    fn bytes_at(&self, place: Place) -> Result<Vec<u8>, LogError> {
        let path = files::path_of(&self.store, place.file);
        let mut bytes = vec![0; place.bytes as usize];
        let read = File::open(&path).and_then(|file| file.read_exact_at(&mut bytes, place.at));
        read.map_err(|error| self.failed(place.file, "read", error))?;
        Ok(bytes)
    }

    /// Writes down what was released, without a sync.
    fn note_released(&mut self) -> Result<(), EngineError> {
        if self.released.is_empty() {
            return Ok(());
        }
        let entry = entry::encode(Kind::Released, 0, &entry::names_body(&self.released));
        self.write(&entry)?;
        self.released.clear();
        Ok(())
    }

    /// Removes files of which nothing is held, and rewrites one where they take too much room.
    fn tidy(&mut self) -> Result<(), EngineError> {
        let newest = self.newest.as_ref().map(|newest| newest.number);
        let is_empty = |(number, content): (&u64, &Content)| {
            (content.held == 0 && Some(*number) != newest).then_some(*number)
        };
        let empty: Vec<u64> = self.files.iter().filter_map(is_empty).collect();
        for number in empty {
            self.remove_file(number);
        }
        if self.is_idle() {
            self.remove_idle();
            return Ok(());
        }
        let taken: u64 = self.files.values().map(|content| content.bytes).sum();
        let held: u64 = self.files.values().map(|content| content.held_bytes).sum();
        if taken > 2 * held + (SPARE_FILES - 1) * self.file_bytes {
            self.rewrite_emptiest()?;
        }
        Ok(())
    }

    /// Whether nothing is held and the newest file has grown.
    fn is_idle(&self) -> bool {
        let has_grown = |newest: &Newest| newest.end >= IDLE_BYTES;
        self.held.is_empty() && self.newest.as_ref().is_some_and(has_grown)
    }

    /// The newest file is removed, and the releases in it.
    fn remove_idle(&mut self) {
        let Some(newest) = self.newest.take() else {
            return;
        };
        // First, so that a power cut in between does not look like a lost file.
        let mark = Mark {
            place: self.next_place,
            at: Mark::read(&self.store).map_or(Timestamp::default(), |mark| mark.at),
            ..Mark::default()
        };
        self.tell_mark(mark.write(&self.store, true));
        self.released.clear();
        self.remove_file(newest.number);
    }

    /// Copies what is held of the file with the least of it to the end of the log.
    fn rewrite_emptiest(&mut self) -> Result<(), EngineError> {
        let newest = self.newest.as_ref().map(|newest| newest.number);
        let sealed = self.files.iter().filter(|(n, _)| Some(**n) != newest);
        let emptiest = sealed.min_by_key(|(_, content)| content.held_bytes);
        match emptiest.map(|(number, _)| *number) {
            Some(number) => self.rewrite(number),
            None => Ok(()),
        }
    }

    /// Copies what is held of a file to the end of the log, durably, and removes the file.
    fn rewrite(&mut self, number: u64) -> Result<(), EngineError> {
        self.copy(number)?;
        self.remove_file(number);
        Ok(())
    }

    pub(super) fn copy(&mut self, number: u64) -> Result<(), EngineError> {
        let held = self.held.iter().filter(|(_, place)| place.file == number);
        let held: Vec<_> = held.map(|(seq, place)| (*seq, *place)).collect();
        for (seq, place) in held {
            let bytes = self.bytes_at(place)?;
            if entry::first(&bytes).is_none() {
                let path = files::path_of(&self.store, number).display().to_string();
                let at = place.at;
                return Err(LogError::Rotten { path, at }.into());
            }
            let copy = self.write(&bytes)?;
            if let Some(content) = self.files.get_mut(&number) {
                content.held -= 1;
                content.held_bytes -= u64::from(place.bytes);
            }
            self.hold(seq, copy);
        }
        if let Some(newest) = &self.newest
            && let Err(error) = newest.file.sync_data()
        {
            let number = newest.number;
            return Err(self.failed(number, "synced", error).into());
        }
        Ok(())
    }

    /// Removes a file of which nothing is held, and says so in the log first, durably: a file that
    /// is missing without a word is damage.
    fn remove_file(&mut self, number: u64) {
        let gone = entry::encode(Kind::Gone, number, &[]);
        let noted = self.newest.is_some() && self.write(&gone).is_ok();
        if let Some(newest) = self.newest.as_ref().filter(|_| noted)
            && let Err(error) = newest.file.sync_data()
        {
            tracing::debug!(%error, "that a file of the spool is removed was not made durable");
        }
        remove(&files::path_of(&self.store, number));
        self.files.remove(&number);
    }

    fn set_mark(&mut self, file: u64, length: u64, at: Timestamp) {
        let mark = Mark {
            file,
            length,
            place: self.next_place,
            at,
        };
        self.tell_mark(mark.write(&self.store, false));
    }

    /// Without the mark only a lost end of the log goes unseen.
    fn tell_mark(&mut self, written: io::Result<()>) {
        let was_failing = self.is_mark_failing;
        self.is_mark_failing = written.is_err();
        if let Err(error) = written.as_ref()
            && !was_failing
        {
            tracing::warn!(%error, "the spool's mark cannot be written");
        }
    }

    fn failed(&self, number: u64, what: &'static str, source: io::Error) -> LogError {
        LogError::File {
            path: files::path_of(&self.store, number).display().to_string(),
            what,
            source,
        }
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a file of the spool cannot be removed");
    }
}
