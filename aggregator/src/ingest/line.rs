//! The line to a broker of somebody else: whether anything comes over it, and what is said when that
//! changes. Each change is said once.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tracing::{error, info, warn};

/// A connection that ends sooner was thrown out.
const SHORT: Duration = Duration::from_secs(5);

/// So many short ones in a row are no accident.
const THROWN_OUT: u32 = 3;

/// How the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineState {
    /// The broker is inside this program, or has not been reached yet.
    #[default]
    Quiet,
    /// Observations come over it.
    Up,
    /// The broker is gone, or throws this program out.
    Lost,
    /// The broker does not let this program subscribe: nothing comes.
    Refused,
}

/// The line to one broker.
#[derive(Debug, Default)]
pub struct Line(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: LineState,
    connected: Option<Instant>,
    short: u32,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the line is.
    #[must_use]
    pub fn state(&self) -> LineState {
        self.lock().state
    }

    /// The broker has taken the connection.
    pub fn connected(&self) {
        self.lock().connected = Some(Instant::now());
    }

    /// The broker has taken the subscriptions.
    pub fn subscribed(&self, broker: &str) {
        let mut inner = self.lock();
        if inner.go_over(LineState::Up) {
            info!(broker, "observations come from the broker");
        }
    }

    /// The broker has refused some of the subscriptions.
    pub fn refused(&self, broker: &str, filters: &str) {
        let mut inner = self.lock();
        if inner.go_over(LineState::Refused) {
            error!(
                broker,
                filters,
                "the broker refuses the subscription: nothing comes; let this client read flood/v1/#"
            );
        }
    }

    /// The connection ended, or could not be had.
    pub fn lost(&self, broker: &str, client_id: &str, why: &str) {
        let mut inner = self.lock();
        let was_short = inner
            .connected
            .take()
            .is_some_and(|at| at.elapsed() < SHORT);
        inner.short = if was_short { inner.short + 1 } else { 0 };
        if inner.short == THROWN_OUT {
            error!(
                broker,
                client_id,
                "the broker ends every connection at once: another client uses this client_id; \
                 give each aggregator its own ([broker] client_id)"
            );
        }
        if inner.state != LineState::Refused && inner.go_over(LineState::Lost) {
            warn!(
                broker,
                error = why,
                "the broker is gone: nothing comes from it; trying again"
            );
        }
    }
}

impl Inner {
    /// Whether the state is another than before.
    fn go_over(&mut self, to: LineState) -> bool {
        let is_new = self.state != to;
        self.state = to;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_up_is_lost_and_comes_back_and_a_refusal_stays_one() {
        let line = Line::default();
        assert_eq!(line.state(), LineState::Quiet);
        line.lost("b:1", "a", "refused");
        assert_eq!(line.state(), LineState::Lost);
        line.connected();
        assert_eq!(line.state(), LineState::Lost, "nothing comes yet");
        line.subscribed("b:1");
        assert_eq!(line.state(), LineState::Up);
        line.refused("b:1", "flood/v1/#");
        line.lost("b:1", "a", "closed");
        assert_eq!(line.state(), LineState::Refused, "that is why");
        line.subscribed("b:1");
        assert_eq!(line.state(), LineState::Up);
    }
}
