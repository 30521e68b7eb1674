//! A scenario file: a recorded storm in a city whose layers exist already.
//!
//! ```toml
//! city = "../city/harbour"                # folder of layers, relative to this file
//! recording = "harbour"                   # folder of storm_level_m.csv, storm_rain_mmph.csv, …
//! series = "storm"
//! origin = "2026-07-21T16:00:00+08:00"    # storm time of minute 0
//! speed = 120.0
//!
//! [[fault]]
//! gauge = "lg-0003"
//! kind = "stuck"                          # silent, stuck, spike, sentinel, drift, offset
//! from_minute = 40
//! to_minute = 60
//! ```
//!
//! A column of the recording belongs to the gauge of that id, or to the level gauge of the
//! waterlogging point of that id.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use shared::{findings::Wrong, gauge::Parameter, ids::GaugeId, time::Timestamp};
use toml::Spanned;

use super::{
    FaultEntry,
    source::{self, beside, name_of, within},
    speed::SPEEDS,
};
use crate::{
    files,
    layer::{self, PointFeature},
    recording::{CitySource, RecordedGauge, Recording, swmm},
};

/// A scenario file as read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecorded {
    city: PathBuf,
    recording: PathBuf,
    series: String,
    origin: Timestamp,
    speed: Option<Spanned<f64>>,
    #[serde(default, rename = "fault")]
    faults: Vec<FaultEntry>,
}

/// A recording and how fast it is to be played.
#[derive(Debug, Clone)]
pub struct RecordedScenario {
    pub recording: Recording,
    /// What the file asks for.
    pub speed: Option<f64>,
}

/// Reads a scenario, its recording and its city.
///
/// # Errors
/// Any of the files is missing or malformed, or a gauge of the city has no series.
pub(crate) fn read(file: &Path) -> Result<RecordedScenario, Wrong> {
    let raw: RawRecorded = source::read(file, |raw: RawRecorded, findings| {
        if let Some(speed) = &raw.speed {
            within(speed, "speed", &SPEEDS, findings);
        }
        Some(raw)
    })?;
    let (city, folder) = (beside(file, &raw.city), beside(file, &raw.recording));
    let tables = swmm::tables(&folder, &raw.series)?;
    let columns: BTreeMap<&str, &[(i64, f64)]> = tables
        .level
        .iter()
        .chain(&tables.rain)
        .map(|(name, c)| (name.as_str(), c.as_slice()))
        .collect();
    let points = layer::points(&city.join("waterlogging-points.geojson"))?;
    let layer = city.join("gauges.geojson");
    let mut gauges = Vec::new();
    for feature in layer::points(&layer)? {
        let point = points
            .iter()
            .find(|p| p.text("level_gauge") == Some(&feature.id));
        let column = columns
            .get(feature.id.as_str())
            .or_else(|| columns.get(point?.id.as_str()));
        let column = column.ok_or_else(|| {
            let message = format!("there is no column for gauge {}", feature.id);
            files::wrong(&folder, message)
        })?;
        gauges.push(gauge(&layer, &feature, column, &raw)?);
    }
    let floods = swmm::floods(&folder, &tables.onsets, raw.origin)?;
    let (from, to) = Recording::span_of(&gauges, &folder)?;
    let recording = Recording {
        name: name_of(file),
        time_zone: "",
        utc_offset: "",
        gauges,
        city: CitySource::Folder(city),
        floods: Some(floods),
        from,
        to,
    };
    let speed = raw.speed.map(Spanned::into_inner);
    Ok(RecordedScenario { recording, speed })
}

fn gauge(
    layer: &Path,
    feature: &PointFeature,
    column: &[(i64, f64)],
    raw: &RawRecorded,
) -> Result<RecordedGauge, Wrong> {
    let parameter = feature.text("parameter").unwrap_or_default();
    let parameter = parameter.parse::<Parameter>();
    let parameter = parameter.map_err(|e| feature.wrong(layer, e))?;
    let id: GaugeId = feature.id.parse().map_err(|e| feature.wrong(layer, e))?;
    let interval_s = feature.interval_s();
    let own = raw.faults.iter().filter(|f| f.gauge == id);
    Ok(RecordedGauge {
        name: feature.text("name").unwrap_or(&feature.id).to_owned(),
        parameter,
        interval_s,
        position: feature.position,
        series: swmm::series(layer, column, raw.origin, interval_s)?,
        faults: own.map(|f| f.fault(raw.origin)).collect(),
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_file_line_and_key() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("storm.toml");
        let refused = |text: &str| {
            std::fs::write(&file, text).expect("written");
            read(&file).expect_err("refused").to_string()
        };
        let least = "city = \"c\"\nrecording = \"r\"\nseries = \"s\"\n\
            origin = \"2026-07-21T16:00:00+08:00\"\n";
        for (line, said) in [
            (
                "speed = 5000.0",
                "storm.toml:5: speed: is 5000; it must be from 1 to 3600",
            ),
            ("speed = \"fast\"", "storm.toml:5: speed: invalid type"),
            ("colour = 1", "storm.toml:5: unknown key `colour`"),
        ] {
            let told = refused(&format!("{least}{line}\n"));
            assert!(told.contains(said), "{told}");
        }
        let fault =
            "[[fault]]\ngauge = \"lg-0003\"\nkind = \"asleep\"\nfrom_minute = 1\nto_minute = 2\n";
        let told = refused(&format!("{least}{fault}"));
        assert!(
            told.contains("storm.toml:7: kind: unknown value `asleep`"),
            "{told}"
        );
    }
}
