//! The facts as the page and the API tell them. Names and units of these are the API's.

mod agents;
mod city;
mod plan;

use serde::Serialize;
use shared::{
    fleet::TruckState,
    gauge::Parameter,
    ids::{FeatureId, GaugeId, OrderId, PointId, TruckId},
    lonlat::LonLat,
    name::Name,
    quality::{Quality, TestSet},
    time::Timestamp,
    units::{CubicMetresPerHour, Metres},
    value::Value,
    waterlogging::Thresholds,
};
use utoipa::ToSchema;

use crate::{
    assess::{Cause, PointStatus},
    forecast::{Drain, Forecast, Horizon, Method, Skill},
    network::{Gauge, Lack, PointKind, PumpTruck, WaterloggingPoint},
    orders::{Order, OrderState},
    schema,
    world::{GaugeFacts, PointFacts, Snapshot, TruckFacts},
};

pub use agents::AgentView;
pub use city::CityView;
pub use plan::PlanView;

/// How far a gauge can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Gauge)]
pub struct GaugeView<'a> {
    #[schema(value_type = schema::Id)]
    pub id: &'a GaugeId,
    pub key: usize,
    #[schema(value_type = schema::Name)]
    pub name: &'a Name,
    #[schema(value_type = schema::Parameter)]
    pub parameter: Parameter,
    pub unit: &'static str,
    #[schema(value_type = schema::LonLat)]
    pub position: LonLat,
    pub interval_s: u32,
    #[schema(value_type = Option<f64>, required)]
    pub alert_m: Option<Metres>,
    #[schema(value_type = Option<f64>, required)]
    pub value: Option<Value>,
    #[schema(value_type = Option<schema::Instant>, required)]
    pub observed_at: Option<Timestamp>,
    #[schema(value_type = Option<schema::Quality>, required)]
    pub quality: Option<Quality>,
    #[schema(value_type = Vec<schema::QualityTest>)]
    pub tests: TestSet,
    pub status: GaugeStatus,
}

impl<'a> GaugeView<'a> {
    #[must_use]
    pub fn new(key: usize, gauge: &'a Gauge, facts: &GaugeFacts) -> Self {
        let newest = facts.newest;
        Self {
            id: &gauge.id,
            key,
            name: &gauge.name,
            parameter: gauge.parameter,
            unit: gauge.parameter.unit(),
            position: gauge.position,
            interval_s: gauge.interval_s,
            alert_m: gauge.alert_m,
            value: newest.and_then(|o| o.value),
            observed_at: newest.map(|o| o.observed_at),
            quality: newest.map(|o| o.quality),
            tests: newest.map_or(TestSet::NONE, |o| o.tests),
            status: facts.into(),
        }
    }
}

/// A waterlogging point.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Point)]
pub struct PointView<'a> {
    #[schema(value_type = schema::Id)]
    pub id: &'a PointId,
    pub key: usize,
    #[schema(value_type = schema::Name)]
    pub name: &'a Name,
    #[serde(rename = "type")]
    pub kind: PointKind,
    #[schema(value_type = schema::LonLat)]
    pub position: LonLat,
    #[schema(value_type = Option<schema::Id>, required)]
    pub district: Option<&'a FeatureId>,
    #[schema(value_type = schema::Id)]
    pub level_gauge: &'a GaugeId,
    #[schema(value_type = Vec<schema::Id>)]
    pub rain_gauges: &'a [GaugeId],
    /// Importance, 1 to 5.
    pub weight: f64,
    #[schema(value_type = schema::Thresholds)]
    pub thresholds: &'a Thresholds,
    pub status: PointStatus,
    #[schema(value_type = schema::Instant)]
    pub status_since: Timestamp,
    /// The newest trustworthy depth, even where the point is unknown by now.
    #[schema(required)]
    pub depth_m: Option<f64>,
    #[schema(value_type = Option<schema::Instant>, required)]
    pub observed_at: Option<Timestamp>,
    #[schema(value_type = Option<schema::Quality>, required)]
    pub quality: Option<Quality>,
    #[schema(required)]
    pub cause: Option<Cause>,
    /// The tests that the gauge's newest reading did not pass, if that casts doubt on the point.
    #[schema(value_type = Vec<schema::QualityTest>)]
    pub doubt_tests: TestSet,
    /// The status that the depth had or has, as hysteresis holds it: what an unknown point was.
    #[schema(required)]
    pub last_class: Option<PointStatus>,
    /// The water has fallen below the class, which is only held until it is sure.
    pub is_clearing: bool,
    #[schema(required)]
    pub suspect_depth_m: Option<f64>,
    #[schema(required)]
    pub rate_m_per_h: Option<f64>,
    #[schema(required)]
    pub rain_mm_per_h: Option<f64>,
    #[schema(required)]
    pub volume_m3: Option<f64>,
    #[schema(required)]
    pub forecast: Option<ForecastView<'a>>,
}

impl<'a> PointView<'a> {
    #[must_use]
    pub fn new(key: usize, point: &'a WaterloggingPoint, facts: &'a PointFacts) -> Self {
        Self {
            id: &point.id,
            key,
            name: &point.name,
            kind: point.kind,
            position: point.position,
            district: point.district.as_ref(),
            level_gauge: &point.level_gauge,
            rain_gauges: &point.rain_gauges,
            weight: point.weight,
            thresholds: &point.thresholds,
            status: facts.status,
            status_since: facts.since,
            depth_m: facts.depth.map(|(_, depth_m)| depth_m),
            observed_at: facts.depth.map(|(at, _)| at),
            quality: facts.quality,
            cause: facts.cause,
            doubt_tests: facts.doubt_tests,
            last_class: facts.last_class.map(PointStatus::from),
            is_clearing: facts.is_clearing,
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Forecast)]
pub struct ForecastView<'a> {
    #[schema(value_type = schema::Instant)]
    pub basis_at: Timestamp,
    pub method: Method,
    pub horizons: &'a [Horizon],
    pub waterlogged_probability_60: f64,
    pub peak_m: f64,
    #[schema(value_type = schema::Instant)]
    pub peak_at: Timestamp,
    #[schema(value_type = Option<schema::Instant>, required)]
    pub reaches_waterlogged_at: Option<Timestamp>,
    #[schema(value_type = Option<schema::Instant>, required)]
    pub reaches_closure_at: Option<Timestamp>,
    #[schema(value_type = Option<schema::Instant>, required)]
    pub dry_at: Option<Timestamp>,
    pub skill: &'a Skill,
    /// What is known of the drain, where the water was modelled.
    #[schema(required)]
    pub drain: Option<Drain>,
    /// What is not known of the point: it was done without, or something typical was assumed.
    pub lacks: &'a [Lack],
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
            drain: forecast.drain,
            lacks: &forecast.lacks,
        }
    }
}

/// A forecast's curve for a hydrograph.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForecastCurve)]
pub struct CurveView {
    #[schema(value_type = schema::Instant)]
    pub basis_at: Timestamp,
    /// Every five minutes: epoch milliseconds, then the depth in metres: 10 %, median, 90 %.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = TruckState)]
pub enum TruckDoing {
    Idle,
    Driving,
    SettingUp,
    Pumping,
    PackingUp,
    OutOfService,
    Unknown,
}

impl From<TruckState> for TruckDoing {
    fn from(state: TruckState) -> Self {
        match state {
            TruckState::Idle => Self::Idle,
            TruckState::Driving => Self::Driving,
            TruckState::SettingUp => Self::SettingUp,
            TruckState::Pumping => Self::Pumping,
            TruckState::PackingUp => Self::PackingUp,
            TruckState::OutOfService => Self::OutOfService,
        }
    }
}

/// A pump truck.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Truck)]
pub struct TruckView<'a> {
    #[schema(value_type = schema::Id)]
    pub id: &'a TruckId,
    pub key: usize,
    #[schema(value_type = schema::Name)]
    pub name: &'a Name,
    #[schema(value_type = f64)]
    pub capacity_m3h: CubicMetresPerHour,
    #[schema(value_type = schema::LonLat)]
    pub home: LonLat,
    #[schema(value_type = schema::LonLat)]
    pub position: LonLat,
    /// The truck's newest report tells of a place where it cannot be; `position` is the one before.
    pub position_in_doubt: bool,
    #[schema(value_type = Option<schema::Instant>, required)]
    pub reported_at: Option<Timestamp>,
    pub state: TruckDoing,
    #[schema(value_type = Option<schema::Id>, required)]
    pub order: Option<&'a OrderId>,
    #[schema(value_type = Option<schema::Id>, required)]
    pub point: Option<&'a PointId>,
    pub pumped_m3: f64,
}

impl<'a> TruckView<'a> {
    #[must_use]
    pub fn new(key: usize, truck: &'a PumpTruck, facts: &'a TruckFacts) -> Self {
        let report = facts.report.as_ref();
        Self {
            id: &truck.id,
            key,
            name: &truck.name,
            capacity_m3h: truck.capacity,
            home: truck.home,
            position: facts.position,
            position_in_doubt: facts.is_position_doubted,
            reported_at: report.map(|r| r.reported_at),
            state: report.map_or(TruckDoing::Unknown, |r| r.state.into()),
            order: facts.order.as_ref().map(|(order, _)| order),
            point: facts.order.as_ref().map(|(_, point)| point),
            pumped_m3: report.map_or(0.0, |r| round3(r.pumped_m3.get())),
        }
    }
}

impl TruckView<'_> {
    /// The truck without what binds it.
    #[must_use]
    pub fn without_order(self) -> Self {
        let (order, point) = (None, None);
        Self {
            order,
            point,
            ..self
        }
    }
}

/// An order, without its route.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderView<'a> {
    #[schema(value_type = schema::Id)]
    pub id: &'a OrderId,
    #[schema(value_type = schema::Id)]
    pub truck: &'a TruckId,
    #[schema(value_type = schema::Id)]
    pub point: &'a PointId,
    #[schema(value_type = schema::Instant)]
    pub issued_at: Timestamp,
    pub state: OrderState,
    #[schema(value_type = schema::Instant)]
    pub eta_at: Timestamp,
    /// When the truck was done or called back.
    #[schema(value_type = Option<schema::Instant>, required)]
    pub ended_at: Option<Timestamp>,
    /// The plan that it was confirmed from.
    #[schema(required)]
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
            ended_at: order.ended.as_ref().map(|act| act.at),
            plan: order.plan,
        }
    }
}

/// An order with its route: only whoever gave or changed it is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct RoutedOrderView<'a> {
    #[serde(flatten)]
    pub order: OrderView<'a>,
    #[schema(value_type = Vec<schema::LonLat>)]
    pub route: &'a [LonLat],
}

impl<'a> From<&'a Order> for RoutedOrderView<'a> {
    fn from(order: &'a Order) -> Self {
        Self {
            order: order.into(),
            route: &order.route,
        }
    }
}

/// All points.
pub fn points(snapshot: &Snapshot) -> impl Iterator<Item = PointView<'_>> {
    let facts = snapshot.city.points.iter().zip(&snapshot.points);
    facts
        .enumerate()
        .map(|(key, (described, facts))| PointView::new(key, described, facts))
}

/// All gauges.
pub fn gauges(snapshot: &Snapshot) -> impl Iterator<Item = GaugeView<'_>> {
    let facts = snapshot.city.gauges.iter().zip(snapshot.gauges.iter());
    facts
        .enumerate()
        .map(|(key, (described, facts))| GaugeView::new(key, described, facts))
}

/// All trucks.
pub fn trucks(snapshot: &Snapshot) -> impl Iterator<Item = TruckView<'_>> {
    let facts = snapshot.city.trucks.iter().zip(&snapshot.trucks);
    facts
        .enumerate()
        .map(|(key, (described, facts))| TruckView::new(key, described, facts))
}

/// All orders that are kept.
pub fn orders(snapshot: &Snapshot) -> impl Iterator<Item = OrderView<'_>> {
    snapshot.orders.values().map(|order| (&**order).into())
}

/// How long an order that has ended stays in the state, in milliseconds of storm time.
const ENDED_STAY_MS: i64 = 3_600_000;

/// Most orders in the state that have ended.
const MOST_ENDED: usize = 50;

/// The orders that bind a truck, and the newest of those that ended a short while ago.
pub fn present_orders(snapshot: &Snapshot) -> impl Iterator<Item = OrderView<'_>> {
    present_among(snapshot, |_| true)
}

/// The same among the orders that are seen.
pub fn present_among(
    snapshot: &Snapshot,
    is_seen: impl Fn(&Order) -> bool,
) -> impl Iterator<Item = OrderView<'_>> {
    let mut ended = 0;
    let seen = snapshot.orders.values().rev().filter(|o| is_seen(o));
    let newest_first = seen.filter(|order| {
        let recent = |at: Timestamp| snapshot.at.millis_since(at) <= ENDED_STAY_MS;
        let is_recent = order.ended.as_ref().is_some_and(|act| recent(act.at));
        ended += usize::from(!order.is_open() && is_recent);
        order.is_open() || (is_recent && ended <= MOST_ENDED)
    });
    let mut present: Vec<_> = newest_first.collect();
    present.reverse();
    present.into_iter().map(|order| (&**order).into())
}

/// All agents.
pub fn agents(snapshot: &Snapshot) -> impl Iterator<Item = AgentView<'_>> {
    let agents = snapshot.agents.iter();
    agents.map(|(id, facts)| AgentView::new(id, facts))
}
