//! The arrivals, in groups: a few that came one after the other, or a large one alone.
//!
//! A group is the number of its first arrival (eight bytes, little-endian) and the postcard of one
//! [`ArrivalV1`] after the other; their numbers are consecutive. Ids are text, numbers with a
//! fraction their bits.
//!
//! A group is kept in parts. Key = number of its last arrival and number of the part (from 0), both
//! big-endian; value = version byte, whether more parts follow (0 or 1), at most [`PART_BYTES`] of
//! the group. The engine's journal is why no part is larger: after a power cut a page may be missing
//! from its end. Where that page held the head of an item, the engine takes what was before it and
//! goes on. Inside one long value it would not be noticed until the checksum fails, and then the
//! engine refuses to open.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use super::{Flaw, VERSION, input::InputV1};
use crate::world::Arrival;

/// Bytes of a group in one part: an item of the engine's journal stays below a page of 4 KiB.
pub const PART_BYTES: usize = 4_000;

#[derive(Serialize, Deserialize)]
struct ArrivalV1<'a> {
    at_ms: i64,
    #[serde(borrow)]
    input: InputV1<'a>,
}

/// Bytes of a key.
const KEY: usize = 8 + 2;

/// The key of a part.
pub fn key(last: u64, part: u16) -> [u8; KEY] {
    let mut key = [0; KEY];
    let bytes = last.to_be_bytes().into_iter().chain(part.to_be_bytes());
    for (to, from) in key.iter_mut().zip(bytes) {
        *to = from;
    }
    key
}

/// The number of a group's last arrival and of the part, from its key.
pub fn decode_key(key: &[u8]) -> Result<(u64, u16), Flaw> {
    let (last, part) = key.split_first_chunk().ok_or(Flaw::Key)?;
    let part = part.try_into().map_err(|_| Flaw::Key)?;
    Ok((u64::from_be_bytes(*last), u16::from_be_bytes(part)))
}

/// Forms groups and their parts; keeps its buffers from one commit to the next.
#[derive(Default)]
pub struct Writer {
    group: Vec<u8>,
    value: Vec<u8>,
}

impl Writer {
    /// Hands over the key and the value of every part.
    pub fn write(
        &mut self,
        arrivals: &[Arrival],
        mut put: impl FnMut([u8; KEY], &[u8]),
    ) -> Result<(), Flaw> {
        self.group.clear();
        let mut last = 0;
        for arrival in arrivals {
            let before = self.group.len();
            if before == 0 {
                self.group.extend(arrival.number.to_le_bytes());
            }
            let form = ArrivalV1::from(arrival);
            self.group = postcard::to_extend(&form, std::mem::take(&mut self.group))?;
            if self.group.len() > PART_BYTES && before > 0 {
                self.put_parts(last, before, &mut put)?;
                self.group.splice(..before, arrival.number.to_le_bytes());
            }
            last = arrival.number;
        }
        self.put_parts(last, self.group.len(), &mut put)
    }

    fn put_parts(
        &mut self,
        last: u64,
        length: usize,
        put: &mut impl FnMut([u8; KEY], &[u8]),
    ) -> Result<(), Flaw> {
        let group = self.group.get(..length).unwrap_or_default();
        let mut parts = (0..).zip(group.chunks(PART_BYTES)).peekable();
        while let Some((number, part)) = parts.next() {
            let number = u16::try_from(number).map_err(Flaw::value)?;
            self.value.clear();
            self.value.extend([VERSION, parts.peek().is_some().into()]);
            self.value.extend_from_slice(part);
            put(key(last, number), &self.value);
        }
        Ok(())
    }
}

/// Puts groups together from their parts, which come in the order of their keys.
#[derive(Default)]
pub struct Reader {
    last: u64,
    next_part: u16,
    group: Vec<u8>,
}

impl Reader {
    /// Takes the next part. Returns the group when that was its last one.
    pub fn take(&mut self, key: &[u8], value: &[u8]) -> Result<Option<Vec<Arrival>>, Flaw> {
        let (last, part) = decode_key(key)?;
        let has_more = match value {
            [] => return Err(Flaw::Empty),
            [VERSION, more @ (0 | 1), ..] => *more == 1,
            [VERSION, ..] => return Err(Flaw::value("neither the last part nor another")),
            [version, ..] => return Err(Flaw::Version(*version)),
        };
        if part == 0 {
            (self.last, self.next_part) = (last, 0);
            self.group.clear();
        }
        if (last, part) != (self.last, self.next_part) {
            return Err(Flaw::Part(self.next_part));
        }
        self.next_part = part.checked_add(1).ok_or(Flaw::Key)?;
        self.group.extend(value.iter().skip(2));
        if has_more {
            return Ok(None);
        }
        decode(last, &self.group).map(Some)
    }
}

fn decode(last: u64, group: &[u8]) -> Result<Vec<Arrival>, Flaw> {
    let (first, mut forms) = group.split_first_chunk().ok_or(Flaw::Empty)?;
    let first = u64::from_le_bytes(*first);
    if first > last {
        return Err(Flaw::Key);
    }
    let mut arrivals = Vec::new();
    for number in first..=last {
        let (form, rest) = postcard::take_from_bytes::<ArrivalV1<'_>>(forms)?;
        arrivals.push(form.read(number)?);
        forms = rest;
    }
    if forms.is_empty() {
        Ok(arrivals)
    } else {
        Err(Flaw::Trailing(forms.len()))
    }
}

impl<'a> From<&'a Arrival> for ArrivalV1<'a> {
    fn from(arrival: &'a Arrival) -> Self {
        Self {
            at_ms: arrival.at.as_millis(),
            input: InputV1::new(&arrival.input, arrival.at),
        }
    }
}

impl ArrivalV1<'_> {
    fn read(self, number: u64) -> Result<Arrival, Flaw> {
        let at = Timestamp::from_millis(self.at_ms);
        let input = self.input.read(at)?;
        Ok(Arrival { number, at, input })
    }
}
