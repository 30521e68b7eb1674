//! The line to a broker of somebody else: whether anything comes over it, and what is said when that
//! changes. Each change is said once, and whoever watches is told.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Serialize;
use shared::{clock::Clock, time::Timestamp};
use tokio::sync::watch;
use tracing::{error, info, warn};

/// A connection that ended sooner was short.
const SHORT: Duration = Duration::from_secs(30);

/// So many short ones in a row are no accident.
const THROWN_OUT: u32 = 3;

/// A connection that lasts so long ends the suspicion.
const GOOD: Duration = Duration::from_secs(60);

/// How the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineState {
    /// The broker is inside this program, or has not been reached yet.
    #[default]
    Quiet,
    /// Observations come over it.
    Up,
    /// The broker is gone.
    Lost,
    /// The broker does not let this program subscribe: nothing comes.
    Refused,
    /// The broker ends every connection soon, as it does where two programs have one client id:
    /// observations come in part.
    ThrownOut,
}

/// How the line is, and since when in storm time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LineFacts {
    pub state: LineState,
    pub since: Timestamp,
}

/// The line to one broker.
#[derive(Debug)]
pub struct Line {
    clock: Clock,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    facts: watch::Sender<LineFacts>,
    /// Short connections in a row.
    short: u32,
}

impl Line {
    /// A line that was not heard of yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let facts = LineFacts {
            state: LineState::Quiet,
            since: clock.now(),
        };
        let inner = Inner {
            facts: watch::Sender::new(facts),
            short: 0,
        };
        Self {
            clock,
            inner: Mutex::new(inner),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the line is.
    #[must_use]
    pub fn state(&self) -> LineState {
        self.lock().state()
    }

    /// How the line is now, and whenever that changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<LineFacts> {
        self.lock().facts.subscribe()
    }

    /// Whether the last connection was a short one: its successor is nothing to tell of.
    #[must_use]
    pub fn is_flapping(&self) -> bool {
        self.lock().short > 0
    }

    /// The broker has taken the subscriptions.
    pub fn subscribed(&self, broker: &str) {
        let mut inner = self.lock();
        // Where it throws this program out, this says nothing; only lasting does.
        if inner.state() != LineState::ThrownOut && inner.go_over(LineState::Up, self.clock.now()) {
            info!(broker, "observations come from the broker");
        }
    }

    /// The connection lives; `lasted`: for how long.
    pub fn lasts(&self, broker: &str, lasted: Duration) {
        if lasted < GOOD {
            return;
        }
        let mut inner = self.lock();
        inner.short = 0;
        if inner.state() == LineState::ThrownOut && inner.go_over(LineState::Up, self.clock.now()) {
            info!(
                broker,
                "the broker keeps the connection: all observations come from it"
            );
        }
    }

    /// The broker has refused some of the subscriptions.
    pub fn refused(&self, broker: &str, filters: &str) {
        if self.lock().go_over(LineState::Refused, self.clock.now()) {
            error!(
                broker,
                filters,
                "the broker refuses subscriptions: nothing comes on them; let this client read \
                 flood/v1/#"
            );
        }
    }

    /// The connection ended after it `lasted` so long, or could not be had.
    pub fn lost(&self, broker: &str, client_id: &str, why: &str, lasted: Option<Duration>) {
        let mut inner = self.lock();
        let was_short = lasted.is_some_and(|lasted| lasted < SHORT);
        inner.short = if was_short { inner.short + 1 } else { 0 };
        let to = if inner.short >= THROWN_OUT {
            LineState::ThrownOut
        } else {
            LineState::Lost
        };
        if inner.state() == LineState::Refused || !inner.go_over(to, self.clock.now()) {
            return;
        }
        if to == LineState::ThrownOut {
            error!(
                broker,
                client_id,
                "the broker ends every connection soon: probably another program has this client_id, \
                 and each gets a part of the observations; give each aggregator its own \
                 ([broker] client_id)"
            );
        } else {
            warn!(
                broker,
                error = why,
                "the broker is gone: nothing comes from it; trying again"
            );
        }
    }
}

impl Inner {
    fn state(&self) -> LineState {
        self.facts.borrow().state
    }

    /// Whether the state is another than before.
    fn go_over(&mut self, to: LineState, since: Timestamp) -> bool {
        self.facts.send_if_modified(|facts| {
            let is_new = facts.state != to;
            if is_new {
                *facts = LineFacts { state: to, since };
            }
            is_new
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_line_goes_up_is_lost_and_comes_back_and_a_refusal_stays_one() {
        let line = Line::new(Clock::Real);
        let lost = |why| line.lost("b:1", "a", why, None);
        assert_eq!(line.state(), LineState::Quiet);
        lost("refused");
        assert_eq!(line.state(), LineState::Lost);
        line.subscribed("b:1");
        assert_eq!(line.state(), LineState::Up);
        line.refused("b:1", "flood/v1/#");
        lost("closed");
        assert_eq!(line.state(), LineState::Refused, "that is why");
        line.subscribed("b:1");
        assert_eq!(line.state(), LineState::Up);
    }

    #[test]
    fn two_with_one_client_id_are_said_once_until_a_connection_lasts() {
        let line = Line::new(Clock::Real);
        let mut watch = line.watch();
        let mut told = Vec::new();
        for _ in 0..40 {
            line.subscribed("b:1");
            line.lasts("b:1", SECOND);
            line.lost("b:1", "a", "closed by the peer", Some(SECOND));
            if watch.has_changed().expect("the line is there") {
                told.push(watch.borrow_and_update().state);
            }
        }
        assert_eq!(
            told,
            [LineState::Lost, LineState::Lost, LineState::ThrownOut],
            "and nothing more"
        );
        assert!(line.is_flapping());
        line.subscribed("b:1");
        line.lasts("b:1", SECOND * 59);
        assert_eq!(line.state(), LineState::ThrownOut);
        line.lasts("b:1", SECOND * 60);
        assert_eq!(line.state(), LineState::Up);
        assert!(!line.is_flapping());
    }

    #[test]
    fn a_broker_that_cannot_be_reached_at_all_throws_nobody_out() {
        let line = Line::new(Clock::Real);
        for _ in 0..3 {
            line.lost("b:1", "a", "closed", Some(SECOND));
        }
        assert_eq!(line.state(), LineState::ThrownOut);
        line.lost("b:1", "a", "nobody listens", None);
        assert_eq!(line.state(), LineState::Lost);
    }
}
