//! The map: how long a client waits for all of it while a whole city reports.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde::Serialize;
use shared::broker::BrokerUrl;

use super::{
    BenchArgs,
    fetch::{Fetcher, HttpAnswer},
    ingest, rig,
    writer::Writer,
};
use crate::{
    city,
    console::say,
    lab::{BrokerChoice, Lab},
    load::{self, Latencies, LatencySummary, LoadArgs},
};

/// How many times faster than in reality the writer writes.
const SPEED: f64 = 20.0;

/// 99 of 100 requests must be answered within this time.
pub(super) const GOAL: Duration = Duration::from_millis(20);

/// A question this often: at any moment between two ticks of the world alike.
const PAUSE: Duration = Duration::from_millis(17);

/// Observations per second of the other agents in the second run.
const OTHER_RATE: f64 = 20_000.0;

/// Every gauge has reported before anything is measured.
const WARM_UP: Duration = Duration::from_secs(5);

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct MapBench {
    pub city: city::Counts,
    pub observations_per_second: f64,
    pub reports_per_second: f64,
    pub other_observations_per_second: f64,
    pub runs: Vec<MapRun>,
}

/// One series of requests.
#[derive(Debug, Clone, Serialize)]
pub(super) struct MapRun {
    pub what: &'static str,
    pub latency: LatencySummary,
    pub body_bytes: usize,
    /// Features of the newest whole map, where it was not compressed.
    pub features: usize,
    pub encoding: Option<String>,
    /// Answers that only said that nothing had changed.
    pub not_modified: usize,
    pub seconds: f64,
    pub aggregator_cpu: f64,
    /// Seconds on the clock and on a processor.
    pub stages: Vec<(String, f64, f64)>,
}

impl MapBench {
    /// Whether the whole map came in time from an aggregator that had nothing else to do.
    pub(super) fn meets_goal(&self) -> bool {
        let goal_ms = GOAL.as_secs_f64() * 1000.0;
        self.runs
            .first()
            .is_some_and(|r| r.latency.p99_ms <= goal_ms)
    }
}

/// Runs all series.
///
/// # Errors
/// A program is missing or fails.
pub(super) async fn run(args: &BenchArgs, work: &Path) -> anyhow::Result<MapBench> {
    let folder = work.join("demo-city");
    let counts = city::generate(&folder, 1)?;
    let mut lab = rig::start(&folder, BrokerChoice::Embedded, &work.join("map")).await?;
    let writer = Writer::new(&folder, SPEED)?;
    let (observations, reports) = (writer.observations_per_second, writer.reports_per_second);
    say(format!(
        "{observations:.0} observations and {reports:.0} truck reports a second"
    ));
    let broker = lab.broker.address();
    let other_url = lab.broker.url();
    let writing = tokio::spawn(writer.write(broker.ip().to_string(), broker.port()));
    tokio::time::sleep(WARM_UP).await;
    let mut runs = vec![
        series(&lab, "whole map", MapRequest::Plain, args.requests).await?,
        series(&lab, "whole map, gzip", MapRequest::Gzip, args.requests).await?,
        series(
            &lab,
            "whole map, if changed",
            MapRequest::IfChanged,
            args.requests,
        )
        .await?,
    ];
    let other = tokio::spawn(other_load(other_url, args.requests));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let what = "whole map beside other load";
    runs.push(series(&lab, what, MapRequest::Plain, args.requests).await?);
    for task in [other, writing] {
        task.abort();
        // An error only says that it was aborted.
        let _ = task.await;
    }
    lab.check()?;
    lab.aggregator.stop().await?;
    Ok(MapBench {
        city: counts,
        observations_per_second: observations,
        reports_per_second: reports,
        other_observations_per_second: OTHER_RATE,
        runs,
    })
}

/// Sixteen agents that report gauges of another city.
async fn other_load(broker: BrokerUrl, requests: u32) {
    let seconds = u64::from(requests) / 20 + 10;
    let args = LoadArgs {
        broker,
        agents: 16,
        batch: 100,
        rate: Some(OTHER_RATE),
        seconds,
        observations: None,
        window: 32,
        mode: rig::MODE,
        bundles: None,
        write_city: None,
        report: None,
    };
    if let Err(error) = load::measure(&args).await {
        say(format!("the other load failed: {error:#}"));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MapRequest {
    Plain,
    Gzip,
    IfChanged,
}

async fn series(
    lab: &Lab,
    what: &'static str,
    kind: MapRequest,
    requests: u32,
) -> anyhow::Result<MapRun> {
    say(format!("{requests} requests: {what}"));
    let url = lab.client.url("");
    let address: SocketAddr = url.trim_start_matches("http://").parse()?;
    let (before, begun) = (rig::RigUsage::take(lab).await?, Instant::now());
    let asked = tokio::task::spawn_blocking(move || ask(address, kind, requests)).await?;
    let Asked {
        latencies,
        whole,
        features,
        not_modified,
    } = asked.context("/map.geojson")?;
    let used = rig::RigUsage::take(lab).await?.since(&before);
    Ok(MapRun {
        what,
        latency: latencies.summary(),
        body_bytes: whole.body_bytes,
        features,
        encoding: whole.encoding,
        not_modified,
        seconds: begun.elapsed().as_secs_f64(),
        aggregator_cpu: used.aggregator_cpu,
        stages: ingest::stages(&used),
    })
}

/// What came of a series of questions.
#[derive(Default)]
struct Asked {
    latencies: Latencies,
    /// The newest whole answer.
    whole: HttpAnswer,
    features: usize,
    /// How often nothing had changed.
    not_modified: usize,
}

fn ask(address: SocketAddr, kind: MapRequest, requests: u32) -> io::Result<Asked> {
    let mut fetcher = Fetcher::new(address)?;
    let mut asked = Asked::default();
    for _ in 0..requests {
        let headers = match (kind, &asked.whole.etag) {
            (MapRequest::Gzip, _) => "accept-encoding: gzip\r\n".to_owned(),
            (MapRequest::IfChanged, Some(tag)) => format!("if-none-match: {tag}\r\n"),
            _ => String::new(),
        };
        let (answer, took) = fetcher.get("/map.geojson", &headers)?;
        asked.latencies.push(took);
        match answer.status {
            200 => asked.whole = answer,
            304 => asked.not_modified += 1,
            status => return Err(io::Error::other(format!("status {status}"))),
        }
        std::thread::sleep(PAUSE);
    }
    if asked.whole.encoding.is_none() && asked.not_modified == 0 {
        let map: FeatureCount = serde_json::from_slice(fetcher.body())?;
        asked.features = map.features.len();
    }
    Ok(asked)
}

/// As much of a FeatureCollection as shows that it is one.
#[derive(serde::Deserialize)]
struct FeatureCount {
    features: Vec<serde::de::IgnoredAny>,
}
