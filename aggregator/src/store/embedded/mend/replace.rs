//! Making a new engine of what is left of a damaged one, and putting it in its place: a keyspace that
//! is whole goes over as it is, of any other goes over what can be read. Shell.
//!
//! Cut off at any step, nothing is lost: see [`finish_swap`].

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use fjall::{Database, KeyspaceCreateOptions, Slice};
use lsm_tree::SequenceNumberCounter;

use super::{
    aside::Aside,
    batches::{self, Item},
    files,
    journals::{self, Journal, batches_of},
    keyspaces::{self, Keyspace, Keyspaces, NEW, OF_NAMES, Own},
    merge::{Entry, Newest, Source},
    tables::Part,
    told::{Told, Where},
};

/// What the engine writes into its file `version`.
pub const ENGINE_VERSION: &[u8] = b"FJL\x03";

/// How a keyspace is made.
pub type Options<'a> = &'a dyn Fn(&str) -> KeyspaceCreateOptions;

/// Numbers of keyspaces that may have been given and are forgotten.
const NUMBERS_PASSED_OVER: u64 = 1_000;

/// What the journals have of a keyspace that is made anew: by key, the newest.
type Unflushed = BTreeMap<Slice, Entry<Slice>>;

/// A new engine is whole where the damaged one is gone already, and half made where it is not.
///
/// # Errors
/// The medium.
pub fn finish_swap(store: &Path) -> io::Result<()> {
    let (engine, new) = (store.join("engine"), store.join(NEW));
    if !new.try_exists()? {
        return Ok(());
    }
    if engine.try_exists()? {
        return files::remove(&new);
    }
    fs::rename(new, engine)?;
    files::sync_folder(store)
}

/// Puts a new engine in the place of the damaged one in the store's folder. Returns the names of the
/// keyspaces of which something may be missing.
///
/// # Errors
/// The medium; the damaged engine is where it was.
pub fn replace(
    store: &Path,
    found: &Keyspaces,
    journals: &[Journal],
    options: Options<'_>,
    aside: &mut Aside,
    told: &mut Told<'_>,
) -> io::Result<Vec<String>> {
    let (engine, new) = (store.join("engine"), store.join(NEW));
    files::remove(&new)?;
    let made = make(store, found, journals, options);
    let losses = match made {
        Ok(losses) => losses,
        Err(error) => {
            // The room is needed for what comes in.
            files::remove(&new)?;
            return Err(error);
        }
    };
    let old = aside.put(&engine)?;
    fs::rename(&new, &engine)?;
    files::sync_folder(store)?;
    for whole in found.all.iter().filter(|k| k.look.damaged.is_empty()) {
        files::remove(&old.join("keyspaces").join(whole.id.to_string()))?;
    }
    let mut incomplete = Vec::new();
    let of_names = found.own.damaged.iter();
    let of_names = of_names.map(|part| Loss::of(part, "nothing is lost".to_owned()));
    let nameless = found.nameless.iter().map(|path| Loss {
        file: path.clone(),
        bytes: None,
        what: "lost: its name is gone, and nobody knows what it was".to_owned(),
        keyspace: None,
    });
    for loss in of_names.chain(nameless).chain(losses) {
        let place = loss
            .file
            .strip_prefix(&engine)
            .map(|within| old.join(within));
        let part = match loss.bytes {
            Some(bytes) => Where::Bytes(&loss.file, bytes.start as u64..bytes.end as u64),
            None => Where::File(&loss.file),
        };
        told.damage(&part, &loss.what, place.ok().as_deref());
        incomplete.extend(loss.keyspace);
    }
    incomplete.dedup();
    Ok(incomplete)
}

/// A damaged part of a keyspace, and what of it is lost.
struct Loss {
    file: PathBuf,
    bytes: Option<Range<usize>>,
    what: String,
    keyspace: Option<String>,
}

impl Loss {
    fn of(part: &Part, lost: String) -> Self {
        Self {
            file: part.file.clone(),
            bytes: None,
            what: format!("{}; {lost}", part.what),
            keyspace: None,
        }
    }
}

fn make(
    store: &Path,
    found: &Keyspaces,
    journals: &[Journal],
    options: Options<'_>,
) -> io::Result<Vec<Loss>> {
    let old = store.join("engine/keyspaces");
    let new = store.join(NEW);
    let keyspaces = new.join("keyspaces");
    fs::create_dir_all(&keyspaces)?;
    fs::write(new.join("version"), ENGINE_VERSION)?;
    File::create(new.join("lock"))?;
    make_own(&old, &keyspaces, &found.own)?;
    let (damaged, whole): (Vec<&Keyspace>, Vec<&Keyspace>) =
        found.all.iter().partition(|k| !k.look.damaged.is_empty());
    let known = found.own.known();
    let (known, unknown): (Vec<&Keyspace>, Vec<&Keyspace>) =
        whole.into_iter().partition(|k| known.contains(&k.id));
    // The old number of each that goes over as it is, and the new one.
    let mut numbers: BTreeMap<u64, u64> = known.iter().map(|k| (k.id, k.id)).collect();
    for id in numbers.keys().map(u64::to_string) {
        files::link_all(&old.join(&id), &keyspaces.join(&id))?;
    }
    // The engine goes on behind the newest that it finds: what it takes for new must not be below
    // what it once had and has forgotten.
    let newest = found.all.iter().map(|k| k.id).max().unwrap_or_default();
    let passed = newest.saturating_add(NUMBERS_PASSED_OVER).to_string();
    fs::create_dir(keyspaces.join(passed))?;
    write_journals(&new, journals, &numbers)?;
    let db = Database::builder(&new).open().map_err(io::Error::other)?;
    let anew = |keyspace: &Keyspace| {
        let anew = db.keyspace(&keyspace.name, || options(&keyspace.name));
        anew.map_err(io::Error::other)
    };
    let mut losses = Vec::new();
    let mut unflushed = unflushed(damaged.iter().map(|k| k.id), journals)?;
    for keyspace in damaged {
        let unflushed = unflushed.remove(&keyspace.id).unwrap_or_default();
        let scratch = new.join("scratch");
        losses.extend(fill(&anew(keyspace)?, keyspace, unflushed, &scratch)?);
    }
    let mut renamed = Vec::new();
    for keyspace in unknown {
        renamed.push((keyspace.id, anew(keyspace)?.id()));
    }
    drop(db);
    for (was, is) in &renamed {
        let target = keyspaces.join(is.to_string());
        files::remove(&target)?;
        files::link_all(&old.join(was.to_string()), &target)?;
    }
    numbers.extend(renamed);
    files::sync_folder(&keyspaces)?;
    write_journals(&new, journals, &numbers)?;
    Ok(losses)
}

fn write_journals(
    new: &Path,
    journals: &[Journal],
    numbers: &BTreeMap<u64, u64>,
) -> io::Result<()> {
    for path in journals::paths(new)? {
        files::remove(&path)?;
    }
    for journal in journals {
        let content = renumbered(journal, numbers)?;
        files::replace(&new.join(format!("{}.jnl", journal.id)), &content)?;
    }
    files::sync_folder(new)
}

/// The engine's own keyspace, as it is or with the records of it that can be read.
fn make_own(old: &Path, new: &Path, own: &Own) -> io::Result<()> {
    let folder = new.join(OF_NAMES.to_string());
    if own.damaged.is_empty() {
        return files::link_all(&old.join(OF_NAMES.to_string()), &folder);
    }
    let (count, visible) = (
        SequenceNumberCounter::default(),
        SequenceNumberCounter::default(),
    );
    let tree = lsm_tree::Config::new(folder, count, visible).open();
    let tree = tree.map_err(io::Error::other)?;
    let mut into = tree.ingestion().map_err(io::Error::other)?;
    for (key, value) in &own.records {
        into.write(key.clone(), value.clone())
            .map_err(io::Error::other)?;
    }
    into.finish().map_err(io::Error::other)
}

/// Writes into a new keyspace what can be read of a damaged one.
fn fill(
    anew: &fjall::Keyspace,
    keyspace: &Keyspace,
    unflushed: Unflushed,
    scratch: &Path,
) -> io::Result<Vec<Loss>> {
    let mut losses: Vec<Loss> = Vec::new();
    let mut sources: Vec<Source<'_, Slice>> = Vec::new();
    for (path, seqno) in &keyspace.look.tables {
        let (source, bad) = keyspaces::source(path, *seqno, scratch)?;
        sources.extend(source);
        losses.extend(bad.into_iter().map(|bytes| Loss {
            file: path.clone(),
            bytes: Some(bytes),
            what: format!("lost: what {} had there", keyspace.name),
            keyspace: Some(keyspace.name.clone()),
        }));
    }
    for part in &keyspace.look.damaged {
        if losses.iter().any(|loss| loss.file == part.file) {
            continue;
        }
        let is_read = part.is_list && !keyspace.look.tables.is_empty();
        let lost = if is_read || part.file.try_exists()? {
            "nothing is lost".to_owned()
        } else if part.is_list {
            format!("lost: what {} had in tables, if anything", keyspace.name)
        } else {
            format!("lost: what {} had in it", keyspace.name)
        };
        losses.push(Loss {
            keyspace: Some(keyspace.name.clone()),
            ..Loss::of(part, lost)
        });
    }
    sources.push(Box::new(unflushed.into_values()));
    let mut into = anew.start_ingestion().map_err(io::Error::other)?;
    for (key, value) in Newest::of(sources) {
        into.write(key, value).map_err(io::Error::other)?;
    }
    into.finish().map_err(io::Error::other)?;
    Ok(losses)
}

/// A journal's batches with the new numbers of the keyspaces that went over as they were. What it
/// has of the others has gone into them.
fn renumbered(journal: &Journal, numbers: &BTreeMap<u64, u64>) -> io::Result<Vec<u8>> {
    let bytes = files::read(&journal.path)?;
    let (mut content, mut items) = (Vec::new(), Vec::new());
    for batch in batches_of(&journal.pieces) {
        items.clear();
        let mut count = 0;
        for item in batches::items(&bytes, batch) {
            if let Some(keyspace) = numbers.get(&item.keyspace) {
                let keyspace = *keyspace;
                batches::append_item(&mut items, Item { keyspace, ..item });
                count += 1;
            }
        }
        if count > 0 {
            batches::append(&mut content, &items, count, batch.seqno);
        }
    }
    Ok(content)
}

fn unflushed(
    anew: impl Iterator<Item = u64>,
    journals: &[Journal],
) -> io::Result<BTreeMap<u64, Unflushed>> {
    let mut found: BTreeMap<_, Unflushed> = anew.map(|id| (id, Unflushed::new())).collect();
    for journal in journals {
        let bytes = files::read(&journal.path)?;
        for batch in batches_of(&journal.pieces) {
            for item in batches::items(&bytes, batch) {
                if let Some(of_it) = found.get_mut(&item.keyspace) {
                    let key = Slice::from(item.key);
                    let entry = Entry {
                        key: key.clone(),
                        seqno: batch.seqno,
                        value: item.value.map(Slice::from),
                    };
                    of_it.insert(key, entry);
                }
            }
        }
    }
    Ok(found)
}
