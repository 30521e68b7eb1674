//! The engine's tables without the engine: which of them a keyspace has, whether they are what was
//! written, and the blocks of one that is not.
//!
//! A keyspace is a folder: `current` (the number of a version, the XXH3 of its file, `u128`, and a
//! zero), `vN` (the version: an archive, whose part `tables` lists levels of runs of tables, each
//! with its number, kind and XXH3 of its file and a sequence number to be added to those in it) and
//! `tables/N`. A table begins with blocks of data; each block has its own checksum.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter, Cursor, Write as _},
    ops::Range,
    path::{Path, PathBuf},
};

use lsm_tree::{
    CompressionType,
    table::{Block, Scanner, block::BlockType},
};
use xxhash_rust::xxh3::xxh3_128;

use super::files;

/// What every block begins with.
const MAGIC: &[u8] = b"LSM\x03";

/// A table as its version knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    pub checksum: u128,
    pub seqno: u64,
}

/// A part of a keyspace that is not what it was.
#[derive(Debug)]
pub struct Part {
    pub file: PathBuf,
    pub what: &'static str,
    /// Whether it is a list of tables: all tables that are there are read then.
    pub is_list: bool,
}

/// What a folder of a keyspace holds.
#[derive(Debug, Default)]
pub struct Look {
    /// The tables that are there, with what their sequence numbers are to be raised by.
    pub tables: BTreeMap<PathBuf, u64>,
    pub damaged: Vec<Part>,
}

/// Looks at the keyspace in a folder. Tables are read as far as `bytes` reach.
///
/// # Errors
/// The medium.
pub fn look(folder: &Path, bytes: &mut u64) -> io::Result<Look> {
    let mut look = Look::default();
    let is_there = on_disk(&folder.join("tables"))?;
    let (listed, damaged) = version(folder)?;
    let is_sure = damaged.is_none();
    look.damaged.extend(damaged);
    for (id, path) in &is_there {
        match listed.get(id) {
            Some(listed) => {
                if !is_whole(path, *listed, bytes)? {
                    let what = "it is not what was written";
                    look.damaged.push(Part {
                        file: path.clone(),
                        what,
                        is_list: false,
                    });
                }
                look.tables.insert(path.clone(), listed.seqno);
            }
            // Left of a merge.
            None if is_sure => {}
            None => drop(look.tables.insert(path.clone(), 0)),
        }
    }
    for id in listed.keys().filter(|id| !is_there.contains_key(*id)) {
        look.damaged.push(Part {
            file: folder.join("tables").join(id.to_string()),
            what: "it is gone",
            is_list: false,
        });
    }
    Ok(look)
}

fn on_disk(tables: &Path) -> io::Result<BTreeMap<u64, PathBuf>> {
    let mut found = BTreeMap::new();
    let entries = match fs::read_dir(tables) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(id) = name.and_then(|name| name.parse().ok()) {
            found.insert(id, path);
        }
    }
    Ok(found)
}

/// The tables that the current version lists, and what is wrong with it.
fn version(folder: &Path) -> io::Result<(BTreeMap<u64, Listed>, Option<Part>)> {
    let damaged = |file, what| {
        Some(Part {
            file,
            what,
            is_list: true,
        })
    };
    let current = folder.join("current");
    let said = match files::read(&current) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Ok((BTreeMap::new(), damaged(current, "it is gone")));
        }
        bytes => decode_current(&bytes?),
    };
    let Some((id, checksum)) = said else {
        return Ok((BTreeMap::new(), damaged(current, "it is malformed")));
    };
    let file = folder.join(format!("v{id}"));
    let bytes = match files::read(&file) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Ok((BTreeMap::new(), damaged(file, "it is gone")));
        }
        bytes => bytes?,
    };
    if xxh3_128(&bytes) != checksum {
        return Ok((BTreeMap::new(), damaged(file, "its checksum is wrong")));
    }
    Ok(match decode_version(&bytes) {
        Some(listed) => (listed, None),
        None => (BTreeMap::new(), damaged(file, "it is malformed")),
    })
}

fn decode_current(bytes: &[u8]) -> Option<(u64, u128)> {
    let (id, rest) = bytes.split_first_chunk::<8>()?;
    let (checksum, [0]) = rest.split_first_chunk::<16>()? else {
        return None;
    };
    Some((u64::from_le_bytes(*id), u128::from_le_bytes(*checksum)))
}

fn decode_version(bytes: &[u8]) -> Option<BTreeMap<u64, Listed>> {
    let archive = sfa::Reader::from_reader(&mut Cursor::new(bytes)).ok()?;
    let part = archive.toc().section(b"tables")?;
    let from = usize::try_from(part.pos()).ok()?;
    let length = usize::try_from(part.len()).ok()?;
    let mut left = bytes.get(from..from.checked_add(length)?)?;
    let mut take = |count: usize| {
        let (taken, rest) = left.split_at_checked(count)?;
        left = rest;
        Some(taken)
    };
    let mut listed = BTreeMap::new();
    for _ in 0..*take(1)?.first()? {
        for _ in 0..*take(1)?.first()? {
            for _ in 0..u32::from_le_bytes(take(4)?.try_into().ok()?) {
                let id = u64::from_le_bytes(take(8)?.try_into().ok()?);
                let [0] = take(1)? else { return None };
                let checksum = u128::from_le_bytes(take(16)?.try_into().ok()?);
                let seqno = u64::from_le_bytes(take(8)?.try_into().ok()?);
                listed.insert(id, Listed { checksum, seqno });
            }
        }
    }
    Some(listed)
}

fn is_whole(path: &Path, listed: Listed, bytes: &mut u64) -> io::Result<bool> {
    let length = fs::metadata(path)?.len();
    let Some(left) = bytes.checked_sub(length) else {
        return Ok(true);
    };
    *bytes = left;
    Ok(xxh3_128(&files::read(path)?) == listed.checksum)
}

/// Where the whole blocks of data of a table are, and the places before its index where none is.
fn blocks(bytes: &[u8]) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (mut data, mut bad, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(mut rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.len();
        let block = Block::from_reader(&mut rest, CompressionType::None);
        match block.map(|block| block.header.block_type) {
            Ok(BlockType::Data) => {
                let end = at + length - rest.len();
                data.push(at..end);
                at = end;
            }
            Ok(_) => break,
            Err(_) => {
                let next = next_block(bytes, at + 1);
                bad.push(at..next);
                at = next;
            }
        }
    }
    (data, bad)
}

fn next_block(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let found = rest.windows(MAGIC.len()).position(|window| window == MAGIC);
    found.map_or(bytes.len(), |found| from + found)
}

/// What is left of a table: its items in the order of their keys, and where it is damaged.
///
/// The engine's own reader reads a file of whole blocks; where some are not, the others are copied to
/// `scratch`.
///
/// # Errors
/// The medium.
pub fn salvage(
    path: &Path,
    seqno: u64,
    scratch: &Path,
) -> io::Result<(Option<Scanner>, Vec<Range<usize>>)> {
    let bytes = files::read(path)?;
    let (data, bad) = blocks(&bytes);
    if data.is_empty() {
        return Ok((None, bad));
    }
    let mut file = BufWriter::new(File::create(scratch)?);
    for block in &data {
        file.write_all(bytes.get(block.clone()).unwrap_or_default())?;
    }
    file.into_inner()?;
    let scanner = Scanner::new(scratch, data.len(), CompressionType::None, seqno);
    // It is open, and needs no name any more.
    fs::remove_file(scratch)?;
    Ok((Some(scanner.map_err(io::Error::other)?), bad))
}
