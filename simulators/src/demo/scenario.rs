//! A scenario file of the demo: which city, which storm, what goes wrong.
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
    io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use shared::{ids::AgentId, lonlat::LonLat, time::Timestamp};

use crate::{
    replay::FaultEntry,
    storm::{Cell, Hyetograph, Storm},
};

/// Where scenarios are looked up by name.
const FOLDER: &str = "configs/scenarios";

/// Why there is no such scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error(
        "there is no scenario `{name}` in {FOLDER} of the folder in which this was started; there are: {known}"
    )]
    Unknown { name: String, known: String },
    #[error("cannot read {}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{}:{line}: {message}", file.display())]
    Toml {
        file: PathBuf,
        line: usize,
        message: String,
    },
    #[error("{}: {message}", file.display())]
    Setting { file: PathBuf, message: String },
}

/// A scenario as used.
#[derive(Debug, Clone)]
pub struct Scenario {
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
pub struct Outage {
    pub gateways: BTreeSet<AgentId>,
    pub from_minute: i64,
    pub to_minute: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    title: String,
    title_en: String,
    city: String,
    #[serde(default = "one")]
    seed: u64,
    origin: Timestamp,
    minutes: i64,
    #[serde(default = "sixty")]
    speed: f64,
    gateways: usize,
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
    return_period_years: f64,
    begin_minute: f64,
    duration_minutes: f64,
    peak_ratio: f64,
    from: LonLat,
    to: LonLat,
    radius_km: f64,
}

const fn one() -> u64 {
    1
}

const fn sixty() -> f64 {
    60.0
}

impl Scenario {
    /// The minute of the storm at a time.
    #[must_use]
    pub fn minute(&self, at: Timestamp) -> i64 {
        at.millis_since(self.origin).div_euclid(60_000)
    }

    /// Gateways that any outage cuts off.
    #[must_use]
    pub fn cut_gateways(&self) -> BTreeSet<AgentId> {
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
pub fn find(name: &str) -> Result<Scenario, ScenarioError> {
    let is_file = Path::new(name).extension().is_some_and(|e| e == "toml");
    let file = if is_file {
        PathBuf::from(name)
    } else {
        Path::new(FOLDER).join(format!("{name}.toml"))
    };
    if !is_file && !file.is_file() {
        let known = known().join(", ");
        let name = name.to_owned();
        return Err(ScenarioError::Unknown { name, known });
    }
    read(&file)
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

/// Reads a scenario file.
///
/// # Errors
/// Not readable, or not such a file.
pub fn read(file: &Path) -> Result<Scenario, ScenarioError> {
    let text = std::fs::read_to_string(file).map_err(|source| ScenarioError::Read {
        file: file.to_owned(),
        source,
    })?;
    let raw: Raw = toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        ScenarioError::Toml {
            file: file.to_owned(),
            line: before.unwrap_or_default().matches('\n').count() + 1,
            message: error.message().to_owned(),
        }
    })?;
    checked(file, raw).map_err(|message| ScenarioError::Setting {
        file: file.to_owned(),
        message,
    })
}

fn checked(file: &Path, raw: Raw) -> Result<Scenario, String> {
    if !(1..=10_080).contains(&raw.minutes) {
        return Err(format!(
            "minutes is {}; it must be from 1 to 10080",
            raw.minutes
        ));
    }
    if !(1..=99).contains(&raw.gateways) {
        return Err(format!(
            "gateways is {}; it must be from 1 to 99",
            raw.gateways
        ));
    }
    if !(1.0..=600.0).contains(&raw.speed) {
        return Err(format!("speed is {}; it must be from 1 to 600", raw.speed));
    }
    let cells = raw.cells.iter().enumerate();
    let cells = cells.map(|(k, raw)| cell(raw).map_err(|e| format!("[[cell]] {}: {e}", k + 1)));
    let city = match raw.city.as_str() {
        "shanghai" => None,
        folder => Some(file.parent().unwrap_or(Path::new(".")).join(folder)),
    };
    Ok(Scenario {
        name: file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        title: raw.title,
        title_en: raw.title_en,
        city,
        seed: raw.seed,
        origin: raw.origin,
        minutes: raw.minutes,
        speed: raw.speed,
        gateways: raw.gateways,
        storm: Storm {
            cells: cells.collect::<Result<_, _>>()?,
        },
        faults: raw.faults,
        outages: raw.outages,
    })
}

fn cell(raw: &RawCell) -> Result<Cell, String> {
    if !(0.1..=200.0).contains(&raw.radius_km) {
        return Err(format!(
            "radius_km is {}; it must be from 0.1 to 200",
            raw.radius_km
        ));
    }
    let hyetograph = Hyetograph::new(
        raw.return_period_years,
        raw.duration_minutes,
        raw.peak_ratio,
    )
    .map_err(|e| e.to_string())?;
    Ok(Cell {
        hyetograph,
        begin_min: raw.begin_minute,
        from: raw.from,
        to: raw.to,
        radius_m: raw.radius_km * 1000.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "title = \"雨\"\ntitle_en = \"Rain\"\ncity = \"shanghai\"\n\
        origin = \"2026-07-21T16:00:00+08:00\"\nminutes = 60\ngateways = 3\n";

    fn read_text(text: &str) -> Result<Scenario, String> {
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
    fn errors_name_the_line_or_the_setting() {
        let unknown = read_text(&format!("{LEAST}colour = 1\n")).expect_err("refused");
        assert!(
            unknown.contains("rain.toml:7: unknown field `colour`"),
            "{unknown}"
        );
        let cell = "[[cell]]\nreturn_period_years = 5000.0\nbegin_minute = 0.0\nduration_minutes = 60.0\n\
            peak_ratio = 0.4\nfrom = [121.0, 31.0]\nto = [121.0, 31.0]\nradius_km = 5.0\n";
        let storm = read_text(&format!("{LEAST}{cell}")).expect_err("refused");
        assert!(
            storm.contains("[[cell]] 1: return_period_years is 5000"),
            "{storm}"
        );
    }

    #[test]
    fn every_shipped_scenario_of_a_designed_storm_can_be_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/scenarios");
        let names = ["cloudburst", "typhoon", "drizzle"];
        for name in names {
            let scenario = read(&folder.join(format!("{name}.toml"))).expect(name);
            assert!(!scenario.storm.cells.is_empty(), "{name}");
        }
    }
}
