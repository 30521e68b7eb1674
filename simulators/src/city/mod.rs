//! The demo city "上海（演示）/ Shanghai (demo)": a seeded city as large as the real one.
//!
//! Names and centres are real, everything else is invented and plausible. The same seed writes
//! byte-identical files, so that a test or an exercise can be repeated anywhere.

mod feature;
mod land;
mod names;
mod places;
mod placing;
mod point_layers;
mod roads;
mod water;
mod write;

#[cfg(test)]
mod tests;

use std::{fmt, fs, path::Path};

use serde_json::Value;

use crate::rng::Rng;
use land::{BOUNDS, CENTRE};
pub(crate) use write::CityWriteError;
use write::{write_layer, write_text};

/// How many features each layer got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Counts {
    pub level_gauges: usize,
    pub rain_gauges: usize,
    pub weather_stations: usize,
    pub waterlogging_points: usize,
    pub pump_trucks: usize,
    pub pump_stations: usize,
    pub shelters: usize,
    pub communities: usize,
    pub districts: usize,
    pub streets: usize,
    pub roads: usize,
    pub canals: usize,
    pub sewers: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} level gauges, {} rain gauges, {} weather stations, {} waterlogging points, \
             {} pump trucks, {} pump stations, {} shelters, {} communities, {} districts, \
             {} streets, {} roads, {} canals and {} sewers",
            self.level_gauges,
            self.rain_gauges,
            self.weather_stations,
            self.waterlogging_points,
            self.pump_trucks,
            self.pump_stations,
            self.shelters,
            self.communities,
            self.districts,
            self.streets,
            self.roads,
            self.canals,
            self.sewers
        )
    }
}

/// Writes the city's folder: `city.toml` and all layers. Files of an earlier run are replaced.
///
/// # Errors
/// The folder cannot be created or a file cannot be written.
pub(crate) fn generate(out: &Path, seed: u64) -> Result<Counts, CityWriteError> {
    fs::create_dir_all(out).map_err(|source| CityWriteError::Folder {
        path: out.to_owned(),
        source,
    })?;
    write_text(out, "city.toml", &city_toml(seed))?;
    let layer = |name: &str, features: Vec<Value>| -> Result<usize, CityWriteError> {
        write_layer(out, name, &features)?;
        Ok(features.len())
    };
    let (gauges, rain) = point_layers::gauges(&mut Rng::new(seed, 1));
    layer("gauges", gauges)?;
    let points = point_layers::waterlogging_points(&mut Rng::new(seed, 2), &rain);
    Ok(Counts {
        level_gauges: places::PLACES.len() + point_layers::RIVER_GAUGES,
        rain_gauges: rain.len(),
        weather_stations: point_layers::WEATHER_STATIONS,
        waterlogging_points: layer("waterlogging-points", points)?,
        pump_trucks: layer(
            "pump-trucks",
            point_layers::pump_trucks(&mut Rng::new(seed, 3)),
        )?,
        pump_stations: layer(
            "pump-stations",
            point_layers::pump_stations(&mut Rng::new(seed, 4)),
        )?,
        shelters: layer("shelters", point_layers::shelters(&mut Rng::new(seed, 5)))?,
        communities: layer(
            "communities",
            point_layers::communities(&mut Rng::new(seed, 6)),
        )?,
        districts: layer("districts", land::districts())?,
        streets: layer("streets", land::streets())?,
        roads: layer("roads", roads::roads())?,
        canals: layer("canals", water::canals(&mut Rng::new(seed, 7)))?,
        sewers: layer("sewers", roads::sewers())?,
    })
}

/// Writes the city and says in one sentence what it holds.
///
/// # Errors
/// The folder cannot be created or a file cannot be written.
pub fn run(out: &Path, seed: u64) -> anyhow::Result<String> {
    let counts = generate(out, seed)?;
    Ok(format!(
        "wrote Shanghai (demo), seed {seed}, to {}: {counts}",
        out.display()
    ))
}

fn city_toml(seed: u64) -> String {
    let [west, south, east, north] = BOUNDS;
    let (lon, lat) = CENTRE;
    format!(
        "# Generated with seed {seed}. Names and centres are real, everything else is invented.\n\
         name = \"上海（演示）\"\n\
         name_en = \"Shanghai (demo)\"\n\
         time_zone = \"Asia/Shanghai\"\n\
         utc_offset = \"+08:00\"\n\
         datum = \"Wusong\"\n\
         centre = [{lon:?}, {lat:?}]\n\
         bounds = [{west:?}, {south:?}, {east:?}, {north:?}]\n"
    )
}
