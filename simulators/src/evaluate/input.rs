//! The input of EPA SWMM for a folder that has none: each point a paved catchment, a sag and a drain, as in
//! the folders that have one.

use std::{fmt::Write as _, path::Path};

use serde::Deserialize;

use super::city::{Known, rains};
use crate::{
    files,
    recording::{RecordedPoint, Recording, swmm::Tables},
};

/// A drainage pump that does not run, in minutes of the storm.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Outage {
    #[serde(rename = "site")]
    pub point: String,
    pub off_min: usize,
    pub on_min: usize,
}

#[derive(Deserialize)]
struct Truth {
    #[serde(default)]
    pump_failures: Vec<Outage>,
}

/// The outages that a truth tells of.
///
/// # Errors
/// The file is missing or malformed.
pub(super) fn outages(file: &Path) -> anyhow::Result<Vec<Outage>> {
    let truth: Truth = serde_json::from_reader(files::open(file)?)
        .map_err(|e| files::wrong_at(file, e.line() as u64, e))?;
    Ok(truth.pump_failures)
}

const OPTIONS: &str = "\
[OPTIONS]
FLOW_UNITS CMS
INFILTRATION HORTON
FLOW_ROUTING DYNWAVE
ALLOW_PONDING NO
START_DATE 07/01/2025
START_TIME 12:00:00
REPORT_START_DATE 07/01/2025
REPORT_START_TIME 12:00:00
END_DATE 07/01/2025
WET_STEP 00:01:00
DRY_STEP 00:01:00
ROUTING_STEP 5
REPORT_STEP 00:01:00
RULE_STEP 00:00:05
THREADS 1
";

/// Surfaces of an underpass's and a street's sag: depth m, area m².
const CURVES: &str = "\
Cu STORAGE 0 30
Cu 0.15 180
Cu 0.5 700
Cu 1 1500
Cu 4 3000
Cs STORAGE 0 60
Cs 0.1 600
Cs 0.3 3500
Cs 0.6 9000
Cs 4 20000
";

/// What a drain takes at a depth (m), as a share of its capacity.
const DRAINS: [(f64, f64); 5] = [(0.0, 0.0), (0.03, 0.6), (0.08, 1.0), (1.0, 1.1), (4.0, 1.2)];

/// Paved share of a catchment, in percent, and its slope in percent.
const PAVED: f64 = 82.0;
const SLOPE: f64 = 0.6;

/// A line of text more. Writing to a text cannot fail.
macro_rules! line {
    ($text:expr, $($words:tt)*) => { let _ = writeln!($text, $($words)*); };
}

/// The input of a storm, in the order of the folders that have one.
pub(super) fn write(known: &Known, tables: &Tables, storm: &Recording) -> String {
    let rains = rains(storm, tables);
    let minutes = rains.values().map(Vec::len).max().unwrap_or(0);
    let mut text = String::from(OPTIONS);
    line!(
        text,
        "END_TIME {:02}:{:02}:00\n\n[RAINGAGES]",
        12 + minutes / 60,
        minutes % 60
    );
    for gauge in rains.keys() {
        line!(text, "{gauge} INTENSITY 0:01 1.0 TIMESERIES T{gauge}");
    }
    catchments(&mut text, known);
    sags(&mut text, known);
    line!(text, "\n[TIMESERIES]");
    for (gauge, series) in &rains {
        for (minute, mm) in series.iter().enumerate() {
            line!(text, "T{gauge} {}:{:02} {mm:.3}", minute / 60, minute % 60);
        }
    }
    line!(
        text,
        "\n[REPORT]\nINPUT NO\nCONTROLS NO\nSUBCATCHMENTS NONE\nNODES NONE\nLINKS NONE"
    );
    text
}

fn points(known: &Known) -> impl Iterator<Item = (&RecordedPoint, String)> {
    known
        .points
        .iter()
        .map(|p| (p, p.id.as_str().to_uppercase()))
}

fn catchments(text: &mut String, known: &Known) {
    line!(text, "\n[SUBCATCHMENTS]");
    for (point, id) in points(known) {
        if let Some(rain) = point.rain_gauges.first() {
            let (area, width) = (point.catchment_ha, (point.catchment_ha * 10_000.0).sqrt());
            line!(
                text,
                "S{id} {rain} {id} {area:.3} {PAVED} {width:.1} {SLOPE} 0"
            );
        }
    }
    line!(text, "\n[SUBAREAS]");
    for (_, id) in points(known) {
        line!(text, "S{id} 0.014 0.15 1.5 5 25 OUTLET");
    }
    line!(text, "\n[INFILTRATION]");
    for (_, id) in points(known) {
        line!(text, "S{id} 60 5 4 7 0");
    }
}

fn sags(text: &mut String, known: &Known) {
    let is_underpass = |point: &RecordedPoint| point.setting == "underpass";
    line!(text, "\n[STORAGE]");
    for (point, id) in points(known) {
        let curve = if is_underpass(point) { "Cu" } else { "Cs" };
        line!(text, "{id} 0 4 0 TABULAR {curve}");
    }
    line!(text, "\n[OUTFALLS]");
    for (_, id) in points(known) {
        line!(text, "O{id} -2 FREE");
    }
    line!(text, "\n[OUTLETS]");
    for (_, id) in points(known).filter(|(p, _)| !is_underpass(p)) {
        line!(text, "P{id} {id} O{id} 0 TABULAR/DEPTH Q{id}");
    }
    line!(text, "\n[PUMPS]");
    for (_, id) in points(known).filter(|(p, _)| is_underpass(p)) {
        line!(text, "P{id} {id} O{id} Q{id} ON 0.02 0.0");
    }
    line!(text, "\n[CURVES]\n{CURVES}");
    for (point, id) in points(known) {
        let kind = if is_underpass(point) {
            "PUMP4"
        } else {
            "RATING"
        };
        for (row, (depth, share)) in DRAINS.iter().enumerate() {
            let kind = if row == 0 { kind } else { "" };
            line!(
                text,
                "Q{id} {kind} {depth} {:.5}",
                share * point.drain_m3h / 3600.0
            );
        }
    }
}
