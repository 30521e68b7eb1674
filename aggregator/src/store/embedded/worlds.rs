//! Saved worlds: a file each, `AFTER_AT.world`, beside the database because they are large, written
//! by another thread than the one that commits, and soon thrown away.
//!
//! A world is written to a file of another name, synced and renamed, and its folder is synced: after
//! a power cut the file is whole or not there. A name that ends in `.new` is left of a write that
//! never came to its end. Which there must be is in a list, so that one that is gone is missed.

use std::{
    fs::{self, File},
    io::{self, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Mutex,
};

use shared::{clock::Clock, time::Timestamp};
use tracing::warn;

use super::{
    damage::Damage,
    engine::lock,
    mend::{
        aside::Aside,
        list::{self, List},
        told::{Told, Where},
    },
};
use crate::store::{
    SavedWorld, StoreError,
    record::{
        Flaw,
        world::{decode, head},
    },
    retention::{self, Day},
};

const SUFFIX: &str = ".world";
const UNFINISHED: &str = ".new";

/// The list of those that are kept, in the folder above.
const LIST: &str = "worlds.list";

/// The folder of saved worlds.
pub struct Worlds {
    folder: PathBuf,
    kept: Mutex<retention::Worlds>,
}

impl Worlds {
    /// The worlds in a folder of the store's, which is created where there is none.
    pub fn open(store: &Path, told: &mut Told<'_>) -> Result<Self, StoreError> {
        let folder = store.join("worlds");
        let kept = found_in(&folder).map_err(failed(&folder))?;
        let worlds = Self {
            folder,
            kept: Mutex::new(kept.clone()),
        };
        let path = worlds.list();
        let listed = match list::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::InvalidData => {
                warn!(path = %path.display(), "the list was damaged; it is written anew");
                None
            }
            listed => Some(listed.map_err(failed(&path))?),
        };
        for (after, at) in listed.iter().flatten() {
            let at = at.parse().ok().map(Timestamp::from_millis);
            if let Some(at) = at.filter(|_| !kept.contains_key(after)) {
                told.damage(&Where::File(&worlds.path(*after, at)), "it is gone", None);
            }
        }
        if listed != Some(as_list(&kept)) {
            worlds.keep_list(&kept)?;
        }
        Ok(worlds)
    }

    /// The number of the last arrival that the newest world includes.
    pub fn newest(&self) -> Option<u64> {
        lock(&self.kept).last_key_value().map(|(after, _)| *after)
    }

    /// Writes a world and thins the others.
    pub fn save(&self, world: &SavedWorld) -> Result<(), StoreError> {
        let kept = &mut *lock(&self.kept);
        let path = self.path(world.after, world.at);
        write(world, &path).map_err(failed(&path))?;
        let replaced = kept.insert(world.after, world.at);
        let replaced = replaced.filter(|at| *at != world.at);
        let mut gone: Vec<_> = replaced.map(|at| (world.after, at)).into_iter().collect();
        for after in retention::thin(kept) {
            gone.extend(kept.remove(&after).map(|at| (after, at)));
        }
        self.remove(kept, &gone)
    }

    /// Visits the worlds that are not after a time, newest first.
    pub fn visit(
        &self,
        damage: &Damage,
        not_after: Option<Timestamp>,
        visit: &mut dyn FnMut(SavedWorld) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let kept = lock(&self.kept).clone();
        let wanted = kept.into_iter().rev();
        for (after, at) in wanted.filter(|(_, at)| not_after.is_none_or(|t| *at <= t)) {
            let path = self.path(after, at);
            let file = match fs::read(&path) {
                Ok(file) => file,
                // Thinned since: a newer one took its place.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(failed(&path)(e)),
            };
            match decode(file) {
                Ok(world) => {
                    if visit(world).is_break() {
                        break;
                    }
                }
                Err(flaw @ Flaw::Version(_)) => {
                    damage.tell(&flaw.of(format!("the world after arrival {after}")));
                }
                Err(flaw) => self.set_aside(damage, after, &path, &flaw)?,
            }
        }
        Ok(())
    }

    /// Drops the worlds that nobody needs any more. Returns how many.
    pub fn forget_before(
        &self,
        oldest: Day,
        first_arrival: Option<u64>,
    ) -> Result<usize, StoreError> {
        let mut kept = lock(&self.kept);
        let outlived = retention::outlived_worlds(&kept, oldest, first_arrival);
        let gone = outlived.into_iter();
        let gone: Vec<_> = gone.filter_map(|after| kept.remove_entry(&after)).collect();
        self.remove(&kept, &gone)?;
        Ok(gone.len())
    }

    /// Bytes of all files.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        let kept = lock(&self.kept);
        let sizes = kept.iter().map(|(after, at)| {
            let path = self.path(*after, *at);
            let file = fs::metadata(&path).map_err(failed(&path))?;
            Ok(file.len())
        });
        sizes.sum()
    }

    fn path(&self, after: u64, at: Timestamp) -> PathBuf {
        self.folder.join(file_name(after, at))
    }

    fn list(&self) -> PathBuf {
        self.folder.with_file_name(LIST)
    }

    fn keep_list(&self, kept: &retention::Worlds) -> Result<(), StoreError> {
        let path = self.list();
        list::write(&path, &as_list(kept)).map_err(failed(&path))
    }

    /// Removes worlds, after the list says that only the others are kept.
    fn remove(
        &self,
        kept: &retention::Worlds,
        gone: &[(u64, Timestamp)],
    ) -> Result<(), StoreError> {
        self.keep_list(kept)?;
        for (after, at) in gone {
            let path = self.path(*after, *at);
            fs::remove_file(&path).map_err(failed(&path))?;
        }
        Ok(())
    }

    fn set_aside(
        &self,
        damage: &Damage,
        after: u64,
        path: &Path,
        flaw: &Flaw,
    ) -> Result<(), StoreError> {
        let mut kept = lock(&self.kept);
        let store = self.folder.parent().unwrap_or(&self.folder);
        let aside = Aside::new(store, Clock::Real.now()).put(path);
        let aside = aside.map_err(failed(path))?;
        kept.remove(&after);
        self.keep_list(&kept)?;
        let what = format!("lost: the saved world; {flaw}");
        Told::new(store, damage).damage(&Where::File(path), &what, Some(&aside));
        Ok(())
    }
}

fn as_list(kept: &retention::Worlds) -> List {
    let lines = kept
        .iter()
        .map(|(after, at)| (*after, at.as_millis().to_string()));
    lines.collect()
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    |source| StoreError::File { path, source }
}

fn found_in(folder: &Path) -> io::Result<retention::Worlds> {
    fs::create_dir_all(folder)?;
    if let Some(parent) = folder.parent() {
        sync_folder(parent)?;
    }
    let mut kept = retention::Worlds::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if let Some((after, at)) = parse_name(&name) {
            // Two after one arrival: the process ended between writing one and removing the other.
            if let Some(other) = kept.insert(after, at) {
                fs::remove_file(folder.join(file_name(after, other)))?;
            }
        } else if name.ends_with(UNFINISHED) {
            fs::remove_file(entry.path())?;
        } else {
            warn!(path = %entry.path().display(), "not a saved world; left alone");
        }
    }
    Ok(kept)
}

fn file_name(after: u64, at: Timestamp) -> String {
    format!("{after:020}_{}{SUFFIX}", at.as_millis())
}

fn parse_name(name: &str) -> Option<(u64, Timestamp)> {
    let (after, at) = name.strip_suffix(SUFFIX)?.split_once('_')?;
    let at = Timestamp::from_millis(at.parse().ok()?);
    Some((after.parse().ok()?, at))
}

fn write(world: &SavedWorld, path: &Path) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    let mut file = File::create(&unfinished)?;
    file.write_all(&head(world))?;
    file.write_all(&world.bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes what was created, renamed and removed in a folder survive a power cut.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
