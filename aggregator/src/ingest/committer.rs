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
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use super::{
    Book, Claim, Downlink, DownlinkMessage, Inbound, Message, Receipt, Undecoded, decode,
    group::{Group, Ledger, News, Taken},
    handle::{self, CommitterHandle, Inbox, Work},
};
use crate::{
    authority::{Authorities, Disowning, Renewals, Role},
    counters::Counter,
    metrics::{Stage, Stages, Stopwatch},
    store::{Commit, Store, StoreError},
    world::{Arrival, Input},
};

/// Most messages in one group: bounds how long the first of them waits.
const GROUP: usize = 1_024;

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
    pub disowning: Disowning,
    /// Where it is told until when agents' certificates hold.
    pub renewals: Renewals,
    /// By a clock that nobody sets.
    pub began: Instant,
}

impl Committer {
    /// Where to bring work, and where the committer takes it from.
    #[must_use]
    pub fn door() -> (CommitterHandle, Inbox) {
        handle::door()
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
            self.book.close(&mut group, real_now(), !goes_on);
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
                Work::Desk(write, arrival, receipt) => {
                    let is_kept = self.book.write(group, write, arrival, real_now());
                    let outcome = if is_kept {
                        Receipt::Done
                    } else {
                        Receipt::Unkept
                    };
                    group.receipts.push((receipt, outcome));
                }
                Work::Input(input, deed, receipt) => {
                    if input == Input::Tick && result.is_ok() {
                        result = self.disown(group).and_then(|()| self.pass_time(group));
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

    /// Says whose word nobody answers for any more, before time passes.
    fn disown(&mut self, group: &mut Group) -> Result<(), StoreError> {
        let Some(names) = self.disowning.look(self.authorities.now()) else {
            return Ok(());
        };
        group.desk.push(self.disowning.record());
        let now = self.clock.now();
        self.ledger.disown(group, &*self.store, names, now)
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
        let mut message = claim.and_then(|claim| {
            let payload = self.believed(claim, taken.payload)?;
            decode(claim, payload, taken.at)
        });
        if let Ok(Message::Health(health)) = &mut message
            && let Some(until) = health.certificate_until.take()
        {
            self.renewals.told(&health.agent, until);
        }
        watch.lap(Stage::Decode);
        self.ledger.message(group, &*self.store, message, taken)
    }

    /// The payload of a message that is of whom it says.
    fn believed<'a>(&self, claim: &Claim, payload: &'a [u8]) -> Result<&'a [u8], Undecoded> {
        let authority = self.authorities.now();
        if let Claim::Gone(agent) = claim {
            let enrolled = authority.enrolled().get(agent.as_str());
            return match enrolled.filter(|e| e.role != Role::Agent) {
                None => Ok(unsealed(payload)),
                Some(other) => Err(Undecoded {
                    counter: Counter::Forged,
                    detail: format!("a {} is no agent that could be gone", other.role),
                }),
            };
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
        self.disowning.committed();
        let has_news = !commit.arrivals.is_empty();
        if has_news && self.world.blocking_send(commit.arrivals).is_err() {
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
        self.disowning.failed();
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
    use std::{ops::ControlFlow, sync::mpsc as blocking};

    use shared::{gauge::Parameter, time::Timestamp, wire::seal::Key};

    use super::*;
    use crate::{
        audit::{Deed, What},
        authority::{Authority, Enrolled},
        counters::Counts,
        ingest::{Admitter, Described, DeskWrite},
        principal::Principal,
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
        let enrolled = |(name, revoked_at): (&str, Option<Timestamp>)| {
            let one = Enrolled {
                role: Role::Agent,
                key: Key::new([7; 32]),
                public_key: None,
                enrolled_at: Timestamp::from_millis(0),
                revoked_at,
            };
            (name.to_owned(), one)
        };
        let gone = Some(Timestamp::from_millis(1));
        let all = [("gw-08", gone), ("gw-09", None)].map(enrolled);
        let authorities = Authorities::fixed(Authority::new(all.into(), true));
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
            disowning: Disowning::default(),
            renewals: Renewals::new().0,
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
        let log = office.store.end_of_deeds().expect("read");
        assert_eq!(log.last, 0, "readings are nobody's deeds");
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
        inputs.retain(|input| !matches!(input, Input::Counted(_)));
        let disowned = Input::Disowned(vec!["gw-08".to_owned()]);
        assert_eq!(inputs, [disowned, Input::Tick], "before time passes");
    }

    fn deed(what: What) -> Deed {
        Deed {
            by: Principal::Anonymous,
            from: Some("10.0.0.9".parse().expect("an address")),
            what,
            subject: "wang-li".to_owned(),
            before: None,
            after: None,
        }
    }

    fn deeds(store: &MemoryStore) -> Vec<(String, Option<u64>)> {
        let mut found = Vec::new();
        let visited = store.deeds(0, &mut |entry| {
            let said = entry.said().expect("a line");
            found.push((said.what, said.arrival));
            ControlFlow::Continue(())
        });
        visited.expect("read");
        found
    }

    #[tokio::test]
    async fn a_deed_is_durable_with_its_change_or_its_arrival_and_what_anybody_does_is_summed() {
        let office = office();
        let key = "account/wang-li".to_owned();
        let write = DeskWrite {
            changes: vec![(key.clone(), Some(b"viewer".to_vec()))],
            deed: Some(deed(What::AccountMade)),
        };
        assert_eq!(office.handle.desk(write).await, Receipt::Done);
        office.store.crash();
        let kept = office.store.desk("account/").expect("read");
        assert_eq!(kept, [(key, b"viewer".to_vec())]);
        let request = office
            .handle
            .input_by(Input::Counted(vec![1]), deed(What::RecallAsked));
        assert_eq!(request.await, Receipt::Done);
        assert_eq!(
            office.handle.outcome(deed(What::RequestRefused), 1).await,
            Receipt::Done
        );
        for changes in [vec![(String::new(), None)], vec![("a\0".to_owned(), None)]] {
            let deed = Some(deed(What::AccountMade));
            let unfit = office.handle.desk(DeskWrite { changes, deed }).await;
            assert_eq!(unfit, Receipt::Unkept);
        }
        for _ in 0..20 {
            let refused = DeskWrite::only(deed(What::LogInRefused));
            assert_eq!(office.handle.desk(refused).await, Receipt::Done);
        }
        office.handle.end().await;
        let ended = tokio::task::spawn_blocking(|| office.end.join()).await;
        assert!(matches!(ended, Ok(Ok(Ok(())))));
        let found = deeds(&office.store);
        let expected = [
            ("account-made", None),
            ("recall-asked", Some(1)),
            ("request-refused", Some(1)),
        ];
        let expected = expected.map(|(what, arrival)| (what.to_owned(), arrival));
        assert_eq!(found[..3], expected);
        assert_eq!(found.len(), 3 + 5 + 1, "{found:?}");
        assert_eq!(
            found.last().map(|(what, _)| what.as_str()),
            Some("repeated")
        );
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
