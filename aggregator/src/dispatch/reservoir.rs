//! What water costs at a point, and how long it stays, under a set of pumping trucks.

use super::situation::Reservoir;
use crate::forecast::grid::{self, PLANNED_MINUTES, PLANNED_STEPS, STEP_HOURS, STEP_MINUTES, Step};

/// Water above the waterlogged volume counts this much more.
const HINGE: f64 = 2.0;

/// A truck at a point: when it begins to pump, and how much, in m³/h.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pump {
    pub ready_minutes: f64,
    pub m3h: f64,
}

impl Pump {
    /// The share of a step in which it pumps.
    fn share_of(&self, step: Step) -> f64 {
        ((step.end_minutes() - self.ready_minutes) / STEP_MINUTES).clamp(0.0, 1.0)
    }
}

/// m³/h pumped on the mean of a step.
fn pumped(pumps: &[Pump], step: Step) -> f64 {
    pumps.iter().map(|p| p.m3h * p.share_of(step)).sum()
}

/// m³/h by step.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow([f64; PLANNED_STEPS]);

impl Flow {
    /// What trucks pump.
    pub fn of(pumps: &[Pump]) -> Self {
        let mut flow = Self([0.0; PLANNED_STEPS]);
        for pump in pumps {
            flow.add(*pump, 1.0);
        }
        flow
    }

    /// With what one more truck pumps.
    pub fn with(&self, pump: Pump) -> Self {
        let mut flow = self.clone();
        flow.add(pump, 1.0);
        flow
    }

    /// Adds a share of what a truck pumps.
    pub fn add(&mut self, pump: Pump, share: f64) {
        if share > 0.0 {
            for (flow, step) in self.0.iter_mut().zip(Step::planned()) {
                *flow += share * pump.m3h * pump.share_of(step);
            }
        }
    }
}

/// By how much each m³/h pumped from a step on changes a cost: sums to the end, and one more for "never".
#[derive(Debug, Clone, PartialEq)]
pub struct Worth([f64; PLANNED_STEPS + 1]);

impl Worth {
    /// By how much what a truck pumps changes the cost, as long as it changes little else.
    pub fn of(&self, pump: Pump) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "beyond the horizon there is no step"
        )]
        let step = (pump.ready_minutes.max(0.0) / STEP_MINUTES) as usize;
        let (Some(from), Some(after)) = (self.0.get(step), self.0.get(step + 1)) else {
            return 0.0;
        };
        let missed = (pump.ready_minutes.max(0.0) / STEP_MINUTES).fract();
        pump.m3h * (from + (after - from) * missed)
    }
}

/// The cost of a reservoir under a flow of pumping, and by how much each further m³/h in each step changes it:
/// one pass there and one back, for a volume that came to nothing owes nothing to what was pumped before.
pub fn marginal(reservoir: &Reservoir, pumped: &Flow) -> (f64, Worth) {
    let mut total = 0.0;
    let mut slope = [0.0; PLANNED_STEPS];
    let mut volumes = [0.0; PLANNED_STEPS];
    for member in &reservoir.members {
        let mut volume = reservoir.volume_m3;
        let mut sum = 0.0;
        for ((net, out), kept) in member.m3h.iter().zip(&pumped.0).zip(&mut volumes) {
            volume = (volume + (net - out) * STEP_HOURS).max(0.0);
            *kept = volume;
            sum += volume + HINGE * (volume - reservoir.critical_m3).max(0.0);
        }
        let weight = member.weight * STEP_HOURS * reservoir.weight;
        total += weight * sum;
        let mut cubic_metre = 0.0;
        for (volume, slope) in volumes.iter().zip(&mut slope).rev() {
            cubic_metre = if *volume > 0.0 {
                let hinge = if *volume > reservoir.critical_m3 {
                    HINGE
                } else {
                    0.0
                };
                cubic_metre + 1.0 + hinge
            } else {
                0.0
            };
            *slope -= weight * cubic_metre * STEP_HOURS;
        }
    }
    let mut worth = [0.0; PLANNED_STEPS + 1];
    let mut after = 0.0;
    for (worth, slope) in worth.iter_mut().take(PLANNED_STEPS).zip(slope).rev() {
        after += slope;
        *worth = after;
    }
    (total, Worth(worth))
}

/// Weighted flooded volume-hours over the horizon: Σ weight · p · Δt · (V + 2·max(0, V − V_c)).
/// Convex in the volume, so each further truck avoids less. Unit: weighted m³·h.
#[must_use]
pub fn cost(reservoir: &Reservoir, pumps: &[Pump]) -> f64 {
    cost_of(reservoir, &Flow::of(pumps))
}

/// The same of a flow of pumping.
#[must_use]
pub fn cost_of(reservoir: &Reservoir, pumped: &Flow) -> f64 {
    let mut total = 0.0;
    for member in &reservoir.members {
        let mut volume = reservoir.volume_m3;
        let mut sum = 0.0;
        for (net, out) in member.m3h.iter().zip(&pumped.0) {
            volume = (volume + (net - out) * STEP_HOURS).max(0.0);
            sum += volume + HINGE * (volume - reservoir.critical_m3).max(0.0);
        }
        total += member.weight * sum * STEP_HOURS;
    }
    total * reservoir.weight
}

/// The member-weighted mean volume after a number of minutes.
#[must_use]
pub fn volume_after(reservoir: &Reservoir, pumps: &[Pump], minutes: f64) -> f64 {
    let mut mean = 0.0;
    for member in &reservoir.members {
        let mut volume = reservoir.volume_m3;
        let steps = Step::planned().zip(&member.m3h);
        for (step, net) in steps.take_while(|(step, _)| step.minutes() < minutes) {
            let span = (minutes - step.minutes()).min(STEP_MINUTES);
            volume = (volume + (net - pumped(pumps, step)) * span / 60.0).max(0.0);
        }
        mean += member.weight * volume;
    }
    mean
}

/// Minutes until the mean volume is below the dry volume; `None` beyond the horizon.
#[must_use]
pub fn drained_after(reservoir: &Reservoir, pumps: &[Pump]) -> Option<f64> {
    (0..=PLANNED_MINUTES)
        .map(f64::from)
        .find(|minutes| volume_after(reservoir, pumps, *minutes) <= reservoir.dry_m3)
}

/// Largest member-weighted inflow of the horizon, in m³/h.
#[must_use]
pub fn peak_inflow_m3h(reservoir: &Reservoir) -> f64 {
    let mut mean = [0.0; PLANNED_STEPS];
    for member in &reservoir.members {
        for (mean, net) in mean.iter_mut().zip(&member.m3h) {
            *mean += member.weight * net;
        }
    }
    mean.into_iter().fold(0.0, f64::max)
}

/// Probability that the volume reaches the critical one within the horizon, without trucks.
#[must_use]
pub fn probability_critical(reservoir: &Reservoir) -> f64 {
    let reaches = |m3h: &[f64]| {
        let mut volume = reservoir.volume_m3;
        volume >= reservoir.critical_m3
            || m3h.iter().any(|net| {
                volume = (volume + grid::volume_m3(*net)).max(0.0);
                volume >= reservoir.critical_m3
            })
    };
    let members = reservoir.members.iter();
    members.filter(|m| reaches(&m.m3h)).map(|m| m.weight).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::lonlat::LonLat;

    use super::*;
    use crate::forecast::Inflow;

    fn inflow(m3h: Vec<f64>) -> Inflow {
        Inflow { weight: 1.0, m3h }
    }

    fn reservoir(volume_m3: f64, net_m3h: f64) -> Reservoir {
        Reservoir {
            id: "wp-1".parse().expect("id"),
            position: LonLat::new(121.0, 31.0).expect("valid"),
            district: None,
            weight: 1.0,
            depth_m: 0.3,
            rate_m_per_h: None,
            rain_mm_per_h: None,
            volume_m3,
            dry_m3: 0.001,
            critical_m3: 100.0,
            members: vec![inflow(vec![net_m3h; PLANNED_STEPS])],
            max_trucks: 3,
            peak: None,
            closes_at: None,
            verified: 0,
            in_doubt_minutes: None,
        }
    }

    /// 600 m³ standing, 180 m³/h coming, 1,000 m³/h pumped after 20 + 15 minutes: the inflow before
    /// arrival makes it 705 m³, 51.6 minutes of pumping, 86.6 in all.
    #[test]
    fn the_time_to_drain_counts_the_inflow_before_arrival() {
        let pump = Pump {
            ready_minutes: 35.0,
            m3h: 1000.0,
        };
        let minutes = drained_after(&reservoir(600.0, 180.0), &[pump]).expect("drains");
        assert!((minutes - 87.0).abs() <= 1.0, "{minutes}");
        assert_eq!(drained_after(&reservoir(600.0, 180.0), &[]), None);
    }

    /// 100 m³ are critical. One member of two fills 95 m³ to that within the first step, one never.
    #[test]
    fn the_probability_is_the_weight_of_the_members_that_reach_the_critical_volume() {
        let mut reservoir = reservoir(95.0, 0.0);
        let member = |weight, net_m3h| Inflow {
            weight,
            m3h: vec![net_m3h; PLANNED_STEPS],
        };
        let filling = 5.0 / grid::volume_m3(1.0);
        reservoir.members = vec![member(0.3, filling), member(0.7, -50.0)];
        assert!((probability_critical(&reservoir) - 0.3).abs() < 1e-9);
        reservoir.volume_m3 = 100.0;
        assert!((probability_critical(&reservoir) - 1.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn each_further_truck_avoids_less(
            volume in 0.0_f64..2000.0,
            m3h in prop::collection::vec(-800.0_f64..2500.0, PLANNED_STEPS),
            pumps in prop::collection::vec((0.0_f64..120.0, 100.0_f64..3000.0), 3),
        ) {
            let mut reservoir = reservoir(volume, 0.0);
            reservoir.members = vec![inflow(m3h)];
            let pump = |i: usize| Pump { ready_minutes: pumps[i].0, m3h: pumps[i].1 };
            let (a, b, j) = (pump(0), pump(1), pump(2));
            let few = cost(&reservoir, &[a]) - cost(&reservoir, &[a, j]);
            let many = cost(&reservoir, &[a, b]) - cost(&reservoir, &[a, b, j]);
            prop_assert!(many <= few + 1e-6 * (1.0 + few.abs()), "{many} > {few}");
        }
    }
}
