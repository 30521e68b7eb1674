//! Why a truck should go to a point, what speaks against it, and who else could go.

use std::time::Duration;

use super::{
    Search, TruckIndex,
    parts::{Draining, Pick, Sendable},
    round,
};
use crate::dispatch::{
    Against, Alternative, Drive, Heard, Reason, Recommendation, RoutedBy,
    reservoir::{Flow, Pump, drained_after, peak_inflow_m3h, volume_after},
};

/// Other trucks that are named beside the recommended one.
const ALTERNATIVES: usize = 2;

/// A rise that is told, in metres per hour; slower ones are noise.
const RISING_M_PER_H: f64 = 0.05;

/// The weight from which on a place is called important.
const IMPORTANT: f64 = 4.0;

/// Rain that is called heavy, in mm/h.
const HEAVY_RAIN_MM_PER_H: f64 = 16.0;

/// A truck that the plan sends to a reservoir.
struct Sent<'a> {
    search: &'a Search<'a>,
    pick: Pick,
    at: &'a Draining<'a>,
    truck: &'a Sendable<'a>,
    drive: &'a Drive,
    pump: Pump,
    /// The pumps there beside its own.
    others: Vec<Pump>,
}

impl Search<'_> {
    /// What the plan says of a truck that it sends.
    pub(super) fn recommend(&self, pick: Pick) -> Recommendation {
        let (at, truck) = (&self.reservoirs[pick.reservoir], &self.trucks[pick.truck]);
        let pump = truck.pump_at(pick.reservoir);
        let sent = Sent {
            search: self,
            pick,
            at,
            truck,
            drive: &truck.drives[pick.reservoir],
            pump,
            others: at.others(pump),
        };
        sent.recommendation()
    }
}

impl Sent<'_> {
    fn recommendation(&self) -> Recommendation {
        let (truck, reservoir) = (self.truck.truck, self.at.reservoir);
        let eta = self.drive.minutes();
        let now = self.search.situation.now;
        let after = |minutes: f64| now + Duration::from_secs_f64(minutes * 60.0);
        let route = self.search.roads.route(truck.position, reservoir.position);
        Recommendation {
            truck: truck.id.clone(),
            point: reservoir.id.clone(),
            standing: self.truck.standing() == Some(self.pick.reservoir),
            eta_minutes: round(eta),
            distance_m: self.drive.distance_m.round(),
            arrives_at: after(eta),
            sets_up_until: after(self.pump.ready_minutes),
            volume_on_arrival_m3: round(volume_after(reservoir, &self.others, eta)),
            capacity_m3h: truck.capacity_m3h,
            drained_at: drained_after(reservoir, &self.at.pumps).map(after),
            drained_without_at: drained_after(reservoir, &self.others).map(after),
            saved_m3h: round(self.pick.gain),
            reasons: self.reasons(),
            against: self.against(),
            alternatives: self.alternatives(),
            route: route.points,
            routed_by: self.drive.by,
        }
    }

    fn reasons(&self) -> Vec<Reason> {
        let at = self.at.reservoir;
        let depth_m = at.depth_m;
        let mut reasons = vec![Reason::DepthNow { depth_m }];
        if let Some(rate) = at.rate_m_per_h.filter(|rate| *rate > RISING_M_PER_H) {
            let rate_m_per_h = round(rate);
            reasons.push(Reason::Rising { rate_m_per_h });
        }
        if let Some(at) = at.closes_at {
            reasons.push(Reason::ReachesClosure { at });
        } else if let Some((depth_m, at)) = at.peak.filter(|(peak, _)| *peak > depth_m) {
            reasons.push(Reason::ForecastPeak { depth_m, at });
        }
        if at.weight >= IMPORTANT {
            reasons.push(Reason::ImportantPlace { weight: at.weight });
        }
        if let Some(mm_per_h) = at.rain_mm_per_h.filter(|mm| *mm >= HEAVY_RAIN_MM_PER_H) {
            reasons.push(Reason::HeavyRain { mm_per_h });
        }
        if self.is_nearest() {
            let eta_minutes = round(self.drive.minutes());
            reasons.push(Reason::NearestFree { eta_minutes });
        }
        let (capacity_m3h, inflow_m3h) = (self.truck.truck.capacity_m3h, self.inflow_m3h());
        if capacity_m3h >= inflow_m3h {
            reasons.push(Reason::CapacityFits {
                capacity_m3h,
                inflow_m3h,
            });
        }
        reasons
    }

    fn against(&self) -> Vec<Against> {
        let (truck, at) = (self.truck.truck, self.at.reservoir);
        let mut against = Vec::new();
        if let Some(minutes) = self.minutes_after_closure() {
            against.push(Against::ArrivesAfterClosure { minutes });
        }
        let capacity_m3h: f64 = self.at.pumps.iter().map(|p| p.m3h).sum();
        let inflow_m3h = self.inflow_m3h();
        if inflow_m3h > capacity_m3h {
            against.push(Against::CannotWin {
                inflow_m3h,
                capacity_m3h,
            });
        }
        if let Some(district) = &truck.district {
            let is_reserve = |other: &Sendable| other.truck.district.as_ref() == Some(district);
            if !self.search.free().any(|(_, other)| is_reserve(other)) {
                let district = district.clone();
                against.push(Against::DistrictLeftWithoutReserve { district });
            }
        }
        if let Some(minutes) = at.in_doubt_minutes.map(round) {
            against.push(Against::DepthInDoubt { minutes });
        }
        if let Heard::NotSince(since) = truck.heard {
            against.push(Against::TruckNotHeard { since });
        }
        if self.drive.by == RoutedBy::StraightLine {
            against.push(Against::StraightLineEstimate {});
        }
        if at.verified == 0 {
            against.push(Against::ForecastUnverified {});
        }
        against
    }

    /// The free trucks that are best in its place, with what that would cost more.
    fn alternatives(&self) -> Vec<Alternative> {
        let reservoir = self.pick.reservoir;
        let others = Flow::of(&self.others);
        let regret = |(index, other): (TruckIndex, &Sendable)| {
            let with = others.with(other.pump_at(reservoir));
            (self.at.pool.cost(&with) - self.at.cost, index)
        };
        let mut by_regret: Vec<(f64, TruckIndex)> = self.search.free().map(regret).collect();
        by_regret.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let alternative = |(regret, index): (f64, TruckIndex)| {
            let other = &self.search.trucks[index];
            Alternative {
                truck: other.truck.id.clone(),
                eta_minutes: round(other.drives[reservoir].minutes()),
                capacity_m3h: other.truck.capacity_m3h,
                regret_m3h: round(regret),
            }
        };
        let best = by_regret.into_iter().take(ALTERNATIVES);
        best.map(alternative).collect()
    }

    fn is_nearest(&self) -> bool {
        let eta = self.drive.minutes();
        let is_nearer = |other: &Sendable| other.drives[self.pick.reservoir].minutes() < eta;
        !self.search.free().any(|(_, other)| is_nearer(other))
    }

    fn inflow_m3h(&self) -> f64 {
        round(peak_inflow_m3h(self.at.reservoir))
    }

    /// How long after the road is closed it arrives.
    fn minutes_after_closure(&self) -> Option<f64> {
        let closes_at = self.at.reservoir.closes_at?;
        let closes_after = closes_at.seconds_since(self.search.situation.now) / 60.0;
        let late = self.drive.minutes() - closes_after;
        (late > 0.0).then(|| round(late))
    }
}
