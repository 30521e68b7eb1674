//! Plays a recording: builds the city, starts a lab, follows it in storm time, ends and judges.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use shared::{
    clock::{Mode, ScaledClock, real_now},
    gauge::Parameter,
    ids::GaugeId,
    time::Timestamp,
};
use tokio::time::Instant;

use super::{ReplayArgs, load, report::ReplayReport};
use crate::{
    console::{interrupted, say, write_report},
    gauge::Served,
    judge::{self, Seen},
    lab::{self, Lab, LabSetup},
    recording::{CitySource, Recording, city_layers},
    scenario::{DEFAULT_SPEED, RecordedScenario},
};

/// Real time between "everything is being started" and the first minute of the storm.
const LEAD: Duration = Duration::from_secs(4);
/// How often flags and plan are looked at, in real time: a flag is held ten storm minutes, a second
/// at the highest usual speed.
const LOOK: Duration = Duration::from_millis(250);
/// How often progress is printed.
const PROGRESS: Duration = Duration::from_secs(5);

/// Runs `flood-sim replay`; tells whether the run passed (always, without `--check`).
///
/// # Errors
/// A bad recording, or a run that cannot be completed.
pub async fn run(args: ReplayArgs) -> anyhow::Result<bool> {
    tokio::select! {
        passed = play(&args) => passed,
        // What was started is dropped with the run, and ends with it.
        () = interrupted() => {
            anyhow::ensure!(args.stay, "interrupted");
            Ok(true)
        }
    }
}

async fn play(args: &ReplayArgs) -> anyhow::Result<bool> {
    let scenario = load(&args.recording, args.scenario.as_deref())?;
    let RecordedScenario {
        mut recording,
        speed,
    } = scenario;
    args.cut(&mut recording).map_err(anyhow::Error::msg)?;
    let speed = args.speed.or(speed).unwrap_or(DEFAULT_SPEED);
    let folder = tempfile::Builder::new().prefix("flood-city-").tempdir()?;
    let city = city(&recording, folder.path())?;
    say(format!(
        "replay {}: {} gauges, {} to {}, {speed} times as fast ({:.0} s)",
        recording.name,
        recording.gauges.len(),
        recording.from,
        recording.to,
        recording.to.seconds_since(recording.from) / speed,
    ));
    say_otherwise_recorded(&recording);
    let started = real_now() + LEAD;
    let setup = LabSetup {
        broker: args.broker.clone(),
        http: args.http,
        batch_seconds: batch_seconds(&recording, speed),
        work: args.work.clone(),
        ..setup(&recording, city, args.agents.into(), started, speed)
    };
    let mut lab = Lab::start(setup)
        .await
        .context("the run could not be started")?;
    say(format!("map: {}", lab.client.url("/")));
    let seen = follow(&mut lab, recording.to).await;
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => {
            lab.keep_and_say();
            return Err(error);
        }
    };
    if args.stay {
        say("the storm is over; the map stays until Ctrl-C");
        std::future::pending::<()>().await;
    }
    judge(args, &recording, lab, &seen, speed).await
}

/// Gauges that are read more often than they are recorded repeat themselves, those that are read
/// less often leave something out: neither is told by the outcome.
fn say_otherwise_recorded(recording: &Recording) {
    for ((step_s, interval_s), gauges) in recording.otherwise_recorded() {
        let (some, more) = (gauges.iter().take(3), gauges.len().saturating_sub(3));
        let some: Vec<_> = some.map(ToString::to_string).collect();
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        say(format!(
            "note: recorded every {step_s} s, read every {interval_s} s: {}{more}",
            some.join(", ")
        ));
    }
}

/// A lab that plays a recording from its beginning: so many agents, and the storm begins at
/// `started` in real time.
#[must_use]
pub fn setup(
    recording: &Recording,
    city: PathBuf,
    agents: usize,
    started: Timestamp,
    speed: f64,
) -> LabSetup {
    let clock = ScaledClock {
        mode: Mode::Replay,
        origin: recording.from,
        started,
        speed,
    };
    LabSetup {
        gateways: lab::spread(&recording.instruments(), agents, speed),
        readings: Arc::new(recording.readings()),
        ..LabSetup::new(city, clock)
    }
}

fn city(recording: &Recording, folder: &Path) -> anyhow::Result<PathBuf> {
    match &recording.city {
        CitySource::Folder(city) => Ok(city.clone()),
        CitySource::Generated { points, trucks } => {
            city_layers::write(recording, points, *trucks, folder).context("the city's layers")?;
            Ok(folder.to_owned())
        }
    }
}

/// A quarter of the shortest interval on the real clock: a batch must not make a flag late.
fn batch_seconds(recording: &Recording, speed: f64) -> f64 {
    let shortest = recording
        .gauges
        .iter()
        .map(|g| g.interval_s)
        .min()
        .unwrap_or(60);
    (f64::from(shortest) / speed / 4.0).clamp(0.05, 1.0)
}

/// The longest interval of a depth gauge, by which flags are judged.
fn slowest_depth_gauge_s(recording: &Recording) -> u32 {
    let depth = recording
        .gauges
        .iter()
        .filter(|g| g.parameter == Parameter::Depth);
    depth.map(|g| g.interval_s).max().unwrap_or(60)
}

/// Follows the storm to its end.
async fn follow(lab: &mut Lab, to: Timestamp) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    let mut told = Instant::now();
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        lab.check()?;
        let now = lab.clock.now();
        seen.look(&lab.client, now).await?;
        if now >= to {
            return Ok(seen);
        }
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            let counters = lab.client.counters().await?;
            say(format!(
                "{now}  served {}, stored {}, flagged so far {}, recommended so far {}",
                lab.field.log.count(),
                counters.get("observations").copied().unwrap_or(0),
                seen.flags.len(),
                seen.recommended.len(),
            ));
        }
    }
}

/// How many readings were served during the storm, of gauges such as these. What they served before
/// and after it says nothing of it.
fn during(
    recording: &Recording,
    served: &BTreeMap<GaugeId, Vec<Served>>,
    which: impl Fn(Parameter) -> bool,
) -> u64 {
    let gauges = recording.gauges.iter().filter(|g| which(g.parameter));
    let readings = gauges.filter_map(|g| served.get(&g.id)).flatten();
    let storm = recording.from..recording.to;
    readings.filter(|r| storm.contains(&r.at)).count() as u64
}

async fn judge(
    args: &ReplayArgs,
    recording: &Recording,
    mut lab: Lab,
    seen: &Seen,
    speed: f64,
) -> anyhow::Result<bool> {
    let cpu_seconds = lab.cpu_seconds();
    let counters = lab.client.counters().await?;
    let store = lab.finish().await?;
    let delivery = lab.delivery(&store);
    let served = lab.field.log.all();
    let silent = recording.gauges.iter().map(|g| &g.id);
    let silent = silent.filter(|id| served.get(*id).is_none_or(Vec::is_empty));
    let floods = recording.floods.as_ref();
    let slowest = slowest_depth_gauge_s(recording);
    let mut report = ReplayReport {
        recording: recording.name.clone(),
        from: recording.from,
        to: recording.to,
        speed,
        agents: args.agents,
        broker: args.broker.to_string(),
        gauges: recording.gauges.len(),
        due: recording.due(),
        silent: silent.cloned().collect(),
        served_in_storm: during(recording, &served, |_| true),
        depth_in_storm: during(recording, &served, |p| p == Parameter::Depth),
        delivery,
        flags: floods.map(|floods| judge::flags(floods, seen, recording.to, slowest)),
        recommended: seen.recommended.clone(),
        reasons: seen.reasons.clone(),
        recommendations_right: floods
            .map(|floods| judge::recommendations_are_right(floods, seen, recording.to)),
        cpu_seconds,
        passed: false,
    };
    report.passed = report.holds();
    report.print();
    let counted: Vec<_> = counters
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    say(format!("      counters: {}", counted.join(", ")));
    if let Some(file) = &args.report {
        write_report(file, &report)?;
        say(format!("      report: {}", file.display()));
    }
    if args.check && !report.passed {
        lab.keep_and_say();
    }
    Ok(report.passed || !args.check)
}
