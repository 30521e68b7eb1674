//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

use super::LabError;

/// How often a condition is looked at.
pub(super) const STEP: Duration = Duration::from_millis(25);

/// Waits until `condition` holds.
///
/// # Errors
/// It does not hold within the deadline; the error says what was waited for.
pub async fn until(
    what: &str,
    deadline: Duration,
    mut condition: impl AsyncFnMut() -> bool,
) -> Result<(), LabError> {
    let begun = Instant::now();
    while !condition().await {
        if begun.elapsed() > deadline {
            return Err(timed_out(what.to_owned(), deadline));
        }
        tokio::time::sleep(STEP).await;
    }
    Ok(())
}

/// The error of a wait that was in vain.
pub(super) fn timed_out(what: String, deadline: Duration) -> LabError {
    LabError::TimedOut {
        what,
        seconds: deadline.as_secs(),
    }
}
