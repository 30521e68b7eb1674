//! Saved worlds: a file each, `AFTER_AT.world`, beside the database because they are large, written
//! by another thread than the one that commits, and soon thrown away.
//!
//! A world is written to a file of another name, synced and renamed, and its folder is synced: after
//! a power cut the file is whole or not there. A name that ends in `.new` is left of a write that
//! never came to its end.

use std::{
    fs::{self, File},
    io::{self, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Mutex,
};

use shared::time::Timestamp;
use tracing::warn;

use super::{damage::Damage, engine::lock};
use crate::store::{
    SavedWorld, StoreError,
    record::world::{decode, head},
    retention::{self, Day},
};

const SUFFIX: &str = ".world";
const UNFINISHED: &str = ".new";

/// The folder of saved worlds.
pub struct Worlds {
    folder: PathBuf,
    kept: Mutex<retention::Worlds>,
}

impl Worlds {
    /// The worlds in `folder`, which is created where there is none.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let folder = folder.to_owned();
        let kept = list(&folder).map_err(failed(&folder))?;
        Ok(Self {
            folder,
            kept: Mutex::new(kept),
        })
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
        if let Some(at) = replaced.filter(|at| *at != world.at) {
            self.remove(world.after, at)?;
        }
        for after in retention::thin(kept) {
            if let Some(at) = kept.remove(&after) {
                self.remove(after, at)?;
            }
        }
        Ok(())
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
                Err(flaw) => damage.tell(&flaw.of(format!("the world after arrival {after}"))),
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
        let gone = retention::outlived_worlds(&kept, oldest, first_arrival);
        for after in &gone {
            if let Some(at) = kept.remove(after) {
                self.remove(*after, at)?;
            }
        }
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

    fn remove(&self, after: u64, at: Timestamp) -> Result<(), StoreError> {
        let path = self.path(after, at);
        fs::remove_file(&path).map_err(failed(&path))
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    |source| StoreError::File { path, source }
}

fn list(folder: &Path) -> io::Result<retention::Worlds> {
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
