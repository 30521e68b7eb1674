//! Sets of sequence numbers, kept as ranges: a backlog of a million batches is one pair. Pure.

use range_set_blaze::RangeSetBlaze;
use shared::wire::Ack;

/// Sequence numbers.
pub type SeqSet = RangeSetBlaze<u64>;

/// How many numbers there are.
#[must_use]
pub fn count(seqs: &SeqSet) -> u64 {
    u64::try_from(seqs.len()).unwrap_or(u64::MAX)
}

/// The numbers that an acknowledgement releases. A range that runs backwards releases nothing.
#[must_use]
pub fn released_by(ack: &Ack) -> SeqSet {
    let prefix = (0, ack.through);
    let ranges = ack.ranges.iter().copied().chain([prefix]);
    ranges
        .filter(|(first, last)| first <= last)
        .map(|(first, last)| first..=last)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_releases_its_prefix_and_its_ranges() {
        let ack = Ack {
            incarnation: 7,
            through: 3,
            ranges: vec![(6, 7), (9, 9), (12, 11)],
        };
        let released = released_by(&ack);
        let all: Vec<u64> = released.iter().collect();
        assert_eq!(all, [0, 1, 2, 3, 6, 7, 9]);
        assert_eq!(count(&released), 7);
        assert!((0..20).all(|seq| released.contains(seq) == ack.releases(seq)));
    }

    #[test]
    fn every_number_that_there_is_can_be_released() {
        let ack = Ack {
            incarnation: 7,
            through: u64::MAX,
            ranges: vec![(0, u64::MAX)],
        };
        assert_eq!(count(&released_by(&ack)), u64::MAX, "one more than that");
        assert_eq!(count(&released_by(&Ack::nothing(7))), 1, "0, never used");
    }
}
