//! The one committer: drains what waits, writes it in one atomic batch, syncs once, answers all.
//!
//! Everything that the world is stepped with goes through here: it gets its time, its place in the
//! order of arrival and its place on the disk before the world sees it.

use std::sync::Arc;

use shared::{clock::Clock, error::chain, wire::Topic};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};

use super::{
    Answering, Downlink, DownlinkMessage, Inbound, Receipt, decode,
    group::{Group, Ledger, Taken},
};
use crate::{
    metrics::{Stage, Stages, Stopwatch},
    store::{Commit, Store, StoreError},
    world::{Arrival, Input},
};

/// Messages that may wait for the committer; at the bound their bringers wait.
const WAITING: usize = 4_096;

/// Most messages in one group: bounds how long the first of them waits.
const GROUP: usize = 1_024;

/// Something to be made durable.
enum Work {
    Message(Inbound),
    Input(Input, Option<Answering>),
}

/// Where to bring what is to be made durable. When all clones are dropped, the committer writes
/// what waits and ends.
#[derive(Clone)]
pub struct CommitterHandle {
    work: mpsc::Sender<Work>,
}

impl CommitterHandle {
    /// Brings a message, waiting while the committer is behind. `false` when it has ended.
    pub async fn message(&self, inbound: Inbound) -> bool {
        self.work.send(Work::Message(inbound)).await.is_ok()
    }

    /// Makes an input durable. What comes of it is for the world to say.
    pub async fn input(&self, input: Input) -> Receipt {
        let (tell, told) = oneshot::channel();
        let receipt: Answering = Box::new(move |receipt| {
            // Whoever asked may have gone; what was kept stands all the same.
            let _ = tell.send(receipt);
        });
        let work = Work::Input(input, Some(receipt));
        if self.work.send(work).await.is_err() {
            return Receipt::Failed;
        }
        told.await.unwrap_or(Receipt::Failed)
    }

    /// Lets time pass. `false` when the committer has ended.
    pub async fn tick(&self) -> bool {
        self.work.send(Work::Input(Input::Tick, None)).await.is_ok()
    }
}

/// Writes for all.
pub struct Committer {
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    pub stages: Arc<Stages>,
    pub world: mpsc::Sender<Vec<Arrival>>,
    pub downlink: Downlink,
    pub ledger: Ledger,
}

/// What waits for the committer.
pub struct Inbox(mpsc::Receiver<Work>);

impl Committer {
    /// Where to bring work, and where the committer takes it from.
    #[must_use]
    pub fn door() -> (CommitterHandle, Inbox) {
        let (work, inbox) = mpsc::channel(WAITING);
        (CommitterHandle { work }, Inbox(inbox))
    }

    /// Writes until all handles are dropped.
    ///
    /// # Errors
    /// The first write that fails: after a failed sync nobody knows what is on disk, and the engine
    /// refuses every later write. Only opening the store anew tells what it holds.
    pub fn run(mut self, Inbox(mut inbox): Inbox) -> Result<(), StoreError> {
        let stages = self.stages.clone();
        let mut waiting = Vec::with_capacity(GROUP);
        while inbox.blocking_recv_many(&mut waiting, GROUP) > 0 {
            let mut group = Group::default();
            let mut watch = Stopwatch::start(&stages);
            let formed = self.form(&mut group, waiting.drain(..), &mut watch);
            watch.lap(Stage::Merge);
            if let Err(e) = formed {
                let messages = group.receipts.len();
                error!(error = chain(&e), messages, "group cannot be formed");
                self.fail(group);
                continue;
            }
            let commit = group.commit();
            let written = self.store.commit(&commit);
            watch.lap(Stage::Commit);
            if let Err(e) = written {
                self.fail(group);
                return Err(e);
            }
            self.answer(commit, group);
            watch.lap(Stage::Answer);
        }
        info!("committer ended");
        Ok(())
    }

    fn form(
        &mut self,
        group: &mut Group,
        work: impl Iterator<Item = Work>,
        watch: &mut Stopwatch<'_>,
    ) -> Result<(), StoreError> {
        let mut result = Ok(());
        for item in work {
            match item {
                Work::Input(input, receipt) => {
                    self.ledger.input(group, input, self.clock.now());
                    group.receipts.extend(receipt);
                }
                Work::Message(inbound) => {
                    if result.is_ok() {
                        result = self.take(group, &inbound, watch);
                    }
                    group.receipts.push(inbound.receipt);
                }
            }
        }
        self.ledger.close(group, self.clock.now());
        result
    }

    fn take(
        &mut self,
        group: &mut Group,
        inbound: &Inbound,
        watch: &mut Stopwatch<'_>,
    ) -> Result<(), StoreError> {
        let taken = Taken {
            channel: &inbound.channel,
            payload: &inbound.payload,
            at: self.clock.now(),
        };
        watch.lap(Stage::Merge);
        let claim = inbound.claim.as_ref().map_err(Clone::clone);
        let message = claim.and_then(|claim| decode(claim, taken.payload, taken.at));
        watch.lap(Stage::Decode);
        self.ledger.message(group, &*self.store, message, taken)
    }

    fn answer(&mut self, commit: Commit, group: Group) {
        self.ledger.committed();
        if self.world.blocking_send(commit.arrivals).is_err() {
            info!("the world has ended; what was committed will be read at the next start");
        }
        for receipt in group.receipts {
            receipt(Receipt::Done);
        }
        for (agent, ack) in group.cursors {
            self.downlink.send(DownlinkMessage {
                topic: Topic::Ack(agent),
                payload: ack.encode(),
            });
        }
    }

    /// Nothing was written: nobody is acknowledged, and the cursors go back to the store's.
    fn fail(&mut self, group: Group) {
        if let Err(e) = self.ledger.failed(&*self.store) {
            error!(error = chain(&e), "cursors cannot be read back");
        }
        for receipt in group.receipts {
            receipt(Receipt::Failed);
        }
    }
}
