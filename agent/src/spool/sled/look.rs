//! What there is of a store, by sled and by its raw bytes. Shell.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    path::Path,
};

use shared::error::chain;

use super::{
    mark::Mark,
    salvage::Search,
    table::{SledError, Table},
};

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
