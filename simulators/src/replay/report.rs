//! The outcome of a run: a table for people, JSON for machines.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::{
    ids::{GaugeId, PointId},
    time::Timestamp,
};

use crate::{
    console::say,
    judge::{FlagVerdict, PointVerdict, are_all_in_time, tally},
    lab::DeliveryCount,
};

/// The share of the readings that were due below which a run was too fast for its machine.
const KEPT_UP: f64 = 0.9;

/// Most gauges that are told by name.
const TOLD: usize = 20;

/// Everything that a run found out.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ReplayReport {
    pub recording: String,
    pub from: Timestamp,
    pub to: Timestamp,
    pub speed: f64,
    pub agents: u16,
    pub broker: String,
    pub gauges: usize,
    /// How many readings the gauges had for whoever asks in time.
    pub due: u64,
    /// Gauges that served nothing.
    pub silent: Vec<GaugeId>,
    /// Readings that were served between the storm's beginning and its end.
    pub served_in_storm: u64,
    /// Those of them that were depths.
    pub depth_in_storm: u64,
    pub delivery: DeliveryCount,
    /// `None` where no truth is known.
    pub flags: Option<Vec<PointVerdict>>,
    /// First recommendation of a truck for each point.
    pub recommended: BTreeMap<PointId, Timestamp>,
    /// What spoke for each, in the plan's codes.
    pub reasons: BTreeMap<PointId, Vec<String>>,
    /// Whether trucks were recommended exactly if something flooded; `None` without a truth.
    pub recommendations_right: Option<bool>,
    pub cpu_seconds: BTreeMap<String, f64>,
    pub passed: bool,
}

impl ReplayReport {
    /// Whether every check that applies holds. Nothing holds of a run in which nothing was served.
    #[must_use]
    pub(super) fn holds(&self) -> bool {
        self.served_in_storm > 0
            && self.delivery.is_exact()
            && (self.flags.is_none() || self.depth_in_storm > 0)
            && are_all_in_time(self.flags.iter().flatten())
            && self.recommendations_right != Some(false)
    }

    /// Why the run was not as fast as it should have been; `None` where it was.
    #[must_use]
    fn fell_behind(&self) -> Option<String> {
        let served = self.served_in_storm as f64;
        let share = served / self.due as f64;
        (self.due > 0 && share < KEPT_UP).then(|| {
            format!(
                "this machine did not keep up with speed {}: {:.0} % of the {} readings that were \
                 due were read; flags may be late for that alone",
                self.speed,
                share * 100.0,
                self.due
            )
        })
    }

    /// Prints the table.
    pub(super) fn print(&self) {
        self.print_delivery();
        match &self.flags {
            None => say("  --  flags: no truth is known for this recording"),
            Some(_) if self.depth_in_storm == 0 => {
                say("FAIL  flags: no depth gauge served anything: nothing could be flagged");
            }
            Some(points) => print_flags(points),
        }
        self.print_recommendations();
        let cpu: Vec<_> = self
            .cpu_seconds
            .iter()
            .map(|(n, s)| format!("{n} {s:.1} s"))
            .collect();
        say(format!("      cpu: {}", cpu.join(", ")));
        if let Some(why) = self.fell_behind() {
            say(format!("note: {why}"));
        }
    }

    fn print_delivery(&self) {
        let d = &self.delivery;
        if self.served_in_storm == 0 {
            say(format!(
                "FAIL  delivery: nothing was served while the storm went on ({} gauges)",
                self.gauges
            ));
        } else {
            say(format!(
                "{}  delivery: {} served, {} stored, {} lost, {} doubled ({} gauges)",
                mark(d.is_exact()),
                d.served,
                d.stored,
                d.lost,
                d.doubled,
                self.gauges
            ));
        }
        if self.served_in_storm > 0 && !self.silent.is_empty() {
            let some = self.silent.iter().take(TOLD).map(ToString::to_string);
            say(format!(
                "        {} gauges served nothing: {}",
                self.silent.len(),
                some.collect::<Vec<_>>().join(", ")
            ));
        }
        for (gauge, wrong) in d.wrong.iter().take(TOLD) {
            say(format!(
                "        {gauge}: {} served, {} stored, {} lost, {} doubled",
                wrong.served, wrong.stored, wrong.lost, wrong.doubled
            ));
        }
    }

    fn print_recommendations(&self) {
        match self.recommendations_right {
            None => say("  --  recommendations: no truth is known for this recording"),
            Some(right) => say(format!(
                "{}  recommendations: trucks for {} points",
                mark(right),
                self.recommended.len()
            )),
        }
        for point in self.flags.iter().flatten() {
            if let Some(why) = &point.no_truck {
                say(format!("        {}: no truck: {why}", point.point));
            }
        }
        if self.recommendations_right == Some(false) {
            for (point, reasons) in &self.reasons {
                say(format!("        {point}: a truck: {}", reasons.join(", ")));
            }
        }
    }
}

fn mark(good: bool) -> &'static str {
    if good { "pass" } else { "FAIL" }
}

fn print_flags(points: &[PointVerdict]) {
    let good = are_all_in_time(points);
    let tally: Vec<_> = tally(points)
        .into_iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let worst = points
        .iter()
        .filter_map(|p| p.delay_s)
        .fold(f64::NEG_INFINITY, f64::max);
    let worst = if worst.is_finite() {
        format!("; longest delay {worst:.0} s")
    } else {
        String::new()
    };
    let tally = if tally.is_empty() {
        "none, rightly".to_owned()
    } else {
        tally.join(", ")
    };
    say(format!("{}  flags: {tally}{worst}", mark(good)));
    for point in points.iter().filter(|p| p.verdict != FlagVerdict::InTime) {
        let time = |t: Option<Timestamp>| t.map_or_else(|| "never".to_owned(), |t| t.to_string());
        say(format!(
            "        {}: {:?}, truth {}, flag {}",
            point.point,
            point.verdict,
            time(point.truth_onset),
            time(point.flagged_at)
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> ReplayReport {
        ReplayReport {
            recording: "a".to_owned(),
            from: Timestamp::from_millis(0),
            to: Timestamp::from_millis(3_600_000),
            speed: 60.0,
            agents: 1,
            broker: "embedded".to_owned(),
            gauges: 1,
            due: 60,
            silent: Vec::new(),
            served_in_storm: 60,
            depth_in_storm: 60,
            delivery: DeliveryCount {
                served: 60,
                stored: 60,
                ..DeliveryCount::default()
            },
            flags: Some(Vec::new()),
            recommended: BTreeMap::new(),
            reasons: BTreeMap::new(),
            recommendations_right: Some(true),
            cpu_seconds: BTreeMap::new(),
            passed: false,
        }
    }

    #[test]
    fn nothing_passes_on_nothing() {
        assert!(report().holds());
        let nothing_served = ReplayReport {
            served_in_storm: 0,
            flags: None,
            recommendations_right: None,
            ..report()
        };
        assert!(!nothing_served.holds());
        let no_depth = ReplayReport {
            depth_in_storm: 0,
            ..report()
        };
        assert!(!no_depth.holds(), "no flag could have been raised");
    }

    #[test]
    fn a_run_that_did_not_keep_up_says_so() {
        assert_eq!(report().fell_behind(), None);
        let mut slow = report();
        slow.served_in_storm = 30;
        let said = slow.fell_behind().expect("half was read");
        assert!(said.contains("speed 60: 50 % of the 60"), "{said}");
    }
}
