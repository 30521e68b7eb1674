//! The planner: what the last plan said, then greedily what each further truck avoids, then changes as long
//! as they help; with its bound, its reasons, and why points are left out. Deterministic: the same situation
//! gives the same plan, in whatever order its parts come.

#![expect(
    clippy::indexing_slicing,
    reason = "typed indices that the vectors gave out themselves"
)]

mod auction;
mod bound;
mod explain;
mod improve;
mod parts;
mod unserved;

use oxc_index::IndexVec;

use super::{AssignableTruck, Plan, Reservoir, Roads, Situation, reservoir::Flow};
use crate::forecast::grid::PLANNED_MINUTES;
use parts::{Draining, Pick, ReservoirIndex, Sendable, TruckIndex};

pub use parts::SEND_HOURS2;

/// Makes a plan, with ways over these roads.
#[must_use]
pub fn plan(situation: &Situation, roads: &Roads) -> Plan {
    let mut search = Search::new(situation, roads);
    search.stand();
    search.greedy();
    search.improve();
    search.attribute();
    search.finish()
}

/// A plan in the making.
struct Search<'a> {
    situation: &'a Situation,
    roads: &'a Roads,
    reservoirs: IndexVec<ReservoirIndex, Draining<'a>>,
    trucks: IndexVec<TruckIndex, Sendable<'a>>,
}

impl<'a> Search<'a> {
    fn new(situation: &'a Situation, roads: &'a Roads) -> Self {
        let mut reservoirs: Vec<&Reservoir> = situation.reservoirs.iter().collect();
        reservoirs.sort_by(|a, b| a.id.cmp(&b.id));
        let mut trucks: Vec<&AssignableTruck> = situation.trucks.iter().collect();
        trucks.sort_by(|a, b| a.id.cmp(&b.id));
        let places: Vec<_> = reservoirs
            .iter()
            .map(|r| (&r.id, roads.end(r.position)))
            .collect();
        Self {
            situation,
            roads,
            trucks: trucks
                .iter()
                .map(|truck| Sendable::new(truck, roads, &places))
                .collect(),
            reservoirs: reservoirs
                .iter()
                .map(|r| Draining::new(r, &trucks))
                .collect(),
        }
    }

    /// Begins with what the last plan said: many plans are nearly equal, the standing one is best.
    fn stand(&mut self) {
        for truck in self.trucks.indices() {
            let Some(reservoir) = self.trucks[truck].standing() else {
                continue;
            };
            if let Some(pick) = self.pick(truck, reservoir).filter(|pick| pick.net > 0.0) {
                self.send(pick);
            }
        }
    }

    /// Takes the best pair again and again. What is best at a reservoir only gets less, as it has more trucks
    /// and fewer are left: so what was best some time ago bounds what is best now, and only where that bound
    /// is the highest of all is it looked at again.
    fn greedy(&mut self) {
        let indices = self.reservoirs.indices();
        let mut best: IndexVec<ReservoirIndex, Option<Pick>> =
            indices.map(|reservoir| self.best_at(reservoir)).collect();
        let mut is_old: IndexVec<ReservoirIndex, bool> = best.iter().map(|_| false).collect();
        while let Some(pick) = best.iter().flatten().copied().reduce(Pick::better) {
            let place = pick.reservoir;
            if is_old[place] || !self.trucks[pick.truck].is_free() {
                best[place] = self.best_at(place);
                is_old[place] = false;
            } else {
                self.send(pick);
                is_old[place] = true;
            }
        }
    }

    fn send(&mut self, pick: Pick) {
        let truck = &mut self.trucks[pick.truck];
        truck.sent = Some(pick);
        self.reservoirs[pick.reservoir].add(truck.pump_at(pick.reservoir));
    }

    /// The free truck that avoids most at a reservoir, if it is worth sending any.
    fn best_at(&self, reservoir: ReservoirIndex) -> Option<Pick> {
        let mut best: Option<Pick> = None;
        for (truck, _) in self.free() {
            let enough = best.map_or(0.0, |best| best.net);
            if self.net_at_most(truck, reservoir) < enough {
                continue;
            }
            let pick = self.pick(truck, reservoir).filter(|pick| pick.net > 0.0);
            best = best.into_iter().chain(pick).reduce(Pick::better);
        }
        best
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
            net: gain - sendable.sending_costs(reservoir),
        })
    }

    /// What one more truck at a reservoir cannot exceed, from one marginal.
    fn net_at_most(&self, truck: TruckIndex, reservoir: ReservoirIndex) -> f64 {
        let (at, sendable) = (&self.reservoirs[reservoir], &self.trucks[truck]);
        at.gain_at_most(sendable.pump_at(reservoir)) - sendable.sending_costs(reservoir)
    }

    fn costs_of_sending(&self, truck: TruckIndex, at: ReservoirIndex) -> f64 {
        self.trucks[truck].sending_costs(at)
    }

    fn free(&self) -> impl Iterator<Item = (TruckIndex, &Sendable<'a>)> {
        let trucks = self.trucks.iter_enumerated();
        trucks.filter(|(_, truck)| truck.is_free())
    }

    fn sent(&self) -> impl Iterator<Item = Pick> {
        self.trucks.iter().filter_map(|truck| truck.sent)
    }

    /// Says of each truck what it avoids beside those that begin to pump before it: what all avoid is the sum.
    fn attribute(&mut self) {
        let ready = |pick: Pick| {
            let pump = self.trucks[pick.truck].pump_at(pick.reservoir);
            (pump.ready_minutes, pick)
        };
        let mut sent: Vec<(f64, Pick)> = self.sent().map(ready).collect();
        sent.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.truck.cmp(&b.1.truck)));
        let ordered = |at: &Draining| (Flow::of(&at.pumps[..at.ordered]), at.base);
        let mut before: IndexVec<ReservoirIndex, (Flow, f64)> =
            self.reservoirs.iter().map(ordered).collect();
        for (_, pick) in sent {
            let pump = self.trucks[pick.truck].pump_at(pick.reservoir);
            let (flow, cost) = &mut before[pick.reservoir];
            flow.add(pump, 1.0);
            let with = self.reservoirs[pick.reservoir].pool.cost(flow);
            let gain = *cost - with;
            *cost = with;
            self.trucks[pick.truck].sent = Some(Pick { gain, ..pick });
        }
    }

    fn finish(&self) -> Plan {
        let without: f64 = self.reservoirs.iter().map(|r| r.base).sum();
        let with: f64 = self.reservoirs.iter().map(|r| r.cost).sum();
        let sending: f64 = self
            .sent()
            .map(|pick| self.costs_of_sending(pick.truck, pick.reservoir))
            .sum();
        let bound = self.bound(with + sending).min(with + sending);
        let most = without - bound;
        let gap_percent = if most > 0.0 {
            (with + sending - bound) / most * 100.0
        } else {
            0.0
        };
        let mut recommendations: Vec<_> = self.sent().map(|pick| self.recommend(pick)).collect();
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
            sending: round(sending),
            bound: round(bound),
            gap_percent: round(gap_percent),
            recommendations,
            unserved: self.unserved(),
        }
    }
}

/// To a tenth.
fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod exact;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod transcripts;
