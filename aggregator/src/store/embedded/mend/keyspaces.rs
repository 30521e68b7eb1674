//! Which keyspaces the engine has, and which of them are what they were. Shell.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
};

use fjall::Slice;
use lsm_tree::{InternalValue, ValueType};

use super::{
    aside::Aside,
    list::{self, List},
    merge::{Entry, Newest, Source},
    tables::{self, Look, Part},
    told::{Told, Where},
};

/// Where a new engine is made.
pub const NEW: &str = "engine.new";

/// Where whole blocks are copied to.
const SCRATCH: &str = "scratch";

/// The list of the keyspaces.
pub const LIST: &str = "keyspaces";

/// The number of the keyspace in which the engine keeps the names of all others.
pub const OF_NAMES: u64 = 0;

/// A keyspace that has a name.
#[derive(Debug)]
pub struct Keyspace {
    pub id: u64,
    pub name: String,
    pub look: Look,
}

/// All keyspaces of an engine.
#[derive(Debug, Default)]
pub struct Keyspaces {
    pub all: Vec<Keyspace>,
    pub own: Own,
    /// Folders of which nobody knows what they were.
    pub nameless: Vec<PathBuf>,
}

/// The engine's own keyspace: names and settings of all others.
#[derive(Debug, Default)]
pub struct Own {
    pub damaged: Vec<Part>,
    /// As far as they can be read.
    pub records: Vec<(Slice, Slice)>,
}

impl Keyspaces {
    /// Whether the engine can open them without losing any.
    pub fn are_whole(&self) -> bool {
        self.own.damaged.is_empty() && self.all.iter().all(|k| k.look.damaged.is_empty())
    }
}

impl Own {
    fn names(&self) -> List {
        let names = self.records.iter().filter_map(|(key, value)| {
            let id = key.strip_prefix(b"n")?.try_into().ok()?;
            let name = std::str::from_utf8(value).ok()?.to_owned();
            Some((u64::from_be_bytes(id), name))
        });
        names.collect()
    }

    /// The keyspaces of which the name and all settings can be read.
    pub fn known(&self) -> BTreeSet<u64> {
        if self.damaged.is_empty() {
            return self.names().into_keys().collect();
        }
        let mut settings = BTreeMap::<u64, usize>::new();
        for (key, _) in &self.records {
            if let Some(id) = key.strip_prefix(b"c").and_then(|rest| rest.first_chunk()) {
                *settings.entry(u64::from_be_bytes(*id)).or_default() += 1;
            }
        }
        // All have the same settings.
        let all = settings.values().max().copied();
        let names = self.names().into_keys();
        names
            .filter(|id| settings.get(id).copied() == all)
            .collect()
    }
}

/// Looks at the keyspaces of the engine in the store's folder, and into their tables as far as
/// `bytes` reach, the newest keyspaces first.
///
/// # Errors
/// The medium.
pub fn look(store: &Path, engine: &Path, mut bytes: u64) -> io::Result<Keyspaces> {
    let folder = engine.join("keyspaces");
    let numbers = numbers(&folder)?;
    let own = own(&folder.join(OF_NAMES.to_string()), &store.join(SCRATCH))?;
    let mut names = own.names();
    if !own.damaged.is_empty() {
        match list::read(&store.join(LIST)) {
            Ok(kept) => names.extend(kept),
            // Told when the list is written anew.
            Err(e) if e.kind() == io::ErrorKind::InvalidData => {}
            Err(e) => return Err(e),
        }
    }
    let nameless = numbers
        .iter()
        .filter(|id| **id != OF_NAMES && !names.contains_key(*id));
    let nameless = nameless.map(|id| folder.join(id.to_string()));
    let mut found = Keyspaces {
        // The engine removes what it had begun to make, and not named.
        nameless: nameless.filter(|_| !own.damaged.is_empty()).collect(),
        own,
        all: Vec::with_capacity(names.len()),
    };
    for (name, id) in by_name(names, &numbers).into_iter().rev() {
        let look = tables::look(&folder.join(id.to_string()), &mut bytes)?;
        found.all.push(Keyspace { id, name, look });
    }
    Ok(found)
}

/// Puts aside what the engine does not expect among its keyspaces and tables: it would end the whole
/// process.
///
/// # Errors
/// The medium.
pub fn clear_of_strays(engine: &Path, aside: &mut Aside, told: &mut Told<'_>) -> io::Result<()> {
    let folder = engine.join("keyspaces");
    let mut strays = strays_in(&folder, true)?;
    for id in numbers(&folder)? {
        strays.extend(strays_in(
            &folder.join(id.to_string()).join("tables"),
            false,
        )?);
    }
    for stray in strays {
        let place = aside.put(&stray)?;
        told.damage(
            &Where::File(&stray),
            "it is none of the engine's",
            Some(&place),
        );
    }
    Ok(())
}

/// What is in a folder and is no folder, or no file, that has a number for its name.
fn strays_in(folder: &Path, of_folders: bool) -> io::Result<Vec<PathBuf>> {
    let mut strays = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(strays),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.parse::<u64>().ok());
        if number.is_none() || entry.file_type()?.is_dir() != of_folders {
            strays.push(entry.path());
        }
    }
    Ok(strays)
}

fn numbers(folder: &Path) -> io::Result<BTreeSet<u64>> {
    let mut numbers = BTreeSet::new();
    match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        entries => {
            for entry in entries? {
                let name = entry?.file_name();
                numbers.extend(name.to_str().and_then(|name| name.parse::<u64>().ok()));
            }
        }
    }
    Ok(numbers)
}

/// A keyspace that was made anew has a second number: the first has no folder.
fn by_name(names: List, folders: &BTreeSet<u64>) -> BTreeMap<String, u64> {
    let (there, gone): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|(id, _)| folders.contains(id));
    let by_name = gone.into_iter().chain(there);
    by_name.map(|(id, name)| (name, id)).collect()
}

fn own(folder: &Path, scratch: &Path) -> io::Result<Own> {
    let look = tables::look(folder, &mut u64::MAX.clone())?;
    let mut sources = Vec::new();
    for (path, seqno) in &look.tables {
        let (source, _) = source(path, *seqno, scratch)?;
        sources.extend(source);
    }
    Ok(Own {
        damaged: look.damaged,
        records: Newest::of(sources).collect(),
    })
}

/// What a table gives.
pub type OfTable = Source<'static, Slice>;

/// What a table still gives, and where it is damaged.
///
/// # Errors
/// The medium.
pub fn source(
    path: &Path,
    seqno: u64,
    scratch: &Path,
) -> io::Result<(Option<OfTable>, Vec<Range<usize>>)> {
    let (scanner, bad) = tables::salvage(path, seqno, scratch)?;
    let source = scanner.map(|scanner| {
        let entries = scanner.map_while(Result::ok).map(entry);
        Box::new(entries) as OfTable
    });
    Ok((source, bad))
}

fn entry(item: InternalValue) -> Entry<Slice> {
    let is_there = item.key.value_type == ValueType::Value;
    Entry {
        key: item.key.user_key,
        seqno: item.key.seqno,
        value: is_there.then_some(item.value),
    }
}
