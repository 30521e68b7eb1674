//! How long to wait before the next try, for everything that dials again: decorrelated jitter. Pure.
//!
//! Each wait is drawn between the shortest and three times the last one, so that a city's programs
//! do not come back in step after their broker was restarted. It starts over only after a
//! connection that lasted: one that is accepted and kicked at once counts as a failure. Crates for
//! retries drive a closure until it succeeds; here a driver asks for the next wait and goes on
//! with everything else meanwhile.

use std::time::Duration;

/// The shortest and the longest wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackoffLimits {
    pub least: Duration,
    pub most: Duration,
}

/// A connection that lasted this long was a good one (or as long as the longest wait, if shorter).
const STABLE: Duration = Duration::from_secs(60);

/// The waits between tries.
#[derive(Debug, Clone)]
pub struct Backoff {
    limits: BackoffLimits,
    last: Duration,
}

impl Backoff {
    #[must_use]
    pub fn new(limits: BackoffLimits) -> Self {
        Self {
            limits,
            last: limits.least,
        }
    }

    /// The next wait; `random` is from 0 to below 1.
    pub fn next(&mut self, random: f64) -> Duration {
        let least = self.limits.least.as_secs_f64();
        let high = (self.last.as_secs_f64() * 3.0).max(least);
        let wait = least + (high - least) * random.clamp(0.0, 1.0);
        self.last = Duration::from_secs_f64(wait).min(self.limits.most);
        self.last
    }

    /// A connection ended after `lasted`.
    pub fn ended(&mut self, lasted: Duration) {
        if lasted >= STABLE.min(self.limits.most) {
            self.last = self.limits.least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BackoffLimits = BackoffLimits {
        least: Duration::from_secs(1),
        most: Duration::from_secs(120),
    };

    #[test]
    fn waits_are_jittered_from_the_first_and_grow_to_the_limit() {
        let mut backoff = Backoff::new(LIMITS);
        let waits: Vec<u64> = (0..6).map(|_| backoff.next(0.999_999).as_secs()).collect();
        assert_eq!(waits, [2, 8, 26, 80, 120, 120]);
        assert_eq!(Backoff::new(LIMITS).next(0.0), Duration::from_secs(1));
    }

    #[test]
    fn only_a_connection_that_lasted_starts_over() {
        let mut backoff = Backoff::new(LIMITS);
        for _ in 0..6 {
            backoff.next(0.9);
        }
        backoff.ended(Duration::from_secs(5));
        assert!(
            backoff.next(0.9) > Duration::from_secs(60),
            "kicked at once is no success"
        );
        backoff.ended(Duration::from_secs(61));
        assert!(backoff.next(0.9) < Duration::from_secs(3));
    }
}
