//! How fast one connection may speak: a bucket that fills at a rate and holds a second of it. Pure.

use std::time::Duration;

/// What one connection may send.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    pub packets_per_second: f64,
    pub bytes_per_second: f64,
}

/// What one connection may send now.
#[derive(Debug)]
pub struct Pace {
    rate: Rate,
    packets: f64,
    bytes: f64,
    at: Duration,
}

impl Pace {
    /// A full bucket, at a time that only ever grows.
    #[must_use]
    pub fn new(rate: Rate, now: Duration) -> Self {
        Self {
            rate,
            packets: rate.packets_per_second,
            bytes: rate.bytes_per_second,
            at: now,
        }
    }

    /// Somebody has sent this. Returns how long to wait before more of him is read.
    pub fn sent(&mut self, packets: usize, bytes: usize, now: Duration) -> Duration {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        let left = |had: f64, rate: f64, sent: usize| (had + passed * rate).min(rate) - sent as f64;
        self.packets = left(self.packets, self.rate.packets_per_second, packets);
        self.bytes = left(self.bytes, self.rate.bytes_per_second, bytes);
        let missing = |left: f64, rate: f64| (-left).max(0.0) / rate;
        let packets = missing(self.packets, self.rate.packets_per_second);
        let bytes = missing(self.bytes, self.rate.bytes_per_second);
        Duration::from_secs_f64(packets.max(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_may_be_sent_at_once_and_then_no_faster_than_the_rate() {
        let rate = Rate {
            packets_per_second: 100.0,
            bytes_per_second: 1e6,
        };
        let mut pace = Pace::new(rate, Duration::ZERO);
        assert_eq!(pace.sent(100, 10, Duration::ZERO), Duration::ZERO);
        assert_eq!(
            pace.sent(50, 10, Duration::ZERO),
            Duration::from_millis(500)
        );
        let later = Duration::from_millis(500);
        assert_eq!(pace.sent(0, 0, later), Duration::ZERO);
        let bytes = pace.sent(0, 1_999_970, later);
        assert!(bytes > Duration::from_millis(990) && bytes < Duration::from_secs(1));
        assert_eq!(pace.sent(100, 0, Duration::from_secs(60)), Duration::ZERO);
    }
}
