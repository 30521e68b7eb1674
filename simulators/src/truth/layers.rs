//! A city's layers as a simulated truth: instruments from `gauges.geojson`, ponds from
//! `waterlogging-points.geojson`.
//!
//! The layers say what the city believes of its points. The truth deviates from it, by the seed:
//! drains are partly clogged, catchments respond faster or slower. A forecast that assumes the
//! layers is therefore never exactly right, as in life.

use std::path::Path;

use shared::{
    findings::Wrong,
    gauge::Parameter,
    ids::{GaugeId, IdError, PointId},
    time::Timestamp,
    waterlogging::Thresholds,
};

use super::{
    TrueCity,
    instrument::{GAUGES, Instrument},
};
use crate::{
    catchment::{PondShape, River},
    layer::{self, PointFeature},
    rng::Rng,
    storm::Storm,
};

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
pub(crate) fn read(
    folder: &Path,
    storm: Storm,
    origin: Timestamp,
    seed: u64,
) -> Result<(Vec<Instrument>, TrueCity), Wrong> {
    let mut city = TrueCity::new(storm, origin);
    let mut rng = Rng::new(seed, STREAM);
    let file = folder.join(GAUGES);
    let mut instruments = Vec::new();
    for feature in layer::points(&file)? {
        let instrument = Instrument::of(&feature, &file)?;
        match instrument.parameter {
            Parameter::RainfallDepth | Parameter::RainfallIntensity => {
                city.add_rain(instrument.id.clone(), feature.position);
            }
            Parameter::WaterLevel | Parameter::Stage => {
                let river = river(&feature, &mut rng);
                city.add_river(instrument.id.clone(), feature.position, river);
            }
            // Belongs to a waterlogging point, below.
            Parameter::Depth => {}
        }
        instruments.push(instrument);
    }
    let file = folder.join("waterlogging-points.geojson");
    for feature in layer::points(&file)? {
        add_point(&mut city, &feature, &mut rng).map_err(|why| feature.wrong(&file, why))?;
    }
    Ok((instruments, city))
}

fn river(feature: &PointFeature, rng: &mut Rng) -> River {
    let alert = feature.number("alert_m");
    let base = alert.map_or(CANAL_M, |a| a - BELOW_ALERT_M);
    if alert.is_some_and(|a| a > TIDAL_ALERT_M) {
        let late = rng.between(0.0, 40.0);
        River::new(base - TIDE_M / 2.0, TIDE_M, HIGH_AT_MIN + late)
    } else {
        River::new(base + rng.between(-0.15, 0.15), 0.0, 0.0)
    }
}

fn add_point(city: &mut TrueCity, feature: &PointFeature, rng: &mut Rng) -> Result<(), String> {
    let id: PointId = feature.id.parse().map_err(|e: IdError| e.to_string())?;
    let gauge: GaugeId = feature
        .text("level_gauge")
        .ok_or("has no `level_gauge`")?
        .parse()
        .map_err(|e: IdError| e.to_string())?;
    let number = |name: &str| {
        feature
            .number(name)
            .ok_or_else(|| format!("has no number `{name}`"))
    };
    let storage = feature
        .properties
        .get("storage")
        .cloned()
        .unwrap_or_default();
    let storage: Vec<(f64, f64)> = serde_json::from_value(storage)
        .map_err(|e| format!("`storage` is no list of [depth, volume]: {e}"))?;
    let thresholds: Thresholds = match feature.properties.get("thresholds") {
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
    city.add_point(id, feature.position, gauge, thresholds.waterlogged_m, shape);
    Ok(())
}
