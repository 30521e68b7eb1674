//! The planner: greedy on what each truck avoids, then its bound and its reasons. Deterministic:
//! the same situation gives the same plan, in whatever order its parts come.

use std::time::Duration;

use super::{
    Against, Alternative, AssignableTruck, Assigned, Drive, Heard, Plan, Reason, Recommendation,
    Reservoir, Roads, RoutedBy, Situation, Unserved, UnservedCode,
    reservoir::{Pump, cost, drained_after, peak_inflow_m3h, probability_critical, volume_after},
    situation::SETUP_MINUTES,
};

/// A truck must save this many hours² times its capacity to be sent, and half as much again to be
/// sent elsewhere than the last plan said: many plans are nearly equal, the standing one is best.
const SEND_HOURS2: f64 = 0.03;
const SWITCH_HOURS2: f64 = 0.10;

/// A point is in need when it is, or with this probability will be, waterlogged.
const IN_NEED: f64 = 0.5;

const ALTERNATIVES: usize = 2;

/// Makes a plan, with ways over these roads.
#[must_use]
pub fn plan(situation: &Situation, roads: &Roads) -> Plan {
    let mut situation = situation.clone();
    situation.reservoirs.sort_by(|a, b| a.id.cmp(&b.id));
    situation.trucks.sort_by(|a, b| a.id.cmp(&b.id));
    let mut search = Search::new(&situation, roads);
    search.greedy();
    search.finish()
}

struct Search<'a> {
    situation: &'a Situation,
    roads: &'a Roads,
    drives: Vec<Vec<Drive>>,
    /// Pumps at each reservoir: of standing orders first.
    pumps: Vec<Vec<Pump>>,
    base: Vec<f64>,
    cost: Vec<f64>,
    in_need: Vec<bool>,
    chosen: Vec<Option<(usize, f64)>>,
}

impl<'a> Search<'a> {
    fn new(situation: &'a Situation, roads: &'a Roads) -> Self {
        let mut pumps = vec![Vec::new(); situation.reservoirs.len()];
        for truck in &situation.trucks {
            if let Assigned::Ordered {
                point,
                ready_minutes,
            } = &truck.assigned
                && let Ok(at) = situation.reservoirs.binary_search_by(|s| s.id.cmp(point))
                && let Some(pumps) = pumps.get_mut(at)
            {
                pumps.push(Pump {
                    ready_minutes: *ready_minutes,
                    m3h: truck.capacity_m3h,
                });
            }
        }
        let base: Vec<f64> = situation
            .reservoirs
            .iter()
            .zip(&pumps)
            .map(|(s, p)| cost(s, p))
            .collect();
        let drives = situation
            .trucks
            .iter()
            .map(|t| {
                situation
                    .reservoirs
                    .iter()
                    .map(|s| roads.drive(t.position, s.position))
                    .collect()
            })
            .collect();
        let in_need = situation
            .reservoirs
            .iter()
            .map(|s| probability_critical(s) >= IN_NEED)
            .collect();
        let chosen = vec![None; situation.trucks.len()];
        Self {
            situation,
            roads,
            drives,
            pumps,
            cost: base.clone(),
            base,
            in_need,
            chosen,
        }
    }

    fn reservoir(&self, reservoir: usize) -> &'a Reservoir {
        self.situation
            .reservoirs
            .get(reservoir)
            .expect("reservoir numbers come from the situation")
    }

    fn truck(&self, truck: usize) -> &'a AssignableTruck {
        self.situation
            .trucks
            .get(truck)
            .expect("truck numbers come from the situation")
    }

    fn drive(&self, truck: usize, reservoir: usize) -> &Drive {
        self.drives
            .get(truck)
            .and_then(|r| r.get(reservoir))
            .expect("one drive per truck and reservoir")
    }

    fn pumps(&self, reservoir: usize) -> &[Pump] {
        self.pumps.get(reservoir).map_or(&[], Vec::as_slice)
    }

    /// The pumps at a reservoir without this one; an equal one beside it stays.
    fn others(&self, reservoir: usize, pump: Pump) -> Vec<Pump> {
        let mut others = self.pumps(reservoir).to_vec();
        if let Some(own) = others.iter().position(|p| *p == pump) {
            others.remove(own);
        }
        others
    }

    fn cost_of(&self, reservoir: usize) -> f64 {
        self.cost.get(reservoir).copied().unwrap_or(0.0)
    }

    fn pump(&self, truck: usize, reservoir: usize) -> Pump {
        let ready_minutes = self.drive(truck, reservoir).minutes() + SETUP_MINUTES;
        Pump {
            ready_minutes,
            m3h: self.truck(truck).capacity_m3h,
        }
    }

    /// What one more truck at a reservoir avoids.
    fn gain(&self, truck: usize, reservoir: usize) -> f64 {
        let mut pumps = self.pumps(reservoir).to_vec();
        pumps.push(self.pump(truck, reservoir));
        self.cost_of(reservoir) - cost(self.reservoir(reservoir), &pumps)
    }

    fn is_open(&self, reservoir: usize) -> bool {
        self.in_need.get(reservoir) == Some(&true)
            && self.pumps(reservoir).len() < self.reservoir(reservoir).max_trucks
    }

    fn free(&self) -> Vec<usize> {
        let is_free = |i: &usize| {
            matches!(self.truck(*i).assigned, Assigned::Free { .. })
                && self.chosen.get(*i) == Some(&None)
        };
        (0..self.situation.trucks.len()).filter(is_free).collect()
    }

    /// Gain less what sending costs; a standing recommendation costs nothing.
    fn net(&self, truck: usize, reservoir: usize, gain: f64) -> f64 {
        let t = self.truck(truck);
        let hours2 = match &t.assigned {
            Assigned::Free { standing: Some(p) } if *p == self.reservoir(reservoir).id => {
                SEND_HOURS2 / 2.0
            }
            Assigned::Free { standing: Some(_) } => SWITCH_HOURS2,
            _ => SEND_HOURS2,
        };
        gain - hours2 * t.capacity_m3h
    }

    /// Takes the best pair again and again. Gains at a reservoir change only when it gets a truck, so
    /// the best of every reservoir is kept until then.
    fn greedy(&mut self) {
        let mut best: Vec<Option<Pick>> = (0..self.situation.reservoirs.len())
            .map(|reservoir| self.best_at(reservoir))
            .collect();
        loop {
            let top = best
                .iter()
                .flatten()
                .copied()
                .reduce(|a, b| if b.beats(&a) { b } else { a });
            let Some(pick) = top else { return };
            let pump = self.pump(pick.truck, pick.reservoir);
            if let Some(pumps) = self.pumps.get_mut(pick.reservoir) {
                pumps.push(pump);
            }
            let now = cost(self.reservoir(pick.reservoir), self.pumps(pick.reservoir));
            if let Some(cost) = self.cost.get_mut(pick.reservoir) {
                *cost = now;
            }
            if let Some(chosen) = self.chosen.get_mut(pick.truck) {
                *chosen = Some((pick.reservoir, pick.gain));
            }
            for reservoir in 0..best.len() {
                let stale = reservoir == pick.reservoir
                    || best
                        .get(reservoir)
                        .is_some_and(|b| b.is_some_and(|b| b.truck == pick.truck));
                if stale && let Some(slot) = best.get_mut(reservoir) {
                    *slot = None;
                }
                if stale {
                    let again = self.best_at(reservoir);
                    if let Some(slot) = best.get_mut(reservoir) {
                        *slot = again;
                    }
                }
            }
        }
    }

    fn best_at(&self, reservoir: usize) -> Option<Pick> {
        if !self.is_open(reservoir) {
            return None;
        }
        let pick = |truck| {
            let gain = self.gain(truck, reservoir);
            Pick {
                truck,
                reservoir,
                gain,
                net: self.net(truck, reservoir, gain),
            }
        };
        let better = |a: Pick, b: Pick| if b.beats(&a) { b } else { a };
        self.free()
            .into_iter()
            .map(pick)
            .filter(|p| p.net > 0.0)
            .reduce(better)
    }

    fn finish(self) -> Plan {
        let without: f64 = self.base.iter().sum();
        let with: f64 = self.cost.iter().sum();
        // For a supermodular cost, no plan avoids more than what is avoided now plus the best
        // further marginal of every truck.
        let more: f64 = self.trucks_at_choice().map(|t| self.best_further(t)).sum();
        let bound = (with - more).max(0.0);
        let most = without - bound;
        let mut recommendations: Vec<_> = self
            .chosen
            .iter()
            .enumerate()
            .filter_map(|(t, c)| c.map(|(s, gain)| self.explain(t, s, gain)))
            .collect();
        recommendations.sort_by(|a, b| {
            b.saved_m3h
                .total_cmp(&a.saved_m3h)
                .then_with(|| a.truck.cmp(&b.truck))
        });
        Plan {
            version: self.situation.version,
            made_at: self.situation.now,
            horizon_minutes: 180,
            cost: round(with),
            cost_without: round(without),
            bound: round(bound),
            gap_percent: if most > 0.0 {
                round(more.min(most) / most * 100.0)
            } else {
                0.0
            },
            recommendations,
            unserved: self.unserved(),
        }
    }

    fn trucks_at_choice(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.situation.trucks.len())
            .filter(|t| matches!(self.truck(*t).assigned, Assigned::Free { .. }))
    }

    fn best_further(&self, truck: usize) -> f64 {
        (0..self.situation.reservoirs.len())
            .map(|reservoir| self.gain(truck, reservoir))
            .fold(0.0, f64::max)
    }

    fn unserved(&self) -> Vec<Unserved> {
        let none_left = self.free().is_empty();
        let left_out = |reservoir: &usize| {
            self.in_need.get(*reservoir) == Some(&true) && self.pumps(*reservoir).is_empty()
        };
        (0..self.situation.reservoirs.len())
            .filter(left_out)
            .map(|reservoir| Unserved {
                point: self.reservoir(reservoir).id.clone(),
                code: if none_left {
                    UnservedCode::NoTruckLeft {}
                } else {
                    UnservedCode::GainBelowSwitch {}
                },
            })
            .collect()
    }

    fn explain(&self, truck: usize, reservoir: usize, saved: f64) -> Recommendation {
        let (t, s, drive) = (
            self.truck(truck),
            self.reservoir(reservoir),
            self.drive(truck, reservoir),
        );
        let eta = drive.minutes();
        let pump = self.pump(truck, reservoir);
        let others = self.others(reservoir, pump);
        let at =
            |minutes: f64| self.situation.now + Duration::from_secs_f64(minutes.max(0.0) * 60.0);
        let standing = matches!(&t.assigned, Assigned::Free { standing: Some(p) } if *p == s.id);
        Recommendation {
            truck: t.id.clone(),
            point: s.id.clone(),
            standing,
            eta_minutes: round(eta),
            distance_m: drive.distance_m.round(),
            arrives_at: at(eta),
            sets_up_until: at(pump.ready_minutes),
            volume_on_arrival_m3: round(volume_after(s, &others, eta)),
            capacity_m3h: t.capacity_m3h,
            drained_at: drained_after(s, self.pumps(reservoir)).map(at),
            drained_without_at: drained_after(s, &others).map(at),
            saved_m3h: round(saved),
            reasons: self.reasons(truck, reservoir),
            against: self.against(truck, reservoir, eta),
            alternatives: self.alternatives(truck, reservoir),
            route: self.roads.route(t.position, s.position).points,
            routed_by: drive.by,
        }
    }

    fn reasons(&self, truck: usize, reservoir: usize) -> Vec<Reason> {
        let (t, s) = (self.truck(truck), self.reservoir(reservoir));
        let inflow_m3h = round(peak_inflow_m3h(s));
        let mut reasons = vec![Reason::DepthNow { depth_m: s.depth_m }];
        if let Some(rate_m_per_h) = s.rate_m_per_h.filter(|r| *r > 0.05) {
            reasons.push(Reason::Rising {
                rate_m_per_h: round(rate_m_per_h),
            });
        }
        if let Some(at) = s.closes_at {
            reasons.push(Reason::ReachesClosure { at });
        } else if let Some((depth_m, at)) = s.peak.filter(|(peak, _)| *peak > s.depth_m) {
            reasons.push(Reason::ForecastPeak { depth_m, at });
        }
        if s.weight >= 4.0 {
            reasons.push(Reason::ImportantPlace { weight: s.weight });
        }
        if let Some(mm_per_h) = s.rain_mm_per_h.filter(|mm| *mm >= 16.0) {
            reasons.push(Reason::HeavyRain { mm_per_h });
        }
        let eta = self.drive(truck, reservoir).minutes();
        let nearer = |other: &usize| self.drive(*other, reservoir).minutes() < eta;
        if !self.free().iter().any(nearer) {
            reasons.push(Reason::NearestFree {
                eta_minutes: round(eta),
            });
        }
        if t.capacity_m3h >= inflow_m3h {
            reasons.push(Reason::CapacityFits {
                capacity_m3h: t.capacity_m3h,
                inflow_m3h,
            });
        }
        reasons
    }

    fn against(&self, truck: usize, reservoir: usize, eta: f64) -> Vec<Against> {
        let (t, s) = (self.truck(truck), self.reservoir(reservoir));
        let mut against = Vec::new();
        if let Some(closes) = s.closes_at {
            let late = eta - closes.seconds_since(self.situation.now) / 60.0;
            if late > 0.0 {
                against.push(Against::ArrivesAfterClosure {
                    minutes: round(late),
                });
            }
        }
        let capacity_m3h: f64 = self.pumps(reservoir).iter().map(|p| p.m3h).sum();
        let inflow_m3h = round(peak_inflow_m3h(s));
        if inflow_m3h > capacity_m3h {
            against.push(Against::CannotWin {
                inflow_m3h,
                capacity_m3h,
            });
        }
        if let Some(district) = &t.district {
            let reserve = |i: usize| self.truck(i).district.as_ref() == Some(district);
            if !self.free().into_iter().any(reserve) {
                let district = district.clone();
                against.push(Against::DistrictLeftWithoutReserve { district });
            }
        }
        if let Heard::NotSince(since) = t.heard {
            against.push(Against::TruckNotHeard { since });
        }
        if self.drive(truck, reservoir).by == RoutedBy::StraightLine {
            against.push(Against::StraightLineEstimate {});
        }
        if s.verified == 0 {
            against.push(Against::ForecastUnverified {});
        }
        against
    }

    fn alternatives(&self, truck: usize, reservoir: usize) -> Vec<Alternative> {
        let s = self.reservoir(reservoir);
        let mine = self.pump(truck, reservoir);
        let others = self.others(reservoir, mine);
        let mut with_other: Vec<(f64, usize)> = self
            .free()
            .into_iter()
            .map(|other| {
                let mut pumps = others.clone();
                pumps.push(self.pump(other, reservoir));
                (cost(s, &pumps) - self.cost_of(reservoir), other)
            })
            .collect();
        with_other.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let alternative = |(regret, other): (f64, usize)| Alternative {
            truck: self.truck(other).id.clone(),
            eta_minutes: round(self.drive(other, reservoir).minutes()),
            capacity_m3h: self.truck(other).capacity_m3h,
            regret_m3h: round(regret),
        };
        with_other
            .into_iter()
            .take(ALTERNATIVES)
            .map(alternative)
            .collect()
    }
}

#[derive(Debug, Clone, Copy)]
struct Pick {
    truck: usize,
    reservoir: usize,
    gain: f64,
    net: f64,
}

impl Pick {
    fn beats(&self, other: &Self) -> bool {
        // Ties go to the lower numbers, which are sorted ids.
        match self.net.total_cmp(&other.net) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => {
                (self.reservoir, self.truck) < (other.reservoir, other.truck)
            }
        }
    }
}

fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;
