//! The frame around a saved world; what is inside belongs to the world.
//!
//! Version byte, `after` and `at` and the length of the inside (eight bytes each, little-endian),
//! CRC-32 of all that and the inside (four bytes), the inside.

use shared::time::Timestamp;

use super::{Flaw, VERSION};
use crate::store::SavedWorld;

/// Bytes before the inside.
pub const HEAD: usize = 1 + 8 + 8 + 8 + 4;

/// What the frame says before its checksum.
type Said = [u8; HEAD - 4];

/// What comes before a saved world's bytes.
pub fn head(world: &SavedWorld) -> [u8; HEAD] {
    let mut said: Said = [0; HEAD - 4];
    let length = world.bytes.len() as u64;
    let numbers = [world.after, world.at.as_millis().cast_unsigned(), length];
    let bytes = std::iter::once(VERSION).chain(numbers.iter().flat_map(|n| n.to_le_bytes()));
    for (to, from) in said.iter_mut().zip(bytes) {
        *to = from;
    }
    let mut head = [0; HEAD];
    let sum = checksum(&said, &world.bytes).to_le_bytes();
    for (to, from) in head.iter_mut().zip(said.into_iter().chain(sum)) {
        *to = from;
    }
    head
}

/// Takes a saved world out of its frame.
pub fn decode(mut file: Vec<u8>) -> Result<SavedWorld, Flaw> {
    let version = *file.first().ok_or(Flaw::Empty)?;
    if version != VERSION {
        return Err(Flaw::Version(version));
    }
    let (found, short) = (file.len(), || Flaw::Key);
    let (said, rest) = file.split_first_chunk::<{ HEAD - 4 }>().ok_or_else(short)?;
    let (sum, inside) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    let number = |from: usize| {
        let bytes = said.get(from..from + 8).and_then(|b| b.try_into().ok());
        bytes.map(u64::from_le_bytes).ok_or_else(short)
    };
    let (after, at, length) = (number(1)?, number(9)?.cast_signed(), number(17)?);
    if length != inside.len() as u64 {
        let expected = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .saturating_add(HEAD);
        return Err(Flaw::Length { found, expected });
    }
    if checksum(said, inside) != u32::from_le_bytes(*sum) {
        return Err(Flaw::Checksum);
    }
    file.drain(..HEAD);
    let at = Timestamp::from_millis(at);
    Ok(SavedWorld {
        after,
        at,
        bytes: file,
    })
}

fn checksum(said: &Said, inside: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(said);
    sum.update(inside);
    sum.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_with_any_bit_turned_or_any_byte_missing_is_refused() {
        let world = SavedWorld {
            after: 77,
            at: Timestamp::from_millis(-5),
            bytes: vec![1, 2, 3, 4],
        };
        let mut file = head(&world).to_vec();
        file.extend(&world.bytes);
        assert_eq!(decode(file.clone()).expect("whole"), world);
        for bit in 0..file.len() * 8 {
            let mut other = file.clone();
            if let Some(byte) = other.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            assert!(decode(other).is_err(), "bit {bit}");
        }
        for length in 0..file.len() {
            let shorter = file.iter().copied().take(length).collect();
            assert!(decode(shorter).is_err(), "{length} bytes");
        }
    }
}
