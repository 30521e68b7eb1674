//! What an agent costs its gateway: memory with its papers over mutual TLS, and with neither, and how large
//! its program is, which is the same for both.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use serde::Serialize;
use shared::clock::real_now;

use super::BenchArgs;
use crate::{
    console::say,
    lab::{BrokerChoice, GatewayPlan, Lab, LabSetup, ProcessUsage, Programs},
    recording::CitySource,
    replay,
};

/// Everything starts within it.
const LEAD: Duration = Duration::from_secs(3);

/// As fast as the storm is played: a round of all gauges each second.
const SPEED: f64 = 60.0;

/// Both ways, all rounds.
#[derive(Debug, Serialize)]
pub(super) struct AgentBench {
    pub program_bytes: u64,
    pub gauges: usize,
    pub plain: Vec<AgentRun>,
    pub tls: Vec<AgentRun>,
}

/// One agent at the end of its run.
#[derive(Debug, Clone, Serialize)]
pub(super) struct AgentRun {
    pub resident_bytes: u64,
    pub peak_bytes: u64,
    pub cpu_seconds: f64,
}

impl From<ProcessUsage> for AgentRun {
    fn from(usage: ProcessUsage) -> Self {
        Self {
            resident_bytes: usage.resident_bytes,
            peak_bytes: usage.peak_bytes,
            cpu_seconds: usage.cpu_seconds,
        }
    }
}

/// Runs all rounds.
///
/// # Errors
/// A program is missing or fails, or there is no scenario.
pub(super) async fn run(args: &BenchArgs, work: &Path) -> anyhow::Result<AgentBench> {
    let program = Programs::find()?.agent;
    let size = fs::metadata(&program).with_context(|| program.display().to_string())?;
    let mut bench = AgentBench {
        program_bytes: size.len(),
        gauges: 0,
        plain: Vec::new(),
        tls: Vec::new(),
    };
    for round in 1..=args.rounds {
        for broker in [BrokerChoice::Embedded, BrokerChoice::Tls] {
            say(format!("round {round} of {}: {broker}", args.rounds));
            let has_tls = broker == BrokerChoice::Tls;
            let folder = work.join(format!("agent-{round}-{broker}"));
            let setup = setup(args, broker, folder)?;
            let gauges = setup.gateways.iter().flat_map(GatewayPlan::gauges);
            bench.gauges = gauges.count();
            let run = measure(setup, Duration::from_secs(args.seconds)).await?;
            let runs = if has_tls {
                &mut bench.tls
            } else {
                &mut bench.plain
            };
            runs.push(run);
        }
    }
    Ok(bench)
}

/// All gauges of a recorded storm behind one gateway.
fn setup(args: &BenchArgs, broker: BrokerChoice, folder: PathBuf) -> anyhow::Result<LabSetup> {
    let recording = replay::load(&args.scenario, None)?.recording;
    let CitySource::Folder(city) = recording.city.clone() else {
        anyhow::bail!("{}: its city is no folder", args.scenario.display());
    };
    Ok(LabSetup {
        enrolled: broker == BrokerChoice::Tls,
        broker,
        work: Some(folder),
        ..replay::setup(&recording, city, 1, real_now() + LEAD, SPEED)
    })
}

async fn measure(setup: LabSetup, span: Duration) -> anyhow::Result<AgentRun> {
    let mut lab = Lab::start(setup).await?;
    tokio::time::sleep(span).await;
    lab.check()?;
    let agent = lab.agents.first().context("no agent")?;
    let usage = agent
        .usage()
        .context("the system tells nothing of the agent")?;
    lab.finish().await?;
    Ok(usage.into())
}
