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
    pulse::Pulse,
    quality::QualityStage,
    source::{Answer, Delivery, Outcome, Reading, Receipt},
    spool::{
        Spool,
        draft::{Draft, Drafter},
        keeper::{Keeper, StoredBatch},
        memory::MemoryEngine,
    },
};
use shared::{
    clock::Clock, gauge::Parameter, observation::Observation, quality::Limits, value::Value,
    wire::Ack,
};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

const PATIENCE: Duration = Duration::from_secs(20);

struct Bench {
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

impl Bench {
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
        let (keeper, _) = Keeper::start(spool, pulse.beat("spool", PATIENCE)).unwrap();
        let (deliver, deliveries) = mpsc::channel(256);
        let (announce, stored) = mpsc::channel(256);
        let (durable, receipts) = mpsc::unbounded_channel();
        let gauge = |k: usize| GaugeSpec {
            id: format!("lg-{k:04}").parse().unwrap(),
            parameter: Parameter::Depth,
            interval: Duration::from_secs(60),
            limits: Limits::default(),
        };
        let (draft, left) = Drafter::open(data_dir.path(), Arc::clone(&health.counters));
        let setup = CollectorSetup {
            quality: QualityStage::new(&(0..100).map(gauge).collect::<Vec<_>>()),
            clock: Clock::Real,
            window: Duration::from_millis(50),
            when_full,
            keeper: keeper.clone(),
            draft,
            left,
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
            outcome: Outcome::Number(Value::from_milli(milli)),
        };
        let delivery = Delivery {
            readings: vec![reading],
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
            .release(Ack {
                incarnation: self.keeper.held().incarnation,
                through,
                ranges: vec![],
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_window_of_many_readings_is_one_batch_and_one_sync_and_then_the_receipts_come() {
    let mut bench = Bench::start(1_000_000, WhenFull::DropOldest);
    for gauge in 0..100 {
        bench.reading(gauge, 5).await;
    }
    let mut gauges = bench.next_stored().await.gauges.len();
    for _ in 0..100 {
        bench.next_receipt().await;
    }
    while let Ok(batch) = bench.stored.try_recv() {
        gauges += batch.gauges.len();
    }
    assert_eq!(gauges, 100);
    let syncs = bench.disk.syncs();
    assert!(syncs <= 4, "{syncs} syncs for readings that came together");
}

#[tokio::test]
async fn when_the_spool_is_full_stop_reading_waits_for_the_aggregator_and_drops_nothing() {
    let mut bench = Bench::start(200, WhenFull::StopReading);
    bench.reading(1, 1).await;
    let first = bench.next_stored().await.seq;
    bench.next_receipt().await;
    bench.reading(2, 2).await;
    let second = bench.next_stored().await.seq;
    bench.next_receipt().await;
    bench.reading(3, 3).await;
    assert!(
        timeout(Duration::from_millis(300), bench.receipts.recv())
            .await
            .is_err(),
        "a reading that is not durable must not be confirmed"
    );
    bench.release_through(first).await;
    assert_eq!(bench.next_receipt().await, 3);
    assert_eq!((first, second, bench.next_stored().await.seq), (1, 2, 3));
    assert_eq!(bench.health.counters.dropped_observations.load(SeqCst), 0);
}

#[tokio::test]
async fn when_the_spool_is_full_drop_oldest_goes_on_and_counts() {
    let mut bench = Bench::start(200, WhenFull::DropOldest);
    for gauge in 1..=4 {
        bench.reading(gauge, 1).await;
        bench.next_receipt().await;
    }
    assert_eq!(bench.keeper.held().usage.newest, 4);
    assert_eq!(bench.health.counters.dropped_observations.load(SeqCst), 2);
}

#[tokio::test]
async fn while_the_spool_fails_readings_wait_in_memory_and_no_receipt_is_given() {
    let mut bench = Bench::start(1_000_000, WhenFull::DropOldest);
    bench.disk.set_broken(true);
    bench.reading(1, 1).await;
    bench.reading(2, 2).await;
    assert!(
        timeout(Duration::from_millis(300), bench.receipts.recv())
            .await
            .is_err()
    );
    bench.disk.set_broken(false);
    let mut confirmed = [bench.next_receipt().await, bench.next_receipt().await];
    confirmed.sort_unstable();
    assert_eq!(confirmed, [1, 2]);
    let held = bench.keeper.held().usage;
    let mut kept = 0;
    for seq in 1..=held.newest {
        kept += bench.keeper.read(seq).await.unwrap().unwrap().len();
    }
    assert_eq!(kept, 2);
}

#[tokio::test]
async fn when_every_source_has_ended_what_they_gave_is_durable() {
    let bench = Bench::start(1_000_000, WhenFull::DropOldest);
    bench.reading(1, 1).await;
    let (_, keeper, _) = bench.end().await;
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
    let mut bench = Bench::start(1_000_000, WhenFull::DropOldest);
    bench.polled(1, 1).await;
    bench.next_stored().await;
    bench.polled(2, 2).await;
    let (data_dir, keeper, _) = bench.end().await;
    assert_eq!(keeper.held().usage.batches, 2);
    assert_eq!(left_in(&data_dir), []);
}

/// A broker's repetition could not be told from it if the message has no time of its own.
#[tokio::test]
async fn when_the_spool_takes_nothing_until_the_end_the_draft_keeps_what_no_broker_repeats() {
    let mut bench = Bench::start(200, WhenFull::StopReading);
    for gauge in [1, 2] {
        bench.polled(gauge, 1).await;
        bench.next_stored().await;
    }
    for milli in 3..30 {
        bench.polled(3, milli).await;
    }
    bench.reading(4, 4).await;
    let (data_dir, _, health) = bench.end().await;
    let polled: Vec<_> = (3..30).map(Value::from_milli).collect();
    assert_eq!(left_in(&data_dir), polled);
    assert_eq!(health.counters.dropped_observations.load(SeqCst), 0);

    let mut bench = Bench::start_in(data_dir, 1_000_000, WhenFull::StopReading);
    let first = bench.next_stored().await.seq;
    let batch = bench.keeper.read(first).await.unwrap().unwrap();
    assert_eq!(values(&batch), polled);
    let (data_dir, _, _) = bench.end().await;
    assert_eq!(left_in(&data_dir), []);
}

#[tokio::test]
async fn readings_go_on_and_are_counted_where_there_can_be_no_draft() {
    let data_dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(data_dir.path().join("draft-a")).unwrap();
    let mut bench = Bench::start_in(data_dir, 1_000_000, WhenFull::DropOldest);
    bench.polled(1, 1).await;
    assert_eq!(bench.next_stored().await.gauges.len(), 1);
    assert_eq!(bench.health.counters.undrafted_observations.load(SeqCst), 1);
}
