//! Mending the engine's journals before the engine sees them: it refuses to open for the one half of
//! all damage, and for the other cuts off whatever is behind it without a word. Shell.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{
    aside::Aside,
    batches::{self, Batch, Piece},
    bits, files,
    told::{Told, Where},
    verdict::{Found, Lost, Verdict, judge},
};

/// A journal of the engine's.
pub struct Journal {
    pub id: u64,
    pub path: PathBuf,
    pub pieces: Vec<Piece>,
    /// The last sequence number of the journal before.
    before: Option<u64>,
}

/// The journals of the engine in a folder, oldest first.
///
/// # Errors
/// The medium.
pub fn look(engine: &Path, aside: &mut Aside, told: &mut Told<'_>) -> io::Result<Vec<Journal>> {
    let mut found = Vec::new();
    for path in paths(engine)? {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        match stem.and_then(|stem| stem.parse().ok()) {
            Some(id) if path.is_file() => found.push((id, path)),
            _ => {
                let kept = aside.put(&path)?;
                told.damage(&Where::File(&path), "it is no journal", Some(&kept));
            }
        }
    }
    found.sort();
    let (mut journals, mut before): (Vec<Journal>, _) = (Vec::with_capacity(found.len()), None);
    for (id, path) in found {
        if let Some(last) = journals.last()
            && last.id.saturating_add(1) < id
        {
            let missing = path.with_file_name(format!("{}.jnl", last.id.saturating_add(1)));
            told.damage(
                &Where::File(&missing),
                "it is gone with the commits in it",
                None,
            );
        }
        let pieces = batches::walk(&files::read(&path)?, before);
        let last = batches_of(&pieces).next_back().map(|batch| batch.seqno);
        journals.push(Journal {
            id,
            path,
            pieces,
            before,
        });
        before = last.or(before);
    }
    if journals.is_empty() {
        journals.push(empty(engine)?);
    }
    Ok(journals)
}

/// Without any journal the engine would not look for the newest sequence number in its tables, and take
/// what is written next for older than what they hold.
fn empty(engine: &Path) -> io::Result<Journal> {
    let path = engine.join("0.jnl");
    files::replace(&path, &[])?;
    Ok(Journal {
        id: 0,
        path,
        pieces: Vec::new(),
        before: None,
    })
}

/// Makes journals of them that the engine can read. `durable` is the number of the last commit that
/// was synced.
///
/// # Errors
/// The medium; what was not mended is as it was.
pub fn mend(
    journals: &mut [Journal],
    durable: Option<u64>,
    aside: &mut Aside,
    told: &mut Told<'_>,
) -> io::Result<()> {
    let pieces: Vec<_> = journals.iter().map(|j| j.pieces.clone()).collect();
    let mut effort = bits::EFFORT;
    for (journal, verdict) in journals.iter_mut().zip(judge(&pieces, durable)) {
        match verdict {
            Verdict::Stay => {}
            Verdict::Cut(length) => cut(journal, length)?,
            Verdict::Anew { kept, told: found } => {
                let mut anew = Anew {
                    bytes: files::read(&journal.path)?,
                    kept,
                    found,
                };
                anew.turn_back(journal.before, &mut effort);
                anew.write(journal, aside, told)?;
            }
        }
    }
    Ok(())
}

fn cut(journal: &mut Journal, length: usize) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(&journal.path)?;
    file.set_len(length as u64)?;
    file.sync_all()?;
    let path = journal.path.display();
    tracing::info!(%path, length, "cut off what a power cut had left unfinished");
    journal.pieces.retain(|piece| match piece {
        Piece::Batch(batch) => batch.at.end <= length,
        Piece::Bad(_) => false,
    });
    Ok(())
}

/// A journal that is written anew.
struct Anew {
    bytes: Vec<u8>,
    kept: Vec<Batch>,
    found: Vec<Found>,
}

impl Anew {
    /// Turns back what bits can be, and finds the batches that they were in.
    fn turn_back(&mut self, before: Option<u64>, effort: &mut u64) {
        let kept = self.kept.last().map_or(0, |batch| batch.at.end);
        let end = self
            .found
            .iter()
            .map(|found| found.bytes.end)
            .fold(kept, usize::max);
        let mut is_other = false;
        for found in &mut self.found {
            let part = self.bytes.get_mut(found.bytes.clone());
            if found.lost != Lost::Nothing && part.is_some_and(|part| bits::turn_back(part, effort))
            {
                found.lost = Lost::Nothing;
                is_other = true;
            }
        }
        if is_other {
            let pieces = batches::walk(&self.bytes, before);
            self.kept = batches_of(&pieces)
                .filter(|batch| batch.at.end <= end)
                .cloned()
                .collect();
        }
    }

    fn write(
        self,
        journal: &mut Journal,
        aside: &mut Aside,
        told: &mut Told<'_>,
    ) -> io::Result<()> {
        let mut content = Vec::with_capacity(self.kept.iter().map(|batch| batch.at.len()).sum());
        for batch in &self.kept {
            let items = self.bytes.get(batch.items.clone()).unwrap_or_default();
            batches::append(&mut content, items, batch.count, batch.seqno);
        }
        let place = if self.found.is_empty() {
            None
        } else {
            Some(aside.keep(&journal.path)?)
        };
        files::replace(&journal.path, &content)?;
        for Found { bytes, lost } in &self.found {
            let part = Where::Bytes(&journal.path, bytes.start as u64..bytes.end as u64);
            told.damage(&part, &format!("lost: {lost}"), place.as_deref());
        }
        journal.pieces = batches::walk(&content, journal.before);
        Ok(())
    }
}

/// The journals in a folder.
///
/// # Errors
/// The medium.
pub fn paths(engine: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(engine)? {
        let path = entry?.path();
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("jnl") => paths.push(path),
            // Left of a mending that never came to its end.
            Some("new") => files::remove(&path)?,
            _ => {}
        }
    }
    Ok(paths)
}

/// The batches among pieces.
pub fn batches_of(pieces: &[Piece]) -> impl DoubleEndedIterator<Item = &Batch> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Batch(batch) => Some(batch),
        Piece::Bad(_) => None,
    })
}
