//! What happens when the spool is full. Pure.

use crate::config::WhenFull;

/// What to do with a batch that wants to be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is room.
    Store,
    /// Drop the oldest batches until at least this many bytes are free again, then store.
    MakeRoom { bytes: u64 },
    /// Refuse it for now.
    Full,
}

/// Bytes that a batch costs the store beyond its own: its key, the node around it, its share of
/// the log's headers.
pub const PER_BATCH: u64 = 64;

/// What the store's files take up however little they hold.
const FILES_AT_LEAST: u64 = 4 * 1024 * 1024;

/// How many bytes may be held so that the files stay within `max_file_bytes`. Measured with
/// batches of 1 to 200 observations and budgets of 8 to 32 MiB, under constant turnover: the files
/// take 4 MiB and 1.9 to 2.2 times what is held; 2.5 leaves a margin.
#[must_use]
pub fn hold_limit(max_file_bytes: u64) -> u64 {
    max_file_bytes.saturating_sub(FILES_AT_LEAST) / 5 * 2
}

/// Decides about `incoming` bytes while `used` of `limit` bytes are held.
#[must_use]
pub fn decide(when_full: WhenFull, used: u64, incoming: u64, limit: u64) -> Verdict {
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
    }

    #[test]
    fn the_smallest_budget_still_holds_a_day_of_a_small_gateway() {
        let batch = 10 * 25 + PER_BATCH;
        assert!(hold_limit(8 * 1024 * 1024) / batch > 24 * 60);
    }
}
