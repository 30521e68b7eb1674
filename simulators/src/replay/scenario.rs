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
use shared::{
    gauge::{NotAParameter, Parameter},
    ids::GaugeId,
    time::Timestamp,
};

use super::{
    RecordingError,
    files::{self, Site},
    recording::{CitySource, RecordedGauge, Recording},
    swmm,
};
use crate::gauge::{Fault, FaultKind};

/// A scenario file as read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub city: PathBuf,
    pub recording: PathBuf,
    pub series: String,
    pub origin: Timestamp,
    #[serde(default)]
    pub speed: Option<f64>,
    #[serde(default, rename = "fault")]
    pub faults: Vec<FaultEntry>,
}

/// One fault of one gauge, in minutes of the storm.
///
/// `by` is how much a `spike` or `offset` adds; `per_hour` is how fast a `drift` creeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultEntry {
    pub gauge: GaugeId,
    pub kind: FaultName,
    #[serde(default)]
    pub by: f64,
    #[serde(default)]
    pub per_hour: f64,
    pub from_minute: i64,
    pub to_minute: i64,
}

/// The kinds of fault by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultName {
    Silent,
    Stuck,
    Spike,
    Sentinel,
    Drift,
    Offset,
}

impl FaultEntry {
    /// The fault in a storm whose minute 0 is `origin`.
    #[must_use]
    pub fn fault(&self, origin: Timestamp) -> Fault {
        let kind = match self.kind {
            FaultName::Silent => FaultKind::Silent,
            FaultName::Stuck => FaultKind::Stuck,
            FaultName::Spike => FaultKind::Spike { by: self.by },
            FaultName::Sentinel => FaultKind::Sentinel,
            FaultName::Drift => FaultKind::Drift {
                per_hour: self.per_hour,
            },
            FaultName::Offset => FaultKind::Offset { by: self.by },
        };
        let at = |minute: i64| origin.plus_millis(minute * 60_000);
        Fault {
            kind,
            from: at(self.from_minute),
            to: at(self.to_minute),
        }
    }
}

/// Reads a scenario file alone.
///
/// # Errors
/// Not readable, or not such a file; the line is named.
pub fn parse(file: &Path) -> Result<Scenario, RecordingError> {
    let text = std::fs::read_to_string(file).map_err(|e| RecordingError::in_file(file, e))?;
    toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|t| t.matches('\n').count() as u64 + 1);
        RecordingError {
            file: file.to_owned(),
            line,
            message: error.message().to_owned(),
        }
    })
}

/// Reads a scenario, its recording and its city.
///
/// # Errors
/// Any of the files is missing or malformed, or a gauge of the city has no series.
pub fn read(file: &Path) -> Result<(Scenario, Recording), RecordingError> {
    let scenario = parse(file)?;
    let beside = file.parent().unwrap_or(Path::new("."));
    let city = beside.join(&scenario.city);
    let folder = beside.join(&scenario.recording);
    let tables = swmm::tables(&folder, &scenario.series)?;
    let columns: BTreeMap<&str, &[(i64, f64)]> = tables
        .level
        .iter()
        .chain(&tables.rain)
        .map(|(name, c)| (name.as_str(), c.as_slice()))
        .collect();
    let points = files::sites(&city.join("waterlogging-points.geojson"))?;
    let mut gauges = Vec::new();
    for site in files::sites(&city.join("gauges.geojson"))? {
        let point = points
            .iter()
            .find(|p| p.text("level_gauge") == Some(&site.id));
        let column = columns
            .get(site.id.as_str())
            .or_else(|| columns.get(point?.id.as_str()));
        let column = column.ok_or_else(|| {
            RecordingError::in_file(&folder, format!("there is no column for gauge {}", site.id))
        })?;
        gauges.push(gauge(&city, &site, column, &scenario)?);
    }
    let truth = swmm::truth(&folder, &tables.onsets, scenario.origin)?;
    let (from, to) = Recording::span_of(&gauges)
        .ok_or_else(|| RecordingError::in_file(&folder, "there are no values"))?;
    let recording = Recording {
        name: file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        time_zone: "",
        utc_offset: "",
        gauges,
        city: CitySource::Folder(city),
        truth,
        from,
        to,
    };
    Ok((scenario, recording))
}

fn gauge(
    city: &Path,
    site: &Site,
    column: &[(i64, f64)],
    scenario: &Scenario,
) -> Result<RecordedGauge, RecordingError> {
    let file = city.join("gauges.geojson");
    let wrong =
        |message: String| RecordingError::in_file(&file, format!("gauge {}: {message}", site.id));
    let parameter: Parameter = site
        .text("parameter")
        .unwrap_or_default()
        .parse()
        .map_err(|e: NotAParameter| wrong(e.to_string()))?;
    let interval_s = site.interval_s();
    let id: GaugeId = site
        .id
        .parse()
        .map_err(|e: shared::ids::IdError| wrong(e.to_string()))?;
    let own = scenario.faults.iter().filter(|f| f.gauge == id);
    Ok(RecordedGauge {
        name: site.text("name").unwrap_or(&site.id).to_owned(),
        parameter,
        interval_s,
        position: site.position,
        series: swmm::series(&file, column, scenario.origin, interval_s)?,
        faults: own.map(|f| f.fault(scenario.origin)).collect(),
        id,
    })
}
