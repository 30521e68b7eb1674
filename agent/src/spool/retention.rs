//! What happens when the spool is full. Pure.

use crate::config::WhenFull;

/// What to do with a batch that wants to be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is room.
    Store,
    /// Drop the oldest batches until at least this many bytes are free again, then store.
    MakeRoom { bytes: u64 },
    /// Refuse it for now.
    Full,
}

/// Bytes that a batch costs a store beyond its own: its key, its head, its share of what the store
/// says of itself.
pub(crate) const PER_BATCH: u64 = 64;

/// What a batch is charged with against the budget.
#[must_use]
pub fn charge(frame: &[u8]) -> u64 {
    charge_of(frame.len())
}

/// What a batch is charged with whose frame has so many bytes.
#[must_use]
pub(crate) fn charge_of(frame_bytes: usize) -> u64 {
    frame_bytes as u64 + PER_BATCH
}

/// Decides about `incoming` bytes while `used` of `limit` bytes are held.
#[must_use]
pub(crate) fn decide(when_full: WhenFull, used: u64, incoming: u64, limit: u64) -> Verdict {
    let over = (used + incoming).saturating_sub(limit);
    match (over, when_full) {
        (0, _) => Verdict::Store,
        (bytes, WhenFull::DropOldest) => Verdict::MakeRoom { bytes },
        (_, WhenFull::StopReading) => Verdict::Full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_limit_the_policy_decides() {
        assert_eq!(decide(WhenFull::DropOldest, 400, 100, 500), Verdict::Store);
        assert_eq!(
            decide(WhenFull::DropOldest, 450, 100, 500),
            Verdict::MakeRoom { bytes: 50 }
        );
        assert_eq!(decide(WhenFull::StopReading, 450, 100, 500), Verdict::Full);
        assert_eq!(decide(WhenFull::StopReading, 400, 100, 500), Verdict::Store);
        assert_eq!(
            decide(WhenFull::DropOldest, 501, 100, 500),
            Verdict::MakeRoom { bytes: 101 }
        );
    }

    #[test]
    fn a_batch_is_charged_with_its_bytes_and_what_the_store_needs_around_it() {
        assert_eq!(charge(&[0; 100]), 164);
    }
}
