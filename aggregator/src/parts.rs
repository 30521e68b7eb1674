//! The parts of the running program: each has a name, a start, a readiness and an end.
//!
//! All run for as long as the program does. One that ends by itself ends the program, with its name
//! and its reason; whoever supervises the program starts it anew. Start, readiness, failure and
//! shutdown all follow from the one list.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow};
use tokio::{sync::oneshot, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// The parts that run.
#[derive(Debug, Default)]
pub struct Parts {
    stop: CancellationToken,
    running: JoinSet<Result<()>>,
    names: HashMap<tokio::task::Id, &'static str>,
    readiness: Readiness,
}

/// Which parts do what they are for.
#[derive(Debug, Default, Clone)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, bool>>>);

/// A part's own word on its readiness. It is not ready before [`Ready::now`], nor once this is
/// dropped.
#[derive(Debug)]
pub struct Ready {
    part: &'static str,
    readiness: Readiness,
}

impl Readiness {
    /// The parts that are not ready.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = parts.iter().filter(|(_, ready)| !**ready);
        missing.map(|(part, _)| *part).collect()
    }

    fn set(&self, part: &'static str, ready: bool) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parts.insert(part, ready);
    }
}

impl Ready {
    /// From now on the part does what it is for.
    pub fn now(&self) {
        self.readiness.set(self.part, true);
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        self.readiness.set(self.part, false);
    }
}

impl Parts {
    /// Tells every part that it is to end.
    #[must_use]
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Which parts are ready.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Starts a part as a task.
    pub fn task<F>(&mut self, name: &'static str, part: impl FnOnce(Ready) -> F)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        self.readiness.set(name, false);
        let ready = Ready {
            part: name,
            readiness: self.readiness.clone(),
        };
        let handle = self.running.spawn(part(ready));
        self.names.insert(handle.id(), name);
    }

    /// Starts a part on a thread of its own. Where no thread can be had, it fails at once.
    pub fn thread(
        &mut self,
        name: &'static str,
        part: impl FnOnce(Ready) -> Result<()> + Send + 'static,
    ) {
        let (tell, told) = oneshot::channel();
        self.task(name, |ready| {
            let thread = std::thread::Builder::new().name(name.to_owned());
            let started = thread.spawn(move || {
                // Nobody asks any more when the program has stopped without it.
                let _ = tell.send(part(ready));
            });
            async move {
                started.context("no thread can be had")?;
                // Closed without a word: it panicked.
                told.await.unwrap_or_else(|_| Err(anyhow!("it panicked")))
            }
        });
    }

    /// Waits for the first part that ends by itself and says which and why.
    pub async fn first_end(&mut self) -> anyhow::Error {
        match self.running.join_next_with_id().await {
            Some(ended) => {
                let (id, outcome) = match ended {
                    Ok((id, outcome)) => (id, outcome),
                    Err(e) => (e.id(), Err(e.into())),
                };
                let name = self.names.get(&id).copied().unwrap_or("a part");
                match outcome {
                    Ok(()) => anyhow!("{name} ended"),
                    Err(e) => e.context(format!("{name} failed")),
                }
            }
            None => anyhow!("there are no parts"),
        }
    }

    /// Asks all parts to end and waits for them. Returns those that did not in time, or failed.
    pub async fn stop(mut self, deadline: Duration) -> Vec<String> {
        self.stop.cancel();
        let mut bad = Vec::new();
        let all = async {
            while let Some(ended) = self.running.join_next_with_id().await {
                let (id, outcome) = match ended {
                    Ok((id, outcome)) => (id, outcome),
                    Err(e) => (e.id(), Err(e.into())),
                };
                let name = self.names.remove(&id).unwrap_or("a part");
                if let Err(e) = outcome {
                    bad.push(format!("{name} failed: {e:#}"));
                }
            }
        };
        if tokio::time::timeout(deadline, all).await.is_err() {
            let late = self.names.values();
            bad.extend(late.map(|name| format!("{name} did not end in time")));
        }
        bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_part_that_ends_by_itself_is_named_with_its_reason() {
        type Start = fn(&mut Parts);
        let cases: [(Start, &str); 4] = [
            (
                |p| p.task("mqtt", |_| async { Err(anyhow!("no line")) }),
                "mqtt failed: no line",
            ),
            (|p| p.task("mqtt", |_| async { Ok(()) }), "mqtt ended"),
            (
                |p| {
                    let write = |_| Err(anyhow!("disk full"));
                    p.thread("committer", write);
                },
                "committer failed: disk full",
            ),
            (
                |p| p.thread("world", |_| panic!("a bug")),
                "world failed: it panicked",
            ),
        ];
        for (start, expected) in cases {
            let mut parts = Parts::default();
            parts.task("idle", |_| std::future::pending());
            start(&mut parts);
            assert_eq!(format!("{:#}", parts.first_end().await), expected);
        }
    }

    #[tokio::test]
    async fn a_part_is_ready_from_its_own_word_to_its_end() {
        let mut parts = Parts::default();
        let readiness = parts.readiness();
        let (go, gone) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        parts.task("http", |ready| async move {
            ready.now();
            tell.send(()).expect("somebody waits");
            Ok(gone.await?)
        });
        assert_eq!(readiness.missing(), ["http"]);
        told.await.expect("it says so");
        assert!(readiness.missing().is_empty());
        go.send(()).expect("it waits");
        assert_eq!(parts.first_end().await.to_string(), "http ended");
        assert_eq!(readiness.missing(), ["http"]);
    }

    #[tokio::test]
    async fn a_stop_waits_for_all_and_names_the_late() {
        let mut parts = Parts::default();
        let stop = parts.stop_token();
        parts.task("polite", |_| async move {
            stop.cancelled().await;
            Ok(())
        });
        parts.task("stubborn", |_| std::future::pending());
        let late = parts.stop(Duration::from_millis(50)).await;
        assert_eq!(late, ["stubborn did not end in time"]);
    }
}
