//! What a file of the log holds: entries, one after the other, and how they are found again around
//! damage. Pure.
//!
//! An entry, little endian: [`MAGIC`], one byte of kind, `u64` number, `u32` length of the body,
//! `u32` CRC-32 of all of that from the kind on, the body. Its checksum covers its head, so that a
//! flipped bit cannot give a batch another place; the magic shows where the next entry begins
//! behind bytes that are none.

/// Bytes that begin an entry, none of which a page of zeros or text has.
const MAGIC: [u8; 4] = [0xF5, 0xB0, 0x9E, 0xA7];
/// Bytes before the body.
pub(super) const HEAD: usize = 21;
/// Largest body that is believed: a whole batch takes 256 KiB at most.
const MAX_BODY: usize = 1024 * 1024;

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file begins; its number is the file's, its body names the files before it that were held
    /// then ([`files`]).
    Begin,
    /// A batch; its number is its place in the log, its body a frame.
    Batch,
    /// Batches were released; the body names them ([`names`]).
    Released,
    /// The file of that number was removed on purpose.
    Gone,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Begin => 1,
            Self::Batch => 2,
            Self::Released => 3,
            Self::Gone => 4,
        }
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Begin),
            2 => Some(Self::Batch),
            3 => Some(Self::Released),
            4 => Some(Self::Gone),
            _ => None,
        }
    }
}

/// A batch's name on disk: its place in the log and its checksum. Places are used again by a log
/// whose files went back to an older state; with the checksum no release can mean another batch.
pub(super) type Name = (u64, u32);

/// An entry in the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub kind: Kind,
    pub number: u64,
    pub checksum: u32,
    pub body: &'a [u8],
}

impl Entry<'_> {
    pub(super) fn name(&self) -> Name {
        (self.number, self.checksum)
    }

    pub(super) fn bytes(&self) -> usize {
        HEAD + self.body.len()
    }
}

/// The bytes of an entry.
#[must_use]
pub(super) fn encode(kind: Kind, number: u64, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.push(kind.code());
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    let checksum = checksum(bytes.get(MAGIC.len()..).unwrap_or_default(), body);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn checksum(head: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(head);
    hasher.update(body);
    hasher.finalize()
}

/// The entry at the front of some bytes, if there is a whole one.
#[must_use]
pub(super) fn first(bytes: &[u8]) -> Option<Entry<'_>> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    let (head, rest) = rest.split_first_chunk::<13>()?;
    let [code, number @ .., _, _, _, _] = head;
    let length = u32::from_le_bytes(*head.last_chunk::<4>()?) as usize;
    let (written, rest) = rest.split_first_chunk::<4>()?;
    if length > MAX_BODY {
        return None;
    }
    let body = rest.get(..length)?;
    let found = checksum(head, body);
    (found == u32::from_le_bytes(*written)).then_some(())?;
    Some(Entry {
        kind: Kind::of(*code)?,
        number: u64::from_le_bytes(*number),
        checksum: found,
        body,
    })
}

/// The name of the batch whose entry begins with these bytes; whether it is whole is not looked at.
#[must_use]
pub(super) fn name(head: &[u8]) -> Option<Name> {
    let rest = head.strip_prefix(&MAGIC)?;
    let ([_, number @ .., _, _, _, _], rest) = rest.split_first_chunk::<13>()?;
    let checksum = u32::from_le_bytes(*rest.first_chunk::<4>()?);
    Some((u64::from_le_bytes(*number), checksum))
}

/// A stretch of a file that holds no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hole {
    pub at: usize,
    pub bytes: usize,
    /// Batches that must have been in it, by the places before and behind it.
    pub batches: u64,
}

/// What was found in the bytes of a file.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    /// Every entry with where it begins.
    pub entries: Vec<(usize, Entry<'a>)>,
    /// Damage between entries.
    pub holes: Vec<Hole>,
    /// Where the last entry ends.
    pub end: usize,
}

/// Finds every entry, also behind damage.
#[must_use]
pub(super) fn find(bytes: &[u8]) -> Found<'_> {
    let mut found = Found::default();
    let (mut at, mut last_place) = (0, None);
    while let Some((skipped, entry)) = next(bytes.get(at..).unwrap_or_default()) {
        let place = (entry.kind == Kind::Batch).then_some(entry.number);
        if skipped > 0 {
            let between = |(last, place): (u64, u64)| place.saturating_sub(last + 1);
            found.holes.push(Hole {
                at,
                bytes: skipped,
                batches: last_place.zip(place).map_or(0, between),
            });
        }
        last_place = place.or(last_place);
        found.entries.push((at + skipped, entry));
        at += skipped + entry.bytes();
        found.end = at;
    }
    found
}

/// The next whole entry and how many bytes lie before it.
fn next(bytes: &[u8]) -> Option<(usize, Entry<'_>)> {
    let mut skipped = 0;
    loop {
        let rest = bytes.get(skipped..)?;
        if let Some(entry) = first(rest) {
            return Some((skipped, entry));
        }
        let begins = rest.iter().skip(1).position(|b| *b == MAGIC[0])?;
        skipped += 1 + begins;
    }
}

/// Names as the body of [`Kind::Released`].
#[must_use]
pub(super) fn names_body(names: &[Name]) -> Vec<u8> {
    let one = |(place, checksum): &Name| {
        let (place, checksum) = (place.to_le_bytes(), checksum.to_le_bytes());
        place.into_iter().chain(checksum)
    };
    names.iter().flat_map(one).collect()
}

/// The names in the body of [`Kind::Released`].
pub(super) fn names(body: &[u8]) -> impl Iterator<Item = Name> + '_ {
    body.chunks_exact(12).filter_map(|name| {
        let place = u64::from_le_bytes(*name.first_chunk()?);
        Some((place, u32::from_le_bytes(*name.last_chunk()?)))
    })
}

/// Files (number, length) as the body of [`Kind::Begin`].
#[must_use]
pub(super) fn files_body(files: &[(u64, u64)]) -> Vec<u8> {
    let one = |(number, length): &(u64, u64)| {
        let (number, length) = (number.to_le_bytes(), length.to_le_bytes());
        number.into_iter().chain(length)
    };
    files.iter().flat_map(one).collect()
}

/// The files in the body of [`Kind::Begin`].
pub(super) fn files(body: &[u8]) -> impl Iterator<Item = (u64, u64)> + '_ {
    body.chunks_exact(16).filter_map(|file| {
        let number = u64::from_le_bytes(*file.first_chunk()?);
        Some((number, u64::from_le_bytes(*file.last_chunk()?)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn log(batches: u64) -> Vec<u8> {
        let body = |place: u64| vec![u8::try_from(place % 251).unwrap_or(0); 40];
        (1..=batches)
            .flat_map(|place| encode(Kind::Batch, place, &body(place)))
            .collect()
    }

    fn places(bytes: &[u8]) -> Vec<u64> {
        let found = find(bytes);
        found.entries.iter().map(|(_, e)| e.number).collect()
    }

    proptest! {
        #[test]
        fn a_flipped_bit_costs_its_own_entry_and_no_other(
            at in any::<prop::sample::Index>(),
            bit in 0_u32..8,
        ) {
            let mut bytes = log(20);
            let one = bytes.len() / 20;
            let at = at.index(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
            let hit = (at / one) as u64 + 1;
            let expected: Vec<u64> = (1..=20).filter(|place| *place != hit).collect();
            prop_assert_eq!(places(&bytes), expected);
            let found = find(&bytes);
            let counted: u64 = found.holes.iter().map(|hole| hole.batches).sum();
            let is_inside = (2..20).contains(&hit);
            prop_assert_eq!(counted, u64::from(is_inside), "hit {}", hit);
            prop_assert_eq!(found.end == bytes.len(), hit != 20);
        }

        #[test]
        fn whatever_the_bytes_are_nothing_false_is_found(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            prop_assert_eq!(places(&bytes), Vec::<u64>::new());
        }
    }

    #[test]
    fn what_is_overwritten_with_zeros_is_counted_by_the_places_around_it() {
        let mut bytes = log(20);
        let one = bytes.len() / 20;
        if let Some(page) = bytes.get_mut(3 * one + 5..6 * one + 5) {
            page.fill(0);
        }
        let found = find(&bytes);
        let hole = Hole {
            at: 3 * one,
            bytes: 4 * one,
            batches: 4,
        };
        assert_eq!(found.holes, [hole]);
        assert_eq!(found.entries.len(), 16);
    }

    #[test]
    fn names_and_files_come_back() {
        let list = [(7, 0xDEAD_BEEF), (u64::MAX, 0)];
        assert_eq!(names(&names_body(&list)).collect::<Vec<_>>(), list);
        let list = [(1, 4_096), (9, u64::MAX)];
        assert_eq!(files(&files_body(&list)).collect::<Vec<_>>(), list);
    }
}
