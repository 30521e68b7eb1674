//! Readings become durable together, once per window; and what happens when the spool cannot.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use agent::{
    collector::Collector,
    config::GaugeSpec,
    health::Health,
    quality::QualityStage,
    source::{Delivery, Outcome, Reading, Receipt},
    spool::{
        Appended, Spool, SpoolError, Usage, WhenFull, keeper::Keeper, memory::MemorySpool,
        ranges::RangeSet,
    },
    uplink::mqtt::StoredBatch,
};
use shared::{
    clock::Clock, gauge::Parameter, observation::Observation, quality::Limits, value::Value,
    wire::Ack,
};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

const PATIENCE: Duration = Duration::from_secs(20);

/// A spool in memory that counts its syncs and fails when told to.
struct Probe {
    inner: MemorySpool,
    commits: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
}

impl Spool for Probe {
    fn incarnation(&self) -> u64 {
        self.inner.incarnation()
    }
    fn usage(&self) -> Usage {
        self.inner.usage()
    }
    fn held(&self) -> &RangeSet {
        self.inner.held()
    }
    fn append(&mut self, observations: &[Observation]) -> Result<Appended, SpoolError> {
        if self.broken.load(SeqCst) {
            Err(SpoolError::Closed)
        } else {
            self.inner.append(observations)
        }
    }
    fn commit(&mut self) -> Result<(), SpoolError> {
        self.commits.fetch_add(1, SeqCst);
        self.inner.commit()
    }
    fn read(&mut self, seq: u64) -> Result<Option<Vec<Observation>>, SpoolError> {
        self.inner.read(seq)
    }
    fn release(&mut self, ack: &Ack) -> Result<u64, SpoolError> {
        self.inner.release(ack)
    }
    fn renew(&mut self) -> Result<(), SpoolError> {
        self.inner.renew()
    }
    fn reopen(&mut self) -> Result<(), SpoolError> {
        self.inner.reopen()
    }
}

struct Bench {
    deliver: mpsc::Sender<Delivery>,
    stored: mpsc::Receiver<StoredBatch>,
    receipts: mpsc::UnboundedReceiver<u64>,
    durable: mpsc::UnboundedSender<u64>,
    keeper: Keeper,
    health: Arc<Health>,
    commits: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl Bench {
    fn start(hold_limit: u64, when_full: WhenFull) -> Self {
        let health = Arc::new(Health::new("gw-01".parse().unwrap(), Clock::Real, vec![]));
        let (commits, broken) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let spool = Probe {
            inner: MemorySpool::new(7, hold_limit, when_full),
            commits: Arc::clone(&commits),
            broken: Arc::clone(&broken),
        };
        let (keeper, _) = Keeper::start(Box::new(spool), health.beat("spool", PATIENCE)).unwrap();
        let (deliver, deliveries) = mpsc::channel(256);
        let (announce, stored) = mpsc::channel(256);
        let (durable, receipts) = mpsc::unbounded_channel();
        let gauge = |k: usize| GaugeSpec {
            id: format!("lg-{k:04}").parse().unwrap(),
            parameter: Parameter::Depth,
            interval: Duration::from_secs(60),
            limits: Limits::default(),
        };
        let collector = Collector {
            quality: QualityStage::new(&(0..100).map(gauge).collect::<Vec<_>>()),
            clock: Clock::Real,
            window: Duration::from_millis(50),
            when_full,
            keeper: keeper.clone(),
            health: Arc::clone(&health),
            beat: health.beat("collector", PATIENCE),
            deliveries,
            stored: announce,
        };
        let running = tokio::spawn(async move { collector.run().await.unwrap() });
        let running = Mutex::new(Some(running));
        Self {
            deliver,
            stored,
            receipts,
            durable,
            keeper,
            health,
            commits,
            broken,
            running,
        }
    }

    async fn reading(&self, gauge: usize, milli: i64) {
        let reading = Reading {
            gauge: format!("lg-{gauge:04}").parse().unwrap(),
            at: Clock::Real.now(),
            outcome: Outcome::Number(Value::from_milli(milli)),
        };
        let receipt = Receipt {
            token: gauge as u64,
            durable: self.durable.clone(),
        };
        let delivery = Delivery {
            readings: vec![reading],
            receipt: Some(receipt),
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
        timeout(PATIENCE, self.receipts.recv())
            .await
            .unwrap()
            .unwrap()
    }

    async fn release_through(&self, through: u64) {
        self.keeper
            .release(Ack {
                incarnation: 7,
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
    let commits = bench.commits.load(SeqCst);
    assert!(
        commits <= 3,
        "{commits} syncs for readings that came together"
    );
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
    bench.broken.store(true, SeqCst);
    bench.reading(1, 1).await;
    bench.reading(2, 2).await;
    assert!(
        timeout(Duration::from_millis(300), bench.receipts.recv())
            .await
            .is_err()
    );
    bench.broken.store(false, SeqCst);
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
    let Bench {
        deliver,
        keeper,
        running,
        ..
    } = bench;
    drop(deliver);
    let running = running.lock().unwrap().take().unwrap();
    timeout(PATIENCE, running).await.unwrap().unwrap();
    assert_eq!(keeper.held().usage.batches, 1);
}
