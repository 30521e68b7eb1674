//! Putting a new store in the place of a damaged one. Shell.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use shared::time::Timestamp;

use super::{
    files,
    mark::Mark,
    salvage::Loose,
    table::{Counts, SledError, Table},
};

/// Where a store is made that will replace a damaged one.
fn beside(folder: &Path) -> PathBuf {
    folder.with_extension("new")
}

/// A store that was made to replace a damaged one is whole where that one is set aside already, and
/// half made where it is not.
pub(super) fn finish_swap(folder: &Path) -> io::Result<()> {
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
    let whole = batches.iter().filter_map(|(place, batch)| {
        let frame = batch.frame()?;
        mark.note(*place, frame.len());
        Some((*place, frame))
    });
    table.insert_all(whole)?;
    table.settle(folder)?;
    (mark.changes, mark.next_place) = (table.counts.changes, table.counts.next_place);
    Ok(mark.write(folder)?)
}
