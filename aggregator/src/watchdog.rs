//! Tells systemd's watchdog that the aggregator lives, while what passes the committer reaches the world.
//!
//! Time goes the way of everything else, twice a second: a tick is committed, then the world is stepped
//! with it. A disk that hangs, a committer or a world that is stuck: each ends in a restart, which nothing
//! else would bring about. Fed from a thread of its own, because the others may be what is stuck.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use sd_notify::NotifyState;
use tracing::{error, info, warn};

/// The last hours of a large city are read before the first tick; as the unit's TimeoutStartSec. After a
/// reload systemd counts on, so the start is fed for as long.
const START: Duration = Duration::from_secs(300);

/// When time reached the world last.
#[derive(Debug)]
pub struct Pulse {
    began: Instant,
    /// Milliseconds since `began`; none before the first.
    ticked_ms: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl Default for Pulse {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            ticked_ms: AtomicU64::new(NEVER),
        }
    }
}

impl Pulse {
    /// The world was stepped with a tick.
    pub fn tick(&self) {
        let now = self.began.elapsed().as_millis();
        self.ticked_ms
            .store(u64::try_from(now).unwrap_or(NEVER - 1), Relaxed);
    }

    fn is_stuck(&self, patience: Duration) -> bool {
        let ticked = match self.ticked_ms.load(Relaxed) {
            NEVER => None,
            ms => Some(Duration::from_millis(ms)),
        };
        is_stuck(ticked, self.began.elapsed(), patience)
    }
}

/// Whether no tick has reached the world for longer than it may take.
fn is_stuck(ticked: Option<Duration>, now: Duration, patience: Duration) -> bool {
    match ticked {
        Some(ticked) => now.saturating_sub(ticked) > patience,
        None => now > START,
    }
}

/// Feeds the watchdog for as long as the pulse is there and goes. Does nothing where none is wanted.
pub fn feed(pulse: &Arc<Pulse>) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    let pulse = Arc::downgrade(pulse);
    let feeding = move || {
        let mut said_stuck = false;
        while let Some(pulse) = pulse.upgrade() {
            let stuck = pulse.is_stuck(limit / 2);
            drop(pulse);
            if !stuck {
                tell(&[NotifyState::Watchdog]);
            }
            if stuck && !said_stuck {
                error!("no time reaches the world; the watchdog is not fed");
            } else if said_stuck && !stuck {
                info!("time reaches the world again; the watchdog is fed");
            }
            said_stuck = stuck;
            thread::sleep(limit / 4);
        }
    };
    let started = thread::Builder::new()
        .name("watchdog".to_owned())
        .spawn(feeding);
    if let Err(e) = started {
        warn!(error = %e, "the watchdog is not fed: no thread can be had");
    }
}

/// Tells systemd something; silent where there is none.
pub fn tell(state: &[NotifyState<'_>]) {
    if let Err(e) = sd_notify::notify(state) {
        warn!(error = %e, "systemd cannot be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_stuck_when_no_tick_came_in_time_and_a_start_may_take_long() {
        let s = Duration::from_secs;
        assert!(!is_stuck(None, s(299), s(30)));
        assert!(is_stuck(None, s(301), s(30)));
        assert!(!is_stuck(Some(s(400)), s(430), s(30)));
        assert!(is_stuck(Some(s(400)), s(431), s(30)));
        let pulse = Pulse::default();
        pulse.tick();
        assert!(!pulse.is_stuck(s(30)));
    }
}
