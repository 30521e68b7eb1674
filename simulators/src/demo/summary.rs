//! What happened in a demo, for machines and in a few lines for people.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use shared::{ids::PointId, time::Timestamp};

use crate::{
    console::say,
    judge::{FlagVerdict, PointVerdict, are_all_in_time, tally},
    lab::DeliveryCount,
};

/// The end report of a demo.
#[derive(Debug, Clone, Serialize)]
pub(super) struct DemoSummary {
    pub scenario: String,
    pub seed: u64,
    pub speed: f64,
    pub gateways: usize,
    pub gauges: usize,
    pub trucks: usize,
    /// Real seconds from the command to a live map.
    pub map_after_s: f64,
    /// Real seconds from the storm's beginning (minute 0).
    pub first_flood_after_s: Option<f64>,
    pub first_flag_after_s: Option<f64>,
    pub first_recommendation_after_s: Option<f64>,
    /// Where the storm had come when the run ended.
    pub ended_at: Timestamp,
    /// When each point really reached its waterlogged depth.
    pub floods: BTreeMap<PointId, Timestamp>,
    pub flags: Vec<PointVerdict>,
    /// Points whose gauge was faulty or cut off: their flags are not judged.
    pub excused: BTreeSet<PointId>,
    pub recommended: BTreeMap<PointId, Timestamp>,
    /// Recommendations that were confirmed by themselves; `None` without `--auto-dispatch`.
    pub confirmed: Option<u64>,
    /// Orders that trucks have taken.
    pub orders: u64,
    pub pumped_m3: u64,
    /// `None` where the run was interrupted: what was under way then cannot be compared.
    pub delivery: Option<DeliveryCount>,
    /// The aggregator's counters that are not zero.
    pub counters: BTreeMap<String, u64>,
    pub cpu_seconds: BTreeMap<String, f64>,
    pub passed: bool,
}

impl DemoSummary {
    /// Whether everything holds that was judged.
    #[must_use]
    pub(super) fn holds(&self) -> bool {
        self.delivery
            .as_ref()
            .is_some_and(|d| d.is_exact() && d.served > 0)
            && are_all_in_time(self.judged())
            && (self.floods.is_empty() || self.was_answered())
    }

    /// Whether floods were flagged and trucks recommended, and, where recommendations are
    /// confirmed by themselves, whether trucks obeyed.
    fn was_answered(&self) -> bool {
        let flagged = self.judged().any(|p| p.flagged_at.is_some());
        let obeyed = self.confirmed.is_none_or(|n| n > 0 && self.orders > 0);
        flagged && !self.recommended.is_empty() && obeyed
    }

    fn judged(&self) -> impl Iterator<Item = &PointVerdict> {
        self.flags
            .iter()
            .filter(|p| !self.excused.contains(&p.point))
    }

    /// Prints the outcome.
    pub(super) fn print(&self) {
        let mark = |good: bool| if good { "pass" } else { "FAIL" };
        let seconds = |s: Option<f64>| s.map_or("never".to_owned(), |s| format!("{s:.0} s"));
        say(format!(
            "      map after {:.0} s; first flood after {} of storm, first flag {}, first recommendation {}",
            self.map_after_s,
            seconds(self.first_flood_after_s),
            seconds(self.first_flag_after_s),
            seconds(self.first_recommendation_after_s),
        ));
        if let Some(d) = &self.delivery {
            say(format!(
                "{}  delivery: {} served, {} stored, {} lost, {} doubled ({} gauges, {} gateways)",
                mark(d.is_exact()),
                d.served,
                d.stored,
                d.lost,
                d.doubled,
                self.gauges,
                self.gateways
            ));
            for (gauge, wrong) in d.wrong.iter().take(20) {
                say(format!(
                    "        {gauge}: {} lost, {} doubled",
                    wrong.lost, wrong.doubled
                ));
            }
        }
        let judged: Vec<PointVerdict> = self.judged().cloned().collect();
        let counts: Vec<String> = tally(&judged)
            .into_iter()
            .map(|(name, n)| format!("{n} {name}"))
            .collect();
        say(format!(
            "{}  flags: {} points flooded; {}; {} not judged (faulty gauge, cut line, or gone between two readings)",
            mark(are_all_in_time(&judged)),
            self.floods.len(),
            if counts.is_empty() {
                "none flagged".to_owned()
            } else {
                counts.join(", ")
            },
            self.excused.len(),
        ));
        for point in judged.iter().filter(|p| p.verdict != FlagVerdict::InTime) {
            say(format!(
                "        {}: {:?}, {:?} s",
                point.point, point.verdict, point.delay_s
            ));
        }
        say(format!(
            "      trucks: recommended for {} points, {} orders carried out, {} m³ pumped",
            self.recommended.len(),
            self.orders,
            self.pumped_m3
        ));
        let agents: f64 = self
            .cpu_seconds
            .iter()
            .filter(|(name, _)| *name != "aggregator")
            .map(|(_, s)| s)
            .sum();
        let aggregator = self.cpu_seconds.get("aggregator").copied().unwrap_or(0.0);
        say(format!(
            "      cpu: aggregator {aggregator:.1} s, all agents {agents:.1} s"
        ));
    }
}
