//! Which registers to ask for: as few reads as serve all gauges of a bus. Pure.

use crate::config::{ModbusBus, RegisterKind};

/// Most registers that one read may ask for (Modbus application protocol 1.1b3, § 6.3).
pub(crate) const MAX_WORDS: u16 = 125;

/// Where a gauge's number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub unit_id: u8,
    pub kind: RegisterKind,
    pub register: u16,
    pub words: u16,
    /// Storm milliseconds between two readings; only gauges of one interval share a request.
    pub interval_ms: i64,
}

/// One read that serves one or more gauges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegisterRead {
    pub unit_id: u8,
    pub kind: RegisterKind,
    pub start: u16,
    pub count: u16,
    pub interval_ms: i64,
    /// Indices into the list of what is wanted.
    pub serves: Vec<usize>,
}

/// What a request is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RequestKey {
    pub unit_id: u8,
    pub kind: RegisterKind,
    pub start: u16,
    pub count: u16,
}

impl RegisterRead {
    #[must_use]
    pub(crate) fn key(&self) -> RequestKey {
        RequestKey {
            unit_id: self.unit_id,
            kind: self.kind,
            start: self.start,
            count: self.count,
        }
    }

    /// Two reads that serve the same gauges, each a half of them; none where there is only one.
    #[must_use]
    pub(crate) fn halves(&self, wanted: &[Wanted]) -> Option<[Self; 2]> {
        let mut serves = self.serves.clone();
        serves.sort_by_key(|index| wanted.get(*index).map(|w| (w.register, w.words)));
        let (first, second) = serves.split_at_checked(serves.len() / 2)?;
        Some([self.part(first, wanted)?, self.part(second, wanted)?])
    }

    /// A read of the registers of some of its gauges.
    fn part(&self, serves: &[usize], wanted: &[Wanted]) -> Option<Self> {
        let of = serves.iter().filter_map(|index| wanted.get(*index));
        let start = of.clone().map(|w| w.register).min()?;
        let end = of.map(|w| end(w.register, w.words)).max()?;
        Some(Self {
            start,
            count: u16::try_from(end - u32::from(start)).ok()?,
            serves: serves.to_vec(),
            ..*self
        })
    }
}

/// What the gauges of a bus want.
#[must_use]
pub(crate) fn wanted(bus: &ModbusBus) -> Vec<Wanted> {
    bus.gauges
        .iter()
        .map(|g| Wanted {
            unit_id: g.unit_id,
            kind: g.kind,
            register: g.register,
            words: g.format.word_type.words(),
            interval_ms: i64::try_from(g.spec.interval.as_millis()).unwrap_or(i64::MAX),
        })
        .collect()
}

/// The reads that serve the gauges of a bus.
#[must_use]
pub(crate) fn reads(bus: &ModbusBus) -> Vec<RegisterRead> {
    coalesce(&wanted(bus), bus.max_gap, bus.max_words)
}

/// Joins what is wanted into as few reads as `max_gap` unused registers between two allow.
///
/// Registers are joined only within one unit, kind and interval, and never beyond `max_words`.
fn coalesce(wanted: &[Wanted], max_gap: u16, max_words: u16) -> Vec<RegisterRead> {
    let mut order: Vec<(usize, &Wanted)> = wanted.iter().enumerate().collect();
    order.sort_by_key(|(_, w)| (w.unit_id, w.kind, w.interval_ms, w.register, w.words));
    let mut reads: Vec<RegisterRead> = Vec::new();
    for (index, one) in order {
        match reads
            .last_mut()
            .filter(|last| joins(last, one, max_gap, max_words))
        {
            Some(last) => {
                let end = end(one.register, one.words).max(end(last.start, last.count));
                last.count = u16::try_from(end - u32::from(last.start)).unwrap_or(MAX_WORDS);
                last.serves.push(index);
            }
            None => reads.push(RegisterRead {
                unit_id: one.unit_id,
                kind: one.kind,
                start: one.register,
                count: one.words,
                interval_ms: one.interval_ms,
                serves: vec![index],
            }),
        }
    }
    reads
}

fn end(start: u16, count: u16) -> u32 {
    u32::from(start) + u32::from(count)
}

fn joins(last: &RegisterRead, one: &Wanted, max_gap: u16, max_words: u16) -> bool {
    let same =
        (last.unit_id, last.kind, last.interval_ms) == (one.unit_id, one.kind, one.interval_ms);
    let near = u32::from(one.register) <= end(last.start, last.count) + u32::from(max_gap);
    let short =
        end(one.register, one.words).saturating_sub(last.start.into()) <= u32::from(max_words);
    same && near && short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(unit_id: u8, register: u16, words: u16) -> Wanted {
        Wanted {
            unit_id,
            kind: RegisterKind::Holding,
            register,
            words,
            interval_ms: 60_000,
        }
    }

    fn spans(reads: &[RegisterRead]) -> Vec<(u8, u16, u16)> {
        reads
            .iter()
            .map(|r| (r.unit_id, r.start, r.count))
            .collect()
    }

    #[test]
    fn neighbours_share_a_request_and_far_registers_do_not() {
        let list = [
            wanted(1, 10, 1),
            wanted(1, 0, 2),
            wanted(1, 3, 1),
            wanted(1, 40, 1),
        ];
        let reads = coalesce(&list, 8, MAX_WORDS);
        assert_eq!(spans(&reads), [(1, 0, 11), (1, 40, 1)]);
        assert_eq!(reads.first().map(|r| r.serves.clone()), Some(vec![1, 2, 0]));
        assert_eq!(spans(&coalesce(&list, 0, MAX_WORDS)).len(), 4);
    }

    #[test]
    fn units_kinds_and_intervals_are_never_mixed() {
        let input = Wanted {
            kind: RegisterKind::Input,
            ..wanted(1, 1, 1)
        };
        let slow = Wanted {
            interval_ms: 300_000,
            ..wanted(1, 2, 1)
        };
        assert_eq!(
            coalesce(
                &[wanted(1, 0, 1), wanted(2, 0, 1), input, slow],
                8,
                MAX_WORDS
            )
            .len(),
            4
        );
    }

    #[test]
    fn forty_gauges_in_two_hundred_registers_take_two_reads() {
        let list: Vec<_> = (0..40).map(|k| wanted(1, k * 5, 2)).collect();
        let reads = coalesce(&list, 8, MAX_WORDS);
        assert!(reads.iter().all(|r| r.count <= MAX_WORDS));
        assert_eq!(reads.len(), 2);
    }

    #[test]
    fn the_last_register_of_all_can_be_read() {
        assert_eq!(
            spans(&coalesce(&[wanted(1, 65_534, 2)], 8, MAX_WORDS)),
            [(1, 65_534, 2)]
        );
    }

    #[test]
    fn two_gauges_may_read_the_same_register() {
        let reads = coalesce(
            &[wanted(1, 4, 2), wanted(1, 4, 2), wanted(1, 5, 1)],
            0,
            MAX_WORDS,
        );
        assert_eq!(spans(&reads), [(1, 4, 2)]);
    }

    #[test]
    fn a_device_that_reads_few_words_at_once_is_asked_for_few() {
        let list: Vec<_> = (0..10).map(|k| wanted(1, 2 * k, 2)).collect();
        let reads = coalesce(&list, 8, 16);
        assert_eq!(spans(&reads), [(1, 0, 16), (1, 16, 4)]);
    }

    #[test]
    fn a_read_that_was_refused_is_halved_until_each_gauge_is_alone() {
        let list = [wanted(1, 0, 1), wanted(1, 4, 2), wanted(1, 9, 1)];
        let whole = coalesce(&list, 8, MAX_WORDS);
        let [first, second] = whole
            .first()
            .and_then(|read| read.halves(&list))
            .expect("three gauges");
        assert_eq!(
            spans(&[first.clone(), second.clone()]),
            [(1, 0, 1), (1, 4, 6)]
        );
        assert_eq!(first.halves(&list), None);
        let quarters = second.halves(&list).expect("two gauges");
        assert_eq!(spans(&quarters), [(1, 4, 2), (1, 9, 1)]);
        assert_eq!(quarters.map(|read| read.serves), [vec![1], vec![2]]);
    }
}
