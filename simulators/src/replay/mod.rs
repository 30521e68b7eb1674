//! Recorded storms, played through the real programs and judged.
//!
//! [`load`] reads a recording in any of the known layouts; [`run`] plays it in storm time through
//! real Modbus TCP, Modbus RTU and MQTT lines, agents and the aggregator, and with `--check`
//! compares what came out with what went in and with the truth.

mod args;
mod bank;
mod calder;
mod error;
pub(crate) mod files;
mod jakarta;
mod layers;
mod play;
mod recording;
mod report;
mod scenario;
mod swmm;
mod verdict;
mod watch;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use args::Args;
pub use error::RecordingError;
pub use play::run;
pub use recording::{
    CitySource, Playback, RecordedGauge, RecordedPoint, Recording, Series, Truth, slug,
};
pub use report::Report;
pub use scenario::{FaultEntry, Scenario};
pub use verdict::{FlagVerdict, PointVerdict, flags_of, tally};
pub use watch::Seen;

/// Reads the recording at a path: a scenario file (`.toml`) or a folder in one of the layouts.
/// Also gives the speed that a scenario file asks for.
///
/// # Errors
/// Not a recording, a malformed file, or several scenarios and none chosen.
pub fn load(
    path: &Path,
    scenario: Option<&str>,
) -> Result<(Recording, Option<f64>), RecordingError> {
    if path.extension().is_some_and(|e| e == "toml") {
        return scenario::read(path).map(|(file, recording)| (recording, file.speed));
    }
    if !path.is_dir() {
        return Err(RecordingError::in_file(
            path,
            "neither a folder nor a scenario file (.toml)",
        ));
    }
    if jakarta::is_here(path) {
        return jakarta::read(path).map(|r| (r, None));
    }
    if calder::is_here(path) {
        return calder::read(path).map(|r| (r, None));
    }
    let out = path.join("out");
    let folder = if out.join("sites.geojson").is_file() {
        out.as_path()
    } else {
        path
    };
    if !folder.join("sites.geojson").is_file() {
        let message = "no known layout: no sites.geojson, tma_2020.csv.gz or *-15min-Qualified.csv";
        return Err(RecordingError::in_file(path, message));
    }
    let known = swmm::scenarios(folder)?;
    let chosen = match (scenario, known.as_slice()) {
        (Some(name), _) if known.iter().any(|k| k == name) => name,
        (None, [only]) => only,
        _ => {
            let message = format!("choose one with --scenario: {}", known.join(", "));
            return Err(RecordingError::in_file(folder, message));
        }
    };
    swmm::read(folder, chosen).map(|r| (r, None))
}
