//! A city's layers as a simulated truth: instruments from `gauges.geojson`, ponds from
//! `waterlogging-points.geojson`.
//!
//! The layers say what the city believes of its points. The truth deviates from it, by the seed:
//! drains are partly clogged, catchments respond faster or slower. A forecast that assumes the
//! layers is therefore never exactly right, as in life.

use std::path::Path;

use shared::{
    gauge::Parameter,
    ids::{GaugeId, IdError, PointId},
    lonlat::LonLat,
    time::Timestamp,
    waterlogging::Thresholds,
};

use super::City;
use crate::{
    catchment::{PondShape, River},
    city::Rng,
    replay::{
        RecordingError,
        files::{Site, sites},
    },
    storm::Storm,
};

/// A gauge of the city.
#[derive(Debug, Clone)]
pub struct Instrument {
    pub id: GaugeId,
    pub parameter: Parameter,
    pub interval_s: u32,
    pub position: LonLat,
    pub district: String,
}

/// Stream of the seed that the deviations come from.
const STREAM: u64 = 100;
/// Water level of a canal that the layers say nothing of, in m above the datum.
const CANAL_M: f64 = 2.6;
/// A river stands this far below its alert level on a usual day, in m.
const BELOW_ALERT_M: f64 = 1.0;
/// Half the range of the tide on a river that has one (mean of Huangpu Park), in m.
const TIDE_M: f64 = 0.9;
/// Above this alert level a gauge is taken to stand on the tidal river.
const TIDAL_ALERT_M: f64 = 3.85;
/// Minute at which the tide is high.
const HIGH_AT_MIN: f64 = 150.0;

/// Reads a city folder: its instruments, and the truth under `storm` from `origin` on.
///
/// # Errors
/// A layer cannot be read, or a feature lacks what is needed; file and feature are named.
pub fn read(
    folder: &Path,
    storm: Storm,
    origin: Timestamp,
    seed: u64,
) -> Result<(Vec<Instrument>, City), RecordingError> {
    let mut city = City::new(storm, origin);
    let mut rng = Rng::new(seed, STREAM);
    let file = folder.join("gauges.geojson");
    let mut instruments = Vec::new();
    for site in sites(&file)? {
        let instrument = instrument(&site).map_err(|why| wrong(&file, &site, &why))?;
        match instrument.parameter {
            Parameter::RainfallDepth | Parameter::RainfallIntensity => {
                city.add_rain(instrument.id.clone(), site.position);
            }
            Parameter::WaterLevel | Parameter::Stage => {
                let river = river(&site, &mut rng);
                city.add_river(instrument.id.clone(), site.position, river);
            }
            // Belongs to a waterlogging point, below.
            Parameter::Depth => {}
        }
        instruments.push(instrument);
    }
    let file = folder.join("waterlogging-points.geojson");
    for site in sites(&file)? {
        add_point(&mut city, &site, &mut rng).map_err(|why| wrong(&file, &site, &why))?;
    }
    Ok((instruments, city))
}

fn wrong(file: &Path, site: &Site, why: &str) -> RecordingError {
    RecordingError::in_file(file, format!("feature {}: {why}", site.id))
}

fn instrument(site: &Site) -> Result<Instrument, String> {
    Ok(Instrument {
        id: site.id.parse().map_err(|e: IdError| e.to_string())?,
        parameter: site.text("parameter").unwrap_or_default().parse()?,
        interval_s: site.interval_s(),
        position: site.position,
        district: site.text("district").unwrap_or_default().to_owned(),
    })
}

fn river(site: &Site, rng: &mut Rng) -> River {
    let alert = site.number("alert_m");
    let base = alert.map_or(CANAL_M, |a| a - BELOW_ALERT_M);
    if alert.is_some_and(|a| a > TIDAL_ALERT_M) {
        let late = rng.between(0.0, 40.0);
        River::new(base - TIDE_M / 2.0, TIDE_M, HIGH_AT_MIN + late)
    } else {
        River::new(base + rng.between(-0.15, 0.15), 0.0, 0.0)
    }
}

fn add_point(city: &mut City, site: &Site, rng: &mut Rng) -> Result<(), String> {
    let id: PointId = site.id.parse().map_err(|e: IdError| e.to_string())?;
    let gauge: GaugeId = site
        .text("level_gauge")
        .ok_or("has no `level_gauge`")?
        .parse()
        .map_err(|e: IdError| e.to_string())?;
    let number = |name: &str| {
        site.number(name)
            .ok_or_else(|| format!("has no number `{name}`"))
    };
    let storage = site.properties.get("storage").cloned().unwrap_or_default();
    let storage: Vec<(f64, f64)> = serde_json::from_value(storage)
        .map_err(|e| format!("`storage` is no list of [depth, volume]: {e}"))?;
    let thresholds: Thresholds = match site.properties.get("thresholds") {
        Some(given) => serde_json::from_value(given.clone()).map_err(|e| e.to_string())?,
        None => Thresholds::default(),
    };
    let shape = PondShape {
        catchment_ha: number("catchment_ha")?,
        runoff: (number("runoff")? * rng.between(0.9, 1.1)).min(1.0),
        drain_m3h: number("drain_m3h")?,
        drain_share: rng.between(0.7, 1.0),
        initial_loss_mm: rng.between(1.5, 4.0),
        delay_min: rng.between(4.0, 9.0),
        storage,
    };
    city.add_point(id, site.position, gauge, thresholds.waterlogged_m, shape);
    Ok(())
}
