//! Opening the store: sled, if it gives what it was given, and otherwise whatever can be found of
//! it. Shell.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use shared::{error::chain, time::Timestamp};

use super::{
    files,
    mark::Mark,
    salvage::{Loose, Search},
    store::{Place, SledStore},
    table::{Counts, SledError, Table},
};
use crate::spool::contract::{Damage, Opened, SpoolError};

/// What there is in a folder.
pub(super) enum Look {
    /// All that was ever made durable and not released.
    Whole(Table, BTreeMap<u64, usize>),
    /// The medium takes nothing, without which sled does not open: batches are served from where
    /// they lie.
    Shut(SledError),
    /// It is not what it was.
    Damaged(String),
}

/// Looks into a folder: first without sled, because sled gives up, and overwrites, what is behind
/// damage in its log. What is whole for sled is whole, also where the mark knows of more: that was
/// released after it. Where not all that was found could be taken into memory, sled is not trusted
/// that far.
///
/// # Errors
/// The folder cannot be listed.
pub(super) fn look(folder: &Path) -> io::Result<(Look, Search)> {
    let mut search = Search::of(folder)?;
    if !search.unreadable.is_empty() {
        let what = std::mem::take(&mut search.unreadable).join("; ");
        return Ok((Look::Damaged(what), search));
    }
    let is_kept = search.keep_newest();
    if !is_kept && search.missing().0 > 0 {
        let what = "batches are missing".to_owned();
        return Ok((Look::Damaged(what), search));
    }
    let mut entries = BTreeMap::new();
    let opened = Table::open(folder, &mut |place, bytes| {
        entries.insert(place, bytes);
    });
    let look = match opened.and_then(|table| reaches(table, search.mark.as_ref())) {
        Ok(table) => Look::Whole(table, entries),
        Err(error) if is_shut(&error) => Look::Shut(error),
        Err(error) => Look::Damaged(chain(&error)),
    };
    Ok((look, search))
}

/// The store, if it reaches as far as the mark.
fn reaches(table: Table, mark: Option<&Mark>) -> Result<Table, SledError> {
    if mark.is_some_and(|mark| table.counts.changes < mark.changes) {
        return Err(SledError::Inconsistent(
            "its end, which was durable, is gone",
        ));
    }
    Ok(table)
}

/// Whether the medium refuses to be written, and is not damaged as far as is known.
fn is_shut(error: &SledError) -> bool {
    use ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(
        error.io_kind(),
        Some(PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull)
    )
}

/// Opens the store in `folder` and gives numbers, from 1, and lengths of its frames to `take`.
///
/// # Errors
/// The folder cannot be used for a reason that is for a human.
pub(super) fn open(folder: &Path, take: &mut dyn FnMut(u64, usize)) -> Result<Opened, SpoolError> {
    let unusable = |source| SpoolError::Directory {
        path: folder.display().to_string(),
        source,
    };
    if let Err(error) = finish_swap(folder) {
        tracing::warn!(%error, "the spool's new store cannot be put in its place");
    }
    let (look, mut search) = match look(folder) {
        Err(source) if !files::is_the_medium(&source) => return Err(unusable(source)),
        looked => {
            looked.unwrap_or_else(|error| (Look::Shut(SledError::File(error)), Search::default()))
        }
    };
    let mark = search.mark.clone();
    let mut store = SledStore::new(folder.to_owned(), mark.clone().unwrap_or_default());
    let mut damage = Damage::default();
    match look {
        Look::Whole(table, entries) => {
            number(&mut store, entries, take);
            store.settle(table);
        }
        Look::Shut(SledError::File(source)) if source.kind() == ErrorKind::PermissionDenied => {
            return Err(unusable(source));
        }
        Look::Shut(error) => {
            let path = folder.display();
            let error = chain(&error);
            tracing::error!(%path, error, "the spool cannot be written");
            serve_loose(&mut store, search, take);
            store.cause = error;
        }
        Look::Damaged(what) => {
            search.check();
            (damage.batches, damage.bytes) = search.missing();
            let what = match damage.batches {
                0 => what,
                batches => format!("{what}; {batches} batch(es) are lost"),
            };
            serve_loose(&mut store, search, take);
            damage.places.push(store.rebuild(&what));
        }
    }
    Ok(Opened {
        store: Box::new(store),
        damage,
        // A store that is new has a mark, and nothing that was made durable.
        durable_at: mark.map(|m| m.at).filter(|at| *at != Timestamp::default()),
    })
}

fn number(store: &mut SledStore, entries: BTreeMap<u64, usize>, take: &mut dyn FnMut(u64, usize)) {
    for (number, (place, frame_bytes)) in (1..).zip(entries) {
        store.hold(number, Place { place, frame_bytes });
        take(number, frame_bytes);
    }
}

fn serve_loose(store: &mut SledStore, search: Search, take: &mut dyn FnMut(u64, usize)) {
    let sizes = search.batches.iter().map(|(p, b)| (*p, b.frame_bytes));
    number(store, sizes.collect(), take);
    store.next_place = store.next_place.max(search.next_place);
    store.loose = search.batches;
}

/// Where a store is made that will replace a damaged one.
fn beside(folder: &Path) -> PathBuf {
    folder.with_extension("new")
}

/// A store that was made to replace a damaged one is whole where that one is set aside already, and
/// half made where it is not.
fn finish_swap(folder: &Path) -> io::Result<()> {
    let new = beside(folder);
    if !new.try_exists()? {
        return Ok(());
    }
    if folder.try_exists()? {
        return fs::remove_dir_all(new);
    }
    fs::rename(new, folder)
}

/// Makes a new store of batches and puts it in the place of a damaged one, which is set aside;
/// returns where that is. Cut off at any step, nothing is lost: see [`finish_swap`].
///
/// # Errors
/// The medium takes nothing; the damaged store is where it was.
pub(super) fn replace(
    folder: &Path,
    batches: &BTreeMap<u64, Loose>,
    counts: Counts,
    at: Timestamp,
) -> Result<PathBuf, SledError> {
    let new = beside(folder);
    if new.try_exists()? {
        fs::remove_dir_all(&new)?;
    }
    let made = make(&new, batches, counts, at);
    if let Err(error) = made {
        // The room is needed for what comes in.
        fs::remove_dir_all(&new)?;
        return Err(error);
    }
    let aside = files::set_aside(folder)?;
    fs::rename(&new, folder)?;
    files::sync_names(folder.parent().unwrap_or(folder))?;
    Ok(aside)
}

fn make(
    folder: &Path,
    batches: &BTreeMap<u64, Loose>,
    counts: Counts,
    at: Timestamp,
) -> Result<(), SledError> {
    let mut table = Table::open(folder, &mut |_, _| {})?;
    table.begin(counts)?;
    let mut mark = Mark {
        at,
        ..Mark::default()
    };
    for (place, batch) in batches {
        if let Some(frame) = batch.frame() {
            table.insert(*place, &frame)?;
            mark.note(*place, frame.len());
        }
    }
    table.settle(folder)?;
    (mark.changes, mark.next_place) = (table.counts.changes, table.counts.next_place);
    Ok(mark.write(folder)?)
}
