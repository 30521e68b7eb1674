//! What the store holds under each key, and how it is found again in the raw bytes of files. Pure.
//!
//! An entry, little endian: [`MAGIC`], `u64` place, `u32` length of the body, `u32` CRC-32 of all
//! of that from the place on, the body, which is a frame. sled keeps a value as it is, in one
//! piece; the magic shows where an entry may begin, and the checksum, which covers its head, that
//! it is one: no flipped bit can give a batch another place.

/// Bytes that begin an entry, none of which a page of zeros or text has.
const MAGIC: [u8; 4] = [0xF5, 0xB0, 0x9E, 0xA7];
/// Bytes before the body.
pub(super) const HEAD: usize = 20;
/// Largest body that is believed: a whole batch takes 256 KiB at most.
const MAX_BODY: usize = 1024 * 1024;

/// A batch's name on disk: its place in the store and its checksum. A store that went back to an
/// older state gives its places again, to other batches.
pub(super) type Name = (u64, u32);

/// An entry in some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub place: u64,
    pub checksum: u32,
    pub body: &'a [u8],
}

impl Entry<'_> {
    pub(super) fn name(&self) -> Name {
        (self.place, self.checksum)
    }

    pub(super) fn bytes(&self) -> usize {
        HEAD + self.body.len()
    }
}

/// The bytes of an entry.
#[must_use]
pub(super) fn encode(place: u64, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&place.to_le_bytes());
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
    let (head, rest) = rest.split_first_chunk::<12>()?;
    let length = u32::from_le_bytes(*head.last_chunk::<4>()?) as usize;
    let (written, rest) = rest.split_first_chunk::<4>()?;
    if length > MAX_BODY {
        return None;
    }
    let body = rest.get(..length)?;
    let found = checksum(head, body);
    (found == u32::from_le_bytes(*written)).then_some(())?;
    Some(Entry {
        place: u64::from_le_bytes(*head.first_chunk::<8>()?),
        checksum: found,
        body,
    })
}

/// Gives every whole entry of a piece of a file to `take`, with where it begins, and returns from
/// where on the piece must be looked at again together with what follows it in the file.
pub(super) fn find(piece: &[u8], is_last: bool, take: &mut dyn FnMut(usize, Entry<'_>)) -> usize {
    let mut at = 0;
    while let Some(rest) = piece.get(at..) {
        let Some(begins) = rest.iter().position(|byte| *byte == MAGIC[0]) else {
            return piece.len();
        };
        at += begins;
        let rest = rest.get(begins..).unwrap_or_default();
        if let Some(entry) = first(rest) {
            take(at, entry);
            at += entry.bytes();
        } else if !is_last && may_go_on(rest) {
            return at;
        } else {
            at += 1;
        }
    }
    piece.len()
}

/// Whether these bytes may be the front of an entry that ends behind them.
fn may_go_on(bytes: &[u8]) -> bool {
    let magic = bytes.get(..MAGIC.len()).unwrap_or(bytes);
    MAGIC.starts_with(magic) && bytes.len() < HEAD + MAX_BODY
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn store(batches: u64) -> Vec<u8> {
        let body = |place: u64| vec![u8::try_from(place % 251).unwrap_or(0); 40];
        (1..=batches)
            .flat_map(|place| encode(place, &body(place)))
            .collect()
    }

    fn places(bytes: &[u8]) -> Vec<u64> {
        let mut places = Vec::new();
        find(bytes, true, &mut |_, entry| places.push(entry.place));
        places
    }

    proptest! {
        #[test]
        fn a_flipped_bit_costs_its_own_entry_and_no_other(
            at in any::<prop::sample::Index>(),
            bit in 0_u32..8,
        ) {
            let mut bytes = store(20);
            let one = bytes.len() / 20;
            let at = at.index(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
            let hit = (at / one) as u64 + 1;
            let expected: Vec<u64> = (1..=20).filter(|place| *place != hit).collect();
            prop_assert_eq!(places(&bytes), expected);
        }

        #[test]
        fn whatever_the_bytes_are_nothing_false_is_found(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            prop_assert_eq!(places(&bytes), Vec::<u64>::new());
        }

        #[test]
        fn an_entry_that_goes_over_the_end_of_a_piece_is_found_with_the_next(
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = store(20);
            let (front, _) = bytes.split_at(cut.index(bytes.len()));
            let mut found = Vec::new();
            let again = find(front, false, &mut |_, entry| found.push(entry.place));
            found.extend(places(bytes.get(again..).unwrap_or_default()));
            prop_assert_eq!(found, (1..=20).collect::<Vec<u64>>());
        }
    }
}
