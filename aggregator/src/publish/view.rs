//! The facts as the page and the API tell them. Names and units of these are the API's.

use serde::Serialize;
use shared::{
    fleet::TruckState,
    gauge::Parameter,
    ids::{AgentId, FeatureId, GaugeId, OrderId, PointId, TruckId},
    lonlat::LonLat,
    name::Name,
    quality::{Quality, TestSet},
    time::Timestamp,
    units::{CubicMetresPerHour, Metres},
    value::Value,
    waterlogging::Thresholds,
};

use crate::{
    assess::{Cause, PointStatus},
    forecast::{Forecast, Horizon, Method, Skill},
    network::{Gauge, PointKind, PumpTruck, WaterloggingPoint},
    orders::{Order, OrderState},
    world::{AgentFacts, GaugeFacts, PointFacts, Snapshot, TruckFacts},
};

/// The city's constants.
#[derive(Debug, Serialize)]
pub struct CityView<'a> {
    pub name: &'a Name,
    pub time_zone: &'a str,
    pub datum: &'a str,
    pub centre: LonLat,
    pub bounds: [f64; 4],
}

impl<'a> CityView<'a> {
    #[must_use]
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let city = &*snapshot.city;
        Self {
            name: &city.name,
            time_zone: &city.time_zone,
            datum: &city.datum,
            centre: city.centre,
            bounds: city.bounds,
        }
    }
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

impl From<&GaugeFacts> for GaugeStatus {
    fn from(facts: &GaugeFacts) -> Self {
        match facts.newest {
            None => Self::Silent,
            Some(_) if facts.is_silent => Self::Stale,
            Some(newest) => match newest.quality {
                Quality::Pass | Quality::NotEvaluated => Self::Ok,
                Quality::Suspect => Self::Suspect,
                Quality::Fail => Self::Fail,
                Quality::Missing => Self::Missing,
            },
        }
    }
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
    pub fn new(key: usize, site: &'a Gauge, facts: &GaugeFacts) -> Self {
        let newest = facts.newest;
        Self {
            id: &site.id,
            key,
            name: &site.name,
            parameter: site.parameter,
            unit: site.parameter.unit(),
            position: site.position,
            interval_s: site.interval_s,
            alert_m: site.alert_m,
            value: newest.and_then(|o| o.value),
            observed_at: newest.map(|o| o.observed_at),
            quality: newest.map(|o| o.quality),
            tests: newest.map_or(TestSet::NONE, |o| o.tests),
            status: facts.into(),
        }
    }
}

/// A waterlogging point.
#[derive(Debug, Serialize)]
pub struct PointView<'a> {
    pub id: &'a PointId,
    pub key: usize,
    pub name: &'a Name,
    #[serde(rename = "type")]
    pub kind: PointKind,
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
    pub fn new(key: usize, site: &'a WaterloggingPoint, facts: &'a PointFacts) -> Self {
        Self {
            id: &site.id,
            key,
            name: &site.name,
            kind: site.kind,
            position: site.position,
            district: site.district.as_ref(),
            level_gauge: &site.level_gauge,
            rain_gauges: &site.rain_gauges,
            weight: site.weight,
            thresholds: &site.thresholds,
            status: facts.status,
            status_since: facts.since,
            depth_m: facts.depth.map(|(_, depth_m)| depth_m),
            observed_at: facts.depth.map(|(at, _)| at),
            quality: facts.quality,
            cause: facts.cause,
            suspect_depth_m: facts.suspect_depth_m,
            rate_m_per_h: facts.rate_m_per_h.map(round3),
            rain_mm_per_h: facts.rain_mm_per_h.map(round3),
            volume_m3: facts.volume_m3.map(round3),
            forecast: facts.forecast.as_deref().map(ForecastView::from),
        }
    }
}

fn round3(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// A forecast of a point, without its curve.
#[derive(Debug, Serialize)]
pub struct ForecastView<'a> {
    pub basis_at: Timestamp,
    pub method: Method,
    pub horizons: &'a [Horizon],
    pub waterlogged_probability_60: f64,
    pub peak_m: f64,
    pub peak_at: Timestamp,
    pub reaches_waterlogged_at: Option<Timestamp>,
    pub reaches_closure_at: Option<Timestamp>,
    pub dry_at: Option<Timestamp>,
    pub skill: &'a Skill,
}

impl<'a> From<&'a Forecast> for ForecastView<'a> {
    fn from(forecast: &'a Forecast) -> Self {
        Self {
            basis_at: forecast.basis_at,
            method: forecast.method,
            horizons: &forecast.horizons,
            waterlogged_probability_60: forecast.waterlogged_probability_60,
            peak_m: forecast.peak_m,
            peak_at: forecast.peak_at,
            reaches_waterlogged_at: forecast.reaches_waterlogged_at,
            reaches_closure_at: forecast.reaches_closure_at,
            dry_at: forecast.dry_at,
            skill: &forecast.skill,
        }
    }
}

/// A forecast's curve for a hydrograph.
#[derive(Debug, Serialize)]
pub struct CurveView {
    pub basis_at: Timestamp,
    /// [epoch ms, p10, p50, p90] every five minutes, in metres.
    pub curve: Vec<(i64, f64, f64, f64)>,
}

impl From<&Forecast> for CurveView {
    fn from(forecast: &Forecast) -> Self {
        Self {
            basis_at: forecast.basis_at,
            curve: forecast.curve.clone(),
        }
    }
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
    pub fn new(key: usize, site: &'a PumpTruck, facts: &'a TruckFacts) -> Self {
        let report = facts.report.as_ref();
        let unknown = TruckDoing::Unknown("unknown");
        Self {
            id: &site.id,
            key,
            name: &site.name,
            capacity_m3h: site.capacity,
            home: site.home,
            position: facts.position,
            reported_at: report.map(|r| r.reported_at),
            state: report.map_or(unknown, |r| TruckDoing::Known(r.state)),
            order: facts.order.as_ref().map(|(order, _)| order),
            point: facts.order.as_ref().map(|(_, point)| point),
            pumped_m3: report.map_or(0.0, |r| round3(r.pumped_m3.get())),
        }
    }
}

/// An order.
#[derive(Debug, Serialize)]
pub struct OrderView<'a> {
    pub id: &'a OrderId,
    pub truck: &'a TruckId,
    pub point: &'a PointId,
    pub issued_at: Timestamp,
    pub state: OrderState,
    pub eta_at: Timestamp,
    pub plan: Option<u64>,
    /// Only in the answer to whoever gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<&'a [LonLat]>,
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
            route: None,
        }
    }
}

impl<'a> OrderView<'a> {
    /// The order with its route.
    #[must_use]
    pub fn with_route(order: &'a Order) -> Self {
        Self {
            route: Some(&order.route),
            ..order.into()
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

impl<'a> AgentView<'a> {
    #[must_use]
    pub fn new(id: &'a AgentId, facts: &'a AgentFacts) -> Self {
        let health = facts.health.as_ref();
        Self {
            id,
            online: facts.online,
            last_seen: facts.last_seen,
            spooled_batches: health.map_or(0, |h| h.spooled_batches),
            dropped: health.map_or(0, |h| h.dropped),
            failed_readings: health.map_or(0, |h| h.failed_readings),
            silent_sources: health.map_or(&[], |h| h.silent_sources.as_slice()),
            holes: u64::from(facts.has_hole),
            backfill_until: facts.backfill_at,
        }
    }
}

/// All points.
pub fn points(snapshot: &Snapshot) -> impl Iterator<Item = PointView<'_>> {
    let facts = snapshot.city.points.iter().zip(&snapshot.points);
    facts
        .enumerate()
        .map(|(key, (site, facts))| PointView::new(key, site, facts))
}

/// All gauges.
pub fn gauges(snapshot: &Snapshot) -> impl Iterator<Item = GaugeView<'_>> {
    let facts = snapshot.city.gauges.iter().zip(snapshot.gauges.iter());
    facts
        .enumerate()
        .map(|(key, (site, facts))| GaugeView::new(key, site, facts))
}

/// All trucks.
pub fn trucks(snapshot: &Snapshot) -> impl Iterator<Item = TruckView<'_>> {
    let facts = snapshot.city.trucks.iter().zip(&snapshot.trucks);
    facts
        .enumerate()
        .map(|(key, (site, facts))| TruckView::new(key, site, facts))
}

/// All orders.
pub fn orders(snapshot: &Snapshot) -> impl Iterator<Item = OrderView<'_>> {
    snapshot.orders.values().map(|order| (&**order).into())
}

/// All agents.
pub fn agents(snapshot: &Snapshot) -> impl Iterator<Item = AgentView<'_>> {
    let agents = snapshot.agents.iter();
    agents.map(|(id, facts)| AgentView::new(id, facts))
}
