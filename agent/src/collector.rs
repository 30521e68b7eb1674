//! Gathers readings from all sources, flags them, and has them made durable together. Shell.
//!
//! One batch per window: the first reading opens it, `batch_seconds` later it is appended and
//! synced once, whatever the number of gauges. Only then are receipts confirmed and the uplink
//! told. Readings are taken all the time, also while a batch waits for the disk.
//!
//! What is taken in goes to the [draft](crate::spool::draft) at once, so that the death of the
//! process loses nothing that was taken: what it leaves there is the first batch of the next one.
//! A delivery with a receipt is not drafted, because its broker repeats what was not confirmed;
//! drafted too, a message without a time of its own would count twice, with two times of reception.
//! A power cut may lose what is not in the spool: the open batch and the one being written, and of
//! those only what no local broker keeps.
//!
//! *A medium that takes nothing stops nothing.* The spool then keeps batches in memory and the
//! uplink sends them as ever; their receipts wait until they are durable here or at the aggregator.

use std::{collections::BTreeSet, pin::pin, sync::Arc, time::Duration};

use shared::{error::chain, ids::GaugeId, limits::MAX_BATCH, observation::Observation};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    config::WhenFull,
    counters::count,
    faults::FaultKind,
    health::Health,
    kept::{KeptFile, Totals},
    pulse::Beat,
    quality::{GatewayTime, QualityStage, own_time},
    source::{Delivery, Outcome, Reading, Receipt, Stamp},
    spool::{
        SpoolError,
        draft::Drafter,
        keeper::{Keeper, KeeperError, Stored, StoredBatch},
    },
    timekeeper::Timekeeper,
};

/// The pause before a medium that took nothing is tried again, where no reading does so earlier.
const RETRY: Duration = Duration::from_secs(5);
/// How often it is looked whether every source has ended while the spool is full.
const LOOK: Duration = Duration::from_millis(100);

/// What the collector is given.
pub struct CollectorSetup {
    pub quality: QualityStage,
    pub timekeeper: Arc<Timekeeper>,
    pub window: Duration,
    pub when_full: WhenFull,
    pub keeper: Keeper,
    pub draft: Drafter,
    /// What an earlier process left in the draft.
    pub left: Vec<Observation>,
    pub totals: (KeptFile<Totals>, Totals),
    pub health: Arc<Health>,
    pub beat: Arc<Beat>,
    /// Ends when every source has ended.
    pub deliveries: mpsc::Receiver<Delivery>,
    pub stored: mpsc::Sender<StoredBatch>,
}

/// Runs until every source has ended and what they gave is durable.
///
/// # Errors
/// The spool's thread has ended.
pub async fn run(mut setup: CollectorSetup) -> Result<(), KeeperError> {
    setup.quality.restore_totals(&setup.totals.1);
    let left = Pending {
        observations: std::mem::take(&mut setup.left),
        ..Pending::default()
    };
    let collector = Collector {
        given: setup,
        open: Pending::default(),
        is_ended: false,
        unconfirmed: Vec::new(),
    };
    collector.run(left).await
}

struct Collector {
    given: CollectorSetup,
    open: Pending,
    /// Every source has ended and nothing of theirs waits.
    is_ended: bool,
    unconfirmed: Vec<Unconfirmed>,
}

/// A receipt whose batches are in the spool and not durable yet.
struct Unconfirmed {
    first: u64,
    last: u64,
    receipt: Receipt,
}

/// A batch that is not durable yet.
#[derive(Default)]
struct Pending {
    /// When its first delivery came.
    opened: Option<Instant>,
    observations: Vec<Observation>,
    receipts: Vec<Receipt>,
    /// Observations that neither the draft nor a local broker keeps.
    undrafted: usize,
}

impl Collector {
    async fn run(mut self, left: Pending) -> Result<(), KeeperError> {
        let mut goes_on = self.store(left).await?;
        while goes_on && self.gather().await? {
            let sealed = std::mem::take(&mut self.open);
            self.given.draft.seal();
            goes_on = self.store(sealed).await?;
        }
        self.given.beat.rest();
        Ok(())
    }

    /// Takes what comes until the window of the open batch closes or the batch is full. False when
    /// there is none and no more will come.
    async fn gather(&mut self) -> Result<bool, KeeperError> {
        self.given.beat.rest();
        if self.open.opened.is_none() {
            let Some(delivery) = self.next().await? else {
                return Ok(false);
            };
            self.given.beat.mark();
            self.take(delivery).await;
        }
        self.given.beat.mark();
        let closes = self.open.opened.unwrap_or_else(Instant::now) + self.given.window;
        while self.open.observations.len() < MAX_BATCH {
            match timeout_at(closes, self.given.deliveries.recv()).await {
                Ok(Some(delivery)) => self.take(delivery).await,
                Ok(None) | Err(_) => break,
            }
        }
        Ok(true)
    }

    /// The next delivery; meanwhile batches that are not durable are looked after.
    async fn next(&mut self) -> Result<Option<Delivery>, KeeperError> {
        let mut held = self.given.keeper.watch();
        loop {
            let is_waiting = held.borrow_and_update().usage.waiting.is_some();
            self.confirm();
            tokio::select! {
                biased;
                delivery = self.given.deliveries.recv() => return Ok(delivery),
                changed = held.changed(), if !self.unconfirmed.is_empty() => {
                    changed.map_err(|_| KeeperError::Gone)?;
                }
                () = sleep(RETRY), if is_waiting => {
                    let refusal = self.given.keeper.commit().await?;
                    self.settled(refusal.as_deref()).await;
                }
            }
        }
    }

    /// Waits for `done`, and goes on taking readings while the open batch has fewer than `room`.
    async fn meanwhile<T>(&mut self, room: usize, done: impl Future<Output = T>) -> T {
        let mut done = pin!(done);
        loop {
            let may_take = !self.is_ended && self.open.observations.len() < room;
            tokio::select! {
                biased;
                done = &mut done => return done,
                delivery = self.given.deliveries.recv(), if may_take => match delivery {
                    Some(delivery) => self.take(delivery).await,
                    None => self.is_ended = true,
                }
            }
        }
    }

    async fn take(&mut self, mut delivery: Delivery) {
        let set_ms = self.given.timekeeper.set_since(delivery.moment);
        delivery.clock_was_set(set_ms);
        let clock = self.look_at_clock();
        self.look_at_times(&delivery.readings, clock);
        let quality = &mut self.given.quality;
        let assess = |reading| quality.assess(reading, clock);
        let taken: Vec<_> = delivery.readings.iter().filter_map(assess).collect();
        self.given.health.set_silent(quality.silent());
        let is_repeated = delivery.receipt.is_some();
        if !is_repeated && !taken.is_empty() && !self.given.draft.add(&taken).await {
            self.open.undrafted += taken.len();
        }
        self.open.opened.get_or_insert_with(Instant::now);
        self.open.observations.extend(taken);
        self.open.receipts.extend(delivery.receipt);
    }

    /// What is thought of the gateway's clock now, told where it is in doubt.
    fn look_at_clock(&mut self) -> GatewayTime {
        let judged = self.given.timekeeper.judge();
        if let Some(step_ms) = self.given.timekeeper.take_step() {
            tracing::info!(step_ms, now = %judged.wall, "the clock was set");
            self.given.quality.forget_history();
        }
        let cause = judged.doubt.as_deref().or(judged.remark);
        self.given.health.faults.set(FaultKind::Clock, "", cause);
        GatewayTime {
            wall: judged.wall,
            now: judged.now,
            is_doubted: judged.doubt.is_some(),
        }
    }

    /// Tells whose own times are in doubt.
    fn look_at_times(&self, readings: &[Reading], clock: GatewayTime) {
        let own = readings.iter().filter(|r| r.stamp == Stamp::Own);
        for reading in own.filter(|r| r.outcome != Outcome::Failed) {
            let (_, doubt) = own_time(reading.at, clock);
            let faults = &self.given.health.faults;
            faults.set(FaultKind::GaugeClock, reading.gauge.as_str(), doubt);
        }
    }

    /// Returns when the sealed batch is in the spool, or false when everything pending was given up.
    async fn store(&mut self, mut sealed: Pending) -> Result<bool, KeeperError> {
        let (mut first, mut last, mut refusal) = (u64::MAX, 0, None);
        while !sealed.observations.is_empty() {
            self.given.beat.mark();
            let chunks = sealed.observations.chunks(MAX_BATCH);
            let batches: Vec<_> = chunks.map(<[_]>::to_vec).collect();
            let keeper = self.given.keeper.clone();
            let append = keeper.append(batches.clone());
            let stored = match self.meanwhile(MAX_BATCH, append).await {
                Err(KeeperError::Spool(error)) => {
                    self.unusable(&sealed, &error);
                    return Ok(true);
                }
                stored => stored?,
            };
            let is_whole = stored.seqs.len() == batches.len();
            let taken: usize = batches.iter().take(stored.seqs.len()).map(Vec::len).sum();
            sealed.observations.drain(..taken);
            first = stored.seqs.first().map_or(first, |seq| first.min(*seq));
            last = stored.seqs.last().map_or(last, |seq| last.max(*seq));
            self.announce(&stored, &batches);
            refusal = stored.refusal;
            if !is_whole && !self.wait_for_room().await? {
                self.give_up(&sealed).await;
                return Ok(false);
            }
        }
        let receipts = sealed.receipts.drain(..);
        self.unconfirmed.extend(receipts.map(|receipt| Unconfirmed {
            first,
            last,
            receipt,
        }));
        self.settled(refusal.as_deref()).await;
        Ok(true)
    }

    /// The spool was written, or was not: passes on what follows from that.
    async fn settled(&mut self, refusal: Option<&str>) {
        let faults = &self.given.health.faults;
        faults.set(FaultKind::SpoolInMemory, "", refusal);
        self.confirm();
        if refusal.is_none() {
            self.given.draft.clear().await;
            let totals = self.given.quality.totals();
            self.given.totals.0.save(totals).await;
        }
    }

    /// Confirms what is durable here or at the aggregator.
    fn confirm(&mut self) {
        let waiting = self.given.keeper.held().usage.waiting;
        let is_safe = |one: &mut Unconfirmed| waiting.is_none_or(|waiting| one.last < waiting);
        for safe in self.unconfirmed.extract_if(.., is_safe) {
            safe.receipt.confirm();
        }
    }

    /// No reading is known that cannot be encoded; one that is must not stop the others.
    fn unusable(&self, sealed: &Pending, error: &SpoolError) {
        let observations = sealed.observations.len();
        let dropped = &self.given.health.counters.dropped_observations;
        count(dropped, observations as u64);
        tracing::error!(error = chain(error), observations, "a batch was given up");
    }

    fn announce(&mut self, stored: &Stored, batches: &[Vec<Observation>]) {
        let dropped = stored.dropped;
        let health = &self.given.health;
        count(&health.counters.dropped_observations, dropped.observations);
        let is_dropping = (dropped.batches > 0).then_some("the oldest batches are dropped");
        health.faults.set(FaultKind::SpoolFull, "", is_dropping);
        // Unanswered, these make their sources have the brokers repeat what was dropped.
        self.unconfirmed
            .retain(|one| one.first > dropped.never_durable);
        let oldest = self.given.keeper.held().usage.oldest;
        for (seq, batch) in stored.seqs.iter().zip(batches) {
            count(&self.given.health.counters.observations, batch.len() as u64);
            let gauges: BTreeSet<GaugeId> = batch.iter().map(|o| o.gauge.clone()).collect();
            let batch = StoredBatch {
                seq: *seq,
                oldest,
                gauges: gauges.into_iter().collect(),
            };
            // The uplink finds batches that it was not told of by the gap before the next one.
            if let Err(error) = self.given.stored.try_send(batch) {
                tracing::debug!(%error, "the uplink is busy");
            }
        }
    }

    /// `stop-reading`: once the open batch is full too, no reading is taken until the aggregator has
    /// released something. False when the agent stops first.
    async fn wait_for_room(&mut self) -> Result<bool, KeeperError> {
        let faults = Arc::clone(&self.given.health.faults);
        let cause = "reading stops until the aggregator has taken something";
        faults.begin(FaultKind::SpoolFull, "", cause);
        self.given.beat.rest();
        let mut held = self.given.keeper.watch();
        let bytes = held.borrow_and_update().usage.bytes;
        while self.given.deliveries.sender_strong_count() > 0 {
            // What is held stays borrowed as long as the answer lives.
            let room = async { held.wait_for(|h| h.usage.bytes < bytes).await.map(drop) };
            match self.meanwhile(MAX_BATCH, timeout(LOOK, room)).await {
                Ok(Ok(())) => return Ok(true),
                Ok(Err(_)) => return Err(KeeperError::Gone),
                Err(_) => {}
            }
        }
        Ok(false)
    }

    /// Every source has ended and the spool takes nothing: the next process finds the draft, and
    /// local brokers will repeat what they have.
    async fn give_up(&mut self, sealed: &Pending) {
        while let Some(delivery) = self.given.deliveries.recv().await {
            self.take(delivery).await;
        }
        let waiting = sealed.observations.len() + self.open.observations.len();
        let lost = waiting.min(sealed.undrafted + self.open.undrafted);
        let dropped = &self.given.health.counters.dropped_observations;
        count(dropped, lost as u64);
        tracing::error!(waiting, lost, "stopping while the spool takes nothing");
    }
}
