//! Assembles the running aggregator, drives the world, and takes it down again in order.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use shared::{
    clock::{Clock, Mode, real_now},
    wire::Topic,
};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::MissedTickBehavior,
};
use tracing::{error, info, warn};

use crate::{
    config::{Broker, Config},
    counters::Counters,
    ends::Ends,
    http::{self, App, Hub, Published},
    ingest::{
        Admitter, CommitterHandle, CommitterParts, Downlink, DownlinkMessage, ExternalBroker,
        Receipt, run_external, start_broker, start_committer,
    },
    map::{Part, Renderer},
    metrics::{Stage, Stages, Stopwatch},
    network::City,
    orders::Order,
    rebuild::rebuild,
    store_before::Embedded,
    world::{Cadence, Effect, Input, Refusal, World},
};

/// Real time between ticks: a page is at most this far behind the world.
const TICK: Duration = Duration::from_millis(500);

/// A page hears at least this often, even of a city in which nothing changes.
const ALIVE: Duration = Duration::from_secs(5);

/// Groups of inputs that may wait for the world.
const INPUTS: usize = 1_024;

/// How long open connections may take to end.
const DRAIN: Duration = Duration::from_secs(5);

/// Runs the aggregator until SIGTERM or SIGINT.
///
/// # Errors
/// A part cannot start: the message names the address, file or folder. Or a part ended while it
/// was needed: whoever supervises the program starts it anew.
pub async fn run(config: Config, city: City) -> Result<()> {
    let city = Arc::new(city);
    let clock = config.clock;
    let store = Arc::new(Embedded::open(&config.data_dir.join("store"))?);
    let counters = Arc::new(Counters::default());
    let stages = Arc::new(Stages::default());
    let (world_inbox, inputs) = mpsc::channel(INPUTS);
    let (downlink, downlink_inbox) = Downlink::new();

    let listener = http::bind(config.listen).await.with_context(|| {
        format!(
            "the page cannot be served on {} ([http] listen)",
            config.listen
        )
    })?;
    let gauges = city.gauges.iter().map(|g| (g.id.clone(), g.parameter));
    let (committer, committer_end) = start_committer(CommitterParts {
        store: store.clone(),
        clock,
        admitter: Admitter::new(gauges, clock.speed()),
        counters: counters.clone(),
        stages: stages.clone(),
        world: world_inbox.clone(),
        downlink: downlink.clone(),
    })?;

    let world = rebuilt_world(city.clone(), &config, &store)?;

    let epoch = real_now().as_millis();
    let hub = Arc::new(Hub::new(epoch));
    let (publish, published) = watch::channel(Published::default());
    let driver = Driver {
        world,
        clock,
        committer: committer.clone(),
        downlink,
        renderer: start_renderer(&city, epoch),
        hub: hub.clone(),
        publish,
        counters: counters.clone(),
        told_trouble: 0,
        told_at: Instant::now(),
        stages: stages.clone(),
        seq: 0,
    };
    let (stop, stopped) = watch::channel(false);
    let (world_thread, world_end) = start_world(driver, inputs, stopped.clone())?;
    let (mqtt, mqtt_end) = start_mqtt(&config, committer.clone(), downlink_inbox).await?;
    let app = App {
        city,
        clock,
        published,
        hub,
        store: store.clone(),
        world: world_inbox,
        counters,
        stages,
    };
    let server = tokio::spawn(http::serve(listener, app, until(stopped.clone())));
    tokio::spawn(retention(store, clock, config.keep_days, until(stopped)));
    info!(http = %config.listen, mode = ?clock.mode(), speed = clock.speed(), "ready");
    notify(&[sd_notify::NotifyState::Ready]);

    let ends = Ends {
        committer: committer_end,
        world: world_end,
        mqtt: mqtt_end,
    };
    let reason = tokio::select! {
        signalled = wait_for_signal() => signalled,
        failed = ends.first() => Err(failed),
    };
    if let Err(e) = &reason {
        error!(error = format!("{e:#}"), "a part ended; stopping");
    }
    info!("stopping");
    notify(&[sd_notify::NotifyState::Stopping]);
    let _ = stop.send(true);
    mqtt.shutdown_background();
    drop(committer);
    let ended = tokio::task::spawn_blocking(|| world_thread.join()).await?;
    if tokio::time::timeout(DRAIN, server).await.is_err() {
        warn!("connections were still open");
    }
    // The embedded broker may hold a handle of the committer until its tasks are dropped, so nobody
    // waits for the committer; what was acknowledged is durable, what was not will come again.
    reason?;
    ensure!(ended.is_ok(), "the world ended badly");
    info!("stopped");
    Ok(())
}

fn rebuilt_world(city: Arc<City>, config: &Config, store: &Embedded) -> Result<World> {
    let (clock, begun) = (config.clock, Instant::now());
    let mut world = World::new(city, cadence(config), clock.now());
    let rebuilt = rebuild(&mut world, store, clock.now())?;
    info!(
        observations = rebuilt,
        took_ms = millis(begun.elapsed()),
        "live state rebuilt"
    );
    Ok(world)
}

/// Compresses what never changes before anybody asks for it.
fn start_renderer(city: &City, epoch: i64) -> Renderer {
    let renderer = Renderer::new(city, epoch);
    let fixed = renderer.fixed_parts();
    tokio::task::spawn_blocking(move || fixed.iter().for_each(Part::pack));
    renderer
}

fn notify(state: &[sd_notify::NotifyState]) {
    if let Err(e) = sd_notify::notify(state) {
        warn!(error = %e, "systemd cannot be told");
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stopped.wait_for(|stop| *stop).await;
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

/// Plans no more often than every two real seconds, forecasts every second, however fast the
/// storm runs.
#[expect(clippy::cast_possible_truncation, reason = "seconds of storm time")]
fn cadence(config: &Config) -> Cadence {
    let speed = config.clock.speed();
    let storm_ms = |least_s: f64, real_s: f64| (least_s.max(real_s * speed) * 1000.0) as i64;
    Cadence {
        forecast_ms: storm_ms(60.0, 1.0),
        replan_ms: storm_ms(f64::from(config.replan_seconds), 2.0),
        speed,
    }
}

/// The world has a thread of its own: a plan or a forecast that takes its time must not keep
/// connections waiting, nor they it.
fn start_world(
    driver: Driver,
    inputs: mpsc::Receiver<Vec<Input>>,
    stopped: watch::Receiver<bool>,
) -> Result<(std::thread::JoinHandle<()>, oneshot::Receiver<()>)> {
    let (alive, end) = oneshot::channel::<()>();
    let runtime = tokio::runtime::Handle::current();
    let thread = std::thread::Builder::new()
        .name("world".to_owned())
        .spawn(move || {
            // Dropped with the thread's last breath, also by a panic.
            let _alive = alive;
            runtime.block_on(driver.drive(inputs, stopped));
        })
        .context("no thread for the world can be had")?;
    Ok((thread, end))
}

/// MQTT has threads of its own, so that thousands of gateways that come back at once leave the page
/// as quick as before.
async fn start_mqtt(
    config: &Config,
    committer: CommitterHandle,
    downlink: mpsc::Receiver<DownlinkMessage>,
) -> Result<(Runtime, JoinHandle<()>)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("mqtt")
        .enable_all()
        .build()
        .context("no threads for MQTT can be had")?;
    match begin_mqtt(config, committer, downlink, &runtime).await {
        Ok(end) => Ok((runtime, end)),
        Err(e) => {
            runtime.shutdown_background();
            Err(e)
        }
    }
}

async fn begin_mqtt(
    config: &Config,
    committer: CommitterHandle,
    downlink: mpsc::Receiver<DownlinkMessage>,
    runtime: &Runtime,
) -> Result<JoinHandle<()>> {
    let mut server = None;
    let broker = match &config.broker {
        Broker::Embedded(listen) => {
            let own = format!("flood-aggregator-{:016x}", real_now().as_millis());
            let running = runtime
                .spawn(start_broker(*listen, committer.clone(), own.clone()))
                .await??;
            server = Some(running);
            let host = if listen.ip().is_unspecified() {
                "127.0.0.1".to_owned()
            } else {
                listen.ip().to_string()
            };
            ExternalBroker {
                host,
                port: listen.port(),
                client_id: own,
                uplink: false,
            }
        }
        Broker::External {
            host,
            port,
            client_id,
        } => ExternalBroker {
            host: host.clone(),
            port: *port,
            client_id: client_id.clone(),
            uplink: true,
        },
    };
    let client = runtime.spawn(run_external(broker, committer, downlink));
    let Some(server) = server else {
        return Ok(client);
    };
    Ok(runtime.spawn(async move {
        let ended = tokio::select! {
            ended = server => ended,
            ended = client => ended,
        };
        ended.expect("a panic of a part is a panic of the whole");
    }))
}

/// Drops old days, at start and every hour.
async fn retention(
    store: Arc<Embedded>,
    clock: Clock,
    keep_days: u32,
    stopped: impl Future<Output = ()>,
) {
    let mut hourly = tokio::time::interval(Duration::from_secs(3_600));
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            _ = hourly.tick() => {}
            () = &mut stopped => return,
        }
        let oldest = clock.now() - Duration::from_secs(u64::from(keep_days) * 86_400);
        let store = store.clone();
        let dropped = tokio::task::spawn_blocking(move || store.drop_days_before(&oldest.day()));
        match dropped.await {
            Ok(Ok(0)) => {}
            Ok(Ok(days)) => info!(days, "old history dropped"),
            Ok(Err(e)) => error!(error = %e, "old history cannot be dropped"),
            Err(e) => error!(error = %e, "retention ended badly"),
        }
    }
}

fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// Drives the world: inputs in, effects out, a publication with every tick.
struct Driver {
    world: World,
    clock: Clock,
    committer: CommitterHandle,
    downlink: Downlink,
    renderer: Renderer,
    hub: Arc<Hub>,
    publish: watch::Sender<Published>,
    counters: Arc<Counters>,
    /// The sum of the counters of trouble when they were last published.
    told_trouble: u64,
    /// When anything was last published.
    told_at: Instant,
    stages: Arc<Stages>,
    seq: u64,
}

impl Driver {
    async fn drive(
        mut self,
        mut inputs: mpsc::Receiver<Vec<Input>>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let (unkept, mut unkept_inbox) = mpsc::unbounded_channel();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let arrived = tokio::select! {
                biased;
                _ = stopped.wait_for(|stop| *stop) => return,
                _ = ticks.tick() => None,
                Some(input) = unkept_inbox.recv() => Some(vec![input]),
                some = inputs.recv() => match some {
                    Some(inputs) => Some(inputs),
                    None => return,
                },
            };
            let stages = self.stages.clone();
            let mut watch = Stopwatch::start(&stages);
            if let Some(inputs) = arrived {
                for input in inputs {
                    self.step(input, &unkept);
                }
                watch.lap(Stage::World);
            } else {
                let begun = Instant::now();
                self.step(Input::Tick, &unkept);
                watch.lap(Stage::Tick);
                self.publish(begun, &mut watch);
            }
        }
    }

    fn step(&mut self, input: Input, unkept: &mpsc::UnboundedSender<Input>) {
        let mode = self.clock.mode();
        for effect in self.world.step(self.clock.now(), input) {
            match effect {
                Effect::Send(order) => send_order(&self.downlink, &order, mode),
                Effect::Refuse { refusal, reply } => {
                    // The client may have gone.
                    let _ = reply.send(Err(refusal));
                }
                Effect::Keep {
                    order,
                    before,
                    reply,
                } => {
                    let committer = self.committer.clone();
                    let (downlink, unkept) = (self.downlink.clone(), unkept.clone());
                    tokio::spawn(async move {
                        let kept = committer.order(order.clone()).await == Receipt::Done;
                        let answer = if kept {
                            send_order(&downlink, &order, mode);
                            Ok(order)
                        } else {
                            let _ = unkept.send(Input::NotKept { order, before });
                            Err(Refusal::NotKept)
                        };
                        if let Some(reply) = reply {
                            let _ = reply.send(answer);
                        }
                    });
                }
            }
        }
    }

    fn publish(&mut self, begun: Instant, watch: &mut Stopwatch<'_>) {
        let now = self.clock.now();
        let dirty = self.world.take_dirty(now);
        let first = self.publish.borrow().state.is_empty();
        // What is refused changes nothing in the world, and still has to be seen.
        let trouble = self.counters.trouble();
        // A quiet city is told that it is quiet, or its page's clock would stand still.
        let is_due = begun.duration_since(self.told_at) >= ALIVE;
        if dirty.is_empty() && !first && !is_due && trouble == self.told_trouble {
            return;
        }
        self.told_trouble = trouble;
        self.told_at = begun;
        self.seq += 1;
        let delta = self.finish(self.world.view_dirty(&dirty, now));
        let state = self.finish(self.world.view_all(now));
        self.hub.publish(self.seq, &delta);
        watch.lap(Stage::State);
        let map = self.renderer.render(&self.world, now, self.seq);
        watch.lap(Stage::Map);
        let figures = self.world.figures(now);
        self.publish.send_replace(Published {
            state: state.into(),
            map,
            forecasts: Arc::new(self.forecasts()),
            gauges_stale: figures.gauges_stale,
            points_waterlogged: figures.points_waterlogged,
            points_unknown: figures.points_unknown,
            agents_online: figures.agents_online,
            tick_ms: millis(begun.elapsed()),
        });
    }

    fn finish(&self, mut view: crate::world::StateView) -> Vec<u8> {
        view.seq = self.seq;
        view.mode = self.clock.mode();
        view.speed = self.clock.speed();
        view.counters = self.counters.snapshot();
        serde_json::to_vec(&view).expect("the state has no maps of odd keys")
    }

    fn forecasts(&self) -> HashMap<String, serde_json::Value> {
        self.world
            .points
            .iter()
            .filter_map(|p| {
                let curve = self.world.outlook.curve_of(&p.site.id)?;
                Some((p.site.id.to_string(), curve))
            })
            .collect()
    }
}

fn send_order(downlink: &Downlink, order: &Order, mode: Mode) {
    match serde_json::to_vec(&order.message(mode)) {
        Ok(payload) => {
            let topic = Topic::Order(order.truck.clone());
            if !downlink.send(DownlinkMessage { topic, payload }) {
                warn!(order = %order.id, "order waits for the line");
            }
        }
        Err(e) => error!(order = %order.id, error = %e, "order cannot be encoded"),
    }
}
