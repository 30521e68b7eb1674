//! A batch of which one bit was turned, turned back: its checksum says which bit that was. Pure.

use xxhash_rust::xxh3::xxh3_64;

use super::batches::{END, END_BYTES, START, START_BYTES};

/// How much is tried at one opening: bits that may be the one, times the bytes of their batch. It
/// takes a second or two, for one batch of 45 KB or a hundred of 4.
pub const EFFORT: u64 = 1 << 34;

/// Turns back the one bit that was turned in a batch. `false`, and the batch as it was, where more
/// are wrong, or `effort` does not reach.
pub fn turn_back(batch: &mut [u8], effort: &mut u64) -> bool {
    let length = batch.len();
    let Some((start, rest)) = batch.split_at_mut_checked(START_BYTES) else {
        return false;
    };
    let Some(end) = length.checked_sub(START_BYTES + END_BYTES) else {
        return false;
    };
    let (items, end) = rest.split_at_mut(end);
    let ([start, ..], [tag, checksum @ ..]) = (start, end) else {
        return false;
    };
    let Some(checksum) = checksum.first_chunk_mut::<8>() else {
        return false;
    };
    let said = u64::from_le_bytes(*checksum);
    let is = xxh3_64(items);
    // One bit of the checksum, or one that it does not cover.
    if (is ^ said).count_ones() > 1 && !turn_one(items, said, effort) {
        return false;
    }
    *checksum = xxh3_64(items).to_le_bytes();
    (*start, *tag) = (START, END);
    true
}

fn turn_one(items: &mut [u8], checksum: u64, effort: &mut u64) -> bool {
    let bytes = items.len() as u64;
    let Some(left) = effort.checked_sub(bytes.saturating_mul(bytes).saturating_mul(8)) else {
        return false;
    };
    *effort = left;
    for at in 0..items.len() {
        for bit in 0..8 {
            turn(items, at, bit);
            if xxh3_64(items) == checksum {
                return true;
            }
            turn(items, at, bit);
        }
    }
    false
}

fn turn(items: &mut [u8], at: usize, bit: u8) {
    if let Some(byte) = items.get_mut(at) {
        *byte ^= 1 << bit;
    }
}
