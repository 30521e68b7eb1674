//! The Calder valley in August and September 2025: the Environment Agency's 15-minute CSV files,
//! `<Station>-level-15min-Qualified.csv[.gz]` (m above the gauge's zero) and
//! `<Station>-rainfall-15min-Qualified.csv[.gz]` (mm in 15 minutes), times in UTC.
//!
//! Nothing floods in these weeks: a recording that must not raise a flag. The bank is taken to
//! overflow a metre above the gauge's middle level, three times the highest rise recorded.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use shared::{error::chain, findings::Wrong, gauge::Parameter, lonlat::LonLat, time::Timestamp};

use super::{CitySource, RecordedGauge, RecordedSeries, Recording, riverside, slug};
use crate::files;

const INTERVAL_S: u32 = 900;
const ENDS: [&str; 2] = ["-15min-Qualified.csv.gz", "-15min-Qualified.csv"];
const OVERFLOW_ABOVE_MEDIAN_M: f64 = 1.0;
const TRUCKS: usize = 3;

/// Where the stations stand, to a few hundred metres: the files do not say.
const POSITIONS: [(&str, f64, f64); 9] = [
    ("Bacup", -2.199, 53.704),
    ("Gorple", -2.117, 53.786),
    ("Gorpley", -2.112, 53.700),
    ("Hebden-Bridge", -2.013, 53.741),
    ("Mytholmroyd", -1.983, 53.731),
    ("Mytholmroyd-Dauber-Bridge", -1.988, 53.722),
    ("Nutclough", -2.007, 53.746),
    ("Todmorden-Callis-Bridge", -2.046, 53.735),
    ("Walshaw-Dean-Lodge", -2.062, 53.805),
];

#[derive(Deserialize)]
struct CalderRow {
    #[serde(rename = "dateTime")]
    date_time: String,
    value: String,
}

/// Whether a folder has this layout.
#[must_use]
pub(super) fn is_here(folder: &Path) -> bool {
    files(folder).is_ok_and(|files| !files.is_empty())
}

fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>, Wrong> {
    let mut all = Vec::new();
    for end in ENDS {
        all.extend(files::ending(folder, end)?);
    }
    Ok(all)
}

/// Reads the recording.
///
/// # Errors
/// A file is malformed.
pub(super) fn read(folder: &Path) -> Result<Recording, Wrong> {
    let (mut gauges, mut points) = (Vec::new(), Vec::new());
    for file in files(folder)? {
        let gauge = gauge(&file)?;
        if gauge.parameter == Parameter::Stage {
            let overflow = gauge.series.median().unwrap_or(0.0) + OVERFLOW_ABOVE_MEDIAN_M;
            let (point, depth) =
                riverside::street_behind(&gauge, overflow).map_err(|e| files::wrong(&file, e))?;
            points.push(point);
            gauges.push(depth);
        }
        gauges.push(gauge);
    }
    let (from, to) = Recording::span_of(&gauges, folder)?;
    Ok(Recording {
        name: "uk-calder-2025".to_owned(),
        time_zone: "Europe/London",
        utc_offset: "+01:00",
        gauges,
        city: CitySource::Generated {
            points,
            trucks: TRUCKS,
        },
        floods: Some(BTreeMap::new()),
        from,
        to,
    })
}

fn gauge(file: &Path) -> Result<RecordedGauge, Wrong> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = ENDS
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(&name);
    let (station, parameter) = match (stem.strip_suffix("-level"), stem.strip_suffix("-rainfall")) {
        (Some(station), _) => (station, Parameter::Stage),
        (_, Some(station)) => (station, Parameter::RainfallDepth),
        _ => {
            return Err(files::wrong(
                file,
                "neither `-level-` nor `-rainfall-` in its name",
            ));
        }
    };
    let position = POSITIONS.iter().find(|(known, ..)| *known == station);
    let (_, lon, lat) = position
        .ok_or_else(|| files::wrong(file, format!("it is not known where {station} stands")))?;
    Ok(RecordedGauge {
        id: slug(stem).parse().map_err(|e| files::wrong(file, e))?,
        name: station.replace('-', " "),
        parameter,
        interval_s: INTERVAL_S,
        position: LonLat::new(*lon, *lat).map_err(|e| files::wrong(file, e))?,
        series: RecordedSeries::new(steps(file)?, INTERVAL_S)
            .map_err(|at| files::wrong(file, format!("two values at {at}")))?,
        faults: Vec::new(),
    })
}

fn steps(file: &Path) -> Result<Vec<(Timestamp, f64)>, Wrong> {
    let mut reader = csv::Reader::from_reader(files::open(file)?);
    let headers = reader
        .headers()
        .map_err(|e| files::wrong_csv(file, &e))?
        .clone();
    let mut steps = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| files::wrong_csv(file, &e))?;
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |message: String| files::wrong_at(file, line, message);
        let row: CalderRow = record
            .deserialize(Some(&headers))
            .map_err(|e| wrong(e.to_string()))?;
        if row.value.is_empty() {
            continue; // The agency leaves the value of a missing reading empty.
        }
        let at = format!("{}Z", row.date_time.trim_end_matches('Z'))
            .parse::<Timestamp>()
            .map_err(|e| wrong(chain(&e)))?;
        let value = row.value.parse().ok().filter(|v: &f64| v.is_finite());
        let value = value.ok_or_else(|| wrong(format!("`{}` is not a number", row.value)))?;
        steps.push((at, value));
    }
    Ok(steps)
}
