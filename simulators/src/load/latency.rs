//! Latencies of a run and their quantiles.

use std::time::Duration;

use serde::Serialize;

/// Every latency in microseconds: exact, four bytes each.
#[derive(Debug, Clone, Default)]
pub struct Latencies(Vec<u32>);

/// Quantiles in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Summary {
    pub count: usize,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Latencies {
    /// Adds one.
    pub fn push(&mut self, span: Duration) {
        self.0
            .push(u32::try_from(span.as_micros()).unwrap_or(u32::MAX));
    }

    /// Takes another's.
    pub fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    /// The quantiles (nearest rank).
    #[must_use]
    pub fn summary(mut self) -> Summary {
        self.0.sort_unstable();
        let count = self.0.len();
        let rank = |percent: usize| {
            let at = (count * percent).div_ceil(100).saturating_sub(1);
            self.0.get(at).map_or(0.0, |us| f64::from(*us) / 1000.0)
        };
        Summary {
            count,
            p50_ms: rank(50),
            p99_ms: rank(99),
            max_ms: rank(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let mut all = Latencies::default();
        (1..=200)
            .rev()
            .for_each(|ms| all.push(Duration::from_millis(ms)));
        let expected = Summary {
            count: 200,
            p50_ms: 100.0,
            p99_ms: 198.0,
            max_ms: 200.0,
        };
        assert_eq!(all.summary(), expected);
        assert_eq!(Latencies::default().summary(), Summary::default());
    }
}
