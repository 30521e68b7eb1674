//! `flood-agent status`: the running agent says how it is, over a socket in its data directory, also
//! where no line leads out and no card can be written. Shell.

use std::{fmt::Write as _, io, path::Path, path::PathBuf, sync::Arc, time::Duration};

use shared::{
    error::chain,
    wire::{AgentHealth, DecodeError},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    time::timeout,
};

use crate::{health::Health, spool::keeper::Keeper};

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why an agent could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    #[error("no agent answers on {}; is it running, and may this user read there?", path.display())]
    Silent { path: PathBuf, source: io::Error },
    #[error("the agent's answer cannot be read")]
    Answer(#[from] DecodeError),
}

fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("status.sock")
}

/// Answers whoever asks, for ever. Without the socket only `flood-agent status` does not work.
pub(crate) async fn serve(data_dir: PathBuf, health: Arc<Health>, keeper: Keeper) {
    let path = socket(&data_dir);
    // One of a process that was killed; the lock of the data directory is ours.
    if let Err(error) = std::fs::remove_file(&path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::debug!(%error, "the old status socket stays");
    }
    let listener = match UnixListener::bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            let error = chain(&error);
            tracing::warn!(error, path = %path.display(), "`flood-agent status` will not work");
            return;
        }
    };
    loop {
        let answered = async {
            let (mut stream, _) = listener.accept().await?;
            let said = health.snapshot(true, keeper.held()).encode();
            timeout(PATIENCE, stream.write_all(&said)).await?
        };
        if let Err(error) = answered.await {
            tracing::debug!(%error, "whoever asked for the status got none");
        }
    }
}

/// Asks the agent of a data directory.
///
/// # Errors
/// None is running, or it does not answer.
pub async fn ask(data_dir: &Path) -> Result<AgentHealth, StatusError> {
    let path = socket(data_dir);
    let asked = async {
        let mut stream = UnixStream::connect(&path).await?;
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await?;
        Ok(said)
    };
    let said = timeout(PATIENCE, asked).await;
    let said = said.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let said = said.map_err(|source| StatusError::Silent { path, source })?;
    Ok(AgentHealth::decode(&said)?)
}

/// What an agent says of itself, for people.
#[must_use]
pub fn text(health: &AgentHealth) -> String {
    let mut text = format!(
        "{}: version {}, {}\n  {} batch(es) wait for the aggregator ({} bytes); dropped {}, failed \
         readings {} since the start",
        health.agent,
        health.version,
        health.at,
        health.spooled_batches,
        health.spooled_bytes,
        health.dropped,
        health.failed_readings
    );
    // Writing into a String cannot fail.
    if !health.silent_sources.is_empty() {
        let _ = write!(text, "\n  silent: {}", health.silent_sources.join(", "));
    }
    for fault in &health.faults {
        let subject = if fault.subject.is_empty() {
            String::new()
        } else {
            format!(" {}:", fault.subject)
        };
        let (since, kind, cause) = (fault.since, &fault.kind, &fault.cause);
        let _ = write!(text, "\n  {kind} since {since}:{subject} {cause}");
    }
    if health.faults.is_empty() {
        let _ = write!(text, "\n  nothing is wrong");
    }
    text
}

#[cfg(test)]
mod tests {
    use shared::{
        clock::{Clock, Mode},
        time::Timestamp,
        wire::AgentFault,
    };

    use super::*;

    #[test]
    fn the_status_says_what_waits_what_is_silent_and_what_is_wrong_since_when() {
        let health = Health::new("gw-01".parse().expect("id"), Clock::Real, vec![]);
        let said = AgentHealth {
            at: Timestamp::from_millis(1_784_622_000_000),
            mode: Mode::Actual,
            silent_sources: vec!["lg-0001".to_owned()],
            faults: vec![AgentFault {
                kind: "unit".to_owned(),
                subject: "unit 1 on bus-a".to_owned(),
                since: Timestamp::from_millis(1_784_621_940_000),
                cause: "no answer in 1s".to_owned(),
            }],
            ..health.snapshot(true, crate::spool::keeper::Held::default())
        };
        let text = text(&said);
        assert!(text.contains("silent: lg-0001"), "{text}");
        let fault = "unit since 2026-07-21T08:19:00.000Z: unit 1 on bus-a: no answer in 1s";
        assert!(text.contains(fault), "{text}");
    }
}
