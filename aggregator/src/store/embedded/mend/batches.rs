//! The engine's journal as bytes: which batches in it are whole, and what stands between them. Pure.
//!
//! Version 3 of the format, as fjall 3 writes it; numbers are little-endian. A batch is a start
//! (tag 1, `u32` items, `u64` sequence number), its items (tag 2, kind, compression, `u64` keyspace,
//! `u16` length of the key, `u32` lengths of the value as it was and as it stands here, key, value;
//! or tag 4, `u64` keyspace, for a keyspace that was cleared), and an end (tag 3, `u64` XXH3 of the
//! items, `FJL` 3). The file is made longer than it is filled: zeros follow.
//!
//! The checksum covers the items and not the start and the end: what those two say is compared with
//! what the items say, and made good from them.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

pub const START: u8 = 1;
const ITEM: u8 = 2;
pub const END: u8 = 3;
const CLEAR: u8 = 4;
const MAGIC: [u8; 4] = *b"FJL\x03";

/// Bytes of a start, and of an end.
pub const START_BYTES: usize = 1 + 4 + 8;
pub const END_BYTES: usize = 1 + 8 + 4;

/// Sequence numbers that the engine may take for itself between two commits: it takes a few for a
/// new keyspace or table.
const PASSED_OVER: u64 = 1 << 20;

/// The key under which every commit says which it is. No other key is like it: ids have no zero
/// byte, and numbers have eight bytes.
pub const COMMIT_KEY: &[u8] = b"\0commit";

/// What a commit says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// Which commit it is, from 1.
    pub number: u64,
    /// Its sequence number is this or one of the next.
    pub seqno: u64,
}

impl Said {
    pub fn encode(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let numbers = [self.number, self.seqno];
        let all = numbers.iter().flat_map(|n| n.to_le_bytes());
        for (to, from) in bytes.iter_mut().zip(all) {
            *to = from;
        }
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (number, seqno) = bytes.split_first_chunk::<8>()?;
        Some(Self {
            number: u64::from_le_bytes(*number),
            seqno: u64::from_le_bytes(seqno.try_into().ok()?),
        })
    }
}

/// An item of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    pub keyspace: u64,
    pub key: &'a [u8],
    /// None where the key was removed.
    pub value: Option<&'a [u8]>,
}

/// A batch whose items are what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// All of it.
    pub at: Range<usize>,
    /// Its items.
    pub items: Range<usize>,
    pub count: u32,
    /// Its sequence number, made good where the start said something that cannot be.
    pub seqno: u64,
    /// Of the commit that it holds.
    pub said: Option<Said>,
    /// Whether its start and its end are as they must be.
    pub is_whole: bool,
}

/// What a journal holds, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Batch(Batch),
    /// Bytes that are no batch, or no longer one.
    Bad(Range<usize>),
}

/// What a journal holds, up to the zeros that end it. `before` is the sequence number of the last
/// batch of the journal before, if there was one.
pub fn walk(bytes: &[u8], before: Option<u64>) -> Vec<Piece> {
    let end = bytes.len() - zeros_at_end(bytes);
    let (mut pieces, mut at, mut bad, mut last) = (Vec::new(), 0, None, before);
    while at < end {
        // The last byte of a batch is none of the zeros.
        match batch(bytes, at) {
            Some(mut batch) => {
                if let Some(from) = bad.take() {
                    pieces.push(Piece::Bad(from..at));
                }
                at = batch.at.end;
                make_good(&mut batch, last);
                last = Some(batch.seqno);
                pieces.push(Piece::Batch(batch));
            }
            None => {
                bad.get_or_insert(at);
                at = next_start(bytes, at + 1, end);
            }
        }
    }
    if let Some(from) = bad {
        pieces.push(Piece::Bad(from..end));
    }
    pieces
}

/// The items of a batch.
pub fn items<'a>(bytes: &'a [u8], batch: &Batch) -> impl Iterator<Item = Item<'a>> + use<'a> {
    let mut left = bytes.get(batch.items.clone()).unwrap_or_default();
    std::iter::from_fn(move || {
        loop {
            match element(left)? {
                (Element::Item(item), length) => {
                    left = left.get(length..)?;
                    return Some(item);
                }
                (Element::Clear, length) => left = left.get(length..)?,
                (Element::End(_), _) => return None,
            }
        }
    })
}

/// A batch with its start and its end as the engine writes them.
pub fn append(to: &mut Vec<u8>, items: &[u8], count: u32, seqno: u64) {
    to.push(START);
    to.extend(count.to_le_bytes());
    to.extend(seqno.to_le_bytes());
    to.extend_from_slice(items);
    to.push(END);
    to.extend(xxh3_64(items).to_le_bytes());
    to.extend(MAGIC);
}

/// An item as the engine writes it.
pub fn append_item(to: &mut Vec<u8>, item: Item<'_>) {
    let value = item.value.unwrap_or_default();
    to.extend([ITEM, u8::from(item.value.is_none()), 0]);
    to.extend(item.keyspace.to_le_bytes());
    // They came from fields of these sizes.
    to.extend((item.key.len() & 0xffff).to_le_bytes().iter().take(2));
    let length = (value.len() & 0xffff_ffff).to_le_bytes();
    to.extend(length.iter().take(4).chain(length.iter().take(4)));
    to.extend_from_slice(item.key);
    to.extend_from_slice(value);
}

/// The sequence number is not under the checksum: the commit says which it can be.
fn make_good(batch: &mut Batch, last: Option<u64>) {
    let follows = last.is_none_or(|last| batch.seqno > last);
    let is_near = batch.said.is_none_or(|said| {
        (said.seqno..said.seqno.saturating_add(PASSED_OVER)).contains(&batch.seqno)
    });
    if !follows || !is_near {
        let next = last.map_or(0, |last| last.saturating_add(1));
        batch.seqno = batch.said.map_or(next, |said| said.seqno.max(next));
        batch.is_whole = false;
    }
}

fn batch(bytes: &[u8], at: usize) -> Option<Batch> {
    let (start, after) = bytes.get(at..)?.split_first_chunk::<START_BYTES>()?;
    let [START, numbers @ ..] = start else {
        return None;
    };
    let (told, seqno) = numbers.split_first_chunk::<4>()?;
    let seqno = u64::from_le_bytes(seqno.try_into().ok()?);
    let (mut length, mut count, mut said) = (0, 0_u32, None);
    let checksum = loop {
        let (element, bytes) = element(after.get(length..)?)?;
        match element {
            Element::Item(item) if item.key == COMMIT_KEY => {
                said = item.value.and_then(Said::decode)
            }
            Element::Item(_) | Element::Clear => {}
            Element::End(checksum) => break checksum,
        }
        length += bytes;
        count = count.checked_add(1)?;
    };
    if xxh3_64(after.get(..length)?) != checksum {
        return None;
    }
    let items = at + START_BYTES..at + START_BYTES + length;
    // Of an end that was cut off, what is there counts.
    let end = (items.end + END_BYTES).min(bytes.len());
    let magic = bytes.get(end.saturating_sub(MAGIC.len())..end);
    let is_end_whole = end == items.end + END_BYTES && magic == Some(&MAGIC);
    Some(Batch {
        at: at..end,
        items,
        count,
        seqno,
        said,
        is_whole: is_end_whole && u32::from_le_bytes(*told) == count,
    })
}

enum Element<'a> {
    Item(Item<'a>),
    Clear,
    /// With the checksum.
    End(u64),
}

/// The element at the beginning of `bytes`, and its length.
fn element(bytes: &[u8]) -> Option<(Element<'_>, usize)> {
    let (tag, rest) = bytes.split_first()?;
    match *tag {
        ITEM => {
            let (head, rest) = rest.split_first_chunk::<20>()?;
            let ([kind, 0], numbers) = head.split_first_chunk::<2>()? else {
                return None;
            };
            let (keyspace, lengths) = numbers.split_first_chunk::<8>()?;
            let (key, values) = lengths.split_first_chunk::<2>()?;
            let key = usize::from(u16::from_le_bytes(*key));
            let (was, here) = values.split_first_chunk::<4>()?;
            if was.as_slice() != here {
                return None;
            }
            let value = usize::try_from(u32::from_le_bytes(*was)).ok()?;
            let content = rest.get(..key.checked_add(value)?)?;
            let (key, value) = content.split_at_checked(key)?;
            let value = match kind {
                0 => Some(value),
                1 | 2 if value.is_empty() => None,
                _ => return None,
            };
            let item = Item {
                keyspace: u64::from_le_bytes(*keyspace),
                key,
                value,
            };
            Some((Element::Item(item), 1 + 20 + content.len()))
        }
        CLEAR => rest.get(..8).map(|_| (Element::Clear, 1 + 8)),
        END => {
            let checksum = rest.first_chunk::<8>()?;
            Some((Element::End(u64::from_le_bytes(*checksum)), END_BYTES))
        }
        _ => None,
    }
}

/// Where a start may be, from `at` on; `end` where none is.
fn next_start(bytes: &[u8], at: usize, end: usize) -> usize {
    /// A start, then an item or a keyspace that was cleared.
    fn is_one(window: &[u8]) -> bool {
        window.first() == Some(&START) && matches!(window.last(), Some(&(ITEM | CLEAR)))
    }
    let mut windows = bytes.get(at..).unwrap_or_default().windows(START_BYTES + 1);
    let found = windows.position(is_one);
    found.map_or(end, |found| (at + found).min(end))
}

/// How many zeros end `bytes`; there may be 64 MiB of them.
fn zeros_at_end(bytes: &[u8]) -> usize {
    const BLOCK: [u8; 4_096] = [0; 4_096];
    let blocks = bytes.rchunks(BLOCK.len());
    let whole = blocks.take_while(|block| BLOCK.starts_with(block)).count();
    let left = bytes.len() - (whole * BLOCK.len()).min(bytes.len());
    let rest = bytes.get(..left).unwrap_or_default();
    let some = rest.iter().rev().take_while(|byte| **byte == 0).count();
    bytes.len() - left + some
}
