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
    /// Files that cannot be read to their end, and why.
    pub unreadable: Vec<String>,
    pub mark: Option<Mark>,
}

impl Search {
    /// Searches the files of a folder for batches that may be owed.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let mut search = Self {
            mark: Mark::read(folder),
            ..Self::default()
        };
        for path in files::list(folder)? {
            if let Err(error) = search.search_file(&Arc::new(path.clone())) {
                let what = format!("{} cannot be read whole: {error}", path.display());
                search.unreadable.push(what);
            }
        }
        let last = search.batches.last_key_value();
        let behind = last.map_or(0, |(place, _)| place + 1);
        let marked = search.mark.as_ref().map_or(0, |mark| mark.next_place);
        search.next_place = behind.max(marked);
        for batch in std::mem::take(&mut search.again).into_values() {
            search.batches.insert(search.next_place, batch);
            search.next_place += 1;
        }
        Ok(search)
    }

    fn search_file(&mut self, path: &Arc<PathBuf>) -> io::Result<()> {
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
                self.take(&entry, Source::File(Arc::clone(path), base + begins as u64));
            });
            if is_last {
                return failed.map_or(Ok(()), Err);
            }
            piece.drain(..again);
            base += again as u64;
        }
    }

    fn take(&mut self, entry: &Entry<'_>, source: Source) {
        let mark = self.mark.as_ref();
        if mark.is_some_and(|mark| !mark.may_owe(entry.place)) {
            return;
        }
        let loose = Loose {
            frame_bytes: entry.body.len(),
            source,
            checksum: entry.checksum,
        };
        match self.batches.get(&entry.place) {
            None => drop(self.batches.insert(entry.place, loose)),
            Some(known) if known.checksum == entry.checksum => {}
            Some(_) => drop(self.again.entry(entry.name()).or_insert(loose)),
        }
    }

    /// Takes the newest batches into memory, as many as may be; whether that was all.
    pub(super) fn keep_newest(&mut self) -> bool {
        let mut room = KEPT_BYTES;
        for batch in self.batches.values_mut().rev() {
            let Some(left) = room.checked_sub(batch.frame_bytes) else {
                return false;
            };
            if let Some(frame) = batch.frame() {
                batch.source = Source::Memory(frame.into());
                room = left;
            }
        }
        true
    }

    /// Leaves out what is not there any more.
    pub(super) fn check(&mut self) {
        self.batches.retain(|_, batch| batch.frame().is_some());
    }

    /// Batches that the mark knows and that are nowhere, and their bytes.
    pub(super) fn missing(&self) -> (u64, u64) {
        let Some(mark) = &self.mark else {
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
