//! Jakarta's water gates in the flood of January 2020: `tma_2020.csv.gz` and `stations.geojson`.
//!
//! Levels are millimetres above each gauge's zero, times are WIB (UTC+7) without a zone, rows may be
//! repeated exactly, some names end in spaces. Where the city's highest alert level (Siaga 1) is known, the bank is taken to
//! overflow there: a waterlogging point beside the gate has the depth above it.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use shared::{error::chain, findings::Wrong, gauge::Parameter, time::Timestamp};

use super::{CitySource, RecordedGauge, RecordedSeries, Recording, riverside, slug};
use crate::{files, layer};

const FILE: &str = "tma_2020.csv.gz";
const INTERVAL_S: u32 = 1800;
const TRUCKS: usize = 6;

/// Siaga 1 in metres, for the stations whose thresholds are published.
const OVERFLOW_M: [(&str, f64); 5] = [
    ("PA. Manggarai", 9.50),
    ("PS. Depok", 3.50),
    ("P.A. Karet", 6.00),
    ("PS. Pesanggrahan", 3.50),
    ("P.A. Istiqlal", 3.50),
];

#[derive(Deserialize)]
struct JakartaRow {
    nama_pintu_air: String,
    tanggal: String,
    tinggi_air: i64,
}

/// Whether a folder has this layout.
#[must_use]
pub(super) fn is_here(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

/// Reads the recording.
///
/// # Errors
/// A file is missing or malformed.
pub(super) fn read(folder: &Path) -> Result<Recording, Wrong> {
    let file = folder.join(FILE);
    let stations = layer::points(&folder.join("stations.geojson"))?;
    let rows = rows(&file)?;
    let mut gauges = Vec::new();
    let mut points = Vec::new();
    for (name, steps) in rows {
        let station = stations
            .iter()
            .find(|s| s.text("name").map(str::trim) == Some(&name))
            .ok_or_else(|| {
                files::wrong(
                    &file,
                    format!("station `{name}` is not in stations.geojson"),
                )
            })?;
        let series = RecordedSeries::new(steps, INTERVAL_S).map_err(|at| {
            files::wrong(&file, format!("station `{name}` has two values at {at}"))
        })?;
        let id = slug(&name).parse().map_err(|e| files::wrong(&file, e))?;
        let stage = RecordedGauge {
            id,
            name: name.clone(),
            parameter: Parameter::Stage,
            interval_s: INTERVAL_S,
            position: station.position,
            series,
            faults: Vec::new(),
        };
        if let Some((_, overflow)) = OVERFLOW_M.iter().find(|(known, _)| *known == name) {
            let (point, depth) =
                riverside::street_behind(&stage, *overflow).map_err(|e| files::wrong(&file, e))?;
            points.push(point);
            gauges.push(depth);
        }
        gauges.push(stage);
    }
    let (from, to) = Recording::span_of(&gauges, &file)?;
    Ok(Recording {
        name: "jakarta-2020".to_owned(),
        time_zone: "Asia/Jakarta",
        utc_offset: "+07:00",
        gauges,
        city: CitySource::Generated {
            points,
            trucks: TRUCKS,
        },
        floods: None,
        from,
        to,
    })
}

type Steps = Vec<(Timestamp, f64)>;

fn rows(file: &Path) -> Result<BTreeMap<String, Steps>, Wrong> {
    let mut reader = csv::Reader::from_reader(files::open(file)?);
    let mut stations: BTreeMap<String, Steps> = BTreeMap::new();
    let headers = reader
        .headers()
        .map_err(|e| files::wrong_csv(file, &e))?
        .clone();
    for record in reader.records() {
        let record = record.map_err(|e| files::wrong_csv(file, &e))?;
        let line = record.position().map_or(0, csv::Position::line);
        let row: JakartaRow = record
            .deserialize(Some(&headers))
            .map_err(|e| files::wrong_at(file, line, e))?;
        let at = local(&row.tanggal).map_err(|e| files::wrong_at(file, line, e))?;
        let metres = row.tinggi_air as f64 / 1000.0;
        stations
            .entry(row.nama_pintu_air.trim().to_owned())
            .or_default()
            .push((at, metres));
    }
    Ok(stations)
}

/// `2020-01-01 07:30:00` in WIB.
fn local(text: &str) -> Result<Timestamp, String> {
    let (date, time) = text
        .split_once(' ')
        .ok_or_else(|| format!("`{text}` is not a time"))?;
    format!("{date}T{time}+07:00")
        .parse::<Timestamp>()
        .map_err(|e| chain(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_are_seven_hours_ahead_of_utc() {
        let at = local("2019-12-31 23:00:27").expect("time");
        assert_eq!(at.to_string(), "2019-12-31T16:00:27.000Z");
        assert!(local("yesterday").is_err());
    }
}
