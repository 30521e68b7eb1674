//! Start-up: how long the aggregator takes from its start to `/readyz` after it was killed in full
//! swing, beside what it takes to read the same bytes and to start a program that does nothing.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde::Serialize;

use super::{args::BenchArgs, fetch::Fetcher, machine::load_average, rig};
use crate::{
    console::say,
    lab::{BrokerChoice, Lab, Programs},
    load::{self, LoadArgs},
};

/// After so many recent observations as [`BenchArgs::recent`] says.
const RECENT_GOAL: Duration = Duration::from_secs(2);

/// With so many gauges as [`BenchArgs::gauges`] says, each of which has given something.
const GAUGES_GOAL: Duration = Duration::from_secs(5);

/// What each of many gauges has given.
const GIVEN: u64 = 3;

/// Gauges of one agent in the city of many: a batch is as large as one may be.
const GAUGES_PER_AGENT: u32 = 1_000;

/// Waterlogging points of the city of many gauges.
const POINTS: u32 = 64;

/// How often a start is asked whether it has come to its end.
const LOOK: Duration = Duration::from_millis(2);

/// A start that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Both cases, all rounds.
#[derive(Debug, Serialize)]
pub(super) struct StartUpBench {
    pub cases: Vec<StartUpCase>,
}

/// One kind of start-up.
#[derive(Debug, Serialize)]
pub(super) struct StartUpCase {
    pub gauges: u32,
    pub points: u32,
    /// That arrived before the aggregator was killed.
    pub observations: u64,
    pub goal_ms: f64,
    pub runs: Vec<StartUpRun>,
}

/// One start.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StartUpRun {
    /// From the start of the process until `/readyz` answers 200.
    pub ready_ms: f64,
    /// CPU seconds of the aggregator until then.
    pub cpu_seconds: f64,
    pub resident_bytes: u64,
    /// Acknowledged before the end, and counted by the world that came back.
    pub acknowledged: u64,
    pub restored: f64,
    /// What no start can do without: the city's files, the newest saved world, the engine's journal.
    pub needed_bytes: u64,
    /// Reading them and doing nothing with them.
    pub read_ms: f64,
    /// `flood-aggregator --version`, from its start to its end.
    pub idle_ms: f64,
    pub load_average: f64,
}

impl StartUpCase {
    /// The runs, fastest first.
    pub(super) fn sorted(&self) -> Vec<&StartUpRun> {
        let mut runs: Vec<_> = self.runs.iter().collect();
        runs.sort_by(|a, b| a.ready_ms.total_cmp(&b.ready_ms));
        runs
    }

    /// Whether the median start was within the goal.
    pub(super) fn meets_goal(&self) -> bool {
        let runs = self.sorted();
        let median = runs.get(runs.len() / 2);
        median.is_some_and(|run| run.ready_ms <= self.goal_ms)
    }
}

impl StartUpBench {
    /// Whether every start knew exactly what had been acknowledged, and was in time.
    pub(super) fn is_good(&self) -> bool {
        let exact = |run: &StartUpRun| (run.restored - run.acknowledged as f64).abs() < 0.5;
        let good = |case: &StartUpCase| case.meets_goal() && case.runs.iter().all(exact);
        self.cases.iter().all(good)
    }
}

/// What is in the city and what is published before the end.
struct Case {
    name: &'static str,
    agents: u32,
    batch: u32,
    window: usize,
    points: u32,
    observations: u64,
    goal: Duration,
}

/// Runs all rounds.
///
/// # Errors
/// A program is missing or fails.
pub(super) async fn run(args: &BenchArgs, work: &Path) -> anyhow::Result<StartUpBench> {
    let recent = Case {
        name: "recent",
        agents: args.agents,
        batch: args.batch,
        window: args.window,
        points: 0,
        observations: args.recent,
        goal: RECENT_GOAL,
    };
    let agents = args.gauges.div_ceil(GAUGES_PER_AGENT);
    let many = Case {
        name: "gauges",
        agents,
        batch: args.gauges.div_ceil(agents),
        window: 1,
        points: POINTS.min(args.gauges),
        observations: GIVEN * u64::from(args.gauges),
        goal: GAUGES_GOAL,
    };
    let mut cases = Vec::new();
    for case in [recent, many] {
        let gauges = case.agents * case.batch;
        let city = work.join(format!("{}-city", case.name));
        load::write_city(&city, gauges, case.points)?;
        let mut runs = Vec::new();
        for round in 1..=args.rounds {
            say(format!(
                "round {round} of {}: a city of {gauges} gauges, {} observations",
                args.rounds, case.observations
            ));
            let folder = work.join(format!("{}-{round}", case.name));
            runs.push(measure(&case, &city, &folder).await?);
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        cases.push(StartUpCase {
            gauges,
            points: case.points,
            observations: case.observations,
            goal_ms: milliseconds(case.goal),
            runs,
        });
    }
    Ok(StartUpBench { cases })
}

/// Fills an empty store at full speed, kills the aggregator and starts it again.
async fn measure(case: &Case, city: &Path, folder: &Path) -> anyhow::Result<StartUpRun> {
    let mut lab = rig::start(city, BrokerChoice::Embedded, folder).await?;
    let load = load::measure(&LoadArgs {
        broker: lab.broker.url(),
        agents: case.agents,
        batch: case.batch,
        rate: None,
        seconds: PATIENCE.as_secs(),
        observations: Some(case.observations),
        window: case.window,
        mode: rig::MODE,
        bundles: None,
        write_city: None,
        report: None,
    })
    .await?;
    lab.check()?;
    lab.aggregator.kill();
    say("killed with SIGKILL; started again");
    // What was just written is still in memory, for this reader as for the aggregator.
    let needed = needed(city, &folder.join("aggregator/store")).context("the work folder")?;
    let begun = Instant::now();
    let needed_bytes = read(&needed).context("the files of the start")?;
    let read_ms = milliseconds(begun.elapsed());
    let ready = start(&mut lab).await?;
    let usage = lab.aggregator.usage().unwrap_or_default();
    let load_average = load_average();
    say(format!("ready after {:.0} ms", milliseconds(ready)));
    let metrics = lab.client.metrics().await?;
    let restored = metrics.get("flood_observations_total");
    lab.aggregator.stop().await?;
    Ok(StartUpRun {
        ready_ms: milliseconds(ready),
        cpu_seconds: usage.cpu_seconds,
        resident_bytes: usage.resident_bytes,
        acknowledged: load.acknowledged,
        restored: restored.copied().unwrap_or(0.0),
        needed_bytes,
        read_ms,
        idle_ms: milliseconds(idle().context("flood-aggregator --version")?),
        load_average,
    })
}

/// Starts the aggregator and waits until it is ready; the time from one to the other.
async fn start(lab: &mut Lab) -> anyhow::Result<Duration> {
    let url = lab.client.url("");
    let address: SocketAddr = url.trim_start_matches("http://").parse()?;
    let begun = Instant::now();
    lab.aggregator.start()?;
    let ready = tokio::task::spawn_blocking(move || until_ready(address, begun)).await?;
    // If it has ended, its log says more than that it does not answer.
    lab.check()?;
    ready.context("/readyz")
}

fn until_ready(address: SocketAddr, begun: Instant) -> io::Result<Duration> {
    loop {
        let asked = Fetcher::new(address).and_then(|mut line| line.get("/readyz", ""));
        let took = begun.elapsed();
        match asked {
            Ok((answer, _)) if answer.status == 200 => return Ok(took),
            _ if took > PATIENCE => return Err(io::ErrorKind::TimedOut.into()),
            _ => std::thread::sleep(LOOK),
        }
    }
}

/// The city's files, the newest saved world, and the journal that the engine replays.
fn needed(city: &Path, store: &Path) -> io::Result<Vec<PathBuf>> {
    let files = |folder: &Path| -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
        entries.collect()
    };
    let with = |name: &'static str| move |p: &PathBuf| p.extension().is_some_and(|e| e == name);
    let mut needed = files(city)?;
    // Their names begin with the number of the last arrival, with zeros before it.
    let worlds = files(&store.join("worlds"))?.into_iter();
    needed.extend(worlds.filter(with("world")).max());
    let engine = files(&store.join("engine"))?.into_iter();
    needed.extend(engine.filter(with("jnl")));
    Ok(needed)
}

/// Reads files and returns how many bytes they hold.
fn read(files: &[PathBuf]) -> io::Result<u64> {
    let bytes = files.iter().map(|file| Ok(fs::read(file)?.len() as u64));
    bytes.sum()
}

/// How long the program takes that only says which it is.
fn idle() -> anyhow::Result<Duration> {
    let mut program = Command::new(Programs::find()?.aggregator);
    let begun = Instant::now();
    let status = program.arg("--version").stdout(Stdio::null()).status()?;
    anyhow::ensure!(status.success(), "{status}");
    Ok(begun.elapsed())
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}
