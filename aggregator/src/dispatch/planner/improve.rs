//! After greedy: trucks change places, move, or stay home as long as that avoids more (local search).
//!
//! The order in which changes are tried is fixed, a change must help by more than rounding, and the work
//! is bounded in evaluations and not in time: the same situation gives the same plan on any machine.

use super::{Pick, ReservoirIndex, Search, TruckIndex};
use crate::dispatch::reservoir::{Pump, cost};

/// Evaluations of the cost of one reservoir: some tens of milliseconds.
const EVALUATIONS: usize = 60_000;

/// A change must help by this share of what the plan costs: less is rounding.
const LEAST_SHARE: f64 = 1e-9;

impl Search<'_> {
    /// Improves until no change helps or the work is done.
    pub(super) fn improve(&mut self) {
        let mut left = EVALUATIONS;
        loop {
            let moved = self.move_each(&mut left);
            let swapped = self.swap_pairs(&mut left);
            if left == 0 || !(moved || swapped) {
                return;
            }
        }
    }

    /// Each truck that may be sent, to where it helps most now; whether any changed.
    fn move_each(&mut self, left: &mut usize) -> bool {
        let mut any = false;
        for truck in self.trucks.indices() {
            if !self.trucks[truck].is_at_choice() {
                continue;
            }
            let needed = self.reservoirs.len() + 1;
            if *left < needed {
                *left = 0;
                return any;
            }
            *left -= needed;
            let before = self.trucks[truck].sent;
            let net_before = before.map_or(0.0, |_| self.take_back(truck));
            let best = self
                .reservoirs
                .indices()
                .filter_map(|r| self.pick(truck, r));
            let best = best.filter(|pick| pick.net > 0.0).reduce(Pick::better);
            let is_better = best.is_some_and(|best| best.net > net_before + self.least());
            let gives_up = net_before < -self.least() && best.is_none();
            let next = if is_better || gives_up { best } else { before };
            if let Some(pick) = next {
                self.send(Pick {
                    gain: self.reservoirs[pick.reservoir]
                        .gain(self.trucks[truck].pump_at(pick.reservoir)),
                    ..pick
                });
            }
            any |= is_better || gives_up;
        }
        any
    }

    /// Two trucks at two places change them where that avoids more; whether any did.
    fn swap_pairs(&mut self, left: &mut usize) -> bool {
        let mut any = false;
        let sent: Vec<TruckIndex> = self
            .trucks
            .indices()
            .filter(|t| self.trucks[*t].sent.is_some())
            .collect();
        for (place, one) in sent.iter().enumerate() {
            for other in sent.iter().skip(place + 1) {
                if *left < 2 {
                    *left = 0;
                    return any;
                }
                any |= self.swap(*one, *other, left);
            }
        }
        any
    }

    fn swap(&mut self, one: TruckIndex, other: TruckIndex, left: &mut usize) -> bool {
        let (Some(a), Some(b)) = (self.trucks[one].sent, self.trucks[other].sent) else {
            return false;
        };
        if a.reservoir == b.reservoir {
            return false;
        }
        *left -= 2;
        let now = self.reservoirs[a.reservoir].cost
            + self.reservoirs[b.reservoir].cost
            + self.costs_of_sending(one, a.reservoir)
            + self.costs_of_sending(other, b.reservoir);
        let with = |at: ReservoirIndex, leaves: TruckIndex, comes: TruckIndex| {
            let draining = &self.reservoirs[at];
            let mut pumps: Vec<Pump> = draining.others(self.trucks[leaves].pump_at(at));
            pumps.push(self.trucks[comes].pump_at(at));
            cost(draining.reservoir, &pumps) + self.costs_of_sending(comes, at)
        };
        let swapped = with(a.reservoir, one, other) + with(b.reservoir, other, one);
        if swapped >= now - self.least() {
            return false;
        }
        self.take_back(one);
        self.take_back(other);
        for (truck, at) in [(one, b.reservoir), (other, a.reservoir)] {
            let gain = self.reservoirs[at].gain(self.trucks[truck].pump_at(at));
            let net = gain - self.costs_of_sending(truck, at);
            self.send(Pick {
                truck,
                reservoir: at,
                gain,
                net,
            });
        }
        true
    }

    fn costs_of_sending(&self, truck: TruckIndex, at: ReservoirIndex) -> f64 {
        self.trucks[truck].sending_costs(self.reservoirs[at].reservoir)
    }

    /// Takes a truck out of the plan; what it avoided there beside the others, less what sending it costs.
    fn take_back(&mut self, truck: TruckIndex) -> f64 {
        let Some(pick) = self.trucks[truck].sent.take() else {
            return 0.0;
        };
        let pump = self.trucks[truck].pump_at(pick.reservoir);
        let draining = &mut self.reservoirs[pick.reservoir];
        let before = draining.cost;
        draining.set(draining.others(pump));
        let gain = draining.cost - before;
        gain - self.costs_of_sending(truck, pick.reservoir)
    }

    fn least(&self) -> f64 {
        LEAST_SHARE * self.reservoirs.iter().map(|r| r.cost).sum::<f64>()
    }
}
