//! Plays a demo: starts everything, follows the storm, ends and sums up.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use shared::{clock::real_now, ids::PointId, time::Timestamp};

use super::{
    DemoArgs, dispatcher::Dispatcher, guide, mover::Mover, past::LookBack, staging::Staging,
    summary::DemoSummary,
};
use crate::{
    console::{interrupted, say, write_report},
    fleet::FleetLine,
    judge::{self, Seen},
    lab::{DeliveryCount, Lab, LabError},
    link::LinkFault,
};

/// How often flags, plan and links are looked at, in real time.
const LOOK: Duration = Duration::from_millis(250);
const PROGRESS: Duration = Duration::from_secs(10);

/// All gauges of the demo city are read once a minute.
const INTERVAL_S: u32 = 60;

/// Runs `flood-sim demo`; `false` if it was judged and did not pass.
///
/// # Errors
/// A bad scenario or city, or programs that do not start.
pub async fn run(args: DemoArgs) -> anyhow::Result<bool> {
    let begun = Instant::now();
    let mut stop = Box::pin(interrupted());
    let mut demo = tokio::select! {
        started = Demo::start(&args, begun) => started?,
        () = &mut stop => anyhow::bail!("interrupted while starting"),
    };
    let is_whole = tokio::select! {
        ended = demo.follow() => {
            ended.inspect_err(|_| demo.lab.keep_and_say())?;
            true
        }
        () = &mut stop => false,
    };
    demo.end(is_whole).await
}

/// A demo that runs.
struct Demo<'a> {
    args: &'a DemoArgs,
    staging: Staging,
    lab: Lab,
    mover: Mover,
    onlookers: Onlookers,
    past: Option<LookBack>,
    /// Real seconds from the command to a live map.
    map_after_s: f64,
}

/// Who looks at the map: the judge, and a dispatcher where one was asked for.
struct Onlookers {
    seen: Seen,
    dispatcher: Option<Dispatcher>,
}

impl Onlookers {
    async fn look(&mut self, lab: &Lab, now: Timestamp) -> Result<(), LabError> {
        let plan = self.seen.look(&lab.client, now).await?;
        match (&mut self.dispatcher, plan) {
            (Some(dispatcher), Some(plan)) => dispatcher.look(&lab.client, &plan, now).await,
            _ => Ok(()),
        }
    }
}

impl<'a> Demo<'a> {
    async fn start(args: &'a DemoArgs, begun: Instant) -> anyhow::Result<Self> {
        // Told before a minute of building and starting, not after it.
        std::net::TcpListener::bind(args.http).with_context(|| {
            let http = args.http;
            format!("the map cannot be served on {http}; choose another with --http")
        })?;
        let staging = Staging::new(args)?;
        say(format!(
            "starting {} gateways for {} gauges, {} pump trucks, one aggregator …",
            staging.gateways.len(),
            staging.gauges,
            staging.trucks.len()
        ));
        let lab = Lab::start(staging.lab(args))
            .await
            .context("the demo could not be started")?;
        let map_after_s = begun.elapsed().as_secs_f64();
        let address = lab.broker.address();
        let line = FleetLine::start(&address.ip().to_string(), address.port());
        let (truth, trucks) = (staging.truth.clone(), staging.trucks.clone());
        let mover = Mover::start(truth, trucks, line, lab.clock);
        let url = lab.client.url("/");
        guide::print(&staging.scenario, &url, staging.speed, args.auto_dispatch);
        Ok(Self {
            args,
            staging,
            lab,
            mover,
            onlookers: Onlookers {
                seen: Seen::default(),
                dispatcher: args.auto_dispatch.then(Dispatcher::default),
            },
            past: None,
            map_after_s,
        })
    }

    /// Follows the storm until `--for` is over; without it, for ever.
    async fn follow(&mut self) -> anyhow::Result<()> {
        let end = self.args.seconds.map(|s| self.at_real(s));
        if let (Some(count), Some(end)) = (self.args.look_back, end) {
            let scenario = &self.staging.scenario;
            self.past = Some(LookBack::new(count, scenario.origin, end, scenario.seed));
        }
        let mut looks = tokio::time::interval(LOOK);
        let mut told: Option<Instant> = None;
        loop {
            looks.tick().await;
            self.lab.check()?;
            let now = self.lab.clock.now();
            self.cut_and_join(now);
            if let Some(past) = &mut self.past {
                past.look(&mut self.lab, now).await?;
            }
            self.onlookers.look(&self.lab, now).await?;
            if end.is_some_and(|end| now >= end) {
                return Ok(());
            }
            if told.is_none_or(|at| at.elapsed() >= PROGRESS) {
                told = Some(Instant::now());
                self.tell(now);
            }
        }
    }

    /// The storm time so many real seconds after its beginning; while the storm has not begun, its
    /// beginning counts.
    fn at_real(&self, seconds: u64) -> Timestamp {
        let begun = self.lab.clock.at(real_now());
        let storm = Duration::from_secs(seconds).mul_f64(self.staging.speed);
        begun.max(self.staging.scenario.origin) + storm
    }

    fn cut_and_join(&self, now: Timestamp) {
        let Some(link) = &self.lab.broker.link else {
            return;
        };
        link.set(if self.staging.scenario.is_cut(now) {
            LinkFault::Cut
        } else {
            LinkFault::None
        });
    }

    fn tell(&self, now: Timestamp) {
        let scenario = &self.staging.scenario;
        let minute = scenario.minute(now);
        if minute < 0 {
            say(format!(
                "  before the storm: it begins in {:.0} s",
                scenario.origin.seconds_since(now) / self.staging.speed
            ));
            return;
        }
        let over = if minute >= scenario.minutes {
            ", the storm is over"
        } else {
            ""
        };
        say(format!(
            "  minute {minute}{over}: {} points have flooded, {} were flagged, trucks recommended for {}; \
             {} orders, {} m³ pumped; {} readings",
            self.staging.truth.floods().len(),
            self.onlookers.seen.flags.len(),
            self.onlookers.seen.recommended.len(),
            self.mover.tally.orders(),
            self.mover.tally.pumped_m3(),
            self.lab.field.log.count(),
        ));
    }

    /// Sums up. Whole runs are drained, compared and judged; interrupted ones only told.
    async fn end(mut self, is_whole: bool) -> anyhow::Result<bool> {
        let ended_at = self.lab.clock.now();
        let cpu_seconds = self.lab.cpu_seconds();
        let mut counters = BTreeMap::new();
        let mut delivery = None;
        if is_whole {
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
        if let Some(past) = self.past.as_ref().filter(|_| is_whole) {
            summary.passed &= past.holds(&self.lab).await?;
        }
        if let Some(file) = &self.args.summary {
            write_report(file, &summary)?;
            say(format!("      summary: {}", file.display()));
        }
        if is_whole && !summary.passed {
            self.lab.keep_and_say();
        }
        // Ctrl-C is the way to end a demo, but not one that was to be judged.
        Ok(if is_whole {
            summary.passed
        } else {
            self.args.seconds.is_none()
        })
    }

    fn summary(
        &self,
        ended_at: Timestamp,
        delivery: Option<DeliveryCount>,
        counters: BTreeMap<String, u64>,
        cpu_seconds: BTreeMap<String, f64>,
    ) -> DemoSummary {
        let (staging, seen) = (&self.staging, &self.onlookers.seen);
        let dispatcher = self.onlookers.dispatcher.as_ref();
        // The storm goes on while the run is drained.
        let mut floods = staging.truth.floods();
        floods.retain(|_, at| *at <= ended_at);
        let mut excused = staging.excused.clone();
        let interval_ms = i64::from(INTERVAL_S) * 1000;
        excused.extend(staging.truth.hardly_flooded(interval_ms, ended_at));
        let after = |times: &BTreeMap<PointId, Timestamp>| {
            let first = times.values().min()?;
            Some(first.seconds_since(staging.scenario.origin) / staging.speed)
        };
        DemoSummary {
            scenario: staging.scenario.name.clone(),
            seed: staging.scenario.seed,
            speed: staging.speed,
            gateways: staging.gateways.len(),
            gauges: staging.gauges,
            trucks: staging.trucks.len(),
            map_after_s: self.map_after_s,
            first_flood_after_s: after(&floods),
            first_flag_after_s: after(&seen.flags),
            first_recommendation_after_s: after(&seen.recommended),
            ended_at,
            flags: judge::flags(&floods, seen, ended_at, INTERVAL_S),
            floods,
            excused,
            recommended: seen.recommended.clone(),
            confirmed: dispatcher.map(|d| d.confirmed),
            orders: self.mover.tally.orders(),
            pumped_m3: self.mover.tally.pumped_m3(),
            delivery,
            counters,
            cpu_seconds,
            passed: false,
        }
    }
}
