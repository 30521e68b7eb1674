//! Runs the demo: city, gateways, aggregator, fleet; follows the storm; ends and sums up.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use shared::{
    clock::{Mode, ScaledClock, real_now},
    ids::{GaugeId, PointId},
    time::Timestamp,
};

use super::{
    Args, Scenario, Summary, dispatcher::Dispatcher, gateways, guide, scenario, world, world::World,
};
use crate::{
    city,
    fleet::FleetLine,
    lab::{self, BehindLink, GatewayPlan, Lab, Process, Setup, say},
    link::LinkFault,
    replay::{Seen, files, flags_of},
    truth::{self, Truth},
};

/// Real time that everything gets to start before the storm does: some seconds, and more for
/// every gateway.
const LEAD: Duration = Duration::from_secs(4);
const LEAD_PER_GATEWAY: Duration = Duration::from_millis(250);
/// How often flags, plan and links are looked at, in real time.
const LOOK: Duration = Duration::from_millis(250);
const PROGRESS: Duration = Duration::from_secs(10);
/// An agent gathers a batch for this long, in real seconds: a quarter of a gauge's interval at 60
/// times the storm's speed.
const BATCH_SECONDS: f64 = 0.25;

/// All gauges of the demo city are read once a minute.
const INTERVAL_S: u32 = 60;

/// Runs `flood-sim demo`; `false` if it was judged and did not pass.
///
/// # Errors
/// A bad scenario or city, or programs that do not start.
pub async fn run(args: Args) -> anyhow::Result<bool> {
    let begun = Instant::now();
    let mut stop = Box::pin(crate::lab::interrupted());
    let started = tokio::select! {
        started = Show::start(&args, begun) => started?,
        () = &mut stop => anyhow::bail!("interrupted while starting"),
    };
    let mut show = started;
    let ended = tokio::select! {
        ended = show.follow() => { ended.inspect_err(|_| show.keep())?; true }
        () = &mut stop => false,
    };
    show.end(ended).await
}

struct Show<'a> {
    args: &'a Args,
    scenario: Scenario,
    speed: f64,
    lab: Lab,
    world: World,
    truth: Arc<Truth>,
    seen: Seen,
    dispatcher: Dispatcher,
    gateways: usize,
    gauges: usize,
    trucks: usize,
    map_after_s: f64,
    excused: BTreeSet<PointId>,
    _city: tempfile::TempDir,
}

impl<'a> Show<'a> {
    async fn start(args: &'a Args, begun: Instant) -> anyhow::Result<Self> {
        let scenario = scenario::find(&args.scenario)?;
        // Told before a minute of building and starting, not after it.
        std::net::TcpListener::bind(args.http).with_context(|| {
            format!(
                "the map cannot be served on {}; choose another with --http",
                args.http
            )
        })?;
        let speed = args.speed.unwrap_or(scenario.speed);
        let temporary = tempfile::Builder::new().prefix("flood-city-").tempdir()?;
        let city = city_of(&scenario, temporary.path())?;
        let (instruments, truth) = truth::read(
            &city,
            scenario.storm.clone(),
            scenario.origin,
            scenario.seed,
        )?;
        let trucks = world::trucks(&city)?;
        let groups = gateways::groups(
            &instruments,
            scenario.gateways,
            &scenario.faults,
            scenario.origin,
        );
        let plans = lab::spread_groups(groups, speed);
        let gateways = plans.len();
        let excused = excused(&city, &scenario, &plans)?;
        say(format!(
            "starting {gateways} gateways for {} gauges, {} pump trucks, one aggregator …",
            instruments.len(),
            trucks.len()
        ));
        let truth = Arc::new(Truth::new(truth));
        let lead = LEAD + LEAD_PER_GATEWAY * u32::try_from(gateways).unwrap_or(u32::MAX);
        let setup = Setup {
            city,
            gateways: plans,
            readings: truth.clone(),
            clock: ScaledClock {
                mode: Mode::Exercise,
                origin: scenario.origin,
                started: real_now() + lead,
                speed,
            },
            broker: args.broker.clone(),
            behind_link: match scenario.cut_gateways() {
                cut if cut.is_empty() => BehindLink::Nobody,
                cut => BehindLink::These(cut),
            },
            http: Some(args.http),
            batch_seconds: BATCH_SECONDS,
            work: args.work.clone(),
        };
        let lab = Lab::start(setup)
            .await
            .context("the demo could not be started")?;
        let map_after_s = begun.elapsed().as_secs_f64();
        let address = lab.broker.address();
        let line = FleetLine::start(&address.ip().to_string(), address.port());
        let count = trucks.len();
        let world = World::start(truth.clone(), trucks, line, lab.clock);
        guide::print(&scenario, &lab.client.url("/"), speed, args.auto_dispatch);
        Ok(Self {
            args,
            scenario,
            speed,
            lab,
            world,
            truth,
            seen: Seen::default(),
            dispatcher: Dispatcher::default(),
            gateways,
            gauges: instruments.len(),
            trucks: count,
            map_after_s,
            excused,
            _city: temporary,
        })
    }

    /// Follows the storm until `--for` is over; without it, for ever.
    async fn follow(&mut self) -> anyhow::Result<()> {
        let end = self.args.seconds.map(|s| self.at_real(s));
        let mut looks = tokio::time::interval(LOOK);
        let mut told: Option<Instant> = None;
        loop {
            looks.tick().await;
            self.lab.check()?;
            let now = self.lab.clock.now();
            self.cut_and_join(now);
            let client = &self.lab.client;
            self.seen.points(&client.points().await?, now);
            let plan = client.plan().await?;
            self.seen.plan(plan.as_ref(), now);
            if let Some(plan) = plan.filter(|_| self.args.auto_dispatch) {
                self.dispatcher.look(client, &plan, now).await?;
            }
            if end.is_some_and(|end| now >= end) {
                return Ok(());
            }
            if told.is_none_or(|at| at.elapsed() >= PROGRESS) {
                told = Some(Instant::now());
                self.tell(now);
            }
        }
    }

    /// The storm time so many real seconds after its beginning.
    fn at_real(&self, seconds: u64) -> Timestamp {
        let origin = self.lab.clock.at(real_now()).max(self.scenario.origin);
        let storm = Duration::from_secs(seconds).mul_f64(self.speed);
        // While the storm has not begun, its beginning counts.
        origin.max(self.scenario.origin) + storm
    }

    fn cut_and_join(&self, now: Timestamp) {
        let Some(link) = &self.lab.broker.link else {
            return;
        };
        let minute = self.scenario.minute(now);
        let is_cut = self
            .scenario
            .outages
            .iter()
            .any(|o| o.from_minute <= minute && minute < o.to_minute);
        link.set(if is_cut {
            LinkFault::Cut
        } else {
            LinkFault::None
        });
    }

    fn tell(&self, now: Timestamp) {
        let minute = self.scenario.minute(now);
        if minute < 0 {
            say(format!(
                "  before the storm: it begins in {:.0} s",
                self.scenario.origin.seconds_since(now) / self.speed
            ));
            return;
        }
        let over = if minute >= self.scenario.minutes {
            ", the storm is over"
        } else {
            ""
        };
        say(format!(
            "  minute {minute}{over}: {} points have flooded, {} were flagged, trucks recommended for {}; \
             {} orders, {} m³ pumped; {} readings",
            self.truth.floods().len(),
            self.seen.flags.len(),
            self.seen.recommended.len(),
            self.world.tally.orders(),
            self.world.tally.pumped_m3(),
            self.lab.field.log.count(),
        ));
    }

    fn keep(&mut self) {
        say(format!(
            "logs and data are kept in {}",
            self.lab.keep().display()
        ));
    }

    /// Sums up. `whole` runs are drained, compared and judged; interrupted ones only told.
    async fn end(mut self, whole: bool) -> anyhow::Result<bool> {
        let ended_at = self.lab.clock.now();
        let usage = |p: &Process| Some((p.name().to_owned(), p.usage()?.0));
        let cpu_seconds: BTreeMap<String, f64> = self
            .lab
            .agents
            .iter()
            .chain([&self.lab.aggregator])
            .filter_map(usage)
            .collect();
        let mut counters = BTreeMap::new();
        let mut delivery = None;
        if whole {
            if let Some(link) = &self.lab.broker.link {
                link.set(LinkFault::None);
            }
            say("  draining: waiting until everything that was served has been stored");
            counters = self.lab.client.counters().await?;
            counters.retain(|_, n| *n > 0);
            let store = self.lab.finish().await?;
            delivery = Some(self.lab.delivery(&store));
        }
        let mut summary = self.summary(ended_at, delivery, counters, cpu_seconds);
        summary.passed = summary.holds();
        summary.print();
        if let Some(file) = &self.args.summary {
            summary.write(file)?;
            say(format!("      summary: {}", file.display()));
        }
        if whole && !summary.passed {
            self.keep();
        }
        // Ctrl-C is the way to end a demo, but not one that was to be judged.
        Ok(if whole {
            summary.passed
        } else {
            self.args.seconds.is_none()
        })
    }

    fn summary(
        &self,
        ended_at: Timestamp,
        delivery: Option<lab::Delivery>,
        counters: BTreeMap<String, u64>,
        cpu_seconds: BTreeMap<String, f64>,
    ) -> Summary {
        // The storm goes on while the run is drained.
        let mut floods = self.truth.floods();
        floods.retain(|_, at| *at <= ended_at);
        let after = |times: &BTreeMap<PointId, Timestamp>| {
            let first = times.values().min()?;
            Some(first.seconds_since(self.scenario.origin) / self.speed)
        };
        Summary {
            scenario: self.scenario.name.clone(),
            seed: self.scenario.seed,
            speed: self.speed,
            gateways: self.gateways,
            gauges: self.gauges,
            trucks: self.trucks,
            map_after_s: self.map_after_s,
            first_flood_after_s: after(&floods),
            first_flag_after_s: after(&self.seen.flags),
            first_recommendation_after_s: after(&self.seen.recommended),
            ended_at,
            flags: flags_of(&floods, &self.seen, ended_at, INTERVAL_S),
            floods,
            excused: self.excused.clone(),
            recommended: self.seen.recommended.clone(),
            confirmed: self.args.auto_dispatch.then_some(self.dispatcher.confirmed),
            orders: self.world.tally.orders(),
            pumped_m3: self.world.tally.pumped_m3(),
            delivery,
            counters,
            cpu_seconds,
            passed: false,
        }
    }
}

fn city_of(scenario: &Scenario, folder: &Path) -> anyhow::Result<PathBuf> {
    match &scenario.city {
        Some(city) => Ok(city.clone()),
        None => {
            say("writing the demo city …");
            say(format!("  {}", city::run(folder, scenario.seed)?));
            Ok(folder.to_owned())
        }
    }
}

/// The points whose depth gauge has a fault or hangs on a gateway that is cut off.
fn excused(
    city: &Path,
    scenario: &Scenario,
    plans: &[GatewayPlan],
) -> anyhow::Result<BTreeSet<PointId>> {
    let cut = scenario.cut_gateways();
    let mut gauges: BTreeSet<GaugeId> = scenario.faults.iter().map(|f| f.gauge.clone()).collect();
    for plan in plans.iter().filter(|p| cut.contains(&p.agent)) {
        let all = plan.tcp.iter().chain(&plan.rtu).flatten().chain(&plan.mqtt);
        gauges.extend(all.map(|g| g.id.clone()));
    }
    let points = files::sites(&city.join("waterlogging-points.geojson"))?;
    let excused = points.iter().filter(|p| {
        p.text("level_gauge")
            .is_some_and(|gauge| gauges.contains(gauge))
    });
    Ok(excused.filter_map(|p| p.id.parse().ok()).collect())
}
