//! Waiting for a condition, never for a time.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use super::LabError;

/// How often a condition is looked at.
const STEP: Duration = Duration::from_millis(25);

/// Waits until `condition` holds.
///
/// # Errors
/// It does not hold within the deadline; the error says what was waited for.
pub async fn until<F, C>(what: &str, deadline: Duration, mut condition: C) -> Result<(), LabError>
where
    F: Future<Output = bool>,
    C: FnMut() -> F,
{
    let begun = Instant::now();
    while !condition().await {
        if begun.elapsed() > deadline {
            return Err(LabError::TimedOut {
                what: what.to_owned(),
                seconds: deadline.as_secs(),
            });
        }
        tokio::time::sleep(STEP).await;
    }
    Ok(())
}
