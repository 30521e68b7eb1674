//! A city of numbered depth gauges, for an aggregator under load.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::Path,
};

use serde_json::{Value, json};

/// Gauges in one row of the grid.
const ROW: u32 = 100;

/// Longitude and latitude of the grid's first gauge, and its extent.
const CORNER: (f64, f64) = (121.4, 31.1);
const EXTENT: (f64, f64) = (0.2, 0.9);

/// Writes the folder. So many of the gauges, evenly among them, are level gauges of waterlogging
/// points.
///
/// # Errors
/// It cannot be written.
pub(crate) fn write(folder: &Path, gauges: u32, points: u32) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let city = "name = \"负荷测试\"\nname_en = \"Load\"\ntime_zone = \"Asia/Shanghai\"\n\
        utc_offset = \"+08:00\"\ndatum = \"local\"\ncentre = [121.5, 31.2]\n\
        bounds = [121.4, 31.1, 122.0, 32.0]\n";
    fs::write(folder.join("city.toml"), city)?;
    let grid = Grid { gauges };
    let layer = (1..=gauges).map(|number| grid.gauge(number));
    write_layer(&folder.join("gauges.geojson"), layer)?;
    let apart = gauges / points.max(1);
    let layer = (0..points).map(|place| grid.point(1 + place * apart));
    write_layer(&folder.join("waterlogging-points.geojson"), layer)
}

fn write_layer(file: &Path, features: impl Iterator<Item = Value>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    out.write_all(br#"{"type":"FeatureCollection","features":["#)?;
    for (place, feature) in features.enumerate() {
        out.write_all(if place == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut out, &feature)?;
    }
    out.write_all(b"\n]}\n")?;
    out.flush()
}

/// Where the gauges stand.
struct Grid {
    gauges: u32,
}

impl Grid {
    fn position(&self, number: u32) -> [f64; 2] {
        let rows = f64::from(self.gauges / ROW + 1);
        let (x, y) = (f64::from(number % ROW), f64::from(number / ROW));
        let lon = CORNER.0 + EXTENT.0 * x / f64::from(ROW);
        let lat = CORNER.1 + EXTENT.1 * y / rows;
        [lon, lat].map(|degrees| (degrees * 1e6).round() / 1e6)
    }

    fn gauge(&self, number: u32) -> Value {
        let id = gauge_id(number);
        json!({
            "type": "Feature",
            "id": id,
            "geometry": { "type": "Point", "coordinates": self.position(number) },
            "properties": {
                "name": format!("负荷测试水位计 {number}"), "name_en": format!("Depth gauge {number}"),
                "parameter": "depth", "interval_s": 60,
            },
        })
    }

    fn point(&self, number: u32) -> Value {
        let gauge = gauge_id(number);
        json!({
            "type": "Feature",
            "id": format!("wp-{number:06}"),
            "geometry": { "type": "Point", "coordinates": self.position(number) },
            "properties": {
                "name": format!("Point of {gauge}"), "type": "street", "level_gauge": gauge,
                "rain_gauges": [], "catchment_ha": 2.0, "runoff": 0.8, "drain_m3h": 100.0,
                "storage": [[0.0, 0.0], [0.5, 500.0]], "weight": 1.0,
            },
        })
    }
}

fn gauge_id(number: u32) -> String {
    format!("lg-{number:06}")
}
