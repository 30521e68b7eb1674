//! What there is of a store, by sled and by its raw bytes. Shell.

use std::{
    io::{self, ErrorKind},
    path::Path,
};

use shared::error::chain;

use super::{
    mark::Mark,
    salvage::{Newest, Search},
    table::{SledError, Table},
};

/// What there is in a folder.
pub(super) enum Look {
    /// All that was ever made durable and not released.
    Whole(Table, Vec<(u64, usize)>),
    /// The medium takes nothing, without which sled does not open: batches are served from where
    /// they lie.
    Shut(SledError, Search),
    /// It is not what it was.
    Damaged(String, Search),
}

/// Looks into a folder: first without sled, because sled gives up, and overwrites, what is behind
/// damage in its log. What is whole for sled is whole, also where the mark knows of more: that was
/// released after it. Where not all that was found could be taken into memory, sled is not trusted
/// that far.
///
/// # Errors
/// The folder cannot be listed.
pub(super) fn look(folder: &Path, mark: Option<&Mark>) -> io::Result<Look> {
    let mut newest = Newest::of(folder, mark)?;
    let is_missing = mark.is_some_and(|mark| !(&mark.held - &newest.found).is_empty());
    if newest.is_part && is_missing {
        newest.unreadable.push("batches are missing".to_owned());
    }
    if !newest.unreadable.is_empty() {
        let what = std::mem::take(&mut newest.unreadable).join("; ");
        return Ok(Look::Damaged(what, Search::of(folder, mark, newest)?));
    }
    let mut entries = Vec::new();
    let opened = Table::open(folder, &mut |place, bytes| entries.push((place, bytes)));
    match opened.and_then(|table| reaches(table, mark)) {
        Ok(table) => Ok(Look::Whole(table, entries)),
        Err(error) => {
            drop(entries);
            let search = Search::of(folder, mark, newest)?;
            Ok(if is_shut(&error) {
                Look::Shut(error, search)
            } else {
                Look::Damaged(chain(&error), search)
            })
        }
    }
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
