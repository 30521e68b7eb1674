//! Gathers readings from all sources, flags them, and has them made durable together. Shell.
//!
//! One batch per window: the first reading opens it, `batch_seconds` later it is appended and
//! synced once, whatever the number of gauges. Only then are receipts confirmed and the uplink
//! told. A crash loses at most the readings of the open window, and of those only what no local
//! broker keeps.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use shared::{clock::Clock, ids::GaugeId, limits::MAX_BATCH, observation::Observation};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until, timeout_at},
};

use crate::{
    health::{Beat, Health, count},
    quality::QualityStage,
    source::{Delivery, Receipt},
    spool::{
        WhenFull,
        keeper::{Keeper, KeeperError, Stored},
    },
    uplink::mqtt::StoredBatch,
};

/// Observations that are kept in memory while the spool cannot be written.
const HOLD: usize = 10_000;
/// The pause before a failed spool is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How often a failed spool is tried again once every source has ended.
const LAST_TRIES: u32 = 2;
/// How often it is looked whether every source has ended while the spool is full.
const LOOK: Duration = Duration::from_millis(100);

/// What the collector is given.
pub struct Collector {
    pub quality: QualityStage,
    pub clock: Clock,
    pub window: Duration,
    pub when_full: WhenFull,
    pub keeper: Keeper,
    pub health: Arc<Health>,
    pub beat: Arc<Beat>,
    /// Ends when every source has ended.
    pub deliveries: mpsc::Receiver<Delivery>,
    pub stored: mpsc::Sender<StoredBatch>,
}

/// What waits for the end of the window.
#[derive(Default)]
struct Pending {
    observations: Vec<Observation>,
    receipts: Vec<Receipt>,
}

impl Collector {
    /// Runs until every source has ended and what they gave is durable.
    ///
    /// # Errors
    /// The spool's thread has ended.
    pub async fn run(mut self) -> Result<(), KeeperError> {
        let mut pending = Pending::default();
        loop {
            self.beat.rest();
            let Some(delivery) = self.deliveries.recv().await else {
                break;
            };
            self.beat.mark();
            self.take(delivery, &mut pending);
            let more = self.gather(&mut pending).await;
            self.store(&mut pending).await?;
            if !more {
                break;
            }
        }
        self.beat.rest();
        Ok(())
    }

    /// Takes what comes until the window closes; false when no more will come.
    async fn gather(&mut self, pending: &mut Pending) -> bool {
        let closes = Instant::now() + self.window;
        while pending.observations.len() < MAX_BATCH {
            match timeout_at(closes, self.deliveries.recv()).await {
                Ok(Some(delivery)) => self.take(delivery, pending),
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
        true
    }

    fn take(&mut self, delivery: Delivery, pending: &mut Pending) {
        let now = self.clock.now();
        for reading in &delivery.readings {
            pending
                .observations
                .extend(self.quality.assess(reading, now));
        }
        pending.receipts.extend(delivery.receipt);
        self.health.set_silent(self.quality.silent());
    }

    /// Returns when everything pending is durable, or is known to be lost.
    async fn store(&mut self, pending: &mut Pending) -> Result<(), KeeperError> {
        let (mut failing, mut last_tries) = (false, 0);
        while !pending.observations.is_empty() {
            self.beat.mark();
            let batches: Vec<_> = pending
                .observations
                .chunks(MAX_BATCH)
                .map(<[_]>::to_vec)
                .collect();
            match self.keeper.append(batches.clone()).await {
                Ok(stored) => {
                    let whole = stored.seqs.len() == batches.len();
                    let taken: usize = batches.iter().take(stored.seqs.len()).map(Vec::len).sum();
                    pending.observations.drain(..taken);
                    self.announce(&stored, &batches);
                    if !whole && !self.wait_for_room().await? {
                        self.lose(pending);
                        return Ok(());
                    }
                }
                Err(KeeperError::Gone) => return Err(KeeperError::Gone),
                Err(KeeperError::Spool(error)) => {
                    if !failing {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(
                            error,
                            "the spool cannot be written; readings are kept in memory"
                        );
                    }
                    failing = true;
                    last_tries += u32::from(!self.hold(pending).await);
                    if last_tries > LAST_TRIES {
                        self.lose(pending);
                        return Ok(());
                    }
                }
            }
        }
        pending.receipts.drain(..).for_each(Receipt::confirm);
        Ok(())
    }

    fn announce(&self, stored: &Stored, batches: &[Vec<Observation>]) {
        let dropped = stored.dropped.observations;
        if dropped > 0 {
            count(&self.health.counters.dropped_observations, dropped);
            tracing::warn!(
                observations = dropped,
                "the spool is full; the oldest were dropped"
            );
        }
        let oldest = self.keeper.held().usage.oldest;
        for (seq, batch) in stored.seqs.iter().zip(batches) {
            count(&self.health.counters.observations, batch.len() as u64);
            let gauges: BTreeSet<GaugeId> = batch.iter().map(|o| o.gauge.clone()).collect();
            let batch = StoredBatch {
                seq: *seq,
                oldest,
                gauges: gauges.into_iter().collect(),
            };
            // The uplink finds batches that it was not told of by the gap before the next one.
            if let Err(error) = self.stored.try_send(batch) {
                tracing::debug!(%error, "the uplink is busy");
            }
        }
    }

    /// `stop-reading`: no reading is taken until the aggregator has released something. False when
    /// the agent stops first.
    async fn wait_for_room(&mut self) -> Result<bool, KeeperError> {
        tracing::warn!("the spool is full; reading stops until the aggregator has taken something");
        self.beat.rest();
        let mut held = self.keeper.watch();
        let bytes = held.borrow_and_update().usage.bytes;
        while held.borrow_and_update().usage.bytes >= bytes {
            tokio::select! {
                changed = held.changed() => changed.map_err(|_| KeeperError::Gone)?,
                () = closed(&self.deliveries) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The spool failed: goes on taking readings for a while, the newest rather than the oldest.
    /// False when no more will come.
    async fn hold(&mut self, pending: &mut Pending) -> bool {
        let until = Instant::now() + RETRY;
        loop {
            tokio::select! {
                delivery = self.deliveries.recv() => match delivery {
                    Some(delivery) => self.take(delivery, pending),
                    None => {
                        sleep_until(until).await;
                        return false;
                    }
                },
                () = sleep_until(until) => break,
            }
        }
        let surplus = pending.observations.len().saturating_sub(HOLD);
        if surplus > 0 {
            pending.observations.drain(..surplus);
            // Which receipt belongs to what was dropped is not known: let the brokers repeat all.
            pending.receipts.clear();
            count(&self.health.counters.dropped_observations, surplus as u64);
        }
        true
    }

    /// The agent stops and the spool takes nothing: local brokers will repeat what they have.
    fn lose(&self, pending: &mut Pending) {
        let lost = std::mem::take(pending).observations.len();
        count(&self.health.counters.dropped_observations, lost as u64);
        tracing::error!(
            observations = lost,
            "stopping while the spool takes nothing"
        );
    }
}

/// Resolves when every source has ended.
async fn closed(deliveries: &mpsc::Receiver<Delivery>) {
    while deliveries.sender_strong_count() > 0 {
        sleep(LOOK).await;
    }
}
