//! Talks to systemd: ready, alive, stopping. Shell. Silent where there is no systemd.
//!
//! The watchdog is fed only while every loop moves: a stuck serial write, a stuck sync and a stuck
//! uplink each end in a restart, which nothing else would bring about.

use std::{sync::Arc, time::Duration};

use sd_notify::NotifyState;
use tokio::time::sleep;

use crate::pulse::Pulse;

/// The service is ready: its configuration holds and its spool is open.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The service has begun to stop.
pub(crate) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Feeds the watchdog while the agent's loops move. Returns at once where none is wanted.
pub(crate) async fn feed_watchdog(pulse: Arc<Pulse>) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    let pause = (limit / 3).max(Duration::from_millis(100));
    loop {
        let stuck = pulse.stuck();
        if stuck.is_empty() {
            notify(&[NotifyState::Watchdog]);
        } else {
            tracing::error!(loops = stuck.join(", "), "stuck; the watchdog is not fed");
        }
        sleep(pause).await;
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd was not told");
    }
}
