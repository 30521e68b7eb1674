//! Ingest: observations per second merged and durable, and where the time goes.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::Context as _;
use serde::Serialize;
use shared::wire::Envelope;

use super::{BenchArgs, limits, rig};
use crate::{
    console::say,
    lab::{BrokerChoice, find_in_path, until},
    load::{self, LoadArgs, LoadReport},
};

/// The count of what was merged, in `/metrics`.
const OBSERVATIONS: &str = "flood_observations_total";

/// Everything acknowledged is counted within this time; a loss would never be.
const TOLD: Duration = Duration::from_secs(10);

/// How long each limit is measured.
const LIMIT: Duration = Duration::from_secs(3);

/// Observations per second at which latency is told, and for how long they are published.
pub(super) const STEADY_RATE: f64 = 20_000.0;
const STEADY_SECONDS: u64 = 5;

/// All rounds.
#[derive(Debug, Serialize)]
pub(super) struct IngestBench {
    pub runs: Vec<IngestRun>,
    pub limits: Vec<MachineLimits>,
}

/// One run: an aggregator with an empty store under load.
#[derive(Debug, Clone, Serialize)]
pub(super) struct IngestRun {
    pub broker: &'static str,
    pub load: LoadReport,
    /// The same agents at [`STEADY_RATE`]: latency without a queue of our own making.
    pub steady: LoadReport,
    /// What the aggregator says it merged, and what it knew already.
    pub merged: f64,
    pub duplicates: f64,
    /// Batches of agents in one atomic write with one sync.
    pub batches_per_commit: f64,
    pub aggregator_cpu: f64,
    pub load_cpu: f64,
    pub broker_cpu: f64,
    /// Seconds on the clock and on a processor, in the order of the way.
    pub stages: Vec<(String, f64, f64)>,
    /// CPU seconds of the aggregator's threads by name.
    pub threads: BTreeMap<String, f64>,
    pub resident_bytes: u64,
}

/// What the same machine allows at the same time, in observations per second.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct MachineLimits {
    pub batches_per_sync: usize,
    /// A log of the same bytes, synced after as many batches.
    pub append_log: f64,
    /// A broker that only acknowledges.
    pub puback: f64,
}

impl IngestRun {
    fn is_exact(&self) -> bool {
        let acknowledged = self.load.acknowledged as f64;
        self.load.unacknowledged_batches == 0
            && self.steady.unacknowledged_batches == 0
            && (self.merged - acknowledged).abs() < 0.5
    }
}

impl IngestBench {
    /// Whether in every run exactly what was acknowledged was merged, each once.
    pub(super) fn is_exact(&self) -> bool {
        self.runs.iter().all(IngestRun::is_exact)
    }

    /// The runs through one broker, slowest first.
    pub(super) fn of(&self, broker: &str) -> Vec<&IngestRun> {
        let mut runs: Vec<_> = self.runs.iter().filter(|r| r.broker == broker).collect();
        runs.sort_by(|a, b| {
            let rate = |r: &IngestRun| r.load.observations_per_second;
            rate(a).total_cmp(&rate(b))
        });
        runs
    }
}

/// Runs all rounds.
///
/// # Errors
/// A program is missing or fails.
pub(super) async fn run(args: &BenchArgs, work: &Path) -> anyhow::Result<IngestBench> {
    let city = work.join("load-city");
    load::write_city(&city, args.agents * args.batch, 0)?;
    let mut brokers = vec![
        ("embedded", BrokerChoice::Embedded),
        ("embedded, TLS and seals", BrokerChoice::Tls),
    ];
    if find_in_path("mosquitto").is_some() {
        brokers.push(("mosquitto", BrokerChoice::Mosquitto));
    } else {
        say("mosquitto is not installed: only the embedded broker is measured");
    }
    let payload = payload(args.batch)?;
    let (mut runs, mut limits) = (Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        let mut grouped = 1.0_f64;
        for (name, broker) in &brokers {
            say(format!("round {round} of {}: {name}", args.rounds));
            let folder = work.join(format!("{broker}-{round}"));
            let run = measure(args, name, broker.clone(), &city, &folder).await?;
            grouped = grouped.max(run.batches_per_commit);
            runs.push(run);
            // The store of the next run must not share the disk's cache with this one's.
            std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        limits.push(limit(args, work, &payload, grouped).await?);
    }
    Ok(IngestBench { runs, limits })
}

async fn measure(
    args: &BenchArgs,
    name: &'static str,
    broker: BrokerChoice,
    city: &Path,
    folder: &Path,
) -> anyhow::Result<IngestRun> {
    let mut lab = rig::start(city, broker, folder).await?;
    let bundles = rig::enrol(&lab, args.agents).await?;
    let before = rig::RigUsage::take(&lab).await?;
    let mut publish = LoadArgs {
        broker: lab.broker.url(),
        agents: args.agents,
        batch: args.batch,
        rate: None,
        seconds: args.seconds,
        observations: None,
        window: args.window,
        mode: rig::MODE,
        bundles,
        write_city: None,
        report: None,
    };
    let load = load::measure(&publish).await?;
    let merged = before.metric(OBSERVATIONS) + load.acknowledged as f64;
    let is_told = async || {
        let metrics = lab.client.metrics().await.unwrap_or_default();
        metrics.get(OBSERVATIONS).is_some_and(|n| *n >= merged)
    };
    // Counts come with the next publication.
    until("the count of all that was merged", TOLD, is_told).await?;
    let used = rig::RigUsage::take(&lab).await?.since(&before);
    (publish.rate, publish.seconds) = (Some(STEADY_RATE), STEADY_SECONDS);
    let steady = load::measure(&publish).await?;
    lab.check()?;
    lab.aggregator.stop().await?;
    Ok(summary(name, load, steady, &used))
}

fn summary(
    name: &'static str,
    load: LoadReport,
    steady: LoadReport,
    used: &rig::RigUsage,
) -> IngestRun {
    let counter = |name: &str| used.metric(&format!("flood_{name}_total"));
    IngestRun {
        broker: name,
        load,
        steady,
        merged: counter("observations"),
        duplicates: counter("duplicates"),
        batches_per_commit: counter("batches") / counter("commits").max(1.0),
        aggregator_cpu: used.aggregator_cpu,
        load_cpu: used.load_cpu,
        broker_cpu: used.broker_cpu,
        stages: stages(used),
        threads: used.threads.clone(),
        resident_bytes: used.resident_bytes,
    }
}

const STAGES: [&str; 8] = [
    "decode", "merge", "commit", "answer", "world", "tick", "state", "map",
];

pub(super) fn stages(used: &rig::RigUsage) -> Vec<(String, f64, f64)> {
    let of = |name: &str| {
        let sum = |kind: &str| used.metric(&format!("flood_stage_{kind}total{{stage=\"{name}\"}}"));
        (name.to_owned(), sum("seconds_"), sum("cpu_seconds_"))
    };
    STAGES.map(of).to_vec()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "batches of one group"
)]
async fn limit(
    args: &BenchArgs,
    work: &Path,
    payload: &[u8],
    grouped: f64,
) -> anyhow::Result<MachineLimits> {
    let batches_per_sync = grouped.round().max(1.0) as usize;
    let (folder, bytes) = (work.to_owned(), payload.to_vec());
    let log = tokio::task::spawn_blocking(move || {
        limits::append_log(&folder, &bytes, batches_per_sync, LIMIT)
    });
    let log = log.await?.context("the append log")?;
    let window = u16::try_from(args.window).unwrap_or(u16::MAX);
    let puback = limits::puback(payload, args.agents, window, LIMIT).await?;
    let batch = f64::from(args.batch);
    Ok(MachineLimits {
        batches_per_sync,
        append_log: log * batch,
        puback: puback * batch,
    })
}

/// A batch as the load's agents send it.
fn payload(batch: u32) -> anyhow::Result<Vec<u8>> {
    let envelope: Envelope = load::example_batch(batch)?;
    Ok(envelope.encode())
}
