//! A city folder made from a recording: `city.toml`, gauges, waterlogging points, pump trucks.

use std::{fs, io, path::Path};

use geo::{BoundingRect as _, MultiPoint, Rect};
use serde::Serialize;
use serde_json::{Value, json};
use shared::lonlat::LonLat;

use super::{RecordedGauge, RecordedPoint, Recording};

/// Water that stands in a typical underpass (depth m, volume m³): a ramp that widens upwards.
const UNDERPASS: [(f64, f64); 6] = [
    (0.0, 0.0),
    (0.15, 16.0),
    (0.5, 170.0),
    (1.0, 720.0),
    (2.0, 2500.0),
    (4.0, 7500.0),
];
/// Water that stands in a typical street: a shallow basin between kerbs, then whole blocks.
const STREET: [(f64, f64); 6] = [
    (0.0, 0.0),
    (0.1, 33.0),
    (0.3, 440.0),
    (0.6, 2300.0),
    (1.0, 6500.0),
    (4.0, 50_000.0),
];
/// Sizes of pump trucks in m³/h, the common ones of Chinese city fleets.
const TRUCKS_M3H: [u32; 4] = [1000, 1500, 3000, 1000];

#[derive(Serialize)]
struct CityToml<'a> {
    name: &'a str,
    name_en: &'a str,
    time_zone: &'a str,
    utc_offset: &'a str,
    datum: &'a str,
    centre: [f64; 2],
    bounds: [f64; 4],
}

/// Writes the layers of a recording's generated city.
///
/// # Errors
/// The folder cannot be written.
pub(crate) fn write(
    recording: &Recording,
    points: &[RecordedPoint],
    trucks: usize,
    folder: &Path,
) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let (centre, bounds) = extent(recording.gauges.iter().map(|g| g.position));
    let city = CityToml {
        name: &recording.name,
        name_en: &recording.name,
        time_zone: recording.time_zone,
        utc_offset: recording.utc_offset,
        datum: "local",
        centre,
        bounds,
    };
    fs::write(
        folder.join("city.toml"),
        toml::to_string(&city).map_err(io::Error::other)?,
    )?;
    let layer = |name: &str, features: Vec<Value>| {
        let collection = json!({ "type": "FeatureCollection", "features": features });
        fs::write(folder.join(name), serde_json::to_vec_pretty(&collection)?)
    };
    layer(
        "gauges.geojson",
        recording.gauges.iter().map(gauge).collect(),
    )?;
    layer(
        "waterlogging-points.geojson",
        points.iter().map(point).collect(),
    )?;
    layer(
        "pump-trucks.geojson",
        (0..trucks)
            .filter_map(|k| truck(k, trucks, points))
            .collect(),
    )
}

fn feature(id: &str, at: LonLat, properties: Value) -> Value {
    json!({
        "type": "Feature",
        "id": id,
        "geometry": { "type": "Point", "coordinates": [at.lon(), at.lat()] },
        "properties": properties,
    })
}

fn gauge(gauge: &RecordedGauge) -> Value {
    let datum = (gauge.parameter == shared::gauge::Parameter::WaterLevel).then_some("local");
    let properties = json!({
        "name": gauge.name,
        "parameter": gauge.parameter.name(),
        "interval_s": gauge.interval_s,
        "datum": datum,
    });
    feature(gauge.id.as_str(), gauge.position, properties)
}

/// The storage curve of a place of this setting, `underpass` or `street`.
pub(crate) fn curve(setting: &str) -> [(f64, f64); 6] {
    if setting == "underpass" {
        UNDERPASS
    } else {
        STREET
    }
}

/// The storage curve of a point, by its factor.
pub(crate) fn told(point: &RecordedPoint) -> [(f64, f64); 6] {
    curve(point.setting).map(|(depth, volume)| (depth, volume * point.storage_factor))
}

fn point(point: &RecordedPoint) -> Value {
    let underpass = point.setting == "underpass";
    let rain_gauges = (!point.rain_gauges.is_empty()).then_some(&point.rain_gauges);
    let properties = json!({
        "name": point.name,
        "type": point.setting,
        "level_gauge": point.level_gauge,
        "catchment_ha": point.catchment_ha,
        "runoff": if underpass { 0.8 } else { 0.75 },
        "drain_m3h": point.drain_m3h,
        "storage": told(point),
        "weight": if underpass { 3 } else { 1 },
        "rain_gauges": rain_gauges,
    });
    feature(point.id.as_str(), point.position, properties)
}

/// Trucks wait near every n-th point, as they do when a storm has been announced.
fn truck(k: usize, trucks: usize, points: &[RecordedPoint]) -> Option<Value> {
    let near = points.get(k * points.len() / trucks.max(1))?.position;
    let home = LonLat::new(near.lon() + 0.004, near.lat() + 0.003).ok()?;
    let id = format!("pt-{:03}", k + 1);
    let capacity = TRUCKS_M3H.get(k % TRUCKS_M3H.len())?;
    let properties = json!({
        "name": format!("泵车{:02}", k + 1),
        "name_en": format!("Pump truck {:02}", k + 1),
        "capacity_m3h": capacity,
        "wading_m": 0.5,
        "team": format!("team {}", k / 4 + 1),
    });
    Some(feature(&id, home, properties))
}

/// Centre and bounds of a city around its gauges: west, south, east, north.
fn extent(positions: impl Iterator<Item = LonLat>) -> ([f64; 2], [f64; 4]) {
    /// About two kilometres around the outermost gauge.
    const MARGIN: f64 = 0.02;
    let gauges: MultiPoint = positions.map(|at| (at.lon(), at.lat())).collect();
    let around = gauges
        .bounding_rect()
        .unwrap_or_else(|| Rect::new((0.0, 0.0), (0.0, 0.0)));
    let (centre, least, most) = (around.center(), around.min(), around.max());
    (
        centre.into(),
        [
            least.x - MARGIN,
            least.y - MARGIN,
            most.x + MARGIN,
            most.y + MARGIN,
        ],
    )
}
