//! What water costs at a point, and how long it stays, under a set of pumping trucks.

use super::situation::Reservoir;
use crate::forecast::{
    Inflow,
    grid::{self, PLANNED_MINUTES, PLANNED_STEPS, STEP_HOURS, STEP_MINUTES, Step},
};

/// Water above the waterlogged volume counts this much more.
const HINGE: f64 = 2.0;

/// Minutes of a step.
const MINUTES_OF_STEP: usize = PLANNED_MINUTES as usize / PLANNED_STEPS;

/// Members that are reckoned side by side.
const LANES: usize = 8;

/// One number for each of so many members.
type Lanes = [f64; LANES];

/// A truck at a point: when it begins to pump, and how much, in m³/h.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pump {
    pub ready_minutes: f64,
    pub m3h: f64,
}

impl Pump {
    /// The step in which it begins, and the share of that step that it misses.
    fn begins(&self) -> (usize, f64) {
        let steps = self.ready_minutes.max(0.0) / STEP_MINUTES;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "beyond the horizon there is no step"
        )]
        let first = steps as usize;
        (first, steps - first as f64)
    }
}

/// m³/h by step.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow([f64; PLANNED_STEPS]);

impl Flow {
    /// Nobody pumps.
    pub const NONE: Self = Self([0.0; PLANNED_STEPS]);

    /// What trucks pump.
    pub fn of(pumps: &[Pump]) -> Self {
        let mut flow = Self::NONE;
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

    /// With one truck in another's place.
    pub fn with_instead(&self, comes: Pump, leaves: Pump) -> Self {
        let mut flow = self.with(comes);
        flow.add(leaves, -1.0);
        flow
    }

    /// Adds a share of what a truck pumps.
    pub fn add(&mut self, pump: Pump, share: f64) {
        let (first, missed) = pump.begins();
        let m3h = share * pump.m3h;
        for flow in self.0.iter_mut().skip(first) {
            *flow += m3h;
        }
        if let Some(flow) = self.0.get_mut(first) {
            *flow -= m3h * missed;
        }
    }

    /// Goes a part of the way to another flow.
    pub fn towards(&mut self, other: &Self, part: f64) {
        for (flow, other) in self.0.iter_mut().zip(&other.0) {
            *flow += part * (other - *flow);
        }
    }

    /// With all that another one has.
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        for (flow, other) in sum.0.iter_mut().zip(&other.0) {
            *flow += other;
        }
        sum
    }
}

/// By how much each m³/h pumped from a step on changes a cost: sums to the end, and one more for "never".
#[derive(Debug, Clone, PartialEq)]
pub struct Worth([f64; PLANNED_STEPS + 1]);

impl Worth {
    /// By how much what a truck pumps changes the cost, as long as it changes little else. Costs are convex:
    /// the truth is never less.
    pub fn of(&self, pump: Pump) -> f64 {
        let (first, missed) = pump.begins();
        let (Some(from), Some(after)) = (self.0.get(first), self.0.get(first + 1)) else {
            return 0.0;
        };
        pump.m3h * (from + (after - from) * missed)
    }

    /// The same of a whole flow.
    pub fn of_flow(&self, flow: &Flow) -> f64 {
        let slopes = self.0.iter().zip(self.0.iter().skip(1));
        let slopes = slopes.map(|(from, after)| from - after);
        slopes.zip(&flow.0).map(|(slope, m3h)| slope * m3h).sum()
    }
}

/// What the cost of a reservoir is reckoned from, laid out so that members are reckoned side by side.
#[derive(Debug, Clone)]
pub struct Pool {
    volume_m3: f64,
    critical_m3: f64,
    members: Vec<PoolMembers>,
}

#[derive(Debug, Clone)]
struct PoolMembers {
    /// Weights of the members times that of the place and the length of a step; nothing where there is none.
    weights: Lanes,
    m3h: [Lanes; PLANNED_STEPS],
}

impl Pool {
    /// A reservoir as its cost is reckoned.
    pub fn of(reservoir: &Reservoir) -> Self {
        let side_by_side = |members: &[Inflow]| {
            let (mut weights, mut m3h) = ([0.0; LANES], [[0.0; LANES]; PLANNED_STEPS]);
            for (lane, (weight, member)) in weights.iter_mut().zip(members).enumerate() {
                *weight = member.weight * reservoir.weight * STEP_HOURS;
                for (step, net) in m3h.iter_mut().zip(&member.m3h) {
                    if let Some(own) = step.get_mut(lane) {
                        *own = *net;
                    }
                }
            }
            PoolMembers { weights, m3h }
        };
        Self {
            volume_m3: reservoir.volume_m3,
            critical_m3: reservoir.critical_m3,
            members: reservoir.members.chunks(LANES).map(side_by_side).collect(),
        }
    }

    /// Weighted flooded volume-hours over the horizon under a flow of pumping:
    /// Σ weight · p · Δt · (V + 2·max(0, V − V_c)). Convex in the volume, so each further truck avoids less.
    /// Unit: weighted m³·h.
    pub fn cost(&self, pumped: &Flow) -> f64 {
        let mut total = 0.0;
        for members in &self.members {
            let mut volumes = [self.volume_m3; LANES];
            let mut sums = [0.0; LANES];
            for (nets, out) in members.m3h.iter().zip(&pumped.0) {
                for ((volume, sum), net) in volumes.iter_mut().zip(&mut sums).zip(nets) {
                    *volume = positive(*volume + (net - out) * STEP_HOURS);
                    *sum += *volume + HINGE * positive(*volume - self.critical_m3);
                }
            }
            total += weighted(&members.weights, &sums);
        }
        total
    }

    /// The cost under a flow of pumping, and by how much each further m³/h in each step changes it: one pass
    /// there and one back, for a volume that came to nothing owes nothing to what was pumped before.
    pub fn marginal(&self, pumped: &Flow) -> (f64, Worth) {
        let mut total = 0.0;
        let mut slope = [0.0; PLANNED_STEPS];
        let mut kept = [[0.0; LANES]; PLANNED_STEPS];
        for members in &self.members {
            let mut volumes = [self.volume_m3; LANES];
            let mut sums = [0.0; LANES];
            for ((nets, out), kept) in members.m3h.iter().zip(&pumped.0).zip(&mut kept) {
                for ((volume, sum), net) in volumes.iter_mut().zip(&mut sums).zip(nets) {
                    *volume = positive(*volume + (net - out) * STEP_HOURS);
                    *sum += *volume + HINGE * positive(*volume - self.critical_m3);
                }
                *kept = volumes;
            }
            total += weighted(&members.weights, &sums);
            let mut cubic_metres = [0.0; LANES];
            for (volumes, slope) in kept.iter().zip(&mut slope).rev() {
                for (cubic_metre, volume) in cubic_metres.iter_mut().zip(volumes) {
                    let hinge = if *volume > self.critical_m3 {
                        HINGE
                    } else {
                        0.0
                    };
                    let counts = *cubic_metre + 1.0 + hinge;
                    *cubic_metre = if *volume > 0.0 { counts } else { 0.0 };
                }
                *slope -= weighted(&members.weights, &cubic_metres) * STEP_HOURS;
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
}

/// As `max(0)`, but for numbers that are numbers.
fn positive(number: f64) -> f64 {
    if number > 0.0 { number } else { 0.0 }
}

fn weighted(weights: &Lanes, sums: &Lanes) -> f64 {
    weights.iter().zip(sums).map(|(w, sum)| w * sum).sum()
}

/// The member-weighted mean volume at every minute of the horizon, its end included, in m³.
fn mean_volumes(reservoir: &Reservoir, pumps: &[Pump]) -> Vec<f64> {
    let flow = Flow::of(pumps);
    let mut means = vec![0.0; usize::from(PLANNED_MINUTES) + 1];
    for member in &reservoir.members {
        let mut volume = reservoir.volume_m3;
        let mut means = means.iter_mut();
        for (net, out) in member.m3h.iter().zip(&flow.0) {
            let begin = volume;
            for (minute, mean) in (&mut means).take(MINUTES_OF_STEP).enumerate() {
                let at = positive(begin + (net - out) * minute as f64 / 60.0);
                *mean += member.weight * at;
            }
            volume = positive(begin + (net - out) * STEP_HOURS);
        }
        if let Some(last) = means.next() {
            *last += member.weight * volume;
        }
    }
    means
}

/// The member-weighted mean volume after a number of minutes; at the end of the horizon for any longer time.
#[must_use]
pub fn volume_after(reservoir: &Reservoir, pumps: &[Pump], minutes: f64) -> f64 {
    let flow = Flow::of(pumps);
    let mut mean = 0.0;
    for member in &reservoir.members {
        let mut volume = reservoir.volume_m3;
        let steps = Step::planned().zip(member.m3h.iter().zip(&flow.0));
        for (step, (net, out)) in steps.take_while(|(step, _)| step.minutes() < minutes) {
            let span = (minutes - step.minutes()).min(STEP_MINUTES);
            volume = positive(volume + (net - out) * span / 60.0);
        }
        mean += member.weight * volume;
    }
    mean
}

/// Minutes until the mean volume is below the dry volume; `None` beyond the horizon.
#[must_use]
pub fn drained_after(reservoir: &Reservoir, pumps: &[Pump]) -> Option<f64> {
    let volumes = mean_volumes(reservoir, pumps);
    let minute = volumes.iter().position(|v| *v <= reservoir.dry_m3)?;
    Some(minute as f64)
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

    fn cost(reservoir: &Reservoir, pumps: &[Pump]) -> f64 {
        Pool::of(reservoir).cost(&Flow::of(pumps))
    }

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
