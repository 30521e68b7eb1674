//! Bench: how fast the real programs are, by stage, beside what the machine allows.
//!
//! `flood-sim bench` starts everything itself: the aggregator with its own broker or with a
//! mosquitto, the load, the writer and the client of the map. Runs of the same kind are interleaved
//! and the median is told, because other programs on the machine disturb all of them alike.

mod agent;
mod args;
mod fetch;
mod ingest;
mod limits;
mod machine;
mod map;
mod reconnect;
mod rig;
mod start_up;
mod table;
mod writer;

use anyhow::Context as _;
use serde::Serialize;

pub use args::BenchArgs;

use crate::console::{say, write_report};
use args::BenchPart;
use machine::load_average;

/// Everything that was measured.
#[derive(Debug, Serialize)]
struct BenchReport {
    processors: usize,
    /// Programs that were running or waiting to run when it began, one minute's mean.
    load_average: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ingest: Option<ingest::IngestBench>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<map::MapBench>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_up: Option<start_up::StartUpBench>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reconnect: Option<reconnect::ReconnectBench>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<agent::AgentBench>,
}

/// Runs `flood-sim bench`; tells whether nothing was lost and every goal was met.
///
/// # Errors
/// A program is missing or fails, or the report cannot be written.
pub async fn run(args: BenchArgs) -> anyhow::Result<bool> {
    if cfg!(debug_assertions) {
        say("this is a debug build: build with --release to measure anything");
    }
    let temporary = tempfile::Builder::new().prefix("flood-bench-").tempdir()?;
    let work = args.work.clone().unwrap_or(temporary.path().to_owned());
    std::fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    let mut report = BenchReport {
        processors: std::thread::available_parallelism().map_or(0, usize::from),
        load_average: load_average(),
        ingest: None,
        map: None,
        start_up: None,
        reconnect: None,
        agent: None,
    };
    say(format!(
        "{} processors, load average {:.1}; work folder {}",
        report.processors,
        report.load_average,
        work.display()
    ));
    let mut good = true;
    if args.what.holds(BenchPart::Ingest) {
        let ingest = ingest::run(&args, &work).await?;
        table::ingest(&ingest);
        good &= ingest.is_exact();
        report.ingest = Some(ingest);
    }
    if args.what.holds(BenchPart::Map) {
        let map = map::run(&args, &work).await?;
        table::map(&map);
        good &= map.meets_goal();
        report.map = Some(map);
    }
    if args.what.holds(BenchPart::StartUp) {
        let start_up = start_up::run(&args, &work).await?;
        table::start_up(&start_up);
        good &= start_up.is_good();
        report.start_up = Some(start_up);
    }
    if args.what.holds(BenchPart::Reconnect) {
        let reconnect = reconnect::run(&args, &work).await?;
        table::reconnect(&reconnect);
        good &= reconnect.meets_goal();
        report.reconnect = Some(reconnect);
    }
    if args.what.holds(BenchPart::Agent) {
        let agent = agent::run(&args, &work).await?;
        table::agent(&agent);
        report.agent = Some(agent);
    }
    if let Some(file) = &args.report {
        write_report(file, &report)?;
    }
    Ok(good)
}
