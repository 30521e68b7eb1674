//! The draft of the batch that is not in the spool yet, so that the death of the process does not
//! take it along. Shell.
//!
//! On disk: `<data_dir>/draft-a` and `draft-b`, frames one after the other (see [`super::frame`]).
//! One of them holds the open batch, the other the sealed one, which the spool is making durable.
//!
//! | step | on disk after it |
//! |---|---|
//! | [`Draft::add`] | one frame more in the open file, by one `write` without a sync |
//! | [`Draft::seal`] | the same; the files change their roles |
//! | the spool's commit | the sealed batch twice: in the spool, synced, and in its draft |
//! | [`Draft::clear`] | the sealed file is empty |
//!
//! What a kill leaves: everything that was added, because the kernel has it; a last frame that was
//! not written to its end is ignored. [`Draft::open`] gives all of it back, and it becomes the
//! first batch. Killed between the spool's commit and the clearing, the agent spools the same
//! observations again under a new number: an observation's identity is (gauge, observed_at), so
//! that is invisible beyond `merge`.
//!
//! What a power cut leaves: the front of a file, an older state of it, or nothing. It may cost the
//! batches that the spool had not committed, as it did without a draft; an older state costs
//! repetitions. Nothing is assumed of the medium, and it is hardly worn: most drafts are emptied
//! before the kernel writes them out.
//!
//! A draft with a whole frame of another version, as an update or its way back may leave it, is set
//! aside as `draft-a.version-N` and never written to: only a program of that version can read it.
//!
//! A draft that cannot be written stops nothing: what is in none is counted, and the log says when
//! that begins and ends. Each file is bounded ([`MAX_BYTES`]), beyond the budget of the spool. While
//! the spool fails, more than a batch may wait in memory; the draft has the first of it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use shared::{error::chain, limits::MAX_BATCH, observation::Observation};

use super::frame::{self, FrameError};
use crate::{
    counters::{Counters, count},
    faults::{FaultKind, Faults},
};

/// Largest size of a file: a whole batch, each observation in a frame of its own.
pub const MAX_BYTES: u64 = MAX_BATCH as u64 * PER_OBSERVATION;
/// An observation with an id of 63 characters in a frame of its own takes less.
const PER_OBSERVATION: u64 = 128;

/// Why observations are not in the draft.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    #[error("the draft {path} cannot be used")]
    File { path: String, source: io::Error },
    #[error("the draft is full")]
    Full,
    #[error("an observation cannot be encoded")]
    Encode(#[from] FrameError),
    #[error("there is no draft")]
    Missing,
    #[error("the thread that writes the draft has failed")]
    Thread(#[source] tokio::task::JoinError),
}

impl DraftError {
    fn sort(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Full => "full",
            Self::Encode(_) => "encode",
            Self::Missing => "missing",
            Self::Thread(_) => "thread",
        }
    }
}

/// The two files. Whoever opens them holds the lock of the data directory.
#[derive(Debug)]
pub struct Draft {
    open: Journal,
    sealed: Journal,
    /// Whether the open file has been written since it became the open one.
    is_written: bool,
}

#[derive(Debug)]
struct Journal {
    path: PathBuf,
    file: File,
    /// Where the whole frames end and the next one goes, over whatever a torn write left there.
    end: u64,
    is_empty: bool,
}

impl Draft {
    /// Opens the draft and gives back what an earlier process left in it.
    ///
    /// # Errors
    /// A file cannot be opened or read.
    pub fn open(data_dir: &Path) -> Result<(Self, Vec<Observation>), DraftError> {
        let (a, mut left) = Journal::open(data_dir.join("draft-a"))?;
        let (b, more) = Journal::open(data_dir.join("draft-b"))?;
        left.extend(more);
        // Both may hold something; the new batch then goes behind the shorter.
        let (open, sealed) = if a.end < b.end { (a, b) } else { (b, a) };
        let draft = Self {
            open,
            sealed,
            is_written: false,
        };
        Ok((draft, left))
    }

    /// Adds a frame to the open batch.
    ///
    /// # Errors
    /// The file cannot be written or would exceed [`MAX_BYTES`]; it then holds what it held before.
    pub fn add(&mut self, frame: &[u8]) -> Result<(), DraftError> {
        self.open.add(frame)?;
        self.is_written = true;
        Ok(())
    }

    /// The open batch goes to the spool; what is added from now on belongs to the next one.
    pub fn seal(&mut self) {
        std::mem::swap(&mut self.open, &mut self.sealed);
        self.is_written = false;
    }

    /// The sealed batch, or what an earlier process left, is durable in the spool.
    ///
    /// # Errors
    /// The file cannot be emptied: its content would be spooled once more after a kill.
    pub fn clear(&mut self) -> Result<(), DraftError> {
        self.sealed.clear()?;
        if self.is_written {
            Ok(())
        } else {
            self.open.clear()
        }
    }
}

impl Journal {
    fn open(path: PathBuf) -> Result<(Self, Vec<Observation>), DraftError> {
        let mut bytes = Vec::new();
        let read = open_file(&path).and_then(|file| {
            (&file).take(MAX_BYTES).read_to_end(&mut bytes)?;
            Ok(file)
        });
        let mut file = read.map_err(|source| unusable(&path, source))?;
        let left = frame::leading(&bytes);
        let torn_bytes = bytes.len() - left.bytes;
        if let Some(version) = left.unknown_version {
            bytes.truncate(left.bytes);
            let renewed = set_aside(&path, version, &bytes);
            file = renewed.map_err(|source| unusable(&path, source))?;
        } else if torn_bytes > 0 {
            let path = path.display();
            tracing::warn!(%path, torn_bytes, "the end of a draft is torn and ignored");
        }
        let journal = Self {
            path,
            file,
            end: left.bytes as u64,
            is_empty: bytes.is_empty(),
        };
        Ok((journal, left.observations))
    }

    fn add(&mut self, frame: &[u8]) -> Result<(), DraftError> {
        let end = self.end + frame.len() as u64;
        if end > MAX_BYTES {
            return Err(DraftError::Full);
        }
        self.is_empty = false;
        let written = self.file.write_at(frame, self.end).and_then(|written| {
            let is_whole = written == frame.len();
            is_whole
                .then_some(())
                .ok_or(io::ErrorKind::WriteZero.into())
        });
        written.map_err(|source| unusable(&self.path, source))?;
        self.end = end;
        Ok(())
    }

    fn clear(&mut self) -> Result<(), DraftError> {
        if !self.is_empty {
            let cleared = self.file.set_len(0);
            cleared.map_err(|source| unusable(&self.path, source))?;
            (self.end, self.is_empty) = (0, true);
        }
        Ok(())
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Renames a draft that only another version can read, and begins a new one with the frames at its
/// front that this one can.
fn set_aside(path: &Path, version: u8, known: &[u8]) -> io::Result<File> {
    let mut aside = path.with_extension(format!("version-{version}"));
    let mut number = 1;
    while aside.try_exists()? {
        number += 1;
        aside.set_extension(format!("version-{version}-{number}"));
    }
    std::fs::rename(path, &aside)?;
    tracing::error!(
        path = %path.display(),
        aside = %aside.display(),
        version,
        "a draft of another version is set aside; only that version can deliver it"
    );
    let file = open_file(path)?;
    file.write_all_at(known, 0)?;
    Ok(file)
}

fn unusable(path: &Path, source: io::Error) -> DraftError {
    DraftError::File {
        path: path.display().to_string(),
        source,
    }
}

/// The draft as the collector uses it: on a thread that may block, since even a write without a
/// sync can wait for a worn card, and with its failures counted and told.
pub struct Drafter {
    /// `None` where it could not be opened.
    draft: Option<Arc<Mutex<Draft>>>,
    counters: Arc<Counters>,
    faults: Arc<Faults>,
}

impl Drafter {
    /// Opens the draft in a data directory and gives back what an earlier process left in it.
    #[must_use]
    pub fn open(
        data_dir: &Path,
        counters: Arc<Counters>,
        faults: Arc<Faults>,
    ) -> (Self, Vec<Observation>) {
        let (draft, left) = match Draft::open(data_dir) {
            Ok((draft, left)) => (Some(Arc::new(Mutex::new(draft))), left),
            Err(error) => {
                faults.begin(FaultKind::Draft, "", &chain(&error));
                (None, Vec::new())
            }
        };
        if !left.is_empty() {
            tracing::info!(observations = left.len(), "the last process left a draft");
        }
        let drafter = Self {
            draft,
            counters,
            faults,
        };
        (drafter, left)
    }

    /// Adds observations to the open batch; false where they are in no draft.
    pub async fn add(&mut self, observations: &[Observation]) -> bool {
        let added = match frame::encode(observations) {
            Ok(frame) => self.on_disk(move |draft| draft.add(&frame)).await,
            Err(error) => Err(error.into()),
        };
        match added {
            Ok(()) => {
                self.faults.end(FaultKind::Draft, "");
                true
            }
            Err(error) => {
                let undrafted = &self.counters.undrafted_observations;
                count(undrafted, observations.len() as u64);
                self.tell(&error);
                false
            }
        }
    }

    /// The open batch goes to the spool.
    pub fn seal(&mut self) {
        if let Some(draft) = &self.draft {
            draft.lock().unwrap_or_else(PoisonError::into_inner).seal();
        }
    }

    /// The sealed batch is durable in the spool.
    pub async fn clear(&mut self) {
        if let Err(error) = self.on_disk(Draft::clear).await {
            self.tell(&error);
        }
    }

    fn tell(&self, error: &DraftError) {
        // One cause, whichever of the two files it is.
        let (sort, cause) = (error.sort(), chain(error));
        self.faults.begin_sort(FaultKind::Draft, "", sort, &cause);
    }

    async fn on_disk(
        &self,
        work: impl FnOnce(&mut Draft) -> Result<(), DraftError> + Send + 'static,
    ) -> Result<(), DraftError> {
        let draft = Arc::clone(self.draft.as_ref().ok_or(DraftError::Missing)?);
        let work = move || work(&mut draft.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(work)
            .await
            .map_err(DraftError::Thread)?
    }
}
