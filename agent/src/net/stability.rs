//! Whether a broker accepts a client again and again and ends every connection soon. Pure.
//!
//! A broker ends the older connection when a second one comes with the same client id; two programs
//! with one id throw each other out for ever, and each sees only a line that fails.

use std::time::Duration;

/// A connection that ended sooner was short.
const SHORT: Duration = Duration::from_secs(30);
/// One that lasts so long is a good one.
const GOOD: Duration = Duration::from_secs(60);
/// Short connections in a row that are no coincidence.
const IN_A_ROW: u32 = 3;

/// What has become of the last connections.
#[derive(Debug, Default)]
pub(crate) struct Stability {
    short: u32,
}

impl Stability {
    /// A connection has ended that was ready for so long; zero where it never was.
    pub(crate) fn ended(&mut self, lasted: Duration) {
        if lasted > Duration::ZERO && lasted < SHORT {
            self.short += 1;
        } else if lasted >= SHORT {
            self.short = 0;
        }
    }

    /// A connection has been ready for so long.
    pub(crate) fn lasts(&mut self, lasted: Duration) {
        if lasted >= GOOD {
            self.short = 0;
        }
    }

    /// Whether the last connection was a short one: its successor is nothing to tell of.
    #[must_use]
    pub(crate) fn is_flapping(&self) -> bool {
        self.short > 0
    }

    /// Whether the broker ends every connection soon.
    #[must_use]
    pub(crate) fn is_thrown(&self) -> bool {
        self.short >= IN_A_ROW
    }
}

/// Why that is, for people.
#[must_use]
pub(crate) fn thrown_cause(client_id: &str) -> String {
    format!(
        "it accepted the last connections and ended each within seconds; probably another program \
         is connected as {client_id}: give every gateway an id of its own"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn three_short_connections_in_a_row_are_no_coincidence_and_a_long_one_ends_it() {
        let mut stability = Stability::default();
        for _ in 0..3 {
            assert!(!stability.is_thrown());
            stability.ended(SECOND * 2);
            stability.ended(Duration::ZERO);
        }
        assert!(stability.is_thrown());
        stability.lasts(SECOND * 10);
        assert!(stability.is_thrown());
        stability.lasts(SECOND * 61);
        assert!(!stability.is_thrown());
    }
}
