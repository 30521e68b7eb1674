//! Puts the agent together, runs it, and takes it apart in order. Shell.
//!
//! Order of a stop: sources read no more → the collector makes durable what they gave → the sources
//! of local brokers pass the receipts on and end → the uplink drains for a few seconds and says
//! goodbye → the spool is closed.

use std::{future::Future, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use shared::{clock, time::EARLIEST, wire::AgentHealth};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::{interval, sleep, timeout},
};

use crate::{
    collector,
    config::{Config, Login},
    health::{Health, SourceGauges},
    quality::QualityStage,
    source::{
        Delivery,
        modbus::{Poller, longest_poll},
        mqtt::Listener,
    },
    spool::{
        draft::Drafter,
        keeper::{Keeper, KeeperError},
        retention::hold_limit,
        sled::SledSpool,
    },
    systemd,
    uplink::{connection::Dial, machine::Pace, mqtt as uplink},
};

/// Deliveries that may wait for the collector, which takes them all the time. Few, because they are
/// in no draft yet; a source waits where there is no room.
const DELIVERIES: usize = 16;
/// Batches that the uplink may not have been told of yet.
const STORED: usize = 1_024;
/// A loop that has not moved for so long is stuck: worn cards take seconds, not half a minute.
const STUCK: Duration = Duration::from_secs(30);
/// How often the log says how things stand.
const STATUS_EVERY: Duration = Duration::from_secs(60);
/// How long a stop may take once the sources have ended, the uplink's five seconds of draining
/// included.
const STOP: Duration = Duration::from_secs(9);
const CLOCK_CHECK: Duration = Duration::from_secs(1);

/// Runs the agent until `stop` resolves.
///
/// # Errors
/// The spool cannot be opened, a password cannot be read, or a part of the agent has failed.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let limit = hold_limit(config.spool.max_bytes);
    let opened = SledSpool::open(&config.data_dir, limit, config.spool.when_full);
    let spool = opened.context("the spool cannot be opened")?;
    let health = Arc::new(Health::new(
        config.agent.clone(),
        config.clock,
        sources(&config),
    ));
    let beat = health.beat("spool", STUCK);
    let (keeper, spool_thread) =
        Keeper::start(Box::new(spool), beat).context("the spool's thread cannot be started")?;
    let parts = Parts::start(&config, &health, &keeper)?;
    let watchdog = tokio::spawn(systemd::feed_watchdog(Arc::clone(&health)));
    let status = tokio::spawn(report(Arc::clone(&health), keeper.clone()));
    systemd::ready();
    announce(&config, &keeper);
    let failed = parts.run_until(stop).await;
    status.abort();
    watchdog.abort();
    let (status, watchdog) = (status.await, watchdog.await);
    drop((status, watchdog, keeper));
    let closed = tokio::task::spawn_blocking(move || spool_thread.join());
    if timeout(STOP, closed).await.is_err() {
        tracing::warn!("the spool did not close in time");
    }
    tracing::info!("stopped");
    failed
}

/// The running parts, and how to stop them.
struct Parts {
    stop: watch::Sender<bool>,
    sources: JoinSet<()>,
    collector: JoinHandle<Result<(), KeeperError>>,
    uplink: JoinHandle<Result<(), KeeperError>>,
}

impl Parts {
    fn start(config: &Config, health: &Arc<Health>, keeper: &Keeper) -> anyhow::Result<Self> {
        let (stop, stopping) = watch::channel(false);
        let (deliver, deliveries) = mpsc::channel(DELIVERIES);
        let (stored, stored_batches) = mpsc::channel(STORED);
        let setup = uplink::Setup {
            agent: config.agent.clone(),
            clock: config.clock,
            dial: Dial {
                broker: config.uplink.broker.clone(),
                client_id: config.agent.to_string(),
                login: config.uplink.login.as_ref().map(password).transpose()?,
                keep_alive: config.uplink.keep_alive,
                window: config.uplink.window,
            },
            pace: Pace {
                window: config.uplink.window,
                ack_deadline: config.uplink.ack_deadline,
                backfill_per_second: config.uplink.backfill_per_second,
            },
            reconnect: config.uplink.reconnect,
            keeper: keeper.clone(),
            health: Arc::clone(health),
            beat: health.beat("uplink", STUCK),
            stored: stored_batches,
            stop: stopping.clone(),
        };
        // The spool is open: it holds the lock of the data directory.
        let (draft, left) = Drafter::open(&config.data_dir, Arc::clone(health));
        let collecting = collector::Setup {
            quality: QualityStage::new(config.gauges()),
            clock: config.clock,
            window: config.uplink.batch,
            when_full: config.spool.when_full,
            keeper: keeper.clone(),
            health: Arc::clone(health),
            beat: health.beat("collector", STUCK + config.uplink.batch),
            deliveries,
            stored,
            draft,
            left,
        };
        let uplink = tokio::spawn(uplink::run(setup));
        let collector = tokio::spawn(collector::run(collecting));
        let sources = spawn_sources(config, health, &deliver, &stopping)?;
        Ok(Self {
            stop,
            sources,
            collector,
            uplink,
        })
    }

    /// Waits for the stop, or for a part that ends by itself, then stops all parts in order.
    async fn run_until(mut self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let early = tokio::select! {
            () = stop => None,
            ended = &mut self.collector => Some(flat(ended).context("the collector has ended")),
            ended = &mut self.uplink => Some(flat(ended).context("the uplink has ended")),
        };
        systemd::stopping();
        tracing::info!("stopping");
        self.stop.send_replace(true);
        while self.sources.join_next().await.is_some() {}
        if let Some(early) = early {
            early?;
            anyhow::bail!("a part of the agent has ended by itself");
        }
        let rest = async {
            flat(self.collector.await).context("the collector failed")?;
            flat(self.uplink.await).context("the uplink failed")
        };
        timeout(STOP, rest)
            .await
            .context("the agent did not stop in time")?
    }
}

fn spawn_sources(
    config: &Config,
    health: &Arc<Health>,
    deliver: &mpsc::Sender<Delivery>,
    stopping: &watch::Receiver<bool>,
) -> anyhow::Result<JoinSet<()>> {
    let (mut sources, clock) = (JoinSet::new(), config.clock);
    for bus in &config.modbus {
        let beat = health.beat(format!("poll {}", bus.name), STUCK + longest_poll(bus));
        let (bus, health) = (bus.clone(), Arc::clone(health));
        let (deliver, stop) = (deliver.clone(), stopping.clone());
        let poll = async move {
            Poller::new(bus, clock, health, beat, deliver)
                .run(stop)
                .await;
        };
        sources.spawn(after_clock_is_set(poll, stopping.clone()));
    }
    for input in &config.mqtt {
        let login = input.login.as_ref().map(password).transpose()?;
        let beat = health.beat(format!("listen {}", input.name), STUCK);
        let (input, health) = (input.clone(), Arc::clone(health));
        let (deliver, stop) = (deliver.clone(), stopping.clone());
        let listen = async move {
            Listener::new(&input, login, clock, health, beat, deliver, stop)
                .run()
                .await;
        };
        sources.spawn(after_clock_is_set(listen, stopping.clone()));
    }
    Ok(sources)
}

/// A gateway without a battery for its clock starts in 1970: nothing read then could ever be
/// placed in time, so reading waits for the clock.
async fn after_clock_is_set(source: impl Future<Output = ()>, mut stop: watch::Receiver<bool>) {
    let mut told = false;
    while clock::real_now() < EARLIEST {
        if !told {
            tracing::error!("the system clock is not set; reading waits for it");
            told = true;
        }
        tokio::select! {
            () = sleep(CLOCK_CHECK) => {}
            _ = stop.changed() => return,
        }
    }
    source.await;
}

fn flat(ended: Result<Result<(), KeeperError>, tokio::task::JoinError>) -> anyhow::Result<()> {
    Ok(ended??)
}

fn sources(config: &Config) -> Vec<SourceGauges> {
    let modbus = config.modbus.iter().map(|bus| SourceGauges {
        name: bus.name.clone(),
        gauges: bus.gauges.iter().map(|g| g.spec.id.clone()).collect(),
    });
    let mqtt = config.mqtt.iter().map(|input| SourceGauges {
        name: input.name.clone(),
        gauges: input.gauges.iter().map(|g| g.spec.id.clone()).collect(),
    });
    modbus.chain(mqtt).collect()
}

fn password(login: &Login) -> anyhow::Result<(String, String)> {
    let read = |file: &Path| {
        std::fs::read_to_string(file)
            .with_context(|| format!("the password file {} cannot be read", file.display()))
    };
    let password = login
        .password_file
        .as_deref()
        .map(read)
        .transpose()?
        .unwrap_or_default();
    Ok((login.username.clone(), password.trim_end().to_owned()))
}

fn announce(config: &Config, keeper: &Keeper) {
    let held = keeper.held();
    tracing::info!(
        agent = %config.agent,
        gauges = config.gauges().count(),
        modbus_lines = config.modbus.len(),
        local_brokers = config.mqtt.len(),
        uplink = %config.uplink.broker,
        spooled_batches = held.usage.batches,
        incarnation = held.incarnation,
        mode = ?config.clock.mode(),
        "ready"
    );
}

/// Says every minute how things stand.
async fn report(health: Arc<Health>, keeper: Keeper) {
    let mut ticks = interval(STATUS_EVERY);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let seen = health.snapshot(true, keeper.held());
        log_status(&health, &seen);
    }
}

fn log_status(health: &Health, seen: &AgentHealth) {
    use std::sync::atomic::Ordering::Relaxed;
    let counters = &health.counters;
    tracing::info!(
        storm_time = %seen.at,
        observations = counters.observations.load(Relaxed),
        published = counters.published.load(Relaxed),
        released = counters.released.load(Relaxed),
        spooled_batches = seen.spooled_batches,
        spooled_bytes = seen.spooled_bytes,
        dropped = seen.dropped,
        undrafted = counters.undrafted_observations.load(Relaxed),
        failed_readings = seen.failed_readings,
        missed_polls = counters.missed_polls.load(Relaxed),
        bad_payloads = counters.bad_payloads.load(Relaxed),
        stale_bytes = counters.stale_bytes.load(Relaxed),
        connections = counters.connections.load(Relaxed),
        silent = seen.silent_sources.join(" "),
        "status"
    );
}
