//! The outcome of a run: a table for people, JSON for machines.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::{ids::PointId, time::Timestamp};

use crate::{
    console::say,
    judge::{FlagVerdict, PointVerdict, are_all_in_time, tally},
    lab::DeliveryCount,
};

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
    pub delivery: DeliveryCount,
    /// `None` where no truth is known.
    pub flags: Option<Vec<PointVerdict>>,
    /// First recommendation of a truck for each point.
    pub recommended: BTreeMap<PointId, Timestamp>,
    /// Whether trucks were recommended exactly if something flooded; `None` without a truth.
    pub recommendations_right: Option<bool>,
    pub cpu_seconds: BTreeMap<String, f64>,
    pub passed: bool,
}

impl ReplayReport {
    /// Whether every check that applies holds.
    #[must_use]
    pub(super) fn holds(&self) -> bool {
        self.delivery.is_exact()
            && are_all_in_time(self.flags.iter().flatten())
            && self.recommendations_right != Some(false)
    }

    /// Prints the table.
    pub(super) fn print(&self) {
        let mark = |good: bool| if good { "pass" } else { "FAIL" };
        let d = &self.delivery;
        say(format!(
            "{}  delivery: {} served, {} stored, {} lost, {} doubled ({} gauges)",
            mark(d.is_exact()),
            d.served,
            d.stored,
            d.lost,
            d.doubled,
            self.gauges
        ));
        for (gauge, wrong) in d.wrong.iter().take(20) {
            say(format!(
                "        {gauge}: {} served, {} stored, {} lost, {} doubled",
                wrong.served, wrong.stored, wrong.lost, wrong.doubled
            ));
        }
        match &self.flags {
            None => say("  --  flags: no truth is known for this recording"),
            Some(points) => print_flags(points),
        }
        match self.recommendations_right {
            None => say("  --  recommendations: no truth is known for this recording"),
            Some(right) => say(format!(
                "{}  recommendations: trucks for {} points",
                mark(right),
                self.recommended.len()
            )),
        }
        let cpu: Vec<_> = self
            .cpu_seconds
            .iter()
            .map(|(n, s)| format!("{n} {s:.1} s"))
            .collect();
        say(format!("      cpu: {}", cpu.join(", ")));
    }
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
    say(format!(
        "{}  flags: {tally}{worst}",
        if good { "pass" } else { "FAIL" }
    ));
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
