//! Storms simulated by EPA SWMM: per scenario `<name>_level_m.csv`, `<name>_rain_mmph.csv` (columns
//! by site, rows by minute) and `<name>_truth.json`; for all of them `sites.geojson`.
//!
//! Sites of kind `underpass` or `street` are waterlogging points with a depth gauge of their own,
//! `canal` is a water level gauge, `raingauge` a rain gauge (intensity).

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use shared::{
    findings::Wrong,
    gauge::Parameter,
    ids::{GaugeId, PointId},
    time::Timestamp,
};

use super::{
    CitySource, RecordedGauge, RecordedPoint, RecordedSeries, Recording,
    minutes::{self, MinuteTable},
    slug,
};
use crate::{
    files,
    layer::{self, PointFeature},
};

/// The simulation's own start: 2025-07-01 12:00 in Shanghai.
const ORIGIN: Timestamp = Timestamp::from_millis(1_751_342_400_000);
/// Of a series too short to tell.
const INTERVAL_S: u32 = 60;
/// The depth at which the design criterion of GB 50014 calls a road waterlogged.
const WATERLOGGED_M: f64 = 0.15;
/// Trucks of a generated city: a third of what a central district keeps for a storm.
const TRUCKS: usize = 12;

/// Every name of a scenario in a folder.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn scenarios(folder: &Path) -> Result<Vec<String>, Wrong> {
    let files = files::ending(folder, "_level_m.csv")?;
    let name = |path: &std::path::PathBuf| {
        let file = path.file_name()?.to_string_lossy().into_owned();
        Some(file.strip_suffix("_level_m.csv")?.to_owned())
    };
    Ok(files.iter().filter_map(name).collect())
}

/// The series of one scenario by column, and the minute at which each place floods.
pub(crate) struct Tables {
    pub level: MinuteTable,
    pub rain: MinuteTable,
    pub onsets: BTreeMap<String, i64>,
}

/// Reads the tables of one scenario.
///
/// # Errors
/// A file is missing or malformed.
pub(crate) fn tables(folder: &Path, scenario: &str) -> Result<Tables, Wrong> {
    let file = |end: &str| folder.join(format!("{scenario}_{end}"));
    let onsets = onsets(&file("truth.json"))?;
    Ok(Tables {
        level: minutes::read(&file("level_m.csv"))?,
        rain: minutes::read(&file("rain_mmph.csv"))?,
        onsets,
    })
}

/// Reads one scenario with a generated city.
///
/// # Errors
/// A file is missing or malformed.
pub(crate) fn read(folder: &Path, scenario: &str) -> Result<Recording, Wrong> {
    let tables = tables(folder, scenario)?;
    let file = folder.join("sites.geojson");
    let sites = layer::points(&file)?;
    let mut gauges = Vec::new();
    for (name, column) in tables.level.iter().chain(&tables.rain) {
        let site = sites
            .iter()
            .find(|site| site.id == *name)
            .ok_or_else(|| files::wrong(&file, format!("site {name} of {scenario} is missing")))?;
        gauges.push(gauge(&file, site, column)?);
    }
    let points = sites
        .iter()
        .filter(|s| is_point(s))
        .map(|s| point(&file, s));
    let points = points.collect::<Result<Vec<_>, _>>()?;
    let floods = floods(&file, &tables.onsets, ORIGIN)?;
    let (from, to) = Recording::span_of(&gauges, folder)?;
    Ok(Recording {
        name: scenario.to_owned(),
        time_zone: "Asia/Shanghai",
        utc_offset: "+08:00",
        gauges,
        city: CitySource::Generated {
            points,
            trucks: TRUCKS,
        },
        floods: Some(floods),
        from,
        to,
    })
}

/// When each point floods in a scenario that begins at `origin`.
///
/// # Errors
/// A site whose name is not an id.
pub(crate) fn floods(
    file: &Path,
    onsets: &BTreeMap<String, i64>,
    origin: Timestamp,
) -> Result<BTreeMap<PointId, Timestamp>, Wrong> {
    let at = |(site, minute): (&String, &i64)| {
        let id: PointId = id(file, slug(site))?;
        Ok((id, origin.plus_millis(minute * 60_000)))
    };
    onsets.iter().map(at).collect()
}

/// A column as a series that begins at `origin`.
///
/// # Errors
/// Two values for one minute.
pub(crate) fn series(
    file: &Path,
    column: &[(i64, f64)],
    origin: Timestamp,
    interval_s: u32,
) -> Result<RecordedSeries, Wrong> {
    let steps = column
        .iter()
        .map(|(m, v)| (origin.plus_millis(m * 60_000), *v))
        .collect();
    RecordedSeries::new(steps, interval_s)
        .map_err(|at| files::wrong(file, format!("two values at {at}")))
}

fn is_point(site: &PointFeature) -> bool {
    matches!(site.text("kind"), Some("underpass" | "street"))
}

fn gauge(file: &Path, site: &PointFeature, column: &[(i64, f64)]) -> Result<RecordedGauge, Wrong> {
    let (id_text, parameter) = match site.text("kind") {
        Some("underpass" | "street") => (depth_gauge(site), Parameter::Depth),
        Some("raingauge") => (slug(&site.id), Parameter::RainfallIntensity),
        Some("canal") => (slug(&site.id), Parameter::WaterLevel),
        other => {
            let message = format!("site {}: kind {other:?} is not known", site.id);
            return Err(files::wrong(file, message));
        }
    };
    // A gauge is read as often as the simulation told of it: sooner, and it would seem silent.
    let steps = series(file, column, ORIGIN, INTERVAL_S)?;
    let interval_s = steps.usual_step_s().unwrap_or(INTERVAL_S);
    Ok(RecordedGauge {
        id: id(file, id_text)?,
        name: site.text("name").unwrap_or(&site.id).to_owned(),
        parameter,
        interval_s,
        position: site.position,
        series: series(file, column, ORIGIN, interval_s)?,
        faults: Vec::new(),
    })
}

fn point(file: &Path, site: &PointFeature) -> Result<RecordedPoint, Wrong> {
    let number = |name: &str| {
        let missing = || files::wrong(file, format!("site {}: no number `{name}`", site.id));
        site.number(name).ok_or_else(missing)
    };
    let rain: Option<GaugeId> = site.text("gauge").map(|g| id(file, slug(g))).transpose()?;
    let name = site
        .text("name")
        .filter(|n| *n != "unnamed")
        .unwrap_or(&site.id);
    Ok(RecordedPoint {
        id: id(file, slug(&site.id))?,
        name: name.to_owned(),
        setting: if site.text("kind") == Some("underpass") {
            "underpass"
        } else {
            "street"
        },
        position: site.position,
        level_gauge: id(file, depth_gauge(site))?,
        rain_gauges: rain.into_iter().collect(),
        catchment_ha: number("area_ha")?,
        drain_m3h: number("drain_cap_m3s")? * 3600.0,
        storage_factor: site.number("storage_factor").unwrap_or(1.0),
    })
}

fn depth_gauge(site: &PointFeature) -> String {
    format!("{}-depth", slug(&site.id))
}

fn id<T: TryFrom<String>>(file: &Path, text: String) -> Result<T, Wrong>
where
    T::Error: std::fmt::Display,
{
    T::try_from(text).map_err(|e| files::wrong(file, e))
}

#[derive(Deserialize)]
struct TruthFile {
    floods: Vec<Flood>,
}

#[derive(Deserialize)]
struct Flood {
    site: String,
    threshold_m: f64,
    onset_min: i64,
}

fn onsets(file: &Path) -> Result<BTreeMap<String, i64>, Wrong> {
    let truth: TruthFile = serde_json::from_reader(files::open(file)?)
        .map_err(|e| files::wrong_at(file, e.line() as u64, e))?;
    let others: Vec<f64> = truth.floods.iter().map(|f| f.threshold_m).collect();
    let logged = truth
        .floods
        .into_iter()
        .filter(|f| (f.threshold_m - WATERLOGGED_M).abs() < 1e-9);
    let mut onsets = BTreeMap::new();
    for flood in logged {
        let first = onsets.entry(flood.site).or_insert(flood.onset_min);
        *first = flood.onset_min.min(*first);
    }
    if let (true, Some(other)) = (onsets.is_empty(), others.first()) {
        let message = format!(
            "floods are told at {other} m and none at {WATERLOGGED_M} m, by which runs are judged"
        );
        return Err(files::wrong(file, message));
    }
    Ok(onsets)
}
