//! The world as the page and the API see it: the whole state, or only what changed.
//!
//! Lists absent from a delta are unchanged; an element replaces the one with the same id.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use shared::{
    clock::Mode,
    fleet::TruckState,
    gauge::Parameter,
    ids::{AgentId, FeatureId, GaugeId, OrderId, PointId, TruckId},
    lonlat::LonLat,
    name::Name,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    units::{CubicMetresPerHour, Metres},
    value::Value,
    waterlogging::Thresholds,
};

use super::{GaugeLive, PointLive, TruckLive, World};
use crate::{
    assess::{Cause, PointStatus},
    dispatch::Plan,
    forecast::ForecastView,
    network::PointKind,
    orders::Order,
};

/// What changed.
#[derive(Debug, Default)]
pub struct Dirty {
    pub gauges: BTreeSet<usize>,
    pub points: BTreeSet<usize>,
    pub trucks: BTreeSet<usize>,
    pub plan: bool,
    pub orders: bool,
    pub agents: BTreeSet<AgentId>,
    pub unknown_gauges: bool,
}

impl Dirty {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gauges.is_empty()
            && self.points.is_empty()
            && self.trucks.is_empty()
            && !self.plan
            && !self.orders
            && self.agents.is_empty()
            && !self.unknown_gauges
    }
}

/// The state, or a delta of it.
#[derive(Debug, Serialize)]
pub struct StateView<'a> {
    pub seq: u64,
    pub now: Timestamp,
    pub mode: Mode,
    pub speed: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<CityView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gauges: Option<Vec<&'a RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<Vec<PointView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trucks: Option<Vec<TruckView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<&'a Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<Vec<OrderView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<Vec<AgentView<'a>>>,
    /// Gauges that no layer knows, and how many observations each gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_gauges: Option<&'a BTreeMap<GaugeId, u64>>,
    pub counters: BTreeMap<&'static str, u64>,
}

/// The city's constants.
#[derive(Debug, Serialize)]
pub struct CityView<'a> {
    pub name: &'a Name,
    pub time_zone: &'a str,
    pub datum: &'a str,
    pub centre: LonLat,
    pub bounds: [f64; 4],
}

/// How far a gauge can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GaugeStatus {
    Ok,
    Suspect,
    Fail,
    Missing,
    Stale,
    Silent,
}

/// A gauge.
#[derive(Debug, Serialize)]
pub struct GaugeView<'a> {
    pub id: &'a GaugeId,
    pub key: usize,
    pub name: &'a Name,
    pub parameter: Parameter,
    pub unit: &'static str,
    pub position: LonLat,
    pub interval_s: u32,
    pub alert_m: Option<Metres>,
    pub value: Option<Value>,
    pub observed_at: Option<Timestamp>,
    pub quality: Option<Quality>,
    pub tests: TestSet,
    pub status: GaugeStatus,
}

impl<'a> GaugeView<'a> {
    #[must_use]
    pub fn new(key: usize, live: &'a GaugeLive, now: Timestamp) -> Self {
        let newest = live.series.newest();
        Self {
            id: &live.site.id,
            key,
            name: &live.site.name,
            parameter: live.site.parameter,
            unit: live.site.parameter.unit(),
            position: live.site.position,
            interval_s: live.site.interval_s,
            alert_m: live.site.alert_m,
            value: newest.and_then(|o| o.value),
            observed_at: newest.map(|o| o.observed_at),
            quality: newest.map(|o| o.quality),
            tests: newest.map_or(TestSet::NONE, |o| o.tests),
            status: gauge_status(newest, live.is_stale(now)),
        }
    }
}

/// Every gauge's view as JSON: the state, its deltas and the map all hold it, and it changes only
/// when the gauge does.
#[derive(Debug, Default)]
pub struct GaugeTexts(Vec<Box<RawValue>>);

impl GaugeTexts {
    /// The text of one gauge.
    #[must_use]
    pub fn get(&self, key: usize) -> Option<&RawValue> {
        self.0.get(key).map(|text| &**text)
    }

    /// Writes what changed; everything if nothing was written yet.
    pub fn write(&mut self, gauges: &[GaugeLive], dirty: &BTreeSet<usize>, now: Timestamp) {
        let text = |key: usize, live| {
            to_raw_value(&GaugeView::new(key, live, now)).expect("plain data is JSON")
        };
        if self.0.len() != gauges.len() {
            let all = gauges.iter().enumerate();
            self.0 = all.map(|(key, live)| text(key, live)).collect();
            return;
        }
        for key in dirty {
            if let (Some(old), Some(live)) = (self.0.get_mut(*key), gauges.get(*key)) {
                *old = text(*key, live);
            }
        }
    }
}

fn gauge_status(newest: Option<&Observation>, stale: bool) -> GaugeStatus {
    let Some(newest) = newest else {
        return GaugeStatus::Silent;
    };
    if stale {
        return GaugeStatus::Stale;
    }
    match newest.quality {
        Quality::Pass | Quality::NotEvaluated => GaugeStatus::Ok,
        Quality::Suspect => GaugeStatus::Suspect,
        Quality::Fail => GaugeStatus::Fail,
        Quality::Missing => GaugeStatus::Missing,
    }
}

/// A waterlogging point.
#[derive(Debug, Serialize)]
pub struct PointView<'a> {
    pub id: &'a PointId,
    pub key: usize,
    pub name: &'a Name,
    #[serde(rename = "type")]
    pub setting: PointKind,
    pub position: LonLat,
    pub district: Option<&'a FeatureId>,
    pub level_gauge: &'a GaugeId,
    pub rain_gauges: &'a [GaugeId],
    pub weight: f64,
    pub thresholds: &'a Thresholds,
    pub status: PointStatus,
    pub status_since: Timestamp,
    pub depth_m: Option<f64>,
    pub observed_at: Option<Timestamp>,
    pub quality: Option<Quality>,
    pub cause: Option<Cause>,
    pub suspect_depth_m: Option<f64>,
    pub rate_m_per_h: Option<f64>,
    pub rain_mm_per_h: Option<f64>,
    pub volume_m3: Option<f64>,
    pub forecast: Option<ForecastView<'a>>,
}

impl<'a> PointView<'a> {
    #[must_use]
    pub fn new(key: usize, live: &'a PointLive, world: &'a World, now: Timestamp) -> Self {
        let site = &live.site;
        let depth = live.assessment.depth();
        let depth_m = depth.map(|(_, d)| d);
        Self {
            id: &site.id,
            key,
            name: &site.name,
            setting: site.kind,
            position: site.position,
            district: site.district.as_ref(),
            level_gauge: &site.level_gauge,
            rain_gauges: &site.rain_gauges,
            weight: site.weight,
            thresholds: &site.thresholds,
            status: live.assessment.status(),
            status_since: live.assessment.since(),
            depth_m,
            observed_at: depth.map(|(at, _)| at),
            quality: live.assessment.quality(),
            cause: live.assessment.cause(),
            suspect_depth_m: live.assessment.suspect_depth_m(),
            rate_m_per_h: world.rate_of(live).map(round3),
            rain_mm_per_h: world.rain_at(live, now).map(round3),
            volume_m3: depth_m
                .map(|d| site.storage.volume_m3(d.max(0.0)))
                .map(round3),
            forecast: world.outlook.forecast_of(&site.id).map(ForecastView::from),
        }
    }
}

fn round3(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// What a truck is doing, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum TruckDoing {
    Known(TruckState),
    Unknown(&'static str),
}

/// A pump truck.
#[derive(Debug, Serialize)]
pub struct TruckView<'a> {
    pub id: &'a TruckId,
    pub key: usize,
    pub name: &'a Name,
    pub capacity_m3h: CubicMetresPerHour,
    pub home: LonLat,
    pub position: LonLat,
    pub reported_at: Option<Timestamp>,
    pub state: TruckDoing,
    pub order: Option<&'a OrderId>,
    pub point: Option<&'a PointId>,
    pub pumped_m3: f64,
}

impl<'a> TruckView<'a> {
    #[must_use]
    pub fn new(key: usize, live: &'a TruckLive, world: &'a World) -> Self {
        let report = live.report.as_ref();
        let order = world.open_order(&live.site.id);
        Self {
            id: &live.site.id,
            key,
            name: &live.site.name,
            capacity_m3h: live.site.capacity,
            home: live.site.home,
            position: live.position(),
            reported_at: report.map(|r| r.reported_at),
            state: report.map_or(TruckDoing::Unknown("unknown"), |r| {
                TruckDoing::Known(r.state)
            }),
            order: order.map(|o| &o.id),
            point: order.map(|o| &o.point),
            pumped_m3: report.map_or(0.0, |r| round3(r.pumped_m3.get())),
        }
    }
}

/// An order, without its route.
#[derive(Debug, Serialize)]
pub struct OrderView<'a> {
    pub id: &'a OrderId,
    pub truck: &'a TruckId,
    pub point: &'a PointId,
    pub issued_at: Timestamp,
    pub state: crate::orders::OrderState,
    pub eta_at: Timestamp,
    pub plan: Option<u64>,
}

impl<'a> From<&'a Order> for OrderView<'a> {
    fn from(order: &'a Order) -> Self {
        Self {
            id: &order.id,
            truck: &order.truck,
            point: &order.point,
            issued_at: order.issued_at,
            state: order.state,
            eta_at: order.eta_at,
            plan: order.plan,
        }
    }
}

/// An agent.
#[derive(Debug, Serialize)]
pub struct AgentView<'a> {
    pub id: &'a AgentId,
    pub online: bool,
    pub last_seen: Timestamp,
    pub spooled_batches: u64,
    pub dropped: u64,
    pub failed_readings: u64,
    pub silent_sources: &'a [String],
    pub holes: u64,
    pub backfill_until: Option<Timestamp>,
}

impl World {
    /// The whole state.
    #[must_use]
    pub fn view_all(&self, now: Timestamp) -> StateView<'_> {
        let mut view = Self::empty_view(now);
        view.city = Some(CityView {
            name: &self.city.name,
            time_zone: &self.city.time_zone,
            datum: &self.city.datum,
            centre: self.city.centre,
            bounds: self.city.bounds,
        });
        view.gauges = Some(self.gauge_texts(0..self.gauges.len()));
        view.points = Some(self.point_views(0..self.points.len(), now));
        view.trucks = Some(self.truck_views(0..self.trucks.len()));
        view.plan = self.outlook.plan();
        view.orders = Some(self.orders.values().map(OrderView::from).collect());
        view.agents = Some(
            self.agents
                .keys()
                .filter_map(|id| self.agent_view(id))
                .collect(),
        );
        view.unknown_gauges = Some(&self.unknown);
        view
    }

    /// What changed.
    #[must_use]
    pub fn view_dirty(&self, dirty: &Dirty, now: Timestamp) -> StateView<'_> {
        let mut view = Self::empty_view(now);
        let some = |set: &BTreeSet<usize>| (!set.is_empty()).then(|| set.iter().copied().collect());
        view.gauges = some(&dirty.gauges).map(|keys: Vec<_>| self.gauge_texts(keys));
        view.points = some(&dirty.points).map(|keys: Vec<_>| self.point_views(keys, now));
        view.trucks = some(&dirty.trucks).map(|keys: Vec<_>| self.truck_views(keys));
        view.plan = self.outlook.plan().filter(|_| dirty.plan);
        view.orders = dirty
            .orders
            .then(|| self.orders.values().map(OrderView::from).collect());
        let agents: Vec<_> = dirty
            .agents
            .iter()
            .filter_map(|id| self.agent_view(id))
            .collect();
        view.agents = (!agents.is_empty()).then_some(agents);
        view.unknown_gauges = dirty.unknown_gauges.then_some(&self.unknown);
        view
    }

    fn empty_view<'a>(now: Timestamp) -> StateView<'a> {
        StateView {
            seq: 0,
            now,
            mode: Mode::Actual,
            speed: 1.0,
            city: None,
            gauges: None,
            points: None,
            trucks: None,
            plan: None,
            orders: None,
            agents: None,
            unknown_gauges: None,
            counters: BTreeMap::new(),
        }
    }

    fn gauge_texts(&self, keys: impl IntoIterator<Item = usize>) -> Vec<&RawValue> {
        let text = |key| self.texts.get(key);
        keys.into_iter().filter_map(text).collect()
    }

    fn point_views(
        &self,
        keys: impl IntoIterator<Item = usize>,
        now: Timestamp,
    ) -> Vec<PointView<'_>> {
        let view = |key| Some(PointView::new(key, self.points.get(key)?, self, now));
        keys.into_iter().filter_map(view).collect()
    }

    fn truck_views(&self, keys: impl IntoIterator<Item = usize>) -> Vec<TruckView<'_>> {
        let view = |key| Some(TruckView::new(key, self.trucks.get(key)?, self));
        keys.into_iter().filter_map(view).collect()
    }

    fn agent_view(&self, id: &AgentId) -> Option<AgentView<'_>> {
        let (id, live) = self.agents.get_key_value(id)?;
        let health = live.health.as_ref();
        Some(AgentView {
            id,
            online: live.online,
            last_seen: live.last_seen,
            spooled_batches: health.map_or(0, |h| h.spooled_batches),
            dropped: health.map_or(0, |h| h.dropped),
            failed_readings: health.map_or(0, |h| h.failed_readings),
            silent_sources: health.map_or(&[], |h| h.silent_sources.as_slice()),
            holes: u64::from(live.has_hole),
            backfill_until: live.backfill_at,
        })
    }
}
