//! The planner: greedy on what each truck avoids, then its bound and its reasons. Deterministic:
//! the same situation gives the same plan, in whatever order its parts come.

#![expect(
    clippy::indexing_slicing,
    reason = "typed indices that the vectors gave out themselves"
)]

mod bound;
mod explain;
mod improve;

use std::cmp::Ordering;

use oxc_index::{IndexVec, define_index_type};

use super::{
    AssignableTruck, Assigned, Drive, Plan, Reservoir, Roads, Situation, Unserved, UnservedCode,
    reservoir::{Flow, Pump, cost, cost_of, probability_critical},
    situation::SETUP_MINUTES,
};
use crate::forecast::grid::PLANNED_MINUTES;

/// A truck must save this many hours² times its capacity to be sent, and more to be sent elsewhere
/// than the last plan said: many plans are nearly equal, the standing one is best.
const SEND_HOURS2: f64 = 0.03;
const SWITCH_HOURS2: f64 = 0.10;

/// A point without a truck is told of when it is, or with this probability will be, waterlogged.
const IN_NEED: f64 = 0.2;

/// Makes a plan, with ways over these roads.
#[must_use]
pub fn plan(situation: &Situation, roads: &Roads) -> Plan {
    let mut search = Search::new(situation, roads);
    search.greedy();
    search.improve();
    search.attribute();
    search.finish()
}

define_index_type! {
    /// The number of a reservoir, in the order of their ids.
    struct ReservoirIndex = u32;
}
define_index_type! {
    /// The number of a truck, in the order of their ids.
    struct TruckIndex = u32;
}

/// A plan in the making.
struct Search<'a> {
    situation: &'a Situation,
    roads: &'a Roads,
    reservoirs: IndexVec<ReservoirIndex, Draining<'a>>,
    trucks: IndexVec<TruckIndex, Sendable<'a>>,
}

/// A reservoir with the pumps that the plan has there so far.
struct Draining<'a> {
    reservoir: &'a Reservoir,
    /// Those of standing orders first.
    pumps: Vec<Pump>,
    /// How many of them are of standing orders.
    ordered: usize,
    /// What all of them pump.
    flow: Flow,
    /// With the pumps of standing orders only, and with all.
    base: f64,
    cost: f64,
    in_need: bool,
}

/// A truck with its ways and where the plan sends it.
struct Sendable<'a> {
    truck: &'a AssignableTruck,
    drives: IndexVec<ReservoirIndex, Drive>,
    sent: Option<Pick>,
}

/// One truck to one reservoir: what it avoids, and that less what sending it costs.
#[derive(Debug, Clone, Copy)]
struct Pick {
    truck: TruckIndex,
    reservoir: ReservoirIndex,
    gain: f64,
    net: f64,
}

impl<'a> Draining<'a> {
    fn new(reservoir: &'a Reservoir, trucks: &[&AssignableTruck]) -> Self {
        let ordered = |truck: &&AssignableTruck| match &truck.assigned {
            Assigned::Ordered {
                point,
                ready_minutes,
            } if *point == reservoir.id => Some(Pump {
                ready_minutes: *ready_minutes,
                m3h: truck.capacity_m3h,
            }),
            _ => None,
        };
        let pumps: Vec<Pump> = trucks.iter().filter_map(ordered).collect();
        let base = cost(reservoir, &pumps);
        Self {
            reservoir,
            ordered: pumps.len(),
            flow: Flow::of(&pumps),
            pumps,
            base,
            cost: base,
            in_need: probability_critical(reservoir) >= IN_NEED,
        }
    }

    /// What one more pump avoids.
    fn gain(&self, pump: Pump) -> f64 {
        // Where no water is expected in any member there is nothing to avoid.
        if self.cost <= 0.0 {
            return 0.0;
        }
        self.cost - cost_of(self.reservoir, &self.flow.with(pump))
    }

    fn set(&mut self, pumps: Vec<Pump>) {
        self.flow = Flow::of(&pumps);
        self.cost = cost_of(self.reservoir, &self.flow);
        self.pumps = pumps;
    }

    fn add(&mut self, pump: Pump) {
        self.pumps.push(pump);
        self.flow.add(pump, 1.0);
        self.cost = cost_of(self.reservoir, &self.flow);
    }

    fn has_room(&self) -> bool {
        self.pumps.len() < self.reservoir.max_trucks
    }

    /// Its pumps without this one; an equal one beside it stays.
    fn others(&self, pump: Pump) -> Vec<Pump> {
        let mut others = self.pumps.clone();
        if let Some(own) = others.iter().position(|p| *p == pump) {
            others.remove(own);
        }
        others
    }
}

impl Sendable<'_> {
    fn is_at_choice(&self) -> bool {
        matches!(self.truck.assigned, Assigned::Free { .. })
    }

    fn is_free(&self) -> bool {
        self.is_at_choice() && self.sent.is_none()
    }

    fn pump_at(&self, reservoir: ReservoirIndex) -> Pump {
        let drive = &self.drives[reservoir];
        Pump {
            ready_minutes: drive.minutes() + SETUP_MINUTES,
            m3h: self.truck.capacity_m3h,
        }
    }

    /// Whether the last plan sent it there.
    fn stands_for(&self, reservoir: &Reservoir) -> bool {
        matches!(&self.truck.assigned, Assigned::Free { standing: Some(p) } if *p == reservoir.id)
    }

    /// What sending it there costs, in the unit of gains; least where it is expected already.
    fn sending_costs(&self, reservoir: &Reservoir) -> f64 {
        let hours2 = match &self.truck.assigned {
            Assigned::Free { standing: Some(_) } if self.stands_for(reservoir) => SEND_HOURS2 / 2.0,
            Assigned::Free { standing: Some(_) } => SWITCH_HOURS2,
            _ => SEND_HOURS2,
        };
        hours2 * self.truck.capacity_m3h
    }
}

impl Pick {
    /// The better of two; ties go to the lower numbers.
    fn better(self, other: Self) -> Self {
        let place = |pick: &Self| (pick.reservoir, pick.truck);
        let by_net = self.net.total_cmp(&other.net);
        match by_net.then_with(|| place(&other).cmp(&place(&self))) {
            Ordering::Less => other,
            Ordering::Equal | Ordering::Greater => self,
        }
    }
}

impl<'a> Search<'a> {
    fn new(situation: &'a Situation, roads: &'a Roads) -> Self {
        let mut reservoirs: Vec<&Reservoir> = situation.reservoirs.iter().collect();
        reservoirs.sort_by(|a, b| a.id.cmp(&b.id));
        let mut trucks: Vec<&AssignableTruck> = situation.trucks.iter().collect();
        trucks.sort_by(|a, b| a.id.cmp(&b.id));
        let sendable = |truck: &&'a AssignableTruck| Sendable {
            truck,
            drives: reservoirs
                .iter()
                .map(|r| roads.drive(truck.position, r.position))
                .collect(),
            sent: None,
        };
        Self {
            situation,
            roads,
            trucks: trucks.iter().map(sendable).collect(),
            reservoirs: reservoirs
                .iter()
                .map(|r| Draining::new(r, &trucks))
                .collect(),
        }
    }

    /// Takes the best pair again and again. Gains at a reservoir change only when it gets a truck,
    /// so the best of every reservoir is kept until then.
    fn greedy(&mut self) {
        let indices = self.reservoirs.indices();
        let mut best: IndexVec<ReservoirIndex, Option<Pick>> =
            indices.map(|reservoir| self.best_at(reservoir)).collect();
        while let Some(pick) = best.iter().flatten().copied().reduce(Pick::better) {
            self.send(pick);
            for (reservoir, best) in best.iter_mut_enumerated() {
                if reservoir == pick.reservoir || best.is_some_and(|b| b.truck == pick.truck) {
                    *best = self.best_at(reservoir);
                }
            }
        }
    }

    fn send(&mut self, pick: Pick) {
        let truck = &mut self.trucks[pick.truck];
        truck.sent = Some(pick);
        self.reservoirs[pick.reservoir].add(truck.pump_at(pick.reservoir));
    }

    fn best_at(&self, reservoir: ReservoirIndex) -> Option<Pick> {
        let picks = self
            .free()
            .filter_map(|(truck, _)| self.pick(truck, reservoir));
        picks.filter(|p| p.net > 0.0).reduce(Pick::better)
    }

    /// One more truck at a reservoir; `None` where there is no room for it.
    fn pick(&self, truck: TruckIndex, reservoir: ReservoirIndex) -> Option<Pick> {
        let (at, sendable) = (&self.reservoirs[reservoir], &self.trucks[truck]);
        if !at.has_room() {
            return None;
        }
        let gain = at.gain(sendable.pump_at(reservoir));
        Some(Pick {
            truck,
            reservoir,
            gain,
            net: gain - sendable.sending_costs(at.reservoir),
        })
    }

    fn free(&self) -> impl Iterator<Item = (TruckIndex, &Sendable<'a>)> {
        let trucks = self.trucks.iter_enumerated();
        trucks.filter(|(_, truck)| truck.is_free())
    }

    /// Says of each truck what it avoids beside those that begin to pump before it: what all avoid is the sum.
    fn attribute(&mut self) {
        let mut sent: Vec<(f64, Pick)> = self
            .trucks
            .iter()
            .filter_map(|truck| {
                truck
                    .sent
                    .map(|pick| (truck.pump_at(pick.reservoir).ready_minutes, pick))
            })
            .collect();
        sent.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.truck.cmp(&b.1.truck)));
        let ordered = |at: &Draining| {
            (
                Flow::of(at.pumps.get(..at.ordered).unwrap_or_default()),
                at.base,
            )
        };
        let mut before: IndexVec<ReservoirIndex, (Flow, f64)> =
            self.reservoirs.iter().map(ordered).collect();
        for (_, pick) in sent {
            let pump = self.trucks[pick.truck].pump_at(pick.reservoir);
            let (flow, cost) = &mut before[pick.reservoir];
            flow.add(pump, 1.0);
            let with = cost_of(self.reservoirs[pick.reservoir].reservoir, flow);
            let gain = *cost - with;
            *cost = with;
            self.trucks[pick.truck].sent = Some(Pick { gain, ..pick });
        }
    }

    fn finish(&self) -> Plan {
        let without: f64 = self.reservoirs.iter().map(|r| r.base).sum();
        let with: f64 = self.reservoirs.iter().map(|r| r.cost).sum();
        let bound = self.bound().min(with);
        let most = without - bound;
        let gap_percent = if most > 0.0 {
            (with - bound) / most * 100.0
        } else {
            0.0
        };
        let sent = self.trucks.iter().filter_map(|t| t.sent);
        let mut recommendations: Vec<_> = sent.map(|pick| self.recommend(pick)).collect();
        recommendations.sort_by(|a, b| {
            b.saved_m3h
                .total_cmp(&a.saved_m3h)
                .then_with(|| a.truck.cmp(&b.truck))
        });
        Plan {
            version: self.situation.version,
            made_at: self.situation.now,
            horizon_minutes: PLANNED_MINUTES.into(),
            cost: round(with),
            cost_without: round(without),
            bound: round(bound),
            gap_percent: round(gap_percent),
            recommendations,
            unserved: self.unserved(),
        }
    }

    fn unserved(&self) -> Vec<Unserved> {
        let code = if self.free().next().is_none() {
            UnservedCode::NoTruckLeft {}
        } else {
            UnservedCode::GainBelowSwitch {}
        };
        let left_out = |r: &&Draining| r.in_need && r.pumps.is_empty();
        let unserved = |r: &Draining| Unserved {
            point: r.reservoir.id.clone(),
            code,
        };
        self.reservoirs
            .iter()
            .filter(left_out)
            .map(unserved)
            .collect()
    }
}

/// To a tenth.
fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod transcripts;
