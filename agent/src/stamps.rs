//! Two readings of a gauge never get one time from the gateway's clock. Pure.
//!
//! An observation's identity is its gauge and its time. A clock that is set back tells times once more,
//! and of two readings with one time the aggregator would keep one. Times that were given lately are
//! remembered for as long as the program runs; what comes to one of them gets the next that is free.

use std::collections::{HashMap, VecDeque};

use shared::{ids::GaugeId, time::Timestamp};

/// Times of a gauge that are remembered: more than eight hours of one that is read every minute.
const REMEMBERED: usize = 512;

/// The times that were given, of each gauge.
#[derive(Debug, Default)]
pub(crate) struct Stamps(HashMap<GaugeId, VecDeque<Timestamp>>);

impl Stamps {
    /// `at`, or the first time after it that the gauge was not given lately.
    pub(crate) fn unused(&mut self, gauge: &GaugeId, at: Timestamp) -> Timestamp {
        let given = self.0.entry(gauge.clone()).or_default();
        let mut free = at;
        while given.contains(&free) {
            free = free.plus_millis(1);
        }
        if given.len() == REMEMBERED {
            given.pop_front();
        }
        given.push_back(free);
        free
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_clock_that_is_set_back_gives_no_time_to_one_gauge_twice() {
        let (mut stamps, mut given) = (Stamps::default(), HashSet::new());
        let (one, other): (GaugeId, GaugeId) =
            ("lg-1".parse().expect("id"), "lg-2".parse().expect("id"));
        for _ in 0..4 {
            for second in 0..100 {
                let at = Timestamp::from_millis(second * 1_000);
                let stamp = stamps.unused(&one, at);
                assert!(given.insert(stamp), "{stamp} again");
                assert!((0..4).contains(&stamp.millis_since(at)));
            }
        }
        let free = Timestamp::from_millis(0);
        assert_eq!(stamps.unused(&other, free), free);
    }
}
