//! Mending a damaged store before the engine opens it. The engine would refuse to open, or cut off
//! and throw away what it cannot read, without a word.
//!
//! The engine's files are looked at without it (`journals`, `keyspaces`, `tables`). What is damaged is
//! set aside (`aside`) and told (`told`); what is left is kept, where it was or in a new engine
//! (`replace`). What was durable is known from the mark (`mark`).

pub mod aside;
mod batches;
mod bits;
mod files;
mod journals;
mod keyspaces;
pub mod list;
pub mod mark;
mod merge;
mod replace;
mod tables;
#[cfg(test)]
mod tests;
pub mod told;
mod verdict;

use std::{
    fs::{self, File},
    io,
    path::Path,
};

pub use batches::{COMMIT_KEY, Said};
pub use keyspaces::LIST;
pub use replace::Options;
use shared::clock::Clock;

use self::{
    aside::Aside,
    mark::Durable,
    replace::ENGINE_VERSION,
    tables::Part,
    told::{Told, Where},
};
use crate::store::StoreError;

/// Bytes of tables that are read at every opening, of the newest keyspaces first: what is damaged in
/// them is found before the engine merges them. It reads from a disk in a second or two.
const READ_AT_OPENING: u64 = 256 * 1024 * 1024;

/// How far a store is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Care {
    /// What is likely to be damaged is looked at.
    Usual,
    /// All of it is.
    Thorough,
    /// The engine does not open what looks whole: everything is read and written anew.
    Anew,
    /// Nothing of the engine can be used.
    Without,
}

/// The folder of a store, which nobody else uses.
pub struct Claim {
    _lock: File,
}

/// Claims a folder, which is made where there is none.
///
/// # Errors
/// Another process uses it, or it cannot be used.
pub fn claim(folder: &Path) -> Result<Claim, StoreError> {
    let failed = |source| StoreError::File {
        path: folder.to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let lock = files::lock(&folder.join("lock")).map_err(failed)?;
    let lock = lock.ok_or_else(|| StoreError::InUse(folder.to_owned()))?;
    Ok(Claim { _lock: lock })
}

/// What mending came to.
#[derive(Debug, Default)]
pub struct Mended {
    /// How far the store was durable, if that is known.
    pub durable: Option<Durable>,
    /// Keyspaces of which something may be missing.
    pub incomplete: Vec<String>,
}

/// Mends the store in `folder` as far as is needed for the engine to open it.
///
/// # Errors
/// The medium.
pub fn mend(
    folder: &Path,
    care: Care,
    options: Options<'_>,
    told: &mut Told<'_>,
) -> io::Result<Mended> {
    let engine = folder.join("engine");
    let mut aside = Aside::new(folder, Clock::Real.now());
    replace::finish_swap(folder)?;
    let mut mended = Mended {
        durable: durable(folder, &mut aside, told)?,
        incomplete: Vec::new(),
    };
    if !engine.try_exists()? {
        return Ok(mended);
    }
    if care == Care::Without {
        let kept = aside.put(&engine)?;
        let what = "nothing of it can be used; lost: all but the saved worlds";
        told.damage(&Where::File(&engine), what, Some(&kept));
        return Ok(mended);
    }
    mend_version(&engine, &mut aside, told)?;
    let mut journals = journals::look(&engine, &mut aside, told)?;
    let commit = mended.durable.map(|durable| durable.commit);
    journals::mend(&mut journals, commit, &mut aside, told)?;
    let bytes = match care {
        Care::Usual => READ_AT_OPENING,
        _ => u64::MAX,
    };
    keyspaces::clear_of_strays(&engine, &mut aside, told)?;
    let mut found = keyspaces::look(folder, &engine, bytes)?;
    if care == Care::Anew {
        for keyspace in &mut found.all {
            keyspace.look.damaged.push(Part {
                file: engine.join("keyspaces").join(keyspace.id.to_string()),
                what: "the engine cannot open it",
                is_list: true,
            });
        }
    }
    if !found.are_whole() {
        mended.incomplete = replace::replace(folder, &found, &journals, options, &mut aside, told)?;
    }
    Ok(mended)
}

fn durable(folder: &Path, aside: &mut Aside, told: &mut Told<'_>) -> io::Result<Option<Durable>> {
    let path = mark::path(folder);
    match mark::read(folder)? {
        mark::Said::Durable(durable) => Ok(Some(durable)),
        mark::Said::Nothing => Ok(None),
        mark::Said::Nonsense => {
            let kept = aside.put(&path)?;
            let what = "how far the store was durable is not known";
            told.damage(&Where::File(&path), what, Some(&kept));
            Ok(None)
        }
    }
}

/// Files of the engine's that say always the same.
fn mend_version(engine: &Path, aside: &mut Aside, told: &mut Told<'_>) -> io::Result<()> {
    let (version, lock) = (engine.join("version"), engine.join("lock"));
    if !lock.try_exists()? {
        File::create(&lock)?;
    }
    let said = match files::read(&version) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        said => Some(said?),
    };
    // Of a version to come, which no single bit makes of this one: not ours to mend.
    let is_other = |said: &Vec<u8>| matches!(said.as_slice(), [b'F', b'J', b'L', 4..=6]);
    if said.as_deref() == Some(ENGINE_VERSION) || said.as_ref().is_some_and(is_other) {
        return Ok(());
    }
    let kept = said.map(|_| aside.keep(&version)).transpose()?;
    files::replace(&version, ENGINE_VERSION)?;
    told.damage(
        &Where::File(&version),
        "made anew; nothing is lost",
        kept.as_deref(),
    );
    Ok(())
}
