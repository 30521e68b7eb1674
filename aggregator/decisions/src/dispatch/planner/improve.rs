//! After greedy: trucks move, change places, replace each other or stay home as long as that avoids more
//! (local search).
//!
//! The order in which changes are tried is fixed, a change must help by more than rounding, and the work
//! is bounded in evaluations and not in time: the same situation gives the same plan on any machine. Most
//! changes are never evaluated: costs are convex, so one marginal says that they cannot help.

use super::{ReservoirIndex, Search, TruckIndex, parts::Pick};

/// Evaluations of the cost of one reservoir, of half a microsecond each: 500 trucks and 1,000 points need most.
const EVALUATIONS: usize = 300_000;

/// A change must help by this share of what the plan costs: less is rounding.
const LEAST_SHARE: f64 = 1e-9;

/// What is left to do.
struct Work {
    evaluations: usize,
    /// What a change must help by, in weighted m³·h.
    least: f64,
}

impl Work {
    /// Whether so many evaluations may be made, which then are.
    fn takes(&mut self, evaluations: usize) -> bool {
        let left = self.evaluations.checked_sub(evaluations);
        self.evaluations = left.unwrap_or(0);
        left.is_some()
    }
}

impl Search<'_> {
    /// Improves until no change helps or the work is done.
    pub(super) fn improve(&mut self) {
        let cost: f64 = self.reservoirs.iter().map(|r| r.cost).sum();
        let mut work = Work {
            evaluations: EVALUATIONS,
            least: LEAST_SHARE * cost,
        };
        loop {
            let moved = self.move_each(&mut work);
            let swapped = self.swap_pairs(&mut work);
            if work.evaluations == 0 || !(moved || swapped) {
                return;
            }
        }
    }

    /// Each truck that may be sent, to where it helps most now; whether any changed.
    fn move_each(&mut self, work: &mut Work) -> bool {
        let mut any = false;
        for truck in self.trucks.indices() {
            if self.trucks[truck].is_at_choice() {
                any |= self.move_one(truck, work);
            }
        }
        any
    }

    fn move_one(&mut self, truck: TruckIndex, work: &mut Work) -> bool {
        let before = self.trucks[truck].sent;
        let net_before = before.map_or(0.0, |pick| self.take_back(pick));
        // Home is always open, where it avoids nothing.
        let mut enough = f64::max(net_before + work.least, 0.0);
        let mut best = None;
        for reservoir in self.reservoirs.indices() {
            let stays = before.is_some_and(|pick| pick.reservoir == reservoir);
            if stays || self.net_at_most(truck, reservoir) <= enough || !work.takes(1) {
                continue;
            }
            if let Some(pick) = self.pick(truck, reservoir).filter(|p| p.net > enough) {
                enough = pick.net;
                best = Some(pick);
            }
        }
        let gives_up = before.is_some() && net_before < -work.least;
        match (best, before) {
            (Some(pick), _) => self.send(pick),
            (None, Some(pick)) if !gives_up => self.send(pick),
            (None, _) => {}
        }
        best.is_some() || gives_up
    }

    /// Two trucks at two places change them, or one at home takes another's place, where that avoids more;
    /// whether any did.
    fn swap_pairs(&mut self, work: &mut Work) -> bool {
        let mut any = false;
        let at_choice = |t: &TruckIndex| self.trucks[*t].is_at_choice();
        let trucks: Vec<TruckIndex> = self.trucks.indices().filter(at_choice).collect();
        for (place, one) in trucks.iter().enumerate() {
            for other in trucks.iter().skip(place + 1) {
                any |= match (self.trucks[*one].sent, self.trucks[*other].sent) {
                    (Some(a), Some(b)) if a.reservoir != b.reservoir => self.swap(a, b, work),
                    (Some(a), None) => self.replace(a, *other, work),
                    (None, Some(b)) => self.replace(b, *one, work),
                    (Some(_), Some(_)) | (None, None) => false,
                };
            }
        }
        any
    }

    fn swap(&mut self, a: Pick, b: Pick, work: &mut Work) -> bool {
        let sending = |truck: TruckIndex, at: ReservoirIndex| self.costs_of_sending(truck, at);
        let more = sending(a.truck, b.reservoir) + sending(b.truck, a.reservoir)
            - sending(a.truck, a.reservoir)
            - sending(b.truck, b.reservoir);
        let at_least = |at: ReservoirIndex, leaves: TruckIndex, comes: TruckIndex| {
            let pump = |truck: TruckIndex| self.trucks[truck].pump_at(at);
            self.reservoirs[at].change_at_least(pump(comes), pump(leaves))
        };
        let change =
            at_least(a.reservoir, a.truck, b.truck) + at_least(b.reservoir, b.truck, a.truck);
        if more + change >= -work.least || !work.takes(2) {
            return false;
        }
        let change = |at: ReservoirIndex, leaves: TruckIndex, comes: TruckIndex| {
            let pump = |truck: TruckIndex| self.trucks[truck].pump_at(at);
            let draining = &self.reservoirs[at];
            draining.cost_with_instead(pump(comes), pump(leaves)) - draining.cost
        };
        let change = change(a.reservoir, a.truck, b.truck) + change(b.reservoir, b.truck, a.truck);
        if more + change >= -work.least {
            return false;
        }
        self.take_back(a);
        self.take_back(b);
        self.put(a.truck, b.reservoir);
        self.put(b.truck, a.reservoir);
        true
    }

    /// A truck at home goes where another one is sent, which stays home.
    fn replace(&mut self, sent: Pick, comes: TruckIndex, work: &mut Work) -> bool {
        let (at, leaves) = (sent.reservoir, sent.truck);
        let more = self.costs_of_sending(comes, at) - self.costs_of_sending(leaves, at)
            + self.trucks[leaves].replacing_costs(at);
        let (out, into) = (
            self.trucks[leaves].pump_at(at),
            self.trucks[comes].pump_at(at),
        );
        let draining = &self.reservoirs[at];
        if more + draining.change_at_least(into, out) >= -work.least || !work.takes(1) {
            return false;
        }
        if more + draining.cost_with_instead(into, out) - draining.cost >= -work.least {
            return false;
        }
        self.take_back(sent);
        self.put(comes, at);
        true
    }

    fn put(&mut self, truck: TruckIndex, reservoir: ReservoirIndex) {
        let gain = self.reservoirs[reservoir].gain(self.trucks[truck].pump_at(reservoir));
        let net = gain - self.costs_of_sending(truck, reservoir);
        self.send(Pick {
            truck,
            reservoir,
            gain,
            net,
        });
    }

    /// Takes a truck out of the plan; what it avoided there beside the others, less what sending it costs.
    fn take_back(&mut self, pick: Pick) -> f64 {
        let pump = self.trucks[pick.truck].pump_at(pick.reservoir);
        self.trucks[pick.truck].sent = None;
        let draining = &mut self.reservoirs[pick.reservoir];
        let before = draining.cost;
        draining.remove(pump);
        let gain = draining.cost - before;
        gain - self.costs_of_sending(pick.truck, pick.reservoir)
    }
}
