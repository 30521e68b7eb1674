//! The one committer: drains what waits, writes it in one atomic batch, syncs once, answers all.
//!
//! Everything that the world is stepped with goes through here: it gets its time, its place in the
//! order of arrival and its place on the disk before the world sees it.

use std::{sync::Arc, time::Instant};

use shared::{
    clock::{Clock, real_now},
    error::chain,
    ids::GaugeId,
    wire::{Topic, seal::unsealed},
};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::{
    Answering, Book, Claim, DeskWrite, Downlink, DownlinkMessage, Inbound, Receipt, Undecoded,
    decode,
    group::{Group, Ledger, News, Taken},
};
use crate::{
    audit::Deed,
    authority::Authorities,
    counters::Counter,
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
    Input(Input, Option<Deed>, Option<Answering>),
    Desk(DeskWrite, Answering),
    /// Write what waits before this, then end.
    End,
}

/// Where to bring what is to be made durable. When all clones are dropped, or when it is told to
/// end, the committer writes what waits and ends.
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
        self.receipt(|answer| Work::Input(input, None, Some(answer)))
            .await
    }

    /// Makes an input durable that is somebody's deed: both are kept, or none.
    pub async fn input_by(&self, input: Input, deed: Deed) -> Receipt {
        self.receipt(|answer| Work::Input(input, Some(deed), Some(answer)))
            .await
    }

    /// Makes what the desk is to keep durable, and whose deed it is: both are kept, or none.
    /// [`Receipt::Unkept`] when it is too large.
    pub async fn desk(&self, write: DeskWrite) -> Receipt {
        self.receipt(|answer| Work::Desk(write, answer)).await
    }

    async fn receipt(&self, work: impl FnOnce(Answering) -> Work) -> Receipt {
        let (tell, told) = oneshot::channel();
        let receipt: Answering = Box::new(move |receipt| {
            // Whoever asked may have gone; what was kept stands all the same.
            let _ = tell.send(receipt);
        });
        let work = work(receipt);
        if self.work.send(work).await.is_err() {
            return Receipt::Failed;
        }
        told.await.unwrap_or(Receipt::Failed)
    }

    /// Lets time pass. `false` when the committer has ended.
    pub async fn tick(&self) -> bool {
        let tick = Work::Input(Input::Tick, None, None);
        self.work.send(tick).await.is_ok()
    }

    /// Lets the committer end, whoever else still holds a handle: a broker's connections may.
    pub async fn end(&self) {
        // An error means that it has ended.
        let _ = self.work.send(Work::End).await;
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
    pub book: Book,
    pub authorities: Authorities,
    /// By a clock that nobody sets.
    pub began: Instant,
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

    /// Writes until it is told to end or all handles are dropped.
    ///
    /// # Errors
    /// The first write that fails: after a failed sync nobody knows what is on disk, and the engine
    /// refuses every later write. Only opening the store anew tells what it holds.
    pub fn run(mut self, Inbox(mut inbox): Inbox) -> Result<(), StoreError> {
        let stages = self.stages.clone();
        let mut waiting = Vec::with_capacity(GROUP);
        let mut goes_on = true;
        while goes_on && inbox.blocking_recv_many(&mut waiting, GROUP) > 0 {
            if let Some(end) = waiting.iter().position(|w| matches!(w, Work::End)) {
                // Those who came later are not answered, so they come again.
                waiting.truncate(end);
                goes_on = false;
            }
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
                // Taken out before.
                Work::End => {}
                Work::Desk(write, receipt) => {
                    let is_kept = self.book.write(group, write, real_now());
                    let outcome = if is_kept {
                        Receipt::Done
                    } else {
                        Receipt::Unkept
                    };
                    group.receipts.push((receipt, outcome));
                }
                Work::Input(input, deed, receipt) => {
                    if input == Input::Tick && result.is_ok() {
                        result = self.pass_time(group);
                    }
                    let number = self.ledger.input(group, input, self.clock.now());
                    if let Some(deed) = deed {
                        self.book.deed(group, &deed, Some(number), real_now());
                    }
                    let receipt = receipt.map(|answer| (answer, Receipt::Done));
                    group.receipts.extend(receipt);
                }
                Work::Message(inbound) => {
                    let mut receipt = Receipt::Failed;
                    if result.is_ok() {
                        let taken = self.take(group, &inbound, watch);
                        result = taken.map(|taken| receipt = taken);
                    }
                    group.receipts.push((inbound.receipt, receipt));
                }
            }
        }
        self.ledger.close(group, self.clock.now());
        result
    }

    fn pass_time(&mut self, group: &mut Group) -> Result<(), StoreError> {
        let monotonic_ms = self.began.elapsed().as_secs_f64() * self.clock.speed() * 1000.0;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of one run")]
        let monotonic_ms = monotonic_ms as i64;
        let now = self.clock.now();
        self.ledger
            .pass_time(group, &*self.store, now, monotonic_ms)
    }

    fn take(
        &mut self,
        group: &mut Group,
        inbound: &Inbound,
        watch: &mut Stopwatch<'_>,
    ) -> Result<Receipt, StoreError> {
        let taken = Taken {
            channel: &inbound.channel,
            payload: &inbound.payload,
            at: self.clock.now(),
            is_enrolled: inbound.claim.as_ref().is_ok_and(|claim| {
                let authority = self.authorities.now();
                authority.is_enrolled(&claim.topic())
            }),
        };
        watch.lap(Stage::Merge);
        let claim = inbound.claim.as_ref().map_err(Clone::clone);
        let message = claim.and_then(|claim| {
            let payload = self.believed(claim, taken.payload)?;
            decode(claim, payload, taken.at)
        });
        watch.lap(Stage::Decode);
        self.ledger.message(group, &*self.store, message, taken)
    }

    /// The payload of a message that is of whom it says.
    fn believed<'a>(&self, claim: &Claim, payload: &'a [u8]) -> Result<&'a [u8], Undecoded> {
        let authority = self.authorities.now();
        if let Claim::Gone(_) = claim {
            return Ok(unsealed(payload));
        }
        authority
            .open(&claim.topic(), payload)
            .map_err(|why| Undecoded {
                counter: Counter::Forged,
                detail: chain(&why),
            })
    }

    fn answer(&mut self, commit: Commit, group: Group) {
        self.ledger.committed();
        self.book.committed();
        if self.world.blocking_send(commit.arrivals).is_err() {
            info!("the world has ended; what was committed will be read at the next start");
        }
        for (answer, receipt) in group.receipts {
            answer(receipt);
        }
        let now = self.clock.now();
        for (agent, ack) in group.unkept.into_iter().chain(group.cursors) {
            let said = self.ledger.acknowledgement(&agent, ack, now);
            self.downlink.send(DownlinkMessage {
                topic: Topic::Ack(agent),
                payload: said.encode(),
            });
        }
        for news in self.ledger.news() {
            tell(&news);
        }
    }

    /// Nothing was written, or nobody knows: nobody is acknowledged.
    fn fail(&mut self, group: Group) {
        self.ledger.failed();
        self.book.failed();
        for (answer, _) in group.receipts {
            answer(Receipt::Failed);
        }
    }
}

/// Says once what begins and once that it has ended.
fn tell(news: &News) {
    let News {
        sender,
        gauge,
        reason,
        cause,
    } = news;
    let (reason, gauge) = (reason.name(), gauge.as_ref().map(GaugeId::as_str));
    match cause {
        Some(cause) => warn!(
            sender,
            gauge, reason, cause, "something is wrong with readings"
        ),
        None => info!(
            sender,
            gauge, reason, "nothing is wrong with readings any more"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::mpsc as blocking};

    use shared::gauge::Parameter;

    use super::*;
    use crate::{
        authority::Authority,
        counters::Counts,
        ingest::{Admitter, Described},
        store::MemoryStore,
    };

    /// A committer on a thread of its own, with its store and what it tells the world and agents.
    struct Office {
        handle: CommitterHandle,
        store: Arc<MemoryStore>,
        world: mpsc::Receiver<Vec<Arrival>>,
        downlink: mpsc::Receiver<DownlinkMessage>,
        end: std::thread::JoinHandle<Result<(), StoreError>>,
    }

    fn office() -> Office {
        let store = Arc::new(MemoryStore::default());
        let described = Described {
            parameter: Parameter::Depth,
            interval_s: 60,
        };
        let gauges = [("lg-1".parse().expect("id"), described)];
        let clock = Clock::Real;
        let ledger = Ledger::new(
            Admitter::new(gauges, 1.0, 30),
            clock.mode(),
            [],
            Counts::default(),
            0,
        );
        let (world, arrivals) = mpsc::channel(16);
        let authorities = Authorities::fixed(Authority::new(BTreeMap::new(), true));
        let (downlink, sent) = Downlink::new(authorities.clone());
        let committer = Committer {
            store: store.clone(),
            clock,
            stages: Arc::default(),
            world,
            downlink,
            ledger,
            book: Book::default(),
            authorities,
            began: Instant::now(),
        };
        let (handle, inbox) = Committer::door();
        Office {
            handle,
            store,
            world: arrivals,
            downlink: sent,
            end: std::thread::spawn(move || committer.run(inbox)),
        }
    }

    #[tokio::test]
    async fn a_message_is_in_the_store_when_it_is_acknowledged_and_the_world_hears_of_it() {
        let mut office = office();
        let (tell, told) = blocking::channel();
        let store = office.store.clone();
        let inbound = Inbound {
            channel: "flood/v1/in/bureau".to_owned(),
            claim: Ok(Claim::Intake("bureau".parse().expect("id"))),
            payload: br#"[{"n":"lg-1/depth","v":0.3}]"#.as_slice().into(),
            receipt: Box::new(move |receipt| {
                let kept = store.newest(&"lg-1".parse().expect("id"), Parameter::Depth);
                let kept = kept.expect("read").is_some();
                tell.send((receipt, kept)).expect("somebody waits");
            }),
        };
        assert!(office.handle.message(inbound).await);
        let group = office.world.recv().await.expect("arrivals");
        assert!(matches!(
            group.first().map(|a| &a.input),
            Some(Input::Observed(observations)) if observations.len() == 1
        ));
        assert_eq!(told.recv(), Ok((Receipt::Done, true)));
    }

    #[tokio::test]
    async fn inputs_are_durable_when_they_are_answered_and_ticks_need_no_answer() {
        let mut office = office();
        let counted = Input::Counted(vec![1]);
        assert_eq!(office.handle.input(counted.clone()).await, Receipt::Done);
        assert!(office.store.last_arrival().expect("read") >= 1);
        office.store.crash();
        assert!(office.store.last_arrival().expect("read") >= 1);
        assert!(office.handle.tick().await);
        let mut inputs = Vec::new();
        while !inputs.contains(&Input::Tick) {
            let group = office.world.recv().await.expect("arrivals");
            inputs.extend(group.into_iter().map(|a| a.input));
        }
        assert_eq!(inputs.first(), Some(&counted));
    }

    #[tokio::test]
    async fn an_agent_is_acknowledged_after_the_commit_and_the_end_writes_what_waits() {
        let Office {
            handle,
            store,
            world,
            mut downlink,
            end,
        } = office();
        let envelope = shared::wire::Envelope {
            agent: "gw-01".parse().expect("id"),
            incarnation: 1,
            seq: 1,
            oldest: 1,
            sent_at: Clock::Real.now(),
            mode: Clock::Real.mode(),
            backfill: false,
            observations: Vec::new(),
        };
        let inbound = Inbound {
            channel: "a line".to_owned(),
            claim: Ok(Claim::Batch {
                agent: envelope.agent.clone(),
                form: crate::ingest::Form::Binary,
            }),
            payload: envelope.encode().into(),
            receipt: Box::new(|_| {}),
        };
        assert!(handle.message(inbound).await);
        drop(handle);
        let ack = downlink.recv().await.expect("an acknowledgement");
        assert_eq!(ack.topic, Topic::Ack(envelope.agent));
        assert_eq!(store.cursors().expect("read").len(), 1);
        drop(world);
        let ended = tokio::task::spawn_blocking(|| end.join()).await;
        assert!(matches!(ended, Ok(Ok(Ok(())))));
    }
}
