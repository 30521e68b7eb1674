//! Recorded storms in the layouts that they come in.
//!
//! [`read`] finds out which layout a folder has: SWMM output, Jakarta 2020, or the Environment
//! Agency's 15-minute CSV. [`city_layers`] writes the layers of a city for recordings that have none.

pub(crate) mod city_layers;
pub(crate) mod swmm;

mod calder;
mod jakarta;
mod minutes;
mod recorded;
mod riverside;
mod series;
mod slug;

#[cfg(test)]
mod tests;

use std::path::Path;

use shared::findings::Wrong;

pub(crate) use recorded::{CitySource, RecordedGauge, RecordedPoint, Recording};
pub(crate) use series::RecordedSeries;

use crate::files;
use slug::slug;

/// Reads the recording in a folder; a folder of SWMM output holds several scenarios by name.
///
/// # Errors
/// Not a recording, a malformed file, or several scenarios and none chosen.
pub(crate) fn read(folder: &Path, scenario: Option<&str>) -> Result<Recording, Wrong> {
    if jakarta::is_here(folder) {
        return jakarta::read(folder);
    }
    if calder::is_here(folder) {
        return calder::read(folder);
    }
    let out = folder.join("out");
    let inner = if out.join("sites.geojson").is_file() {
        out.as_path()
    } else {
        folder
    };
    if !inner.join("sites.geojson").is_file() {
        let message = "no known layout: no sites.geojson, tma_2020.csv.gz or *-15min-Qualified.csv";
        return Err(files::wrong(folder, message));
    }
    let known = swmm::scenarios(inner)?;
    let chosen = match (scenario, known.as_slice()) {
        (Some(name), _) if known.iter().any(|k| k == name) => name,
        (None, [only]) => only,
        _ => {
            let message = format!("choose one with --scenario: {}", known.join(", "));
            return Err(files::wrong(inner, message));
        }
    };
    swmm::read(inner, chosen)
}
