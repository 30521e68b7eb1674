//! The circuit breaker of one unit on a line: a silent unit costs the others little. Pure.
//!
//! After [`OPEN_AFTER`] unanswered polls in a row the unit is only probed now and then. The rest
//! between two probes is at least [`SHARE`] times what the last attempt cost on the line, so that
//! one silent unit takes at most 5 % of it, and doubles up to the configured limit.

use std::time::Duration;

/// Unanswered polls in a row after which a unit counts as silent.
pub(crate) const OPEN_AFTER: u32 = 3;
/// The rest after a probe, as a multiple of its cost.
pub(crate) const SHARE: u32 = 20;

/// What is known about one unit. Line time is a span since the program's start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaker {
    failures: u32,
    rest: Duration,
    closed_until: Option<Duration>,
}

impl Breaker {
    /// Whether the unit may be asked now.
    #[must_use]
    pub(crate) fn allows(&self, now: Duration) -> bool {
        self.closed_until.is_none_or(|until| now >= until)
    }

    /// Whether the unit is only probed: a probe is not worth a retry.
    #[must_use]
    pub(crate) fn is_probing(&self) -> bool {
        self.failures >= OPEN_AFTER
    }

    /// The unit answered.
    pub(crate) fn answered(&mut self) {
        *self = Self::default();
    }

    /// The unit did not answer, which took `cost` on the line.
    pub(crate) fn failed(&mut self, now: Duration, cost: Duration, longest: Duration) {
        self.failures = self.failures.saturating_add(1);
        if self.failures < OPEN_AFTER {
            return;
        }
        let least = cost * SHARE;
        self.rest = (self.rest * 2).min(longest).max(least);
        self.closed_until = Some(now + self.rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(300);

    #[test]
    fn two_failures_change_nothing_and_the_third_opens() {
        let mut breaker = Breaker::default();
        breaker.failed(SECOND, SECOND, LONGEST);
        breaker.failed(SECOND * 2, SECOND, LONGEST);
        assert!(breaker.allows(SECOND * 2) && !breaker.is_probing());
        breaker.failed(SECOND * 3, SECOND, LONGEST);
        assert!(!breaker.allows(SECOND * 22) && breaker.allows(SECOND * 23));
        assert!(breaker.is_probing());
    }

    #[test]
    fn a_silent_unit_takes_at_most_a_twentieth_of_the_line() {
        let (mut breaker, mut now, mut spent) =
            (Breaker::default(), Duration::ZERO, Duration::ZERO);
        let hour = SECOND * 3_600;
        while now < hour {
            if breaker.allows(now) {
                now += SECOND;
                spent += SECOND;
                breaker.failed(now, SECOND, LONGEST);
            } else {
                now += SECOND;
            }
        }
        assert!(spent < hour / 20, "{spent:?} of an hour");
    }

    #[test]
    fn an_answer_closes_it_again_at_once() {
        let mut breaker = Breaker::default();
        for k in 1..=5 {
            breaker.failed(SECOND * k, SECOND, LONGEST);
        }
        breaker.answered();
        assert!(breaker.allows(SECOND * 5) && !breaker.is_probing());
    }
}
