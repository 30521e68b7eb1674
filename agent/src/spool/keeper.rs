//! The one thread that owns the spool: everything else asks it. Shell.
//!
//! A sync on a worn card can take seconds; here it holds up nobody but those who wait for it.

use std::{io, sync::Arc, thread};

use shared::{clock::Clock, error::chain, ids::GaugeId, observation::Observation};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    contract::SpoolError,
    queue::{Appended, Dropped, Spool, Usage},
    seqs::SeqSet,
};
use crate::pulse::Beat;

/// Requests that may wait for the spool: a window of reads, a few releases, one append.
const WAITING: usize = 64;

/// What is known of the spool without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    pub incarnation: u64,
    pub usage: Usage,
}

/// What became of one group of batches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    /// The numbers of the batches, in their order; fewer than given where the spool is full.
    pub seqs: Vec<u64>,
    pub dropped: Dropped,
    /// Why they are not durable; they are kept in memory and can be sent.
    pub refusal: Option<String>,
}

/// What whoever sends batches is told of one that became durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBatch {
    pub seq: u64,
    /// The lowest number that the spool still holds.
    pub oldest: u64,
    /// Whose observations are in it.
    pub gauges: Vec<GaugeId>,
}

/// Why the keeper gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("the spool's thread has ended")]
    Gone,
}

enum Request {
    Append {
        batches: Vec<Vec<Observation>>,
        reply: Reply<Stored>,
    },
    Read {
        seq: u64,
        reply: Reply<Option<Vec<Observation>>>,
    },
    Commit {
        reply: Reply<Option<String>>,
    },
    Release {
        seqs: SeqSet,
        reply: Reply<u64>,
    },
    Renew {
        reply: Reply<()>,
    },
    Seqs {
        reply: Reply<SeqSet>,
    },
}

type Reply<T> = oneshot::Sender<Result<T, SpoolError>>;

/// A handle to the spool's thread. The thread ends, and the store is closed, when the last handle
/// is dropped.
#[derive(Debug, Clone)]
pub struct Keeper {
    requests: mpsc::Sender<Request>,
    held: watch::Receiver<Held>,
}

impl Keeper {
    /// Starts the thread. `clock` says when something became durable, `beat` shows whether the
    /// thread is stuck in a request.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        spool: Spool,
        clock: Clock,
        beat: Arc<Beat>,
    ) -> io::Result<(Self, thread::JoinHandle<()>)> {
        let (requests, inbox) = mpsc::channel(WAITING);
        let (report, held) = watch::channel(held_by(&spool));
        let thread = thread::Builder::new()
            .name("spool".to_owned())
            .spawn(move || keep(spool, clock, inbox, &report, &beat))?;
        Ok((Self { requests, held }, thread))
    }

    /// What is held now.
    #[must_use]
    pub fn held(&self) -> Held {
        *self.held.borrow()
    }

    /// Tells when what is held changes.
    #[must_use]
    pub(crate) fn watch(&self) -> watch::Receiver<Held> {
        self.held.clone()
    }

    /// Appends batches and makes them durable with one sync. Where the medium takes nothing they
    /// are kept in memory, and [`Stored::refusal`] says why.
    ///
    /// # Errors
    /// One of them cannot be encoded.
    pub async fn append(&self, batches: Vec<Vec<Observation>>) -> Result<Stored, KeeperError> {
        self.ask(|reply| Request::Append { batches, reply }).await
    }

    /// The observations of a batch, if it is held.
    ///
    /// # Errors
    /// The store cannot be read, or this batch was damaged.
    pub async fn read(&self, seq: u64) -> Result<Option<Vec<Observation>>, KeeperError> {
        self.ask(|reply| Request::Read { seq, reply }).await
    }

    /// Makes durable what is not, if the medium takes it now; otherwise why it does not.
    ///
    /// # Errors
    /// The thread has ended.
    pub(crate) async fn commit(&self) -> Result<Option<String>, KeeperError> {
        self.ask(|reply| Request::Commit { reply }).await
    }

    /// Removes batches that the aggregator has; returns how many of them were held.
    ///
    /// # Errors
    /// The thread has ended.
    pub async fn release(&self, seqs: SeqSet) -> Result<u64, KeeperError> {
        self.ask(|reply| Request::Release { seqs, reply }).await
    }

    /// Starts a new incarnation.
    ///
    /// # Errors
    /// The thread has ended.
    pub(crate) async fn renew(&self) -> Result<(), KeeperError> {
        self.ask(|reply| Request::Renew { reply }).await
    }

    /// The sequence numbers that are held.
    ///
    /// # Errors
    /// The thread has ended.
    pub(crate) async fn seqs(&self) -> Result<SeqSet, KeeperError> {
        self.ask(|reply| Request::Seqs { reply }).await
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, KeeperError> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(request(reply))
            .await
            .map_err(|_| KeeperError::Gone)?;
        Ok(answer.await.map_err(|_| KeeperError::Gone)??)
    }
}

fn keep(
    mut spool: Spool,
    clock: Clock,
    mut inbox: mpsc::Receiver<Request>,
    report: &watch::Sender<Held>,
    beat: &Beat,
) {
    while let Some(request) = inbox.blocking_recv() {
        beat.mark();
        obey(&mut spool, clock, request, report);
        beat.rest();
    }
    let last = commit(&mut spool, clock);
    let waiting = spool.usage().waiting;
    if let (Some(reason), Some(_)) = (last, waiting) {
        tracing::error!(
            reason,
            "the spool was closed with batches that are not on disk"
        );
    }
}

/// The state is reported before the answer, so that whoever is answered sees it.
fn obey(spool: &mut Spool, clock: Clock, request: Request, report: &watch::Sender<Held>) {
    match request {
        Request::Append { batches, reply } => {
            let stored = append_all(spool, clock, &batches);
            answer(spool, report, reply, stored);
        }
        Request::Read { seq, reply } => {
            let batch = spool.read(seq);
            answer(spool, report, reply, batch);
        }
        Request::Commit { reply } => {
            let refusal = commit(spool, clock);
            answer(spool, report, reply, Ok(refusal));
        }
        Request::Release { seqs, reply } => {
            let released = spool.release(&seqs);
            answer(spool, report, reply, Ok(released));
        }
        Request::Renew { reply } => {
            spool.renew();
            answer(spool, report, reply, Ok(()));
        }
        Request::Seqs { reply } => {
            let seqs = spool.held();
            answer(spool, report, reply, Ok(seqs));
        }
    }
}

fn append_all(
    spool: &mut Spool,
    clock: Clock,
    batches: &[Vec<Observation>],
) -> Result<Stored, SpoolError> {
    let mut all = Stored::default();
    for batch in batches {
        match spool.append(batch)? {
            Appended::Full => break,
            Appended::Stored { seq, dropped } => {
                all.seqs.push(seq);
                all.dropped.batches += dropped.batches;
                all.dropped.observations += dropped.observations;
                let never = &mut all.dropped.never_durable;
                *never = dropped.never_durable.max(*never);
            }
        }
    }
    if !all.seqs.is_empty() {
        all.refusal = commit(spool, clock);
    }
    Ok(all)
}

fn commit(spool: &mut Spool, clock: Clock) -> Option<String> {
    spool.commit(clock.now()).err().map(|error| chain(&error))
}

fn answer<T>(
    spool: &Spool,
    report: &watch::Sender<Held>,
    reply: Reply<T>,
    result: Result<T, SpoolError>,
) {
    let now = held_by(spool);
    report.send_if_modified(|held| std::mem::replace(held, now) != now);
    // Whoever asked may have given up in the meantime; the work is done all the same.
    let _ = reply.send(result);
}

fn held_by(spool: &Spool) -> Held {
    Held {
        incarnation: spool.incarnation(),
        usage: spool.usage(),
    }
}
