//! Whether a message has waited in the broker's queue, and its arrival says nothing about its time.
//! Pure.
//!
//! A broker that kept our session sends what has gathered as fast as it may: at once after the
//! connection, and on with every acknowledgement where its window was full. A message that comes
//! when the broker was free to send and did not for [`CALM`] is therefore of now, and so is all that
//! follows on that connection. On a line so busy that this never happens, a gauge is believed once
//! it keeps its own pace.

use std::time::Duration;

/// Many times the way to a broker near the gateway and back.
pub(super) const CALM: Duration = Duration::from_millis(200);
/// Messages in a row, each half an interval or more after the one before, that no queue gives.
const PACED: u32 = 5;

/// The queue of one connection.
#[derive(Debug, Default)]
pub(super) struct BrokersQueue {
    /// When the broker was last seen to send, or became free to; none once its queue is empty.
    busy_at: Option<Duration>,
}

impl BrokersQueue {
    /// A connection begins; a broker that kept no session has no queue for us.
    pub(super) fn connected(&mut self, session_kept: bool, now: Duration) {
        self.busy_at = session_kept.then_some(now);
    }

    /// The broker may send one more.
    pub(super) fn acknowledged(&mut self, now: Duration) {
        self.busy_at = self.busy_at.map(|_| now);
    }

    /// A message comes; whether it may have waited.
    pub(super) fn may_have_waited(&mut self, now: Duration) -> bool {
        let is_calm = |at: &Duration| now.saturating_sub(*at) >= CALM;
        self.busy_at = match self.busy_at {
            Some(at) if !is_calm(&at) => Some(now),
            _ => None,
        };
        self.busy_at.is_some()
    }
}

/// How one gauge paces its messages on a connection.
#[derive(Debug, Default)]
pub(super) struct GaugePace {
    last: Option<Duration>,
    in_a_row: u32,
}

impl GaugePace {
    /// A message comes; whether the gauge has kept its pace for long enough.
    pub(super) fn is_kept(&mut self, interval: Duration, now: Duration) -> bool {
        let since = self.last.replace(now).map(|last| now.saturating_sub(last));
        self.in_a_row = match since {
            Some(since) if since >= interval / 2 => self.in_a_row + 1,
            _ => 0,
        };
        self.in_a_row >= PACED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_comes_at_once_after_the_connection_may_have_waited_and_what_comes_after_a_calm_has_not()
    {
        let mut queue = BrokersQueue::default();
        queue.connected(true, MS * 1_000);
        assert!(queue.may_have_waited(MS * 1_010));
        assert!(queue.may_have_waited(MS * 1_180));
        assert!(!queue.may_have_waited(MS * 1_500));
        assert!(!queue.may_have_waited(MS * 1_510), "the queue is empty");
    }

    #[test]
    fn a_backlog_larger_than_the_window_goes_on_with_every_acknowledgement() {
        let mut queue = BrokersQueue::default();
        queue.connected(true, Duration::ZERO);
        for second in 0..50 {
            let now = MS * 1_000 * second;
            queue.acknowledged(now);
            assert!(queue.may_have_waited(now + MS * 5), "second {second}");
        }
    }

    #[test]
    fn without_a_session_there_is_no_queue() {
        let mut queue = BrokersQueue::default();
        queue.connected(false, MS);
        assert!(!queue.may_have_waited(MS));
    }

    #[test]
    fn on_a_busy_line_a_gauge_that_keeps_its_pace_is_believed() {
        let mut pace = GaugePace::default();
        let kept = (0..8).map(|k| pace.is_kept(MS * 1_000, MS * 1_000 * k));
        assert_eq!(kept.filter(|kept| *kept).count(), 3);
        let mut burst = GaugePace::default();
        assert!((0..50).all(|k| !burst.is_kept(MS * 60_000, MS * 50 * k)));
    }
}
