//! Latencies of a run and their quantiles.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hdrhistogram::Histogram;
use serde::Serialize;

/// Latencies of everybody who shares it, counted by microseconds, true to a thousandth.
#[derive(Debug)]
pub(crate) struct Latencies(Mutex<Histogram<u64>>);

/// How long all senders waited for the broker and for the commit.
#[derive(Debug, Default)]
pub(super) struct AckLatencies {
    pub puback: Latencies,
    pub commit: Latencies,
}

/// Quantiles in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct LatencySummary {
    pub count: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// Digits that are kept of every latency.
const DIGITS: u8 = 3;

impl Default for Latencies {
    fn default() -> Self {
        let counts = Histogram::new(DIGITS).expect("three digits are within one to five");
        Self(Mutex::new(counts))
    }
}

impl Latencies {
    /// Adds one.
    pub(crate) fn push(&self, span: Duration) {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        // The histogram grows as it must; a span of years, which it does not take, is no latency.
        let _ = self.counts().record(micros);
    }

    /// The quantiles.
    #[must_use]
    pub(crate) fn summary(&self) -> LatencySummary {
        let counts = self.counts();
        let ms = |quantile: f64| counts.value_at_quantile(quantile) as f64 / 1000.0;
        LatencySummary {
            count: counts.len(),
            p50_ms: ms(0.5),
            p99_ms: ms(0.99),
            max_ms: ms(1.0),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Histogram<u64>> {
        // A count either is in the histogram or is not.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_true_to_a_thousandth() {
        let all = Latencies::default();
        (1..=200)
            .rev()
            .for_each(|ms| all.push(Duration::from_millis(ms)));
        let told = all.summary();
        assert_eq!(told.count, 200);
        for (ms, right) in [
            (told.p50_ms, 100.0),
            (told.p99_ms, 198.0),
            (told.max_ms, 200.0),
        ] {
            assert!((ms - right).abs() <= right / 1000.0, "{told:?}");
        }
        let none = Latencies::default().summary();
        assert_eq!(none, LatencySummary::default());
    }
}
