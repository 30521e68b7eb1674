//! Puts the agent together, runs it, and takes it apart in order. Shell.
//!
//! Order of a stop: sources read no more → the collector makes durable what they gave → the sources
//! of local brokers pass the receipts on and end → the uplink drains for a few seconds and says
//! goodbye → the spool is closed.

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context as _;
use shared::{
    tls::Tls,
    wire::{AgentHealth, seal::Key},
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    collector::{self, CollectorSetup},
    config::{AgentConfig, Login, ModbusBus, MqttInput, UplinkConfig},
    faults::FaultKind,
    health::{Health, SourceGauges},
    kept::KeptFile,
    net::{self, Credentials, CredentialsError, Dial, read_bundle},
    pulse::Pulse,
    quality::QualityStage,
    source::{
        Delivery,
        modbus::{Poller, PollerSetup, longest_poll},
        mqtt::{
            listener::{ListenerSetup, listen},
            machine::Retentions,
        },
    },
    spool::{
        self,
        draft::Drafter,
        keeper::{Keeper, KeeperError},
    },
    status, systemd,
    timekeeper::{ClockFloors, Timekeeper},
    timesync,
    uplink::{
        driver::{self, UplinkSetup},
        machine::Pace,
        papers::Passport,
    },
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
/// How often it is looked what is wrong no more.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the agent until `stop` resolves.
///
/// # Errors
/// The spool cannot be opened, a password cannot be read, or a part of the agent has failed.
pub async fn run(config: AgentConfig, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let opened = spool::open(&config.data_dir, config.spool);
    let spool = opened.context("the spool cannot be opened")?;
    let (health, pulse) = (Arc::new(health(&config)), Arc::new(Pulse::default()));
    tell_damage(&health, &spool);
    let floors = ClockFloors::of_this_build(spool.durable_at(), config.doubt_unsynchronised_clock);
    let timekeeper = Arc::new(Timekeeper::new(config.clock, floors));
    let beat = pulse.beat("spool", STUCK);
    let (keeper, spool_thread) =
        Keeper::start(spool, config.clock, beat).context("the spool's thread cannot be started")?;
    let parts = Parts::start(&config, &health, &pulse, &keeper, &timekeeper)?;
    let watchdog = tokio::spawn(systemd::feed_watchdog(pulse));
    let reports = tokio::spawn(report(Arc::clone(&health), keeper.clone()));
    let answers = status::serve(config.data_dir.clone(), Arc::clone(&health), keeper.clone());
    let answers = tokio::spawn(answers);
    let ends = tokio::spawn(tell_ends(health));
    let timesync = tokio::spawn(timesync::watch(timekeeper));
    systemd::ready();
    announce(&config, &keeper);
    let failed = parts.run_until(stop).await;
    for aside in [reports, answers, ends, timesync, watchdog] {
        aside.abort();
        // It was told to end; how it did is nothing to report.
        drop(aside.await);
    }
    drop(keeper);
    let closed = tokio::task::spawn_blocking(move || spool_thread.join());
    if timeout(STOP, closed).await.is_err() {
        tracing::warn!("the spool did not close in time");
    }
    tracing::info!("stopped");
    failed
}

/// The running parts, and how to stop them.
struct Parts {
    stop: CancellationToken,
    sources: TaskTracker,
    collector: JoinHandle<Result<(), KeeperError>>,
    uplink: JoinHandle<Result<(), KeeperError>>,
}

impl Parts {
    fn start(
        config: &AgentConfig,
        health: &Arc<Health>,
        pulse: &Pulse,
        keeper: &Keeper,
        timekeeper: &Arc<Timekeeper>,
    ) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let (deliver, deliveries) = mpsc::channel(DELIVERIES);
        let (stored, stored_batches) = mpsc::channel(STORED);
        let Line {
            key,
            passport,
            dial,
        } = Line::new(config, health)?;
        let uplink = UplinkSetup {
            key,
            passport,
            agent: config.agent.clone(),
            clock: config.clock,
            timekeeper: Arc::clone(timekeeper),
            dial,
            pace: Pace {
                window: config.uplink.window,
                ack_deadline: config.uplink.ack_deadline,
                backfill_per_second: config.uplink.backfill_per_second,
            },
            reconnect: config.uplink.reconnect,
            keeper: keeper.clone(),
            health: Arc::clone(health),
            beat: pulse.beat("uplink", STUCK),
            stored: stored_batches,
            stop: stop.clone(),
        };
        // The spool is open: it holds the lock of the data directory.
        let (draft, left) = Drafter::open(
            &config.data_dir,
            Arc::clone(&health.counters),
            Arc::clone(&health.faults),
        );
        let collector = CollectorSetup {
            quality: QualityStage::new(config.gauges()),
            timekeeper: Arc::clone(timekeeper),
            window: config.uplink.batch,
            when_full: config.spool.when_full,
            keeper: keeper.clone(),
            health: Arc::clone(health),
            beat: pulse.beat("collector", STUCK + config.uplink.batch),
            deliveries,
            stored,
            draft,
            left,
            totals: KeptFile::open(&config.data_dir, "totals"),
        };
        let sources = Sources {
            config,
            health,
            pulse,
            deliver,
            stop: &stop,
            tasks: TaskTracker::new(),
        };
        Ok(Self {
            sources: sources.spawn()?,
            collector: tokio::spawn(collector::run(collector)),
            uplink: tokio::spawn(driver::run(uplink)),
            stop,
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
        self.stop.cancel();
        self.sources.wait().await;
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

/// How the agent reaches the aggregator's broker, and as whom.
struct Line {
    key: Option<Key>,
    passport: Option<Passport>,
    dial: Dial,
}

impl Line {
    fn new(config: &AgentConfig, health: &Health) -> Result<Self, CredentialsError> {
        let UplinkConfig { broker, plain, .. } = &config.uplink;
        let file = config.uplink.bundle.as_deref();
        let bundle = file.map(|file| read_bundle(file, &config.agent).map(|bundle| (file, bundle)));
        let (key, papers, credentials) = match bundle.transpose()? {
            None => (None, None, credentials(config.uplink.login.as_ref())?),
            Some((file, bundle)) => {
                let credentials = Credentials::of(&bundle);
                let papers = bundle.papers.map(|papers| (file, papers));
                (Some(bundle.key), papers, Some(credentials))
            }
        };
        let is_private = *plain || broker.is_on_this_machine();
        if papers.is_some() && !broker.tls && !is_private {
            let broker = broker.clone();
            return Err(CredentialsError::Downgrade { broker });
        }
        let (passport, tls) = match (papers.filter(|_| broker.tls), &config.uplink.ca_file) {
            (Some((file, papers)), None) => {
                let opened = Passport::open(papers, &config.data_dir);
                let (passport, tls) = opened.map_err(|source| CredentialsError::Tls {
                    file: file.to_owned(),
                    source,
                })?;
                health.set_certificate(passport.until());
                (Some(passport), Some(tls))
            }
            (_, ca_file) => (None, net::tls(broker, ca_file.as_deref())?),
        };
        Ok(Self {
            key,
            passport,
            dial: Dial {
                broker: broker.clone(),
                tls,
                client_id: config.agent.to_string(),
                credentials,
                keep_alive: config.uplink.keep_alive,
                window: config.uplink.window,
            },
        })
    }
}

/// What every source is given.
struct Sources<'a> {
    config: &'a AgentConfig,
    health: &'a Health,
    pulse: &'a Pulse,
    deliver: mpsc::Sender<Delivery>,
    stop: &'a CancellationToken,
    tasks: TaskTracker,
}

impl Sources<'_> {
    /// Starts all of them; nobody but they can deliver after that.
    fn spawn(self) -> Result<TaskTracker, CredentialsError> {
        for (number, input) in self.config.mqtt.iter().enumerate() {
            let name = format!("retained-{number}");
            let retained = KeptFile::open(&self.config.data_dir, &name);
            let tls = net::tls(&input.broker, input.ca_file.as_deref())?;
            self.listen(input, credentials(input.login.as_ref())?, tls, retained);
        }
        for bus in &self.config.modbus {
            self.poll(bus);
        }
        self.tasks.close();
        Ok(self.tasks)
    }

    fn poll(&self, bus: &ModbusBus) {
        let beat = format!("poll {}", bus.name);
        let beat = self.pulse.beat(beat, STUCK + longest_poll(bus));
        let setup = PollerSetup {
            bus: bus.clone(),
            clock: self.config.clock,
            counters: Arc::clone(&self.health.counters),
            faults: Arc::clone(&self.health.faults),
            beat,
            stop: self.stop.clone(),
        };
        let poller = Poller::new(setup, self.deliver.clone());
        self.tasks.spawn(poller.run());
    }

    fn listen(
        &self,
        input: &MqttInput,
        credentials: Option<Credentials>,
        tls: Option<Tls>,
        retained: (KeptFile<Retentions>, Retentions),
    ) {
        let setup = ListenerSetup {
            input: input.clone(),
            credentials,
            tls,
            retained,
            clock: self.config.clock,
            counters: Arc::clone(&self.health.counters),
            faults: Arc::clone(&self.health.faults),
            beat: self.pulse.beat(format!("listen {}", input.name), STUCK),
            stop: self.stop.clone(),
        };
        self.tasks.spawn(listen(setup, self.deliver.clone()));
    }
}

/// Says what of the spool was damaged: there is nothing to mend, and a human should know.
fn tell_damage(health: &Health, spool: &spool::Spool) {
    let damage = spool.damage();
    for place in &damage.places {
        tracing::error!(place, "damage in the spool");
    }
    if !damage.is_none() {
        let cause = format!(
            "{} bytes could not be read and at least {} batch(es) are lost; first: {}",
            damage.bytes,
            damage.batches,
            damage.places.first().map_or("", String::as_str)
        );
        health.faults.begin(FaultKind::SpoolDamaged, "", &cause);
    }
}

/// Says what is wrong no more.
async fn tell_ends(health: Arc<Health>) {
    let mut ticks = interval(LOOK);
    loop {
        ticks.tick().await;
        health.faults.tell_ends();
    }
}

fn flat(ended: Result<Result<(), KeeperError>, tokio::task::JoinError>) -> anyhow::Result<()> {
    Ok(ended??)
}

fn credentials(login: Option<&Login>) -> Result<Option<Credentials>, CredentialsError> {
    login.map(Credentials::read).transpose()
}

fn health(config: &AgentConfig) -> Health {
    let modbus = config.modbus.iter().map(|bus| SourceGauges {
        name: bus.name.clone(),
        gauges: bus.gauges.iter().map(|g| g.spec.id.clone()).collect(),
    });
    let mqtt = config.mqtt.iter().map(|input| SourceGauges {
        name: input.name.clone(),
        gauges: input.gauges.iter().map(|g| g.spec.id.clone()).collect(),
    });
    let sources = modbus.chain(mqtt).collect();
    Health::new(config.agent.clone(), config.clock, sources)
}

fn announce(config: &AgentConfig, keeper: &Keeper) {
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
