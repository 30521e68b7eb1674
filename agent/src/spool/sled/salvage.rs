//! Finding batches without sled: every file of the store is searched, byte by byte, for whole
//! entries. sled keeps older copies of what it rewrites, so that one damaged place seldom costs the
//! batches in it. Shell.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    entry::{self, Entry, HEAD, Name},
    files,
    mark::Mark,
};
use crate::spool::seqs::SeqSet;

/// Bytes that are read at once, and at once where the medium gives no more.
const PIECE: usize = 1024 * 1024;
const PAGE: usize = 4_096;
/// What sled does when it opens may undo what it does not find, the newest batches: so many bytes
/// of them are held in memory meanwhile, a sixteenth of what the unit grants.
const KEPT_BYTES: usize = 8 * 1024 * 1024;

/// A batch outside sled.
#[derive(Debug, Clone)]
pub(super) struct Loose {
    /// Bytes of its frame.
    pub frame_bytes: usize,
    source: Source,
    checksum: u32,
}

#[derive(Debug, Clone)]
enum Source {
    /// Where its entry begins.
    File(Arc<PathBuf>, u64),
    /// Its frame.
    Memory(Box<[u8]>),
}

impl Loose {
    /// Its frame; none where it is not there any more.
    pub(super) fn frame(&self) -> Option<Vec<u8>> {
        match &self.source {
            Source::Memory(frame) => Some(frame.to_vec()),
            Source::File(path, at) => {
                let mut bytes = vec![0; HEAD + self.frame_bytes];
                let file = File::open(path.as_ref()).ok()?;
                file.read_exact_at(&mut bytes, *at).ok()?;
                let entry = entry::first(&bytes)?;
                (entry.checksum == self.checksum).then(|| entry.body.to_vec())
            }
        }
    }
}

/// The newest batches, taken into memory before sled opens.
#[derive(Debug, Default)]
pub(super) struct Newest {
    frames: BTreeMap<Name, Box<[u8]>>,
    bytes: usize,
    /// Whether there were more.
    pub(super) is_part: bool,
    /// The places of all.
    pub(super) found: SeqSet,
    /// Files that cannot be read to their end, and why.
    pub(super) unreadable: Vec<String>,
}

impl Newest {
    /// Searches the files of a folder.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub(super) fn of(folder: &Path, mark: Option<&Mark>) -> io::Result<Self> {
        let mut newest = Self::default();
        newest.unreadable = search(folder, mark, &mut |entry, _, _| newest.take(&entry))?;
        Ok(newest)
    }

    fn take(&mut self, entry: &Entry<'_>) {
        self.found.insert(entry.place);
        if self
            .frames
            .insert(entry.name(), entry.body.into())
            .is_none()
        {
            self.bytes += entry.body.len();
        }
        while self.bytes > KEPT_BYTES {
            let oldest = self.frames.pop_first();
            self.bytes -= oldest.map_or(self.bytes, |(_, frame)| frame.len());
            self.is_part = true;
        }
    }
}

/// What the files of a store hold.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// By place, the oldest first. Where a store went back and gave a place twice, the second is
    /// behind all others.
    pub batches: BTreeMap<u64, Loose>,
    /// The others of those, while the files are searched.
    again: BTreeMap<Name, Loose>,
    /// A place above all others.
    pub next_place: u64,
}

impl Search {
    /// Searches the files of a folder for batches that may be owed, besides those in memory.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub(super) fn of(folder: &Path, mark: Option<&Mark>, newest: Newest) -> io::Result<Self> {
        let mut found = Self::default();
        for ((place, checksum), frame) in newest.frames {
            let loose = Loose {
                frame_bytes: frame.len(),
                source: Source::Memory(frame),
                checksum,
            };
            found.take((place, checksum), loose);
        }
        // What cannot be read has been told, or is told as missing.
        let _told = search(folder, mark, &mut |entry, path, at| {
            let loose = Loose {
                frame_bytes: entry.body.len(),
                source: Source::File(Arc::clone(path), at),
                checksum: entry.checksum,
            };
            found.take(entry.name(), loose);
        })?;
        let last = found.batches.last_key_value();
        let behind = last.map_or(0, |(place, _)| place + 1);
        found.next_place = behind.max(mark.map_or(0, |mark| mark.next_place));
        for batch in std::mem::take(&mut found.again).into_values() {
            found.batches.insert(found.next_place, batch);
            found.next_place += 1;
        }
        Ok(found)
    }

    fn take(&mut self, name: Name, loose: Loose) {
        match self.batches.get(&name.0) {
            None => drop(self.batches.insert(name.0, loose)),
            Some(known) if known.checksum == name.1 => {}
            Some(_) => drop(self.again.entry(name).or_insert(loose)),
        }
    }

    /// Batches that the mark knows and that are nowhere, and their bytes.
    pub(super) fn missing(&self, mark: Option<&Mark>) -> (u64, u64) {
        let Some(mark) = mark else {
            return (0, 0);
        };
        let (mut missing, mut bytes) = (mark.held.len(), mark.bytes);
        for (place, batch) in &self.batches {
            if mark.held.contains(*place) {
                missing -= 1;
                bytes = bytes.saturating_sub((HEAD + batch.frame_bytes) as u64);
            }
        }
        (u64::try_from(missing).unwrap_or(u64::MAX), bytes)
    }
}

type Take<'a> = dyn FnMut(Entry<'_>, &Arc<PathBuf>, u64) + 'a;

/// Gives every whole entry in the files of a folder that may be owed to `take`, with its file and
/// where it begins. Returns which files cannot be read to their end, and why.
fn search(folder: &Path, mark: Option<&Mark>, take: &mut Take<'_>) -> io::Result<Vec<String>> {
    let mut unreadable = Vec::new();
    for path in files::list(folder)? {
        let path = Arc::new(path);
        let searched = search_file(&path, &mut |entry, path, at| {
            if mark.is_none_or(|mark| mark.may_owe(entry.place)) {
                take(entry, path, at);
            }
        });
        if let Err(error) = searched {
            unreadable.push(format!("{} cannot be read whole: {error}", path.display()));
        }
    }
    Ok(unreadable)
}

fn search_file(path: &Arc<PathBuf>, take: &mut Take<'_>) -> io::Result<()> {
    let file = File::open(path.as_ref())?;
    let length = file.metadata()?.len();
    let (mut piece, mut base, mut failed) = (Vec::new(), 0, None);
    loop {
        let at = base + piece.len() as u64;
        let is_last = at + PIECE as u64 >= length;
        if let Err(error) = read_on(&file, at, length, &mut piece) {
            failed = Some(error);
        }
        let again = entry::find(&piece, is_last, &mut |begins, entry| {
            take(entry, path, base + begins as u64);
        });
        if is_last {
            return failed.map_or(Ok(()), Err);
        }
        piece.drain(..again);
        base += again as u64;
    }
}

/// Reads the next piece of a file; zeros where the medium gives nothing.
fn read_on(file: &File, at: u64, length: u64, piece: &mut Vec<u8>) -> io::Result<()> {
    let before = piece.len();
    let left = usize::try_from(length.saturating_sub(at)).unwrap_or(PIECE);
    piece.resize(before + left.min(PIECE), 0);
    let new = piece.get_mut(before..).unwrap_or_default();
    let Err(error) = file.read_exact_at(new, at) else {
        return Ok(());
    };
    for (page, at) in new.chunks_mut(PAGE).zip((at..).step_by(PAGE)) {
        if file.read_exact_at(page, at).is_err() {
            page.fill(0);
        }
    }
    // It has been cut since; what was there has been read.
    if error.kind() == ErrorKind::UnexpectedEof {
        return Ok(());
    }
    Err(error)
}
