//! Assembles the running aggregator from its parts and takes it down again in order.
//!
//! The way of a message: mqtt → committer → world → announcer → http. Each is a part; the others
//! (ticks, saver, retention) serve them.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use shared::{
    clock::real_now, gauge::Parameter, ids::GaugeId, observation::Observation, quality::Test,
    time::Timestamp,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    audit::What,
    authority::{Disowning, KEPT_AS},
    base::Base,
    config::Config,
    driver::Driver,
    forgetting,
    gateways::Gateways,
    http::{self, App, Front},
    ingest::{Book, Committer, CommitterHandle, Downlink, Line, Receipt},
    network::City,
    notary::{Folder, Notary},
    parts::{Parts, Ready},
    people,
    publish::announcer::{self, Letters, Readable},
    requests::Requests,
    store::{SavedWorld, Store},
    unfinished,
    watchdog::{self, Pulse},
    world::{Arrival, Input, Started},
};

/// Real time between ticks: a page is at most this far behind the world.
const TICK: Duration = Duration::from_millis(500);

/// Groups of arrivals that may wait for the world.
const ARRIVALS: usize = 1_024;

/// Saved worlds that may wait for the disk.
const SAVED: usize = 2;

/// How long the parts may take to end.
const DRAIN: Duration = Duration::from_secs(5);

/// Why the aggregator ended without a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By SIGTERM or SIGINT.
    Asked,
    /// To begin anew with other files.
    ToReload,
}

/// Runs the aggregator until SIGTERM or SIGINT, or until `reload` resolves. `files` are those that it was
/// started with.
///
/// # Errors
/// A part cannot start: the message names the address, file or folder. Or a part ended while it
/// was needed: whoever supervises the program starts it anew.
pub async fn run(
    config: Config,
    city: City,
    files: Vec<PathBuf>,
    reload: impl Future<Output = ()>,
) -> Result<Ended> {
    let pulse = Arc::new(Pulse::default());
    watchdog::feed(&pulse);
    let listener = http::bind(config.http.listen).await.with_context(|| {
        format!(
            "the page cannot be served on {} ([http] listen)",
            config.http.listen
        )
    })?;
    let base = Base::new(&config, city)?;
    let mut parts = Parts::default();
    let notary = start(&mut parts, &config, base, files, listener, pulse).await?;
    info!(
        http = %config.http.listen,
        mode = ?config.clock.mode(),
        speed = config.clock.speed(),
        "ready"
    );
    watchdog::tell(&[sd_notify::NotifyState::Ready]);

    let reason = tokio::select! {
        signalled = wait_for_signal() => signalled.map(|()| Ended::Asked),
        () = reload => Ok(Ended::ToReload),
        failed = parts.first_end() => Err(failed),
    };
    match &reason {
        Err(e) => error!(error = format!("{e:#}"), "a part ended; stopping"),
        Ok(Ended::Asked) => {
            info!("stopping");
            watchdog::tell(&[sd_notify::NotifyState::Stopping]);
        }
        Ok(Ended::ToReload) => {
            info!("SIGHUP: the files have changed and are right; beginning anew with them");
        }
    }
    let (what, why) = match &reason {
        Ok(Ended::Asked) => (What::Stopped, None),
        Ok(Ended::ToReload) => (What::Reloaded, None),
        Err(e) => (What::Stopped, Some(format!("{e:#}"))),
    };
    notary.stopping(what, why).await;
    for late in parts.stop(DRAIN).await {
        warn!(part = late, "not everything ended well");
    }
    notary.sign().await;
    let ended = reason?;
    info!("stopped");
    Ok(ended)
}

/// Starts all parts, in the order in which they need each other.
async fn start(
    parts: &mut Parts,
    config: &Config,
    base: Base,
    files: Vec<PathBuf>,
    listener: TcpListener,
    pulse: Arc<Pulse>,
) -> Result<Notary> {
    let stop = parts.stop_token();
    let (gateways, downlink) = Gateways::start(parts, config)?;
    let (world, arrivals) = mpsc::channel(ARRIVALS);
    let committer = start_committer(parts, &base, world, downlink.clone(), &gateways)?;
    let requests = Arc::new(Requests::new(committer.clone()));
    let line = Arc::new(Line::new(base.clock));
    let (letters, epoch) = (Letters::default(), real_now().as_millis());
    let Readable {
        hub,
        published,
        areas,
    } = announcer::start(parts, &base.city, &base.stages, &letters, epoch);
    let app = App {
        city: base.city.clone(),
        clock: base.clock,
        published,
        hub,
        areas,
        store: base.store.clone(),
        requests: requests.clone(),
        desk: people::start(parts, config, &*base.store, committer.clone())?,
        front: Arc::new(Front::new(&config.http)),
        provider: http::provider(&config.http, &base.city)?,
        stages: base.stages.clone(),
        readiness: parts.readiness(),
        line: line.clone(),
    };
    let keep = start_saver(parts, &base);
    let (store, clock) = (base.store.clone(), base.clock);
    let newcomers = base.restored.world.newcomers();
    let answered = base.restored.answered;
    let driver = Driver {
        world: base.restored.world,
        mode: clock.mode(),
        downlink,
        letters,
        requests,
        keep,
        stages: base.stages,
        pulse,
    };
    start_world(parts, driver, arrivals);

    let notary = Notary {
        folder: Folder::below(&config.data_dir),
        store: store.clone(),
        committer: committer.clone(),
        files,
    };
    notary.starting(settings(config)).await?;
    unfinished::enter(answered, store.clone(), &committer).await?;
    let known = gateways.authorities.clone();
    let (at_work, until) = (notary.clone(), stop.clone());
    parts.task("notary", |ready| at_work.run(known, until, ready));
    recall(&*store, &newcomers, clock.now(), &committer).await?;
    parts.task("ticks", |ready| {
        ticks(committer.clone(), stop.clone(), ready)
    });
    gateways.open(parts, config, committer, line).await?;
    http::start(parts, &config.http, app, listener)?;
    let days = config.keep_days;
    parts.task("retention", |ready| {
        forgetting::run(store, clock, days, stop, ready)
    });
    Ok(notary)
}

fn start_committer(
    parts: &mut Parts,
    base: &Base,
    world: mpsc::Sender<Vec<Arrival>>,
    downlink: Downlink,
    gateways: &Gateways,
) -> Result<CommitterHandle> {
    let (handle, inbox) = Committer::door();
    let known = base.store.desk(KEPT_AS)?.pop().map(|(_, kept)| kept);
    let committer = Committer {
        ledger: base.ledger(&gateways.authorities.now())?,
        book: Book::new(base.store.end_of_deeds()?),
        store: base.store.clone(),
        clock: base.clock,
        stages: base.stages.clone(),
        world,
        downlink,
        authorities: gateways.authorities.clone(),
        disowning: Disowning::recalled(known.as_deref()),
        renewals: gateways.renewals.clone(),
        began: std::time::Instant::now(),
    };
    parts.thread("committer", move |ready| {
        ready.now();
        committer.run(inbox).context("the store cannot be written")
    });
    Ok(handle)
}

/// The world has a thread of its own: a plan or a forecast that takes its time must not keep
/// connections waiting, nor they it.
fn start_world(parts: &mut Parts, driver: Driver, arrivals: mpsc::Receiver<Vec<Arrival>>) {
    let (runtime, stop) = (tokio::runtime::Handle::current(), parts.stop_token());
    parts.thread("world", move |ready| {
        ready.now();
        runtime.block_on(driver.drive(arrivals, stop));
        Ok(())
    });
}

fn start_saver(parts: &mut Parts, base: &Base) -> mpsc::Sender<SavedWorld> {
    let (keep, saved) = mpsc::channel(SAVED);
    let store = base.store.clone();
    parts.thread("saver", move |ready| save(&*store, saved, &ready));
    keep
}

/// How far back a gauge that is new to the city is recalled: as far as a status looks.
const RECALLED: Duration = Duration::from_secs(48 * 3_600);

/// Observations of one gauge that are recalled at most.
const MAX_RECALLED: usize = 20_000;

/// Tells the world what gauges gave before the city knew them.
async fn recall(
    store: &dyn Store,
    newcomers: &[(GaugeId, Parameter)],
    now: Timestamp,
    committer: &CommitterHandle,
) -> Result<()> {
    for (gauge, parameter) in newcomers {
        let found = store.range(gauge, *parameter, now - RECALLED, now, MAX_RECALLED)?;
        let found = to_recall(found.into_iter().map(|s| s.observation));
        if found.is_empty() {
            continue;
        }
        info!(%gauge, %parameter, observations = found.len(), "new to the city; recalled");
        let kept = committer.input(Input::Recalled(found)).await;
        ensure!(kept == Receipt::Done, "the store cannot be written");
    }
    Ok(())
}

/// What was dated ahead may be the word of somebody who is gone: the series does not say whose it is.
fn to_recall(found: impl Iterator<Item = Observation>) -> Vec<Observation> {
    found.filter(|o| !o.tests.contains(Test::Clock)).collect()
}

/// Plans no more often than every two real seconds, forecasts every second, however fast the
/// storm runs.
#[expect(clippy::cast_possible_truncation, reason = "seconds of storm time")]
fn settings(config: &Config) -> Started {
    let speed = config.clock.speed();
    let storm_ms = |least_s: f64, real_s: f64| (least_s.max(real_s * speed) * 1000.0) as i64;
    Started {
        mode: config.clock.mode(),
        speed,
        forecast_ms: storm_ms(60.0, 1.0),
        replan_ms: storm_ms(f64::from(config.replan_seconds), 2.0),
    }
}

async fn wait_for_signal() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be watched")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be watched")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Lets time pass for the world, and ends the committer when the program stops.
async fn ticks(committer: CommitterHandle, stop: CancellationToken, ready: Ready) -> Result<()> {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ready.now();
    loop {
        tokio::select! {
            () = stop.cancelled() => {
                committer.end().await;
                return Ok(());
            }
            _ = ticks.tick() => {}
        }
        if !committer.tick().await {
            // Its own end tells why.
            stop.cancelled().await;
        }
    }
}

/// Keeps saved worlds, away from the world and the committer.
fn save(store: &dyn Store, mut saved: mpsc::Receiver<SavedWorld>, ready: &Ready) -> Result<()> {
    ready.now();
    while let Some(world) = saved.blocking_recv() {
        store
            .save_world(&world)
            .context("the world cannot be saved")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use shared::{
        quality::{Quality, TestSet},
        value::Value,
    };

    use super::*;

    #[test]
    fn what_was_dated_ahead_is_not_recalled_from_the_series() {
        let observation = |minute: i64, tests| Observation {
            gauge: "lg-1".parse().expect("id"),
            parameter: Parameter::Depth,
            observed_at: Timestamp::from_millis(minute * 60_000),
            value: Some(Value::from_milli(1_500)),
            quality: Quality::Suspect,
            tests,
        };
        let fast = observation(1, TestSet::NONE.with(Test::RateOfChange));
        let ahead = observation(2, TestSet::NONE.with(Test::Clock));
        assert_eq!(to_recall([fast.clone(), ahead].into_iter()), [fast]);
    }
}
