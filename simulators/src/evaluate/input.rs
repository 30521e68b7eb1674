//! The input of EPA SWMM: each point a paved catchment, a sag and a drain, under the rain of a gauge or of its
//! own place.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use serde::{Deserialize, Serialize};

use crate::{files, recording::RecordedPoint};

/// A drainage pump that does not run, in minutes of the storm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outage {
    #[serde(rename = "site")]
    pub point: String,
    pub off_min: usize,
    pub on_min: usize,
}

impl Outage {
    pub fn holds(&self, minute: usize) -> bool {
        (self.off_min..self.on_min).contains(&minute)
    }
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

/// What drains to a point and what drains it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sag {
    pub name: String,
    pub is_underpass: bool,
    /// The series of rain that falls on it, by name.
    pub rain: Option<String>,
    pub catchment_ha: f64,
    /// Share of the catchment that is paved.
    pub paved: f64,
    /// Slope of the catchment, as a share.
    pub slope: f64,
    /// Width of the flow over it: area by length.
    pub width_m: f64,
    pub drain_m3s: f64,
    /// So many times as much stands in it as in the typical one of its kind.
    pub storage_factor: f64,
}

/// Paved share and slope of a catchment of which no more is known than its area.
const PAVED: f64 = 0.82;
const SLOPE: f64 = 0.006;

impl Sag {
    /// The sag of a point as the folder tells of it, with a catchment as wide as long.
    pub fn of(point: &RecordedPoint) -> Self {
        Self {
            name: point.id.as_str().to_uppercase(),
            is_underpass: point.setting == "underpass",
            rain: point.rain_gauges.first().map(ToString::to_string),
            catchment_ha: point.catchment_ha,
            paved: PAVED,
            slope: SLOPE,
            width_m: (point.catchment_ha * 10_000.0).sqrt(),
            drain_m3s: point.drain_m3h / 3600.0,
            storage_factor: point.storage_factor,
        }
    }

    pub fn setting(&self) -> &'static str {
        if self.is_underpass {
            "underpass"
        } else {
            "street"
        }
    }
}

/// A storm over sags.
#[derive(Debug)]
pub(super) struct Input<'a> {
    pub sags: &'a [Sag],
    /// Intensities in mm/h by minute, by name.
    pub rains: &'a BTreeMap<String, Vec<f64>>,
    pub outages: &'a [Outage],
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

/// Roughness and depression storage (mm) of paved and grown ground, share of paved ground without storage.
const GROUND: &str = "0.014 0.15 1.5 5 25 OUTLET";
/// Horton's infiltration of grown ground: first and last rate (mm/h), decay (1/h), days to dry, no limit.
const INFILTRATION: &str = "60 5 4 7 0";

/// Surface of an underpass's sag: depth m, area m².
const UNDERPASS: [(f64, f64); 5] = [
    (0.0, 30.0),
    (0.15, 180.0),
    (0.5, 700.0),
    (1.0, 1500.0),
    (4.0, 3000.0),
];
/// Surface of a street's sag: depth m, area m².
const STREET: [(f64, f64); 5] = [
    (0.0, 60.0),
    (0.1, 600.0),
    (0.3, 3500.0),
    (0.6, 9000.0),
    (4.0, 20_000.0),
];

/// What a drain takes at a depth (m), as a share of its capacity.
const DRAINS: [(f64, f64); 5] = [(0.0, 0.0), (0.03, 0.6), (0.08, 1.0), (1.0, 1.1), (4.0, 1.2)];

/// A line of text more. Writing to a text cannot fail.
macro_rules! line {
    ($text:expr, $($words:tt)*) => { let _ = writeln!($text, $($words)*); };
}

impl Input<'_> {
    /// The text of the input.
    pub fn text(&self) -> String {
        let minutes = self.rains.values().map(Vec::len).max().unwrap_or(0);
        let mut text = String::from(OPTIONS);
        let (hour, minute) = (12 + minutes / 60, minutes % 60);
        line!(text, "END_TIME {hour:02}:{minute:02}:00\n\n[RAINGAGES]");
        for name in self.rains.keys() {
            line!(text, "{name} INTENSITY 0:01 1.0 TIMESERIES T{name}");
        }
        self.catchments(&mut text);
        self.storages(&mut text);
        self.drains(&mut text);
        self.curves(&mut text);
        line!(text, "\n[TIMESERIES]");
        for (name, series) in self.rains {
            for (minute, mm) in series.iter().enumerate() {
                line!(text, "T{name} {} {mm:.3}", clock(minute));
            }
        }
        self.controls(&mut text);
        line!(
            text,
            "\n[REPORT]\nINPUT NO\nCONTROLS NO\nSUBCATCHMENTS NONE\nNODES NONE\nLINKS NONE"
        );
        text
    }

    fn catchments(&self, text: &mut String) {
        line!(text, "\n[SUBCATCHMENTS]");
        for sag in self.sags {
            if let Some(rain) = &sag.rain {
                let (id, area, width) = (&sag.name, sag.catchment_ha, sag.width_m);
                let (paved, slope) = (100.0 * sag.paved, 100.0 * sag.slope);
                line!(
                    text,
                    "S{id} {rain} {id} {area:.3} {paved:.1} {width:.1} {slope:.2} 0"
                );
            }
        }
        for (title, words) in [("SUBAREAS", GROUND), ("INFILTRATION", INFILTRATION)] {
            line!(text, "\n[{title}]");
            for sag in self.sags.iter().filter(|sag| sag.rain.is_some()) {
                line!(text, "S{} {words}", sag.name);
            }
        }
    }

    fn storages(&self, text: &mut String) {
        line!(text, "\n[STORAGE]");
        for Sag { name, .. } in self.sags {
            line!(text, "{name} 0 4 0 TABULAR C{name}");
        }
        line!(text, "\n[OUTFALLS]");
        for Sag { name, .. } in self.sags {
            line!(text, "O{name} -2 FREE");
        }
    }

    fn drains(&self, text: &mut String) {
        let kind = |is_underpass| {
            self.sags
                .iter()
                .filter(move |s| s.is_underpass == is_underpass)
        };
        line!(text, "\n[OUTLETS]");
        for Sag { name, .. } in kind(false) {
            line!(text, "P{name} {name} O{name} 0 TABULAR/DEPTH Q{name}");
        }
        line!(text, "\n[PUMPS]");
        for Sag { name, .. } in kind(true) {
            line!(text, "P{name} {name} O{name} Q{name} ON 0.02 0.0");
        }
    }

    fn curves(&self, text: &mut String) {
        line!(text, "\n[CURVES]");
        for sag in self.sags {
            let (surfaces, drain) = if sag.is_underpass {
                (UNDERPASS, "PUMP4")
            } else {
                (STREET, "RATING")
            };
            let wider = surfaces.map(|(depth, area)| (depth, area * sag.storage_factor));
            curve(text, &format!("C{}", sag.name), "STORAGE", wider);
            let takes = DRAINS.map(|(depth, share)| (depth, share * sag.drain_m3s));
            curve(text, &format!("Q{}", sag.name), drain, takes);
        }
    }

    fn controls(&self, text: &mut String) {
        line!(text, "\n[CONTROLS]");
        for (number, outage) in self.outages.iter().enumerate() {
            let pump = format!("PUMP P{} STATUS", outage.point);
            let (off, on) = (clock(outage.off_min), clock(outage.on_min));
            line!(text, "RULE F{number}\nIF SIMULATION TIME >= {off}:00");
            line!(text, "AND SIMULATION TIME < {on}:00\nTHEN {pump} = OFF");
            line!(text, "ELSE {pump} = ON\nPRIORITY 9");
        }
    }
}

/// Hours and minutes since the beginning.
fn clock(minute: usize) -> String {
    format!("{}:{:02}", minute / 60, minute % 60)
}

fn curve(text: &mut String, name: &str, kind: &str, pairs: [(f64, f64); 5]) {
    for (row, (depth, other)) in pairs.iter().enumerate() {
        let kind = if row == 0 { kind } else { "" };
        line!(text, "{name} {kind} {depth} {other:.5}");
    }
}
