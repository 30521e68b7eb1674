//! What an evaluation found out, as data.

use std::collections::BTreeMap;

use aggregator::forecast::WARNING;
use serde::Serialize;

use super::{
    EvaluateArgs,
    night::Watched,
    policy::Policy,
    score::{self, Cover, Events, Warner},
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
    pub flags_missed: u64,
    pub flags_false: u64,
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
            flags_missed: 0,
            flags_false: 0,
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
        (self.flags_missed, self.flags_false) = score::flags(watched);
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
        let depth = |m: &super::night::Moment| m.depths.get(*point).copied().unwrap_or(0.0);
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
            depths: watched.minutes.iter().map(depth).collect(),
            foreseen: foreseen.collect(),
        }
    };
    points.iter().take(3).map(hydrograph).collect()
}

/// Of all storms.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub truth: String,
    pub trucks: u16,
    pub layers_wrong: f64,
    pub noise_m: f64,
    pub seed: u64,
    /// Whether trucks pumped in EPA SWMM, or in the recorded water.
    pub pumped_in_swmm: bool,
    pub forecast: Forecasts,
    pub dispatch: Dispatched,
    pub flags: Flags,
    pub storms: Vec<StormReport>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Forecasts {
    pub floods: u64,
    pub csi_15cm_30min: Option<f64>,
    pub csi_25cm_30min: Option<f64>,
    pub pod_15cm_30min: Option<f64>,
    pub far_15cm_30min: Option<f64>,
    pub csi_15cm_30min_median: Option<f64>,
    pub csi_15cm_30min_rate_of_rise: Option<f64>,
    pub csi_15cm_30min_persistence: Option<f64>,
    /// Of all leads together, and by lead in minutes.
    pub coverage_80: Option<f64>,
    pub coverage_80_by_lead: BTreeMap<i64, Option<f64>>,
    /// Median absolute error of the time to dry, as a share of it; and the median of the errors themselves.
    pub drain_time_error_median: Option<f64>,
    pub drain_time_bias_median: Option<f64>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Dispatched {
    /// Weighted m³·h of all storms by policy.
    pub volume_hours: BTreeMap<Policy, f64>,
    pub volume_hours_vs_reactive_nearest: Option<f64>,
    pub volume_hours_vs_nearest_by_forecast: Option<f64>,
    /// 95 % interval of the first over the storms (bootstrap).
    pub vs_reactive_nearest_95: Option<(f64, f64)>,
    pub worst_storm_vs_reactive_nearest: Option<f64>,
    pub orders: BTreeMap<Policy, usize>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Flags {
    pub missed: u64,
    #[serde(rename = "false")]
    pub wrong: u64,
}

impl Report {
    pub fn new(args: &EvaluateArgs, pumped_in_swmm: bool) -> Self {
        Self {
            truth: args.truth.display().to_string(),
            trucks: args.trucks,
            layers_wrong: args.layers_wrong,
            noise_m: args.noise,
            seed: args.seed,
            pumped_in_swmm,
            forecast: Forecasts::default(),
            dispatch: Dispatched::default(),
            flags: Flags::default(),
            storms: Vec::new(),
        }
    }

    pub fn add(&mut self, storm: StormReport) {
        self.storms.push(storm);
    }

    /// Reckons what is of all storms.
    pub fn finish(&mut self) {
        let events = |closure: bool, warner: Warner| {
            let mut sum = Events::default();
            for storm in &self.storms {
                let of = if closure {
                    &storm.csi_closure
                } else {
                    &storm.csi_15cm
                };
                sum.add(of.get(&warner).copied().unwrap_or_default());
            }
            sum
        };
        let product = events(false, Warner::Product);
        let mut by_lead: BTreeMap<i64, Cover> = BTreeMap::new();
        let mut all = Cover::default();
        for (lead, cover) in self.storms.iter().flat_map(|s| &s.cover) {
            by_lead.entry(*lead).or_default().add(*cover);
            all.add(*cover);
        }
        let errors: Vec<f64> = self
            .storms
            .iter()
            .flat_map(|s| s.drain_errors.clone())
            .collect();
        self.forecast = Forecasts {
            floods: product.hits + product.misses,
            csi_15cm_30min: product.csi(),
            csi_25cm_30min: events(true, Warner::Product).csi(),
            pod_15cm_30min: product.pod(),
            far_15cm_30min: product.far(),
            csi_15cm_30min_median: events(false, Warner::Median).csi(),
            csi_15cm_30min_rate_of_rise: events(false, Warner::RateOfRise).csi(),
            csi_15cm_30min_persistence: events(false, Warner::Persistence).csi(),
            coverage_80: all.share(),
            coverage_80_by_lead: by_lead.into_iter().map(|(l, c)| (l, c.share())).collect(),
            drain_time_error_median: score::median(errors.iter().map(|e| e.abs()).collect()),
            drain_time_bias_median: score::median(errors),
        };
        self.flags = Flags {
            missed: self.storms.iter().map(|s| s.flags_missed).sum(),
            wrong: self.storms.iter().map(|s| s.flags_false).sum(),
        };
        self.dispatch = self.dispatched();
    }

    fn dispatched(&self) -> Dispatched {
        let mut dispatched = Dispatched::default();
        for storm in &self.storms {
            for (policy, water) in &storm.water {
                *dispatched.volume_hours.entry(*policy).or_default() += water;
            }
            for (policy, orders) in &storm.orders {
                *dispatched.orders.entry(*policy).or_default() += orders;
            }
        }
        let ratio = |to: Policy, storms: &[&StormReport]| {
            let sum = |policy: Policy| -> Option<f64> {
                storms.iter().map(|s| s.water.get(&policy).copied()).sum()
            };
            let (plan, other) = (sum(Policy::Plan)?, sum(to)?);
            (other > 0.0).then(|| plan / other - 1.0)
        };
        let all: Vec<&StormReport> = self.storms.iter().collect();
        dispatched.volume_hours_vs_reactive_nearest = ratio(Policy::Nearest, &all);
        dispatched.volume_hours_vs_nearest_by_forecast = ratio(Policy::NearestForecast, &all);
        let each = self
            .storms
            .iter()
            .filter_map(|s| s.ratio(Policy::Plan, Policy::Nearest));
        dispatched.worst_storm_vs_reactive_nearest = each.reduce(f64::max);
        let mut rng = crate::rng::Rng::new(self.seed, 3);
        let mut drawn: Vec<f64> = (0..1_000)
            .filter_map(|_| {
                let again: Vec<&StormReport> = all.iter().map(|_| *rng.pick(&all)).collect();
                ratio(Policy::Nearest, &again)
            })
            .collect();
        drawn.sort_by(f64::total_cmp);
        dispatched.vs_reactive_nearest_95 = drawn.get(25).copied().zip(drawn.get(974).copied());
        dispatched
    }
}
