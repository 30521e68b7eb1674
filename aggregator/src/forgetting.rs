//! Lets the store forget what is older than it is to keep.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use shared::clock::Clock;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    parts::Ready,
    store::{self, Forgetting, Store},
};

/// How often it is looked whether an old day may go.
const FORGET_EVERY: Duration = Duration::from_secs(3_600);

/// Drops old days, one at a time, until told to stop.
///
/// # Errors
/// The store cannot be read.
pub async fn run(
    store: Arc<dyn Store>,
    clock: Clock,
    keep_days: u32,
    stop: CancellationToken,
    ready: Ready,
) -> Result<()> {
    let mut hourly = tokio::time::interval(FORGET_EVERY);
    let mut forgetting = Forgetting::after_days(keep_days);
    #[expect(clippy::cast_possible_truncation, reason = "3600 hours at most")]
    let passed_ms = (FORGET_EVERY.as_secs_f64() * clock.speed() * 1000.0) as i64;
    ready.now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = hourly.tick() => {}
        }
        let Some(before) = forgetting.look(clock.now(), passed_ms, store.oldest_day()?) else {
            continue;
        };
        let store = store.clone();
        let forgotten = tokio::task::spawn_blocking(move || store.forget_before(before));
        match forgotten.await? {
            Ok(forgotten) if forgotten == store::Forgotten::default() => {}
            Ok(forgotten) => info!(?forgotten, %before, "an old day was dropped"),
            Err(e) => error!(
                error = shared::error::chain(&e),
                "old history cannot be dropped"
            ),
        }
    }
}
