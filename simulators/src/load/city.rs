//! A city of nothing but numbered depth gauges, for an aggregator under load.

use std::{fs, io, path::Path};

use serde_json::json;

/// Gauges in one row of the grid.
const ROW: u32 = 100;

/// Writes the folder.
///
/// # Errors
/// It cannot be written.
pub(crate) fn write(folder: &Path, gauges: u32) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let city = "name = \"负荷测试\"\nname_en = \"Load\"\ntime_zone = \"Asia/Shanghai\"\n\
        utc_offset = \"+08:00\"\ndatum = \"local\"\ncentre = [121.5, 31.2]\n\
        bounds = [121.4, 31.1, 122.0, 32.0]\n";
    fs::write(folder.join("city.toml"), city)?;
    let features: Vec<_> = (1..=gauges).map(gauge).collect();
    let layer = json!({ "type": "FeatureCollection", "features": features });
    fs::write(folder.join("gauges.geojson"), serde_json::to_vec(&layer)?)?;
    let none = json!({ "type": "FeatureCollection", "features": [] });
    fs::write(
        folder.join("waterlogging-points.geojson"),
        serde_json::to_vec(&none)?,
    )
}

fn gauge(number: u32) -> serde_json::Value {
    let id = format!("lg-{number:06}");
    let (x, y) = (f64::from(number % ROW), f64::from(number / ROW));
    json!({
        "type": "Feature",
        "id": id,
        "geometry": { "type": "Point", "coordinates": [121.4 + x * 0.002, 31.1 + y * 0.0002] },
        "properties": { "name": id, "parameter": "depth", "interval_s": 60 },
    })
}
