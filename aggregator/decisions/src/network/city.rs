//! What a city consists of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::{
    findings::Finding,
    gauge::Parameter,
    ids::{FeatureId, GaugeId, PointId, TruckId},
    lonlat::LonLat,
    name::Name,
    units::{CubicMetresPerHour, Hectares, Metres},
    waterlogging::Thresholds,
};

use super::{Road, Storage, grounds::Street, layer::LayerName};

/// Everything that the layers of one city say.
#[derive(Debug)]
pub struct City {
    pub name: Name,
    /// IANA name, for the page.
    pub time_zone: String,
    pub datum: String,
    pub centre: LonLat,
    /// West, south, east, north.
    pub bounds: [f64; 4],
    pub gauges: Vec<Gauge>,
    pub points: Vec<WaterloggingPoint>,
    pub trucks: Vec<PumpTruck>,
    pub roads: Vec<Road>,
    pub streets: Vec<Street>,
    /// Layers that are only shown, as they were read.
    pub shown: BTreeMap<LayerName, Vec<PlainFeature>>,
    /// What is hardly meant so, and believed all the same.
    pub warnings: Vec<Finding>,
}

/// A gauge and where it stands. Of what else the layer says of it (its station, its datum) nothing
/// is decided on, so it is not read.
#[derive(Debug, Clone)]
pub struct Gauge {
    pub id: GaugeId,
    pub name: Name,
    pub position: LonLat,
    pub district: Option<FeatureId>,
    pub street: Option<FeatureId>,
    pub parameter: Parameter,
    /// How often it reports, in seconds.
    pub interval_s: u32,
    /// Level at which a river or canal gauge needs attention, in metres.
    pub alert_m: Option<Metres>,
}

/// A waterlogging point.
#[derive(Debug, Clone)]
pub struct WaterloggingPoint {
    pub id: PointId,
    pub name: Name,
    pub position: LonLat,
    pub kind: PointKind,
    pub district: Option<FeatureId>,
    pub street: Option<FeatureId>,
    pub level_gauge: GaugeId,
    pub rain_gauges: Vec<GaugeId>,
    pub catchment: Option<Hectares>,
    /// Share of the rain that runs off, 0–1.
    pub runoff: f64,
    /// What the drains take away.
    pub drain: Option<CubicMetresPerHour>,
    pub storage: Storage,
    /// What the layer does not say.
    pub lacks: Vec<Lack>,
    /// Importance, 1 (ordinary) to 5 (lives depend on it).
    pub weight: f64,
    pub thresholds: Thresholds,
    pub max_trucks: usize,
}

/// What a layer may leave unsaid of a point. Its forecast makes do without, and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// No catchment: rain cannot be turned into inflow.
    Catchment,
    /// No share of the rain that runs off: that of a paved city is assumed.
    Runoff,
    /// No drain: what flows off cannot be reckoned.
    Drain,
    /// No storage curve: that of a typical street is assumed.
    Storage,
}

/// What kind of place a waterlogging point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PointKind {
    Underpass,
    Street,
    Tunnel,
    Estate,
}

/// A pump truck and its home. How deep it may wade is not read: no plan asks for it yet.
#[derive(Debug, Clone)]
pub struct PumpTruck {
    pub id: TruckId,
    pub name: Name,
    pub home: LonLat,
    pub district: Option<FeatureId>,
    pub street: Option<FeatureId>,
    pub capacity: CubicMetresPerHour,
}

/// A feature that is only shown: its geometry and properties as read.
#[derive(Debug, Clone, Serialize)]
pub struct PlainFeature {
    pub id: FeatureId,
    pub geometry: geojson::GeometryValue,
    pub properties: serde_json::Map<String, serde_json::Value>,
}
