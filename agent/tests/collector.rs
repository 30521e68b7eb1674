//! Readings become durable together, once per window; and what happens when the spool cannot.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    time::Duration,
};

use agent::{
    collector::{self, CollectorSetup},
    config::{GaugeSpec, SpoolConfig, WhenFull},
    health::Health,
    kept::KeptFile,
    pulse::Pulse,
    quality::QualityStage,
    source::{Answer, Delivery, Outcome, Reading, Receipt, Stamp},
    spool::{
        Spool,
        draft::{Draft, Drafter},
        keeper::{Keeper, StoredBatch},
        memory::MemoryEngine,
        seqs::SeqSet,
    },
    timekeeper::{ClockFloors, Moment, Timekeeper},
};
use shared::{
    clock::Clock, gauge::Parameter, observation::Observation, quality::Limits, value::Value,
};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

const PATIENCE: Duration = Duration::from_secs(20);

struct RunningCollector {
    deliver: mpsc::Sender<Delivery>,
    stored: mpsc::Receiver<StoredBatch>,
    receipts: mpsc::UnboundedReceiver<Answer>,
    durable: mpsc::UnboundedSender<Answer>,
    keeper: Keeper,
    health: Arc<Health>,
    disk: MemoryEngine,
    running: Mutex<Option<JoinHandle<()>>>,
    data_dir: TempDir,
}

impl RunningCollector {
    fn start(hold_limit: u64, when_full: WhenFull) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), hold_limit, when_full)
    }

    fn start_in(data_dir: TempDir, hold_limit: u64, when_full: WhenFull) -> Self {
        let health = Arc::new(Health::new("gw-01".parse().unwrap(), Clock::Real, vec![]));
        let pulse = Pulse::default();
        let disk = MemoryEngine::default();
        let config = SpoolConfig {
            max_bytes: hold_limit,
            when_full,
        };
        let random = fastrand::Rng::new();
        let spool = Spool::open(Box::new(disk.clone()), config, random).unwrap();
        let (keeper, _) = Keeper::start(spool, Clock::Real, pulse.beat("spool", PATIENCE)).unwrap();
        let (deliver, deliveries) = mpsc::channel(256);
        let (announce, stored) = mpsc::channel(256);
        let (durable, receipts) = mpsc::unbounded_channel();
        let gauge = |k: usize| GaugeSpec {
            id: format!("lg-{k:04}").parse().unwrap(),
            parameter: Parameter::Depth,
            interval: Duration::from_secs(60),
            limits: Limits::default(),
            total: None,
        };
        let (draft, left) = Drafter::open(
            data_dir.path(),
            Arc::clone(&health.counters),
            Arc::clone(&health.faults),
        );
        let setup = CollectorSetup {
            quality: QualityStage::new(&(0..100).map(gauge).collect::<Vec<_>>()),
            timekeeper: Arc::new(Timekeeper::new(
                Clock::Real,
                ClockFloors::of_this_build(None, false),
            )),
            window: Duration::from_millis(50),
            when_full,
            keeper: keeper.clone(),
            draft,
            left,
            totals: KeptFile::open(data_dir.path(), "totals"),
            health: Arc::clone(&health),
            beat: pulse.beat("collector", PATIENCE),
            deliveries,
            stored: announce,
        };
        let running = tokio::spawn(async move { collector::run(setup).await.unwrap() });
        let running = Mutex::new(Some(running));
        Self {
            deliver,
            stored,
            receipts,
            durable,
            keeper,
            health,
            disk,
            running,
            data_dir,
        }
    }

    /// A reading that a local broker repeats until it is confirmed.
    async fn reading(&self, gauge: usize, milli: i64) {
        let receipt = Receipt::new(gauge as u64, self.durable.clone());
        self.give(gauge, milli, Some(receipt)).await;
    }

    /// A reading that nobody repeats.
    async fn polled(&self, gauge: usize, milli: i64) {
        self.give(gauge, milli, None).await;
    }

    async fn give(&self, gauge: usize, milli: i64, receipt: Option<Receipt>) {
        let reading = Reading {
            gauge: format!("lg-{gauge:04}").parse().unwrap(),
            at: Clock::Real.now(),
            stamp: Stamp::Gateway,
            outcome: Outcome::Number(Value::from_milli(milli)),
        };
        let delivery = Delivery {
            readings: vec![reading],
            moment: Moment::now(),
            receipt,
        };
        self.deliver.send(delivery).await.unwrap();
    }

    async fn next_stored(&mut self) -> StoredBatch {
        timeout(PATIENCE, self.stored.recv())
            .await
            .unwrap()
            .unwrap()
    }

    async fn next_receipt(&mut self) -> u64 {
        let answer = timeout(PATIENCE, self.receipts.recv()).await.unwrap();
        let Some(Answer::Durable(token)) = answer else {
            panic!("not durable: {answer:?}");
        };
        token
    }

    /// The sources end, and then the collector.
    async fn end(self) -> (TempDir, Keeper, Arc<Health>) {
        drop(self.deliver);
        let running = self.running.lock().unwrap().take().unwrap();
        timeout(PATIENCE, running).await.unwrap().unwrap();
        (self.data_dir, self.keeper, self.health)
    }

    async fn release_through(&self, through: u64) {
        self.keeper
            .release(SeqSet::from_iter([1..=through]))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_window_of_many_readings_is_one_batch_and_one_sync_and_then_the_receipts_come() {
    let mut collector = RunningCollector::start(1_000_000, WhenFull::DropOldest);
    for gauge in 0..100 {
        collector.reading(gauge, 5).await;
    }
    let mut gauges = collector.next_stored().await.gauges.len();
    for _ in 0..100 {
        collector.next_receipt().await;
    }
    while let Ok(batch) = collector.stored.try_recv() {
        gauges += batch.gauges.len();
    }
    assert_eq!(gauges, 100);
    let syncs = collector.disk.syncs();
    assert!(syncs <= 4, "{syncs} syncs for readings that came together");
}

#[tokio::test]
async fn when_the_spool_is_full_stop_reading_waits_for_the_aggregator_and_drops_nothing() {
    let mut collector = RunningCollector::start(200, WhenFull::StopReading);
    collector.reading(1, 1).await;
    let first = collector.next_stored().await.seq;
    collector.next_receipt().await;
    collector.reading(2, 2).await;
    let second = collector.next_stored().await.seq;
    collector.next_receipt().await;
    collector.reading(3, 3).await;
    assert!(
        timeout(Duration::from_millis(300), collector.receipts.recv())
            .await
            .is_err(),
        "a reading that is not durable must not be confirmed"
    );
    collector.release_through(first).await;
    assert_eq!(collector.next_receipt().await, 3);
    assert_eq!(
        (first, second, collector.next_stored().await.seq),
        (1, 2, 3)
    );
    assert_eq!(
        collector.health.counters.dropped_observations.load(SeqCst),
        0
    );
}

#[tokio::test]
async fn when_the_spool_is_full_drop_oldest_goes_on_and_counts() {
    let mut collector = RunningCollector::start(200, WhenFull::DropOldest);
    for gauge in 1..=4 {
        collector.reading(gauge, 1).await;
        collector.next_receipt().await;
    }
    assert_eq!(collector.keeper.held().usage.newest, 4);
    assert_eq!(
        collector.health.counters.dropped_observations.load(SeqCst),
        2
    );
}

#[tokio::test]
async fn while_the_medium_takes_nothing_readings_flow_and_receipts_come_when_they_are_durable() {
    let mut collector = RunningCollector::start(1_000_000, WhenFull::DropOldest);
    collector.disk.set_broken(true);
    collector.reading(1, 1).await;
    let first = collector.next_stored().await.seq;
    let batch = collector.keeper.read(first).await.unwrap().unwrap();
    assert_eq!(batch.len(), 1, "it can be sent");
    let present = collector.health.faults.present();
    let kinds: Vec<_> = present.iter().map(|fault| &*fault.kind).collect();
    assert_eq!(kinds, ["spool-in-memory"]);
    collector.reading(2, 2).await;
    collector.next_stored().await;
    assert!(
        timeout(Duration::from_millis(300), collector.receipts.recv())
            .await
            .is_err(),
        "nothing of it is durable"
    );
    collector.disk.set_broken(false);
    collector.reading(3, 3).await;
    let mut confirmed = Vec::new();
    for _ in 0..3 {
        confirmed.push(collector.next_receipt().await);
    }
    assert_eq!(confirmed, [1, 2, 3]);
    assert_eq!(collector.health.faults.present(), []);
    assert_eq!(collector.keeper.held().usage.batches, 3);
}

#[tokio::test]
async fn what_the_aggregator_has_is_confirmed_though_it_was_never_durable_here() {
    let mut collector = RunningCollector::start(1_000_000, WhenFull::DropOldest);
    collector.disk.set_broken(true);
    collector.reading(1, 1).await;
    let first = collector.next_stored().await.seq;
    collector.release_through(first).await;
    assert_eq!(collector.next_receipt().await, 1);
}

#[tokio::test]
async fn when_every_source_has_ended_what_they_gave_is_durable() {
    let collector = RunningCollector::start(1_000_000, WhenFull::DropOldest);
    collector.reading(1, 1).await;
    let (_, keeper, _) = collector.end().await;
    assert_eq!(keeper.held().usage.batches, 1);
}

fn left_in(data_dir: &TempDir) -> Vec<Value> {
    values(&Draft::open(data_dir.path()).unwrap().1)
}

/// Sorted: which of the two files of a draft is the older cannot be seen.
fn values(observations: &[Observation]) -> Vec<Value> {
    let mut values: Vec<_> = observations.iter().filter_map(|o| o.value).collect();
    values.sort_unstable();
    values
}

#[tokio::test]
async fn what_is_durable_is_in_the_draft_no_more() {
    let mut collector = RunningCollector::start(1_000_000, WhenFull::DropOldest);
    collector.polled(1, 1).await;
    collector.next_stored().await;
    collector.polled(2, 2).await;
    let (data_dir, keeper, _) = collector.end().await;
    assert_eq!(keeper.held().usage.batches, 2);
    assert_eq!(left_in(&data_dir), []);
}

/// A broker's repetition could not be told from it if the message has no time of its own.
#[tokio::test]
async fn when_the_spool_takes_nothing_until_the_end_the_draft_keeps_what_no_broker_repeats() {
    let mut collector = RunningCollector::start(200, WhenFull::StopReading);
    for gauge in [1, 2] {
        collector.polled(gauge, 1).await;
        collector.next_stored().await;
    }
    for milli in 3..30 {
        collector.polled(3, milli).await;
    }
    collector.reading(4, 4).await;
    let (data_dir, _, health) = collector.end().await;
    let polled: Vec<_> = (3..30).map(Value::from_milli).collect();
    assert_eq!(left_in(&data_dir), polled);
    assert_eq!(health.counters.dropped_observations.load(SeqCst), 0);

    let mut collector = RunningCollector::start_in(data_dir, 1_000_000, WhenFull::StopReading);
    let first = collector.next_stored().await.seq;
    let batch = collector.keeper.read(first).await.unwrap().unwrap();
    assert_eq!(values(&batch), polled);
    let (data_dir, _, _) = collector.end().await;
    assert_eq!(left_in(&data_dir), []);
}

#[tokio::test]
async fn readings_go_on_and_are_counted_where_there_can_be_no_draft() {
    let data_dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(data_dir.path().join("draft-a")).unwrap();
    let mut collector = RunningCollector::start_in(data_dir, 1_000_000, WhenFull::DropOldest);
    collector.polled(1, 1).await;
    assert_eq!(collector.next_stored().await.gauges.len(), 1);
    assert_eq!(
        collector
            .health
            .counters
            .undrafted_observations
            .load(SeqCst),
        1
    );
}
