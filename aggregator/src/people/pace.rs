//! How often somebody may do something: a burst, then one at a time. Pure: time is an argument, in
//! milliseconds of a clock that nobody sets.

use std::{collections::HashMap, hash::Hash, time::Duration};

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// So many at once.
    pub burst: u32,
    /// Then one in so many milliseconds.
    pub every_ms: u64,
}

/// Who has done it how often, as far as that still counts. Bounded: where it is full, those are
/// forgotten first who have done it least.
#[derive(Debug)]
pub struct Pace<K> {
    allowance: Allowance,
    /// Up to when all that somebody did is spread out.
    spread_until: HashMap<K, u64>,
    most: usize,
}

impl<K: Eq + Hash + Clone> Pace<K> {
    /// For at most so many at a time.
    #[must_use]
    pub fn new(allowance: Allowance, most: usize) -> Self {
        Self {
            allowance,
            spread_until: HashMap::new(),
            most,
        }
    }

    /// Counts one more.
    ///
    /// # Errors
    /// It is one too many, and is not counted: after so long there is room for it.
    pub fn take(&mut self, key: &K, now_ms: u64) -> Result<(), Duration> {
        let Allowance { burst, every_ms } = self.allowance;
        let until = self.spread_until.get(key).copied().unwrap_or(0);
        let until = until.max(now_ms);
        let room = every_ms * u64::from(burst.saturating_sub(1));
        let too_early = (until - now_ms).saturating_sub(room);
        if too_early > 0 {
            return Err(Duration::from_millis(too_early));
        }
        if self.spread_until.len() >= self.most && !self.spread_until.contains_key(key) {
            self.make_room(now_ms);
        }
        self.spread_until.insert(key.clone(), until + every_ms);
        Ok(())
    }

    /// What somebody did counts no more.
    pub fn forgive(&mut self, key: &K) {
        self.spread_until.remove(key);
    }

    fn make_room(&mut self, now_ms: u64) {
        self.spread_until.retain(|_, until| *until > now_ms);
        if self.spread_until.len() < self.most {
            return;
        }
        let mut all: Vec<u64> = self.spread_until.values().copied().collect();
        let middle = all.len() / 2;
        let (_, median, _) = all.select_nth_unstable(middle);
        let median = *median;
        self.spread_until.retain(|_, until| *until > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOME: Allowance = Allowance {
        burst: 3,
        every_ms: 1_000,
    };

    #[test]
    fn after_a_burst_there_is_room_for_one_at_a_time_and_for_others_all_the_time() {
        let mut pace = Pace::new(SOME, 10);
        for _ in 0..3 {
            assert_eq!(pace.take(&"a", 5_000), Ok(()));
        }
        assert_eq!(pace.take(&"a", 5_000), Err(Duration::from_millis(1_000)));
        assert_eq!(pace.take(&"a", 5_400), Err(Duration::from_millis(600)));
        assert_eq!(pace.take(&"b", 5_400), Ok(()));
        assert_eq!(pace.take(&"a", 6_000), Ok(()));
        assert_eq!(pace.take(&"a", 6_000), Err(Duration::from_millis(1_000)));
        pace.forgive(&"a");
        assert_eq!(pace.take(&"a", 6_000), Ok(()));
    }

    #[test]
    fn a_full_pace_forgets_those_who_did_least_first() {
        let mut pace = Pace::new(SOME, 4);
        for _ in 0..3 {
            pace.take(&0, 0).expect("room");
        }
        for stranger in 1..100 {
            pace.take(&stranger, 0).expect("room");
            assert!(pace.spread_until.len() <= 4);
        }
        assert!(pace.take(&0, 0).is_err(), "the busiest was forgotten");
    }
}
