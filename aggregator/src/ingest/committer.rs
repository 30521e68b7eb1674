//! The one committer: drains what waits, writes it in one atomic batch, syncs once, answers all.

use std::{sync::Arc, thread};

use shared::{clock::Clock, wire::Topic};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};

use super::{
    Admitter, Downlink, DownlinkMessage, Inbound, Origin, Receipt,
    decode::{Message, decode},
    group::{Former, Group},
};
use crate::{
    counters::{Counter, Counters},
    merge::Deduplicator,
    metrics::{Stage, Stages, Stopwatch},
    orders::Order,
    store::{Store, StoreError},
    world::Input,
};

/// Messages that may wait for the committer; at the bound their bringers wait.
const WAITING: usize = 4_096;

/// Most messages in one group: bounds how long the first of them waits.
const GROUP: usize = 1_024;

/// What the committer works with.
pub struct CommitterParts {
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    pub admitter: Admitter,
    pub counters: Arc<Counters>,
    pub stages: Arc<Stages>,
    pub world: mpsc::Sender<Vec<Input>>,
    pub downlink: Downlink,
}

/// Something to be made durable.
pub enum Work {
    Message(Inbound),
    /// An order that must survive before it leaves.
    Order(Order, Box<dyn FnOnce(Receipt) + Send>),
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

    /// Makes an order durable.
    pub async fn order(&self, order: Order) -> Receipt {
        let (tell, told) = oneshot::channel();
        let receipt = Box::new(move |receipt| {
            // Whoever asked may have gone; the order stands all the same.
            let _ = tell.send(receipt);
        });
        if self.work.send(Work::Order(order, receipt)).await.is_err() {
            return Receipt::Failed;
        }
        told.await.unwrap_or(Receipt::Failed)
    }
}

/// How the committer ended: well, or with the write that failed. Closed without a word: it panicked.
pub type CommitterEnd = oneshot::Receiver<Result<(), StoreError>>;

/// Starts the committer's thread.
///
/// It ends with the first write that fails: after a failed sync nobody knows what is on disk, and
/// the engine refuses every later write. Only opening the store anew tells what it holds.
///
/// # Errors
/// The store's cursors cannot be read, or no thread can be had.
pub fn start_committer(
    parts: CommitterParts,
) -> Result<(CommitterHandle, CommitterEnd), StoreError> {
    let cursors = parts.store.cursors()?.into_iter().collect();
    let (work, inbox) = mpsc::channel(WAITING);
    let (tell_end, end) = oneshot::channel();
    thread::Builder::new()
        .name("committer".to_owned())
        .spawn(move || {
            let former = Former {
                admitter: parts.admitter,
                counters: &parts.counters,
                mode: parts.clock.mode(),
                deduplicator: Deduplicator::default(),
                cursors,
            };
            let committer = Committer {
                store: &*parts.store,
                clock: parts.clock,
                stages: &parts.stages,
                world: parts.world,
                downlink: parts.downlink,
                former,
            };
            // Nobody asks any more when the program is stopping.
            let _ = tell_end.send(committer.run(inbox));
        })
        .map_err(|e| StoreError::Engine(fjall::Error::Io(e)))?;
    Ok((CommitterHandle { work }, end))
}

struct Committer<'a> {
    store: &'a dyn Store,
    clock: Clock,
    stages: &'a Stages,
    world: mpsc::Sender<Vec<Input>>,
    downlink: Downlink,
    former: Former<'a>,
}

impl Committer<'_> {
    fn run(mut self, mut inbox: mpsc::Receiver<Work>) -> Result<(), StoreError> {
        let mut waiting = Vec::with_capacity(GROUP);
        while inbox.blocking_recv_many(&mut waiting, GROUP) > 0 {
            let mut group = Group::default();
            let mut watch = Stopwatch::start(self.stages);
            let formed = self.form(&mut group, waiting.drain(..), &mut watch);
            watch.lap(Stage::Merge);
            if let Err(e) = formed {
                error!(error = %e, messages = group.receipts.len(), "group cannot be formed");
                self.fail(group);
                continue;
            }
            let written = self.write(&mut group);
            watch.lap(Stage::Commit);
            if let Err(e) = written {
                self.fail(group);
                return Err(e);
            }
            self.publish(group);
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
                Work::Order(order, receipt) => {
                    group.commit.orders.push(order);
                    group.receipts.push(receipt);
                }
                Work::Message(inbound) => {
                    if result.is_ok() {
                        result = self.take(group, &inbound, watch);
                    }
                    group.receipts.push(inbound.receipt);
                }
            }
        }
        result
    }

    fn take(
        &mut self,
        group: &mut Group,
        inbound: &Inbound,
        watch: &mut Stopwatch<'_>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (topic, payload) = (&inbound.topic, &inbound.payload);
        watch.lap(Stage::Merge);
        let decoded = decode(topic, payload, inbound.client.as_deref(), now);
        watch.lap(Stage::Decode);
        match decoded {
            Ok(Message::Batch(envelope)) => {
                self.former.batch(group, self.store, envelope, now)?;
            }
            Ok(Message::Intake(observations)) => {
                self.former.observations(
                    group,
                    self.store,
                    observations,
                    (Origin::ThirdParty, topic),
                    now,
                )?;
            }
            Ok(Message::Health(health)) => Former::health(group, health),
            Ok(Message::Truck(report)) => Former::truck(group, report),
            Err(undecoded) => self.former.undecoded(group, undecoded, topic, payload, now),
        }
        Ok(())
    }

    fn write(&mut self, group: &mut Group) -> Result<(), StoreError> {
        group.commit.cursors = group
            .cursors
            .iter()
            .map(|(a, c)| (a.clone(), c.clone()))
            .collect();
        if !group.commit.is_empty() {
            self.store.commit(&group.commit)?;
            self.former.counters.add(Counter::Commits, 1);
        }
        Ok(())
    }

    fn publish(&mut self, group: Group) {
        self.former.deduplicator.group_committed();
        if !group.inputs.is_empty() && self.world.blocking_send(group.inputs).is_err() {
            info!("the world has ended; what was committed will be read at the next start");
        }
        for receipt in group.receipts {
            receipt(Receipt::Done);
        }
        for (agent, ack) in group.cursors {
            match serde_json::to_vec(&ack) {
                Ok(payload) => {
                    self.downlink.send(DownlinkMessage {
                        topic: Topic::Ack(agent),
                        payload,
                    });
                }
                Err(e) => error!(%agent, error = %e, "acknowledgement cannot be encoded"),
            }
        }
    }

    /// Nothing was written: nobody is acknowledged, and the cursors go back to the store's.
    fn fail(&mut self, group: Group) {
        self.former.counters.add(Counter::CommitFailures, 1);
        self.former.deduplicator.group_failed();
        match self.store.cursors() {
            Ok(cursors) => self.former.cursors = cursors.into_iter().collect(),
            Err(e) => error!(error = %e, "cursors cannot be read back"),
        }
        for receipt in group.receipts {
            receipt(Receipt::Failed);
        }
    }
}
