//! Plays a recording: builds the city, starts a lab, follows it in storm time, ends and judges.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use shared::{
    clock::{Mode, ScaledClock, real_now},
    time::Timestamp,
};
use tokio::time::Instant;

use super::{
    Args, Report, layers,
    recording::{CitySource, Recording},
    verdict,
    watch::Seen,
};
use crate::lab::{self, BehindLink, Lab, Setup, say};

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
pub async fn run(args: Args) -> anyhow::Result<bool> {
    tokio::select! {
        passed = play(&args) => passed,
        // What was started is dropped with the run, and ends with it.
        () = lab::interrupted() => {
            anyhow::ensure!(args.stay, "interrupted");
            Ok(true)
        }
    }
}

async fn play(args: &Args) -> anyhow::Result<bool> {
    let (mut recording, wanted) = super::load(&args.recording, args.scenario.as_deref())?;
    args.cut(&mut recording).map_err(anyhow::Error::msg)?;
    let speed = args.speed.or(wanted).unwrap_or(60.0);
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
    let clock = ScaledClock {
        mode: Mode::Replay,
        origin: recording.from,
        started: real_now() + LEAD,
        speed,
    };
    let setup = Setup {
        city,
        gateways: lab::spread(&recording.instruments(), args.agents.into(), speed),
        readings: Arc::new(recording.readings()),
        clock,
        broker: args.broker.clone(),
        behind_link: BehindLink::Nobody,
        http: args.http,
        batch_seconds: batch_seconds(&recording, speed),
        work: args.work.clone(),
    };
    let mut lab = Lab::start(setup)
        .await
        .context("the run could not be started")?;
    say(format!("map: {}", lab.client.url("/")));
    let seen = follow(&mut lab, recording.to).await;
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => {
            say(format!(
                "logs and data are kept in {}",
                lab.keep().display()
            ));
            return Err(error);
        }
    };
    if args.stay {
        say("the storm is over; the map stays until Ctrl-C");
        std::future::pending::<()>().await;
    }
    judge(args, &recording, lab, &seen, speed).await
}

fn city(recording: &Recording, folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    match &recording.city {
        CitySource::Folder(city) => Ok(city.clone()),
        CitySource::Generated { points, trucks } => {
            layers::write(recording, points, *trucks, folder).context("the city's layers")?;
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

/// Follows the storm to its end.
async fn follow(lab: &mut Lab, to: Timestamp) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    let mut told = Instant::now();
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        lab.check()?;
        let now = lab.clock.now();
        seen.look(&lab.client, lab.clock).await?;
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

async fn judge(
    args: &Args,
    recording: &Recording,
    mut lab: Lab,
    seen: &Seen,
    speed: f64,
) -> anyhow::Result<bool> {
    let usage = |process: &lab::Process| Some((process.name().to_owned(), process.usage()?.0));
    let cpu_seconds = lab
        .agents
        .iter()
        .chain([&lab.aggregator])
        .filter_map(usage)
        .collect();
    let counters = lab.client.counters().await?;
    let store = lab.finish().await?;
    let delivery = lab.delivery(&store);
    let mut report = Report {
        recording: recording.name.clone(),
        from: recording.from,
        to: recording.to,
        speed,
        agents: args.agents,
        broker: format!("{:?}", args.broker).to_lowercase(),
        gauges: recording.gauges.len(),
        delivery,
        flags: verdict::flags(recording, seen),
        recommended: seen.recommended.clone(),
        recommendations_right: verdict::recommendations(recording, seen),
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
        report.write(file)?;
        say(format!("      report: {}", file.display()));
    }
    if args.check && !report.passed {
        say(format!(
            "logs and data are kept in {}",
            lab.keep().display()
        ));
    }
    Ok(report.passed || !args.check)
}
