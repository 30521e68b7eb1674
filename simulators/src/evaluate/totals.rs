//! What an evaluation found out of all storms together, as data.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    EvaluateArgs,
    blame::{Blame, Found},
    flags::FlagCounts,
    policy::Policy,
    report::StormReport,
    score::{self, Cover, Events, Warner},
    skill::{LeadErrors, Told},
    troubles::{Kind, Troubles},
};

/// Draws of storms behind an interval of 95 %.
const DRAWS: usize = 1_000;

/// Of all storms.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub truth: String,
    pub trucks: u16,
    pub layers_wrong: f64,
    pub noise_m: f64,
    pub seed: u64,
    pub troubles: Troubles,
    /// Whether trucks pumped in EPA SWMM, or in the recorded water.
    pub pumped_in_swmm: bool,
    pub forecast: Forecasts,
    pub dispatch: Dispatched,
    pub flags: Flags,
    pub faults: Faults,
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
    /// By lead in minutes.
    pub errors_by_lead: BTreeMap<i64, Errors>,
    /// Probabilities of a flood within half an hour, by tenths.
    pub reliability: Vec<Reliability>,
    /// Median absolute error of the time to dry, as a share of it; and the median of the errors themselves.
    pub drain_time_error_median: Option<f64>,
    pub drain_time_bias_median: Option<f64>,
}

/// How near the median comes at one lead.
#[derive(Debug, Serialize)]
pub(super) struct Errors {
    pub cases: u64,
    pub mae_m: Option<f64>,
    pub mae_persistence_m: Option<f64>,
    /// 1 is perfect, 0 no better than persistence.
    pub skill: Option<f64>,
    /// Mean width of the 80 % intervals.
    pub width_m: Option<f64>,
}

/// About the same probability, told so often, and how often it came so.
#[derive(Debug, Serialize)]
pub(super) struct Reliability {
    pub cases: u64,
    pub told: f64,
    pub came: f64,
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
    /// Of every policy against the nearest truck, with its interval.
    pub against_nearest: BTreeMap<Policy, Against>,
    pub orders: BTreeMap<Policy, usize>,
}

/// Water of a policy against another's, as a share more (or less, below zero), with its 95 % interval over the
/// storms (bootstrap), where there are several.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Against {
    pub ratio: f64,
    pub interval_95: Option<(f64, f64)>,
}

/// Points are counted by `missed` and `false`; floods and spells of flags by `pod` and `far`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Flags {
    pub missed: u64,
    #[serde(rename = "false")]
    pub wrong: u64,
    pub floods: u64,
    pub pod: Option<f64>,
    pub far: Option<f64>,
}

/// Gauges with a seeded fault that were doubted while it lasted or not, and sound ones that were.
#[derive(Debug, Default, Serialize)]
pub(super) struct Faults {
    pub seeded: u64,
    pub found: u64,
    pub missed: u64,
    pub found_share: Option<f64>,
    pub by_kind: BTreeMap<Kind, Found>,
    /// Sound gauges.
    pub sound: u64,
    #[serde(rename = "false")]
    pub blamed: u64,
    pub false_share: Option<f64>,
}

impl Faults {
    fn of(blame: Blame) -> Self {
        let share = |part: u64, all: u64| (all > 0).then(|| part as f64 / all as f64);
        let (seeded, found) = (blame.seeded(), blame.found());
        Self {
            seeded,
            found,
            missed: seeded - found,
            found_share: share(found, seeded),
            sound: blame.sound,
            blamed: blame.blamed,
            false_share: share(blame.blamed, blame.sound),
            by_kind: blame.by_kind,
        }
    }
}

impl Report {
    pub fn new(args: &EvaluateArgs, pumped_in_swmm: bool) -> Self {
        Self {
            truth: args.truth.display().to_string(),
            trucks: args.trucks,
            layers_wrong: args.layers_wrong,
            noise_m: args.noise,
            seed: args.seed,
            troubles: args.troubles.clone(),
            pumped_in_swmm,
            forecast: Forecasts::default(),
            dispatch: Dispatched::default(),
            flags: Flags::default(),
            faults: Faults::default(),
            storms: Vec::new(),
        }
    }

    pub fn add(&mut self, storm: StormReport) {
        self.storms.push(storm);
    }

    /// Reckons what is of all storms.
    pub fn finish(&mut self) {
        let (mut flags, mut blame) = (FlagCounts::default(), Blame::default());
        for storm in &self.storms {
            flags.add(storm.flags);
            blame.add(&storm.blame);
        }
        self.flags = Flags {
            missed: flags.points_missed,
            wrong: flags.points_false,
            floods: flags.floods,
            pod: flags.pod(),
            far: flags.far(),
        };
        self.faults = Faults::of(blame);
        self.forecast = self.forecasts();
        self.dispatch = self.dispatched();
    }

    fn events(&self, closure: bool, warner: Warner) -> Events {
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
    }

    fn forecasts(&self) -> Forecasts {
        let product = self.events(false, Warner::Product);
        let mut by_lead: BTreeMap<i64, Cover> = BTreeMap::new();
        let mut all = Cover::default();
        for (lead, cover) in self.storms.iter().flat_map(|s| &s.cover) {
            by_lead.entry(*lead).or_default().add(*cover);
            all.add(*cover);
        }
        let errors = self.storms.iter().flat_map(|s| s.drain_errors.clone());
        let errors: Vec<f64> = errors.collect();
        Forecasts {
            floods: product.hits + product.misses,
            csi_15cm_30min: product.csi(),
            csi_25cm_30min: self.events(true, Warner::Product).csi(),
            pod_15cm_30min: product.pod(),
            far_15cm_30min: product.far(),
            csi_15cm_30min_median: self.events(false, Warner::Median).csi(),
            csi_15cm_30min_rate_of_rise: self.events(false, Warner::RateOfRise).csi(),
            csi_15cm_30min_persistence: self.events(false, Warner::Persistence).csi(),
            coverage_80: all.share(),
            coverage_80_by_lead: by_lead.into_iter().map(|(l, c)| (l, c.share())).collect(),
            errors_by_lead: self.errors(),
            reliability: self.reliability(),
            drain_time_error_median: score::median(errors.iter().map(|e| e.abs()).collect()),
            drain_time_bias_median: score::median(errors),
        }
    }

    fn errors(&self) -> BTreeMap<i64, Errors> {
        let mut sums: BTreeMap<i64, LeadErrors> = BTreeMap::new();
        for (lead, errors) in self.storms.iter().flat_map(|s| &s.lead_errors) {
            sums.entry(*lead).or_default().add(*errors);
        }
        let told = |sum: LeadErrors| Errors {
            cases: sum.cases,
            mae_m: sum.mae_m(),
            mae_persistence_m: sum.mae_persistence_m(),
            skill: sum.skill(),
            width_m: sum.mean_width_m(),
        };
        sums.into_iter()
            .map(|(lead, sum)| (lead, told(sum)))
            .collect()
    }

    fn reliability(&self) -> Vec<Reliability> {
        let mut sums: Vec<Told> = Vec::new();
        for storm in &self.storms {
            sums.resize(sums.len().max(storm.told.len()), Told::default());
            sums.iter_mut()
                .zip(&storm.told)
                .for_each(|(sum, told)| sum.add(*told));
        }
        let reliability = |sum: &Told| {
            let (told, came) = sum.told_and_came()?;
            let cases = sum.cases;
            Some(Reliability { cases, told, came })
        };
        sums.iter().filter_map(reliability).collect()
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
        let all: Vec<&StormReport> = self.storms.iter().collect();
        let (plan, nearest) = (Policy::Plan, Policy::Nearest);
        dispatched.volume_hours_vs_reactive_nearest = ratio(plan, nearest, &all);
        dispatched.volume_hours_vs_nearest_by_forecast = ratio(plan, Policy::NearestForecast, &all);
        let each = self.storms.iter().filter_map(|s| s.ratio(plan, nearest));
        dispatched.worst_storm_vs_reactive_nearest = each.reduce(f64::max);
        for policy in Policy::ALL {
            if let Some(ratio) = ratio(policy, nearest, &all) {
                let interval_95 = interval_95(self.seed, policy, nearest, &all);
                let against = Against { ratio, interval_95 };
                dispatched.against_nearest.insert(policy, against);
            }
        }
        let plan = dispatched.against_nearest.get(&plan);
        dispatched.vs_reactive_nearest_95 = plan.and_then(|plan| plan.interval_95);
        dispatched
    }
}

/// Water of a policy against another's in these storms, as a share more.
fn ratio(policy: Policy, to: Policy, storms: &[&StormReport]) -> Option<f64> {
    let sum = |policy: Policy| -> Option<f64> {
        storms.iter().map(|s| s.water.get(&policy).copied()).sum()
    };
    let (water, other) = (sum(policy)?, sum(to)?);
    (other > 0.0).then(|| water / other - 1.0)
}

/// Between which ratios it would lie in 95 of 100 draws of as many storms from these.
fn interval_95(
    seed: u64,
    policy: Policy,
    to: Policy,
    storms: &[&StormReport],
) -> Option<(f64, f64)> {
    if storms.len() < 2 {
        return None;
    }
    let mut rng = crate::rng::Rng::new(seed, 3);
    let mut drawn: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let again: Vec<&StormReport> = storms.iter().map(|_| *rng.pick(storms)).collect();
            ratio(policy, to, &again)
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let (low, high) = (drawn.len() / 40, (drawn.len() * 39 / 40).checked_sub(1)?);
    drawn.get(low).copied().zip(drawn.get(high).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storm(nearest: f64, plan: f64) -> StormReport {
        let mut storm = StormReport::new("s");
        storm.water = [(Policy::Nearest, nearest), (Policy::Plan, plan)].into();
        storm
    }

    #[test]
    fn a_ratio_is_of_the_water_of_all_storms_and_lies_in_its_interval() {
        let storms = [storm(100.0, 50.0), storm(300.0, 270.0), storm(50.0, 60.0)];
        let all: Vec<&StormReport> = storms.iter().collect();
        let (plan, nearest) = (Policy::Plan, Policy::Nearest);
        let ratio = ratio(plan, nearest, &all).expect("both sent trucks");
        assert!((ratio - (380.0 / 450.0 - 1.0)).abs() < 1e-9, "{ratio}");
        let (low, high) = interval_95(1, plan, nearest, &all).expect("storms");
        assert!(low < ratio && ratio < high, "{low} {ratio} {high}");
        assert!((-0.5..=0.2).contains(&low) && (-0.5..=0.2).contains(&high));
        let one = all.get(..1).expect("there is one");
        assert_eq!(interval_95(1, plan, nearest, one), None);
        assert_eq!(interval_95(1, Policy::Nobody, nearest, &all), None);
    }
}
