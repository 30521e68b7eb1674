//! A scenario file of the demo: a city, a storm of rain cells, what goes wrong.
//!
//! ```toml
//! title = "特大暴雨"
//! title_en = "Cloudburst"
//! city = "shanghai"                       # the generated demo city, or a folder of layers
//! seed = 1                                # of the city, and of how the truth deviates from it
//! origin = "2026-07-21T16:00:00+08:00"    # storm time of minute 0
//! minutes = 240                           # until it is over
//! speed = 60.0
//! gateways = 30
//!
//! [[cell]]                                # rain cells; their rain adds up
//! return_period_years = 50.0
//! begin_minute = 5.0
//! duration_minutes = 120.0
//! peak_ratio = 0.4
//! from = [121.35, 31.20]                  # its centre at the beginning and at the end
//! to = [121.50, 31.27]
//! radius_km = 9.0
//!
//! [[fault]]                               # as in a recorded scenario
//! gauge = "lg-0003"
//! kind = "stuck"
//! from_minute = 40
//! to_minute = 60
//!
//! [[outage]]                              # gateways whose uplink is cut
//! gateways = ["gw-07"]
//! from_minute = 50
//! to_minute = 80
//! ```

use std::{
    collections::BTreeSet,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use shared::{
    findings::{Findings, Wrong},
    ids::AgentId,
    lonlat::LonLat,
    time::Timestamp,
};
use toml::Spanned;

use super::{
    FaultEntry,
    source::{self, beside, name_of, within},
    speed::{DEFAULT_SPEED, SPEEDS},
};
use crate::storm::{Cell, Hyetograph, HyetographError, Storm};

/// Where scenarios are looked up by name.
const FOLDER: &str = "configs/scenarios";
/// A week is longer than any storm.
const MINUTES: RangeInclusive<i64> = 1..=10_080;
/// Gateways are numbered with two digits.
const GATEWAYS: RangeInclusive<i64> = 1..=99;
const RADIUS_KM: RangeInclusive<f64> = 0.1..=200.0;

/// Why there is no such scenario.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoScenario {
    #[error(
        "there is no scenario `{name}` in {FOLDER} of the folder in which this was started; there are: {known}"
    )]
    Unknown { name: String, known: String },
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

/// A scenario as used.
#[derive(Debug, Clone)]
pub(crate) struct DesignedScenario {
    pub name: String,
    pub title: String,
    pub title_en: String,
    /// A folder of layers; `None` is the generated demo city.
    pub city: Option<PathBuf>,
    pub seed: u64,
    pub origin: Timestamp,
    pub minutes: i64,
    pub speed: f64,
    pub gateways: usize,
    pub storm: Storm,
    pub faults: Vec<FaultEntry>,
    pub outages: Vec<Outage>,
}

/// Gateways that are cut off for a while, in minutes of the storm.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outage {
    pub gateways: BTreeSet<AgentId>,
    pub from_minute: i64,
    pub to_minute: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDesigned {
    title: String,
    title_en: String,
    city: PathBuf,
    #[serde(default = "one")]
    seed: u64,
    origin: Timestamp,
    minutes: Spanned<i64>,
    speed: Option<Spanned<f64>>,
    gateways: Spanned<i64>,
    #[serde(default, rename = "cell")]
    cells: Vec<RawCell>,
    #[serde(default, rename = "fault")]
    faults: Vec<FaultEntry>,
    #[serde(default, rename = "outage")]
    outages: Vec<Outage>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCell {
    return_period_years: Spanned<f64>,
    begin_minute: f64,
    duration_minutes: Spanned<f64>,
    peak_ratio: Spanned<f64>,
    from: LonLat,
    to: LonLat,
    radius_km: Spanned<f64>,
}

const fn one() -> u64 {
    1
}

impl DesignedScenario {
    /// The minute of the storm at a time.
    #[must_use]
    pub(crate) fn minute(&self, at: Timestamp) -> i64 {
        at.millis_since(self.origin).div_euclid(60_000)
    }

    /// Whether an outage holds at a time.
    #[must_use]
    pub(crate) fn is_cut(&self, at: Timestamp) -> bool {
        let minute = self.minute(at);
        let mut outages = self.outages.iter();
        outages.any(|o| o.from_minute <= minute && minute < o.to_minute)
    }

    /// Gateways that any outage cuts off.
    #[must_use]
    pub(crate) fn cut_gateways(&self) -> BTreeSet<AgentId> {
        self.outages
            .iter()
            .flat_map(|o| o.gateways.iter().cloned())
            .collect()
    }
}

/// The scenario of that name, or the one in that file.
///
/// # Errors
/// There is none (those that are there are named), or it is malformed (by line).
pub(crate) fn find(name: &str) -> Result<DesignedScenario, NoScenario> {
    let is_file = Path::new(name).extension().is_some_and(|e| e == "toml");
    let file = if is_file {
        PathBuf::from(name)
    } else {
        Path::new(FOLDER).join(format!("{name}.toml"))
    };
    if !is_file && !file.is_file() {
        let known = known().join(", ");
        let name = name.to_owned();
        return Err(NoScenario::Unknown { name, known });
    }
    Ok(read(&file)?)
}

/// The names of the scenarios that this can play.
fn known() -> Vec<String> {
    let entries = std::fs::read_dir(FOLDER).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| read(&entry.path()).ok())
        .map(|scenario| scenario.name)
        .collect();
    names.sort();
    names
}

fn read(file: &Path) -> Result<DesignedScenario, Wrong> {
    source::read(file, |raw, findings| checked(file, raw, findings))
}

fn checked(file: &Path, raw: RawDesigned, findings: &mut Findings<'_>) -> Option<DesignedScenario> {
    let minutes = within(&raw.minutes, "minutes", &MINUTES, findings);
    let gateways = within(&raw.gateways, "gateways", &GATEWAYS, findings);
    let speed = raw.speed.as_ref();
    let speed = speed.map(|speed| within(speed, "speed", &SPEEDS, findings));
    let cells = raw.cells.iter().enumerate();
    let cells = cells.filter_map(|(k, raw)| cell(raw, &format!("[[cell]] {}", k + 1), findings));
    let cells = cells.collect();
    let is_generated = raw.city == Path::new("shanghai");
    Some(DesignedScenario {
        name: name_of(file),
        title: raw.title,
        title_en: raw.title_en,
        city: (!is_generated).then(|| beside(file, &raw.city)),
        seed: raw.seed,
        origin: raw.origin,
        minutes,
        speed: speed.unwrap_or(DEFAULT_SPEED),
        gateways: usize::try_from(gateways).ok()?,
        storm: Storm {
            cells,
            fronts: Vec::new(),
        },
        faults: raw.faults,
        outages: raw.outages,
    })
}

fn cell(raw: &RawCell, place: &str, findings: &mut Findings<'_>) -> Option<Cell> {
    let radius_km = within(
        &raw.radius_km,
        &format!("{place}: radius_km"),
        &RADIUS_KM,
        findings,
    );
    let hyetograph = Hyetograph::new(
        *raw.return_period_years.get_ref(),
        *raw.duration_minutes.get_ref(),
        *raw.peak_ratio.get_ref(),
    );
    let hyetograph = hyetograph.map_err(|error| {
        let setting = match error {
            HyetographError::ReturnPeriod(_) => &raw.return_period_years,
            HyetographError::Duration(_) => &raw.duration_minutes,
            HyetographError::PeakRatio(_) => &raw.peak_ratio,
        };
        findings.add(Some(setting.span()), place, error);
    });
    Some(Cell {
        hyetograph: hyetograph.ok()?,
        begin_min: raw.begin_minute,
        from: raw.from,
        to: raw.to,
        radius_m: radius_km * 1000.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "title = \"雨\"\ntitle_en = \"Rain\"\ncity = \"shanghai\"\n\
        origin = \"2026-07-21T16:00:00+08:00\"\nminutes = 60\ngateways = 3\n";

    fn read_text(text: &str) -> Result<DesignedScenario, String> {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("rain.toml");
        std::fs::write(&file, text).expect("written");
        read(&file).map_err(|e| e.to_string())
    }

    #[test]
    fn a_scenario_without_a_storm_is_a_dry_day_in_the_demo_city() {
        let scenario = read_text(LEAST).expect("valid");
        assert_eq!((scenario.name.as_str(), scenario.city), ("rain", None));
        assert!(scenario.storm.cells.is_empty());
    }

    #[test]
    fn errors_name_the_line_and_the_setting_and_all_are_told_at_once() {
        let unknown = read_text(&format!("{LEAST}colour = 1\n")).expect_err("refused");
        assert!(
            unknown.contains("rain.toml:7: unknown key `colour`"),
            "{unknown}"
        );
        let cell = "speed = 0.5\n[[cell]]\nreturn_period_years = 5000.0\nbegin_minute = 0.0\n\
            duration_minutes = 60.0\npeak_ratio = 0.4\nfrom = [121.0, 31.0]\nto = [121.0, 31.0]\n\
            radius_km = 500.0\n";
        let storm = read_text(&format!("{LEAST}{cell}")).expect_err("refused");
        let told: Vec<_> = storm
            .lines()
            .filter_map(|l| l.split_once("rain.toml"))
            .collect();
        let told: Vec<_> = told.into_iter().map(|(_, told)| told).collect();
        assert_eq!(
            told,
            [
                ":7: speed: is 0.5; it must be from 1 to 3600",
                ":9: [[cell]] 1: return_period_years is 5000; it must be from 1 to 1000",
                ":15: [[cell]] 1: radius_km: is 500; it must be from 0.1 to 200",
            ]
        );
    }

    #[test]
    fn every_shipped_scenario_of_a_designed_storm_can_be_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/scenarios");
        for name in ["cloudburst", "typhoon", "drizzle"] {
            let scenario = read(&folder.join(format!("{name}.toml"))).expect(name);
            assert!(!scenario.storm.cells.is_empty(), "{name}");
        }
    }
}
