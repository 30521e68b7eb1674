//! The whole live state of the city, and the one place where it changes:
//! [`World::step`] takes `now` and an input and returns what is to be done.
//!
//! No I/O and no clock in here: the shell in `run.rs` drives it, and the same inputs in the same
//! order give the same world. After a restart it is rebuilt by stepping through the store.

mod agents;
pub mod arrival;
mod input;
mod outlook;
mod trucks;
mod view;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use shared::{
    gauge::Parameter,
    ids::{AgentId, GaugeId, OrderId, PointId, TruckId},
    observation::Observation,
    time::Timestamp,
};

pub use agents::AgentLive;
pub use input::{Effect, Input, Refusal, Request};
pub use outlook::Outlook;
pub use trucks::TruckLive;
use trucks::not_kept;
pub use view::{AgentView, Dirty, GaugeTexts, OrderView, PointView, StateView, TruckView};

use crate::{
    assess::{Assessment, PointStatus},
    merge::Series,
    network::{City, GaugeSite, Point},
    orders::Order,
};

/// Stage or rainfall of a gauge is silent when nothing came for this many of its intervals.
pub const STALE_INTERVALS: u32 = crate::assess::STALE_INTERVALS;

/// Depths of the last so many intervals, and of no less than this span, make a trend: short, for
/// pumps and cloudbursts turn it in minutes; long enough that one noisy reading does not.
const TREND_INTERVALS: i64 = 5;
const TREND_LEAST_MS: i64 = 5 * 60_000;

/// A gauge and what it gave.
#[derive(Debug)]
pub struct GaugeLive {
    pub site: GaugeSite,
    pub series: Series,
    /// The point whose depth it gives.
    pub point: Option<usize>,
    /// Whether the page was last told that it is stale.
    stale: bool,
}

impl GaugeLive {
    /// Whether nothing came for [`STALE_INTERVALS`] of its intervals.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let limit = i64::from(self.site.interval_s) * i64::from(STALE_INTERVALS) * 1000;
        self.series
            .newest()
            .is_none_or(|o| now.millis_since(o.observed_at) > limit)
    }
}

/// A waterlogging point and what is known of it.
#[derive(Debug)]
pub struct PointLive {
    pub site: Point,
    pub gauge: usize,
    pub assessment: Assessment,
}

/// How often the world looks ahead, in storm time.
#[derive(Debug, Clone, Copy)]
pub struct Cadence {
    pub forecast_ms: i64,
    pub replan_ms: i64,
    /// Storm seconds per real second.
    pub speed: f64,
}

/// Counts of what is how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub gauges_stale: usize,
    pub points_waterlogged: usize,
    pub points_unknown: usize,
    pub agents_online: usize,
}

/// The live state of one city.
#[derive(Debug)]
pub struct World {
    pub city: Arc<City>,
    pub gauges: Vec<GaugeLive>,
    pub points: Vec<PointLive>,
    pub trucks: Vec<TruckLive>,
    pub orders: BTreeMap<OrderId, Order>,
    pub agents: BTreeMap<AgentId, AgentLive>,
    /// Gauges that no layer knows, and how many observations each gave.
    pub unknown: BTreeMap<GaugeId, u64>,
    pub outlook: Outlook,
    gauge_index: HashMap<GaugeId, usize>,
    point_index: HashMap<PointId, usize>,
    truck_index: HashMap<TruckId, usize>,
    /// As of the last [`World::take_dirty`].
    pub texts: GaugeTexts,
    dirty: Dirty,
}

/// Unknown gauges that are remembered by name; beyond it they are only counted.
const MAX_UNKNOWN: usize = 1_000;

impl World {
    /// A city in which nothing is known yet.
    #[must_use]
    pub fn new(city: Arc<City>, cadence: Cadence, now: Timestamp) -> Self {
        let gauge_index: HashMap<_, _> = city
            .gauges
            .iter()
            .enumerate()
            .map(|(i, g)| (g.id.clone(), i))
            .collect();
        let mut gauges: Vec<GaugeLive> = city
            .gauges
            .iter()
            .map(|site| GaugeLive {
                site: site.clone(),
                series: Series::default(),
                point: None,
                stale: true,
            })
            .collect();
        let mut points = Vec::with_capacity(city.points.len());
        for site in &city.points {
            let Some(gauge) = gauge_index.get(&site.level_gauge).copied() else {
                continue;
            };
            let Some(live) = gauges.get_mut(gauge) else {
                continue;
            };
            live.point = Some(points.len());
            let assessment = Assessment::new(site.thresholds, live.site.interval_s, now);
            points.push(PointLive {
                site: site.clone(),
                gauge,
                assessment,
            });
        }
        let point_index = points
            .iter()
            .enumerate()
            .map(|(i, p)| (p.site.id.clone(), i))
            .collect();
        let trucks: Vec<_> = city.trucks.iter().cloned().map(TruckLive::new).collect();
        let truck_index = trucks
            .iter()
            .enumerate()
            .map(|(i, t)| (t.site.id.clone(), i))
            .collect();
        Self {
            outlook: Outlook::new(&city, cadence),
            city,
            gauges,
            points,
            trucks,
            orders: BTreeMap::new(),
            agents: BTreeMap::new(),
            unknown: BTreeMap::new(),
            gauge_index,
            point_index,
            truck_index,
            texts: GaugeTexts::default(),
            dirty: Dirty::default(),
        }
    }

    /// Takes one input at `now` (storm time) and says what is to be done.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        match input {
            Input::Observed {
                observations,
                received_at: _,
            } => {
                for observation in observations {
                    self.observe(observation);
                }
                Vec::new()
            }
            Input::AgentBatch {
                agent,
                at,
                backfill,
                has_hole,
            } => {
                self.agent_batch(agent, at, backfill, has_hole);
                Vec::new()
            }
            Input::Health(health) => {
                self.agent_health(health, now);
                Vec::new()
            }
            Input::Truck(mut report) => {
                // A clock that is ahead would shut out every later report of this truck.
                report.reported_at = report.reported_at.min(now);
                self.truck_report(&report)
            }
            Input::Restored(order) => {
                self.restore_order(order);
                Vec::new()
            }
            Input::Tick => self.tick(now),
            Input::Request(request) => vec![self.request(now, request)],
            Input::NotKept { order, before } => {
                self.dirty.orders = true;
                not_kept(&mut self.orders, &order, before);
                Vec::new()
            }
        }
    }

    /// A gauge by its id.
    #[must_use]
    pub fn gauge(&self, id: &GaugeId) -> Option<&GaugeLive> {
        self.gauges.get(*self.gauge_index.get(id)?)
    }

    /// A waterlogging point by its id.
    #[must_use]
    pub fn point(&self, id: &PointId) -> Option<&PointLive> {
        self.points.get(*self.point_index.get(id)?)
    }

    fn observe(&mut self, observation: Observation) {
        let Some(index) = self.gauge_index.get(&observation.gauge).copied() else {
            if self.unknown.len() < MAX_UNKNOWN || self.unknown.contains_key(&observation.gauge) {
                *self.unknown.entry(observation.gauge).or_default() += 1;
                self.dirty.unknown_gauges = true;
            }
            return;
        };
        let Some(gauge) = self.gauges.get_mut(index) else {
            return;
        };
        self.outlook.observe(&gauge.site, &observation);
        if let Some(point) = gauge.point.and_then(|p| self.points.get_mut(p)) {
            if let Some(depth) = observation.trusted() {
                self.outlook
                    .observe_depth(&point.site.id, observation.observed_at, depth.units());
            }
            point.assessment.observe(&observation);
            self.dirty.points.extend(gauge.point);
        }
        if gauge.series.insert(observation) {
            gauge.stale = false;
            self.dirty.gauges.insert(index);
        }
    }

    fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        for (index, point) in self.points.iter_mut().enumerate() {
            if point.assessment.tick(now) {
                self.dirty.points.insert(index);
            }
        }
        for (index, gauge) in self.gauges.iter_mut().enumerate() {
            let stale = gauge.is_stale(now);
            if stale != gauge.stale {
                gauge.stale = stale;
                self.dirty.gauges.insert(index);
            }
        }
        self.tick_agents(now);
        if self.outlook.forecast_is_due(now) {
            self.forecast(now);
        }
        if self.outlook.plan_is_due(now) {
            self.plan(now);
        }
        self.unanswered_orders(now)
    }

    /// Rain over a point now, from its newest trusted rain gauges, in mm/h.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a handful of gauges")]
    pub fn rain_at(&self, point: &PointLive, now: Timestamp) -> Option<f64> {
        let readings: Vec<f64> = point
            .site
            .rain_gauges
            .iter()
            .filter_map(|id| self.gauge(id))
            .filter(|gauge| !gauge.is_stale(now))
            .filter_map(|gauge| intensity_mm_per_h(&gauge.site, gauge.series.newest_trusted()?))
            .collect();
        (!readings.is_empty()).then(|| readings.iter().sum::<f64>() / readings.len() as f64)
    }

    /// Change of a point's depth in metres per hour.
    #[must_use]
    pub fn rate_of(&self, point: &PointLive) -> Option<f64> {
        let gauge = self.gauges.get(point.gauge)?;
        let intervals_ms = TREND_INTERVALS * i64::from(gauge.site.interval_s) * 1000;
        gauge.series.rate_per_hour(intervals_ms.max(TREND_LEAST_MS))
    }

    /// Counts for metrics.
    #[must_use]
    pub fn figures(&self, now: Timestamp) -> Figures {
        let status = |wanted: fn(PointStatus) -> bool| {
            self.points
                .iter()
                .filter(|p| wanted(p.assessment.status()))
                .count()
        };
        Figures {
            gauges_stale: self.gauges.iter().filter(|g| g.is_stale(now)).count(),
            points_waterlogged: status(|s| {
                use PointStatus::{Closure, Severe, Waterlogged};
                matches!(s, Waterlogged | Closure | Severe)
            }),
            points_unknown: status(|s| s == PointStatus::Unknown),
            agents_online: self.agents.values().filter(|a| a.online).count(),
        }
    }

    /// What changed since it was last asked; the texts of those gauges are written anew.
    pub fn take_dirty(&mut self, now: Timestamp) -> Dirty {
        let dirty = std::mem::take(&mut self.dirty);
        self.texts.write(&self.gauges, &dirty.gauges, now);
        dirty
    }

    /// Marks everything as changed: after a rebuild.
    pub fn mark_all(&mut self) {
        self.dirty = Dirty {
            gauges: (0..self.gauges.len()).collect(),
            points: (0..self.points.len()).collect(),
            trucks: (0..self.trucks.len()).collect(),
            plan: true,
            orders: true,
            agents: self.agents.keys().cloned().collect::<BTreeSet<_>>(),
            unknown_gauges: true,
        };
    }
}

/// A rain observation as intensity in mm/h; `None` for other parameters or untrusted values.
#[must_use]
pub fn intensity_mm_per_h(site: &GaugeSite, observation: &Observation) -> Option<f64> {
    let units = observation.trusted()?.units();
    match site.parameter {
        Parameter::RainfallIntensity => Some(units),
        Parameter::RainfallDepth => Some(units * 3600.0 / f64::from(site.interval_s)),
        Parameter::Depth | Parameter::Stage | Parameter::WaterLevel => None,
    }
}
