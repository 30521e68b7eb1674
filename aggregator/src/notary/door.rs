//! The door: while the program runs its store is in use, and who may read the data folder asks here for
//! the log of deeds. One at a time is answered.

use std::{
    fs, io,
    io::{BufRead as _, BufReader},
    ops::ControlFlow,
    os::unix::{fs::PermissionsExt as _, net::UnixStream as Stream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use shared::error::chain;
use tokio::{
    io::AsyncWriteExt as _,
    net::{UnixListener, UnixStream},
    time::timeout,
};
use tracing::{debug, warn};

use crate::{
    audit::Entry,
    store::{Store, StoreError},
};

/// Entries that are read from the store at once.
const AT_ONCE: usize = 256;

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(10);

/// The last line of an answer.
const END: &str = "end";

/// Answers whoever asks, for ever. Without the socket only `flood-aggregator audit` does not work.
pub async fn serve(path: PathBuf, store: Arc<dyn Store>) {
    let listener = match listen(&path) {
        Ok(listener) => listener,
        Err(e) => {
            let (error, path) = (chain(&e), path.display());
            warn!(error, %path, "`flood-aggregator audit` will not work while this runs");
            return std::future::pending().await;
        }
    };
    loop {
        let answered = async {
            let (stream, _) = listener.accept().await?;
            answer(stream, &store).await
        };
        if let Err(error) = answered.await {
            debug!(
                error = format!("{error:#}"),
                "whoever asked for the deeds got not all"
            );
        }
    }
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    // One of a process that was killed; the store's lock is ours.
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn answer(mut stream: UnixStream, store: &Arc<dyn Store>) -> Result<()> {
    let mut after = 0;
    loop {
        let store = store.clone();
        let page = tokio::task::spawn_blocking(move || page(&*store, after)).await??;
        let Some(last) = page.last().map(|entry| entry.number) else {
            timeout(PATIENCE, stream.write_all(END.as_bytes())).await??;
            return Ok(());
        };
        after = last;
        let lines = page
            .into_iter()
            .map(|e| format!("{} {} {}\n", e.number, e.hash, e.line));
        let text: String = lines.collect();
        timeout(PATIENCE, stream.write_all(text.as_bytes())).await??;
    }
}

fn page(store: &dyn Store, after: u64) -> Result<Vec<Entry>, StoreError> {
    let mut page = Vec::new();
    store.deeds(after, &mut |entry| {
        page.push(entry);
        if page.len() < AT_ONCE {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(page)
}

/// Asks a running aggregator for its deeds and visits them in their order.
///
/// # Errors
/// Nobody answers, or not to the end.
pub fn ask(door: &Path, visit: &mut dyn FnMut(Entry)) -> Result<()> {
    let stream = Stream::connect(door).with_context(|| {
        format!(
            "the aggregator runs and does not answer on {}; may this user read there?",
            door.display()
        )
    })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    for line in BufReader::new(stream).lines() {
        let line = line.context("the running aggregator does not answer to the end")?;
        if line == END {
            return Ok(());
        }
        visit(read(&line).context("the running aggregator's answer cannot be read")?);
    }
    bail!("the running aggregator did not answer to the end: does it stop?")
}

fn read(line: &str) -> Option<Entry> {
    let mut parts = line.splitn(3, ' ');
    Some(Entry {
        number: parts.next()?.parse().ok()?,
        hash: parts.next()?.parse().ok()?,
        line: parts.next()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use shared::time::Timestamp;

    use super::*;
    use crate::{
        audit::{Chain, Deed, What},
        store::{Commit, MemoryStore},
    };

    #[tokio::test]
    async fn whoever_may_read_the_folder_gets_the_whole_log() {
        let store = MemoryStore::default();
        let mut end = Chain::default();
        let deeds: Vec<_> = (0..600)
            .map(|k| {
                let deed = Deed::of_machine(What::Started, k.to_string(), None);
                end.enter(&deed, Timestamp::from_millis(k), None)
            })
            .collect();
        let commit = Commit {
            deeds: deeds.clone(),
            ..Commit::default()
        };
        store.commit(&commit).expect("kept");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("door");
        let listener = listen(&path).expect("bound");
        let store: Arc<dyn Store> = Arc::new(store);
        let asked = tokio::task::spawn_blocking(move || {
            let mut found = Vec::new();
            ask(&path, &mut |entry| found.push(entry)).map(|()| found)
        });
        let (stream, _) = listener.accept().await.expect("asked");
        answer(stream, &store).await.expect("answered");
        assert_eq!(asked.await.expect("ended").expect("whole"), deeds);
    }
}
