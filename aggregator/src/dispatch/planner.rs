//! The planner: greedy on what each truck avoids, then its bound and its reasons. Deterministic:
//! the same problem gives the same plan, in whatever order its parts come.

use std::time::Duration;

use super::{
    Against, Alternative, Assigned, Drive, Heard, Plan, Problem, Reason, Recommendation, Roads,
    RoutedBy, Site, Truck, Unserved, UnservedCode,
    problem::SETUP_MINUTES,
    reservoir::{Pump, cost, drained_after, peak_inflow_m3h, probability_critical, volume_after},
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
pub fn plan(problem: &Problem, roads: &Roads) -> Plan {
    let mut problem = problem.clone();
    problem.sites.sort_by(|a, b| a.id.cmp(&b.id));
    problem.trucks.sort_by(|a, b| a.id.cmp(&b.id));
    let mut search = Search::new(&problem, roads);
    search.greedy();
    search.finish()
}

struct Search<'a> {
    problem: &'a Problem,
    roads: &'a Roads,
    drives: Vec<Vec<Drive>>,
    /// Pumps at each site: of standing orders first.
    pumps: Vec<Vec<Pump>>,
    base: Vec<f64>,
    cost: Vec<f64>,
    in_need: Vec<bool>,
    chosen: Vec<Option<(usize, f64)>>,
}

impl<'a> Search<'a> {
    fn new(problem: &'a Problem, roads: &'a Roads) -> Self {
        let mut pumps = vec![Vec::new(); problem.sites.len()];
        for truck in &problem.trucks {
            if let Assigned::Ordered {
                point,
                ready_minutes,
            } = &truck.assigned
                && let Ok(at) = problem.sites.binary_search_by(|s| s.id.cmp(point))
                && let Some(pumps) = pumps.get_mut(at)
            {
                pumps.push(Pump {
                    ready_minutes: *ready_minutes,
                    m3h: truck.capacity_m3h,
                });
            }
        }
        let base: Vec<f64> = problem
            .sites
            .iter()
            .zip(&pumps)
            .map(|(s, p)| cost(s, p))
            .collect();
        let drives = problem
            .trucks
            .iter()
            .map(|t| {
                problem
                    .sites
                    .iter()
                    .map(|s| roads.drive(t.position, s.position))
                    .collect()
            })
            .collect();
        let in_need = problem
            .sites
            .iter()
            .map(|s| probability_critical(s) >= IN_NEED)
            .collect();
        let chosen = vec![None; problem.trucks.len()];
        Self {
            problem,
            roads,
            drives,
            pumps,
            cost: base.clone(),
            base,
            in_need,
            chosen,
        }
    }

    fn site(&self, site: usize) -> &'a Site {
        self.problem
            .sites
            .get(site)
            .expect("site numbers come from the problem")
    }

    fn truck(&self, truck: usize) -> &'a Truck {
        self.problem
            .trucks
            .get(truck)
            .expect("truck numbers come from the problem")
    }

    fn drive(&self, truck: usize, site: usize) -> &Drive {
        self.drives
            .get(truck)
            .and_then(|r| r.get(site))
            .expect("one drive per truck and site")
    }

    fn pumps(&self, site: usize) -> &[Pump] {
        self.pumps.get(site).map_or(&[], Vec::as_slice)
    }

    /// The pumps at a site without this one; an equal one beside it stays.
    fn others(&self, site: usize, pump: Pump) -> Vec<Pump> {
        let mut others = self.pumps(site).to_vec();
        if let Some(own) = others.iter().position(|p| *p == pump) {
            others.remove(own);
        }
        others
    }

    fn cost_of(&self, site: usize) -> f64 {
        self.cost.get(site).copied().unwrap_or(0.0)
    }

    fn pump(&self, truck: usize, site: usize) -> Pump {
        let ready_minutes = self.drive(truck, site).minutes() + SETUP_MINUTES;
        Pump {
            ready_minutes,
            m3h: self.truck(truck).capacity_m3h,
        }
    }

    /// What one more truck at a site avoids.
    fn gain(&self, truck: usize, site: usize) -> f64 {
        let mut pumps = self.pumps(site).to_vec();
        pumps.push(self.pump(truck, site));
        self.cost_of(site) - cost(self.site(site), &pumps)
    }

    fn is_open(&self, site: usize) -> bool {
        self.in_need.get(site) == Some(&true) && self.pumps(site).len() < self.site(site).max_trucks
    }

    fn free(&self) -> Vec<usize> {
        let is_free = |i: &usize| {
            matches!(self.truck(*i).assigned, Assigned::Free { .. })
                && self.chosen.get(*i) == Some(&None)
        };
        (0..self.problem.trucks.len()).filter(is_free).collect()
    }

    /// Gain less what sending costs; a standing recommendation costs nothing.
    fn net(&self, truck: usize, site: usize, gain: f64) -> f64 {
        let t = self.truck(truck);
        let hours2 = match &t.assigned {
            Assigned::Free { standing: Some(p) } if *p == self.site(site).id => SEND_HOURS2 / 2.0,
            Assigned::Free { standing: Some(_) } => SWITCH_HOURS2,
            _ => SEND_HOURS2,
        };
        gain - hours2 * t.capacity_m3h
    }

    /// Takes the best pair again and again. Gains at a site change only when it gets a truck, so
    /// the best of every site is kept until then.
    fn greedy(&mut self) {
        let mut best: Vec<Option<Pick>> = (0..self.problem.sites.len())
            .map(|site| self.best_at(site))
            .collect();
        loop {
            let top = best
                .iter()
                .flatten()
                .copied()
                .reduce(|a, b| if b.beats(&a) { b } else { a });
            let Some(pick) = top else { return };
            let pump = self.pump(pick.truck, pick.site);
            if let Some(pumps) = self.pumps.get_mut(pick.site) {
                pumps.push(pump);
            }
            let now = cost(self.site(pick.site), self.pumps(pick.site));
            if let Some(cost) = self.cost.get_mut(pick.site) {
                *cost = now;
            }
            if let Some(chosen) = self.chosen.get_mut(pick.truck) {
                *chosen = Some((pick.site, pick.gain));
            }
            for site in 0..best.len() {
                let stale = site == pick.site
                    || best
                        .get(site)
                        .is_some_and(|b| b.is_some_and(|b| b.truck == pick.truck));
                if stale && let Some(slot) = best.get_mut(site) {
                    *slot = None;
                }
                if stale {
                    let again = self.best_at(site);
                    if let Some(slot) = best.get_mut(site) {
                        *slot = again;
                    }
                }
            }
        }
    }

    fn best_at(&self, site: usize) -> Option<Pick> {
        if !self.is_open(site) {
            return None;
        }
        let pick = |truck| {
            let gain = self.gain(truck, site);
            Pick {
                truck,
                site,
                gain,
                net: self.net(truck, site, gain),
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
            version: self.problem.version,
            made_at: self.problem.now,
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
        (0..self.problem.trucks.len())
            .filter(|t| matches!(self.truck(*t).assigned, Assigned::Free { .. }))
    }

    fn best_further(&self, truck: usize) -> f64 {
        (0..self.problem.sites.len())
            .map(|site| self.gain(truck, site))
            .fold(0.0, f64::max)
    }

    fn unserved(&self) -> Vec<Unserved> {
        let none_left = self.free().is_empty();
        let left_out =
            |site: &usize| self.in_need.get(*site) == Some(&true) && self.pumps(*site).is_empty();
        (0..self.problem.sites.len())
            .filter(left_out)
            .map(|site| Unserved {
                point: self.site(site).id.clone(),
                code: if none_left {
                    UnservedCode::NoTruckLeft {}
                } else {
                    UnservedCode::GainBelowSwitch {}
                },
            })
            .collect()
    }

    fn explain(&self, truck: usize, site: usize, saved: f64) -> Recommendation {
        let (t, s, drive) = (self.truck(truck), self.site(site), self.drive(truck, site));
        let eta = drive.minutes();
        let pump = self.pump(truck, site);
        let others = self.others(site, pump);
        let at = |minutes: f64| self.problem.now + Duration::from_secs_f64(minutes.max(0.0) * 60.0);
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
            drained_at: drained_after(s, self.pumps(site)).map(at),
            drained_without_at: drained_after(s, &others).map(at),
            saved_m3h: round(saved),
            reasons: self.reasons(truck, site),
            against: self.against(truck, site, eta),
            alternatives: self.alternatives(truck, site),
            route: self.roads.route(t.position, s.position).points,
            routed_by: drive.by,
        }
    }

    fn reasons(&self, truck: usize, site: usize) -> Vec<Reason> {
        let (t, s) = (self.truck(truck), self.site(site));
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
        let eta = self.drive(truck, site).minutes();
        let nearer = |other: &usize| self.drive(*other, site).minutes() < eta;
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

    fn against(&self, truck: usize, site: usize, eta: f64) -> Vec<Against> {
        let (t, s) = (self.truck(truck), self.site(site));
        let mut against = Vec::new();
        if let Some(closes) = s.closes_at {
            let late = eta - closes.seconds_since(self.problem.now) / 60.0;
            if late > 0.0 {
                against.push(Against::ArrivesAfterClosure {
                    minutes: round(late),
                });
            }
        }
        let capacity_m3h: f64 = self.pumps(site).iter().map(|p| p.m3h).sum();
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
        if self.drive(truck, site).by == RoutedBy::StraightLine {
            against.push(Against::StraightLineEstimate {});
        }
        if s.verified == 0 {
            against.push(Against::ForecastUnverified {});
        }
        against
    }

    fn alternatives(&self, truck: usize, site: usize) -> Vec<Alternative> {
        let s = self.site(site);
        let mine = self.pump(truck, site);
        let others = self.others(site, mine);
        let mut with_other: Vec<(f64, usize)> = self
            .free()
            .into_iter()
            .map(|other| {
                let mut pumps = others.clone();
                pumps.push(self.pump(other, site));
                (cost(s, &pumps) - self.cost_of(site), other)
            })
            .collect();
        with_other.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let alternative = |(regret, other): (f64, usize)| Alternative {
            truck: self.truck(other).id.clone(),
            eta_minutes: round(self.drive(other, site).minutes()),
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
    site: usize,
    gain: f64,
    net: f64,
}

impl Pick {
    fn beats(&self, other: &Self) -> bool {
        // Ties go to the lower numbers, which are sorted ids.
        match self.net.total_cmp(&other.net) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => (self.site, self.truck) < (other.site, other.truck),
        }
    }
}

fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;
