//! What an evaluation found out of one storm, as data.

use std::collections::BTreeMap;

use aggregator::forecast::WARNING;
use serde::Serialize;

use super::{
    blame::Blame,
    flags::{self, FlagCounts},
    night::{Moment, Watched},
    policy::Policy,
    score::{self, Cover, Events, Warner},
    skill::{self, LeadErrors, Told},
};

/// Of one storm.
#[derive(Debug, Serialize)]
pub(super) struct StormReport {
    pub storm: String,
    pub flooded: u64,
    pub csi_15cm: BTreeMap<Warner, Events>,
    pub csi_closure: BTreeMap<Warner, Events>,
    pub cover: BTreeMap<i64, Cover>,
    #[serde(skip)]
    pub drain_errors: Vec<f64>,
    pub lead_errors: BTreeMap<i64, LeadErrors>,
    pub told: Vec<Told>,
    pub flags: FlagCounts,
    pub blame: Blame,
    /// Weighted m³·h by policy.
    pub water: BTreeMap<Policy, f64>,
    pub orders: BTreeMap<Policy, usize>,
    #[serde(skip)]
    pub plots: Vec<Hydrograph>,
}

/// A flood and how it was foreseen: by minute, the depth and, half an hour before, the interval for it.
#[derive(Debug, Clone)]
pub(super) struct Hydrograph {
    pub point: String,
    /// Depths at which it is waterlogged and closed, in m.
    pub thresholds_m: (f64, f64),
    pub depths: Vec<f64>,
    /// Minute, p10, p50, p90.
    pub foreseen: Vec<(usize, f64, f64, f64)>,
}

impl StormReport {
    pub fn new(storm: &str) -> Self {
        Self {
            storm: storm.to_owned(),
            flooded: 0,
            csi_15cm: BTreeMap::new(),
            csi_closure: BTreeMap::new(),
            cover: BTreeMap::new(),
            drain_errors: Vec::new(),
            lead_errors: BTreeMap::new(),
            told: Vec::new(),
            flags: FlagCounts::default(),
            blame: Blame::default(),
            water: BTreeMap::new(),
            orders: BTreeMap::new(),
            plots: Vec::new(),
        }
    }

    pub fn forecasts(&mut self, watched: &Watched) {
        for warner in Warner::ALL {
            let events = |closure| score::warnings(watched, warner, closure, WARNING);
            self.csi_15cm.insert(warner, events(false));
            self.csi_closure.insert(warner, events(true));
        }
        let product = self
            .csi_15cm
            .get(&Warner::Product)
            .copied()
            .unwrap_or_default();
        self.flooded = product.hits + product.misses;
        self.cover = score::cover(watched);
        self.drain_errors = score::drain_errors(watched);
        self.lead_errors = skill::errors(watched);
        self.told = skill::told(watched).to_vec();
        self.flags = flags::counts(watched);
        self.blame = watched.blame.clone();
        self.plots = hydrographs(watched);
    }

    pub fn dispatched(&mut self, policy: Policy, watched: &Watched) {
        self.water.insert(policy, watched.water.values().sum());
        self.orders.insert(policy, watched.orders);
    }

    pub fn ratio(&self, policy: Policy, to: Policy) -> Option<f64> {
        let (water, other) = (self.water.get(&policy)?, self.water.get(&to)?);
        (*other > 0.0).then(|| water / other - 1.0)
    }

    /// In one line, while the others run.
    pub fn line(&self) -> String {
        let csi = |events: &BTreeMap<Warner, Events>| {
            let product = events.get(&Warner::Product).and_then(|e| e.csi());
            product.map_or("–".to_owned(), |csi| format!("{csi:.2}"))
        };
        let nearest = self.ratio(Policy::Plan, Policy::Nearest);
        format!(
            "{}: {} floods, CSI {} and at closure {}, plan against nearest {}",
            self.storm,
            self.flooded,
            csi(&self.csi_15cm),
            csi(&self.csi_closure),
            nearest.map_or("–".to_owned(), |r| format!("{:+.0} %", 100.0 * r)),
        )
    }
}

/// The three deepest floods.
fn hydrographs(watched: &Watched) -> Vec<Hydrograph> {
    let deepest = |point: &shared::ids::PointId| {
        let depths = watched.minutes.iter().filter_map(|m| m.depths.get(point));
        depths.copied().fold(0.0, f64::max)
    };
    let mut points: Vec<_> = watched.thresholds.keys().map(|p| (p, deepest(p))).collect();
    points.sort_by(|a, b| b.1.total_cmp(&a.1));
    let hydrograph = |(point, _): &(&shared::ids::PointId, f64)| {
        let depth = |m: &Moment| m.depths.get(*point).copied().unwrap_or(0.0);
        let foreseen = watched
            .minutes
            .iter()
            .enumerate()
            .filter_map(|(minute, moment)| {
                let forecast = moment.forecasts.get(*point)?;
                let half = forecast.horizons.iter().find(|h| h.minutes == 30)?;
                Some((minute + 30, half.p10_m, half.p50_m, half.p90_m))
            });
        Hydrograph {
            point: point.to_string(),
            thresholds_m: watched.thresholds.get(*point).copied().unwrap_or_default(),
            depths: watched.minutes.iter().map(depth).collect(),
            foreseen: foreseen.collect(),
        }
    };
    points.iter().take(3).map(hydrograph).collect()
}
