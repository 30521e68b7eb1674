//! Opening the store: sled, if it gives what it was given, and otherwise whatever can be found of
//! it. Shell.

use std::{io::ErrorKind, path::Path};

use shared::{error::chain, time::Timestamp};

use super::{
    files,
    look::{Look, look},
    mark::Mark,
    replace::finish_swap,
    salvage::Search,
    store::{Place, SledStore},
    table::SledError,
};
use crate::spool::contract::{Damage, Opened, SpoolError};

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
    let mark = Mark::read(folder);
    let look = match look(folder, mark.as_ref()) {
        Err(source) if !files::is_the_medium(&source) => return Err(unusable(source)),
        looked => {
            looked.unwrap_or_else(|error| Look::Shut(SledError::File(error), Search::default()))
        }
    };
    let mut store = SledStore::new(folder.to_owned(), mark.clone().unwrap_or_default());
    let mut damage = Damage::default();
    match look {
        Look::Whole(table, entries) => {
            number(&mut store, entries.into_iter(), take);
            store.settle(table);
        }
        Look::Shut(SledError::File(source), _) if source.kind() == ErrorKind::PermissionDenied => {
            return Err(unusable(source));
        }
        Look::Shut(error, search) => {
            let path = folder.display();
            let error = chain(&error);
            tracing::error!(%path, error, "the spool cannot be written");
            serve_loose(&mut store, search, take);
            store.cause = error;
        }
        Look::Damaged(what, search) => {
            (damage.batches, damage.bytes) = search.missing(mark.as_ref());
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

fn number(
    store: &mut SledStore,
    entries: impl Iterator<Item = (u64, usize)>,
    take: &mut dyn FnMut(u64, usize),
) {
    for (number, (place, frame_bytes)) in (1..).zip(entries) {
        store.hold(number, Place { place, frame_bytes });
        take(number, frame_bytes);
    }
}

fn serve_loose(store: &mut SledStore, search: Search, take: &mut dyn FnMut(u64, usize)) {
    let sizes = search.batches.iter().map(|(p, b)| (*p, b.frame_bytes));
    number(store, sizes, take);
    store.next_place = store.next_place.max(search.next_place);
    store.loose = search.batches;
}
