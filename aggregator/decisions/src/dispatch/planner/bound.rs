//! What no plan can do better than.
//!
//! The cost of a reservoir is convex in what is pumped there, also where trucks are divided between places;
//! so at every such division the plane that touches the cost lies below it everywhere, and the least that it
//! comes to over all plans is a bound: the worth of the best assignment by that plane. Divisions that come
//! nearer and nearer to the best one (Frank and Wolfe 1956: go towards the plan that is best by the plane)
//! give better and better bounds.

use oxc_index::IndexVec;

use super::{ReservoirIndex, Search, TruckIndex, auction::auction};
use crate::dispatch::reservoir::{Flow, Worth};

/// So many planes at most; more come closer by some parts in a thousand of what can be avoided.
const PLANES: usize = 30;

/// How far to go is found to a 32nd of the way.
const HALVINGS: usize = 5;

/// A bound that leaves less than this share of what can be avoided is good enough.
const GOOD_SHARE: f64 = 0.002;

/// Steps of auctions, as a share of what each truck avoids on the mean.
const AUCTION_STEP: f64 = 0.01;

/// What trucks pump, divided between the places where there is water.
type Division = IndexVec<ReservoirIndex, Flow>;

impl Search<'_> {
    /// No plan comes to less than this, water and sending together, in weighted m³·h; `found` is what the
    /// plan comes to that was found.
    pub(super) fn bound(&self, found: f64) -> f64 {
        let at_choice = |t: &TruckIndex| self.trucks[*t].is_at_choice();
        let trucks: Vec<TruckIndex> = self.trucks.indices().filter(at_choice).collect();
        let has_water = |r: &ReservoirIndex| self.reservoirs[*r].base > 0.0;
        let wet: Vec<ReservoirIndex> = self.reservoirs.indices().filter(has_water).collect();
        let base: f64 = self.reservoirs.iter().map(|r| r.base).sum();
        // The plan that was found is a division too, and a good one to begin with.
        let mut division = self.pumped(self.sent().map(|pick| (pick.truck, pick.reservoir)));
        let mut bound = 0.0_f64;
        for _ in 0..PLANES {
            let (lower, towards) = self.plane(&trucks, &wet, &division);
            bound = bound.max(lower);
            if found - bound < GOOD_SHARE * (base - bound) {
                break;
            }
            let part = self.best_part(&wet, &division, &towards);
            for (at, towards) in division.iter_mut().zip(&towards) {
                at.towards(towards, part);
            }
        }
        bound
    }

    /// How far towards another division the cost falls, as a share of the way: where its slope is nothing.
    fn best_part(&self, wet: &[ReservoirIndex], division: &Division, towards: &Division) -> f64 {
        let slope_of = |place: ReservoirIndex, part: f64| {
            let mut pumped = division[place].clone();
            pumped.towards(&towards[place], part);
            let (_, slope) = self.marginal(place, &pumped);
            slope.of_flow(&towards[place]) - slope.of_flow(&division[place])
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            let slope: f64 = wet.iter().map(|place| slope_of(*place, middle)).sum();
            if slope < 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }

    /// The cost of a reservoir, and its slopes, where so much is pumped beside what was ordered.
    fn marginal(&self, place: ReservoirIndex, pumped: &Flow) -> (f64, Worth) {
        let at = &self.reservoirs[place];
        let ordered = Flow::of(&at.pumps[..at.ordered]);
        at.pool.marginal(&ordered.plus(pumped))
    }

    fn pumped(&self, sent: impl Iterator<Item = (TruckIndex, ReservoirIndex)>) -> Division {
        let mut division: Division = self.reservoirs.iter().map(|_| Flow::NONE).collect();
        for (truck, reservoir) in sent {
            division[reservoir].add(self.trucks[truck].pump_at(reservoir), 1.0);
        }
        division
    }

    /// The bound of the plane that touches the cost at a division, and the plan that is best by it.
    fn plane(
        &self,
        trucks: &[TruckIndex],
        wet: &[ReservoirIndex],
        division: &Division,
    ) -> (f64, Division) {
        let mut at_nothing = 0.0;
        let mut slopes: Vec<Worth> = Vec::with_capacity(wet.len());
        for place in wet {
            let pumped = &division[*place];
            let (cost, slope) = self.marginal(*place, pumped);
            at_nothing += cost - slope.of_flow(pumped);
            slopes.push(slope);
        }
        let row = |truck: &TruckIndex| {
            let sendable = &self.trucks[*truck];
            let worth = |(place, slope): (&ReservoirIndex, &Worth)| {
                -slope.of(sendable.pump_at(*place)) - self.costs_of_sending(*truck, *place)
            };
            wet.iter().zip(&slopes).map(worth).collect()
        };
        let rows: Vec<Vec<f64>> = trucks.iter().map(row).collect();
        let room: Vec<usize> = wet.iter().map(|r| self.reservoirs[*r].room()).collect();
        let best = |row: &Vec<f64>| row.iter().copied().fold(0.0, f64::max);
        let step = AUCTION_STEP * rows.iter().map(best).sum::<f64>() / rows.len().max(1) as f64;
        let auctioned = auction(&rows, &room, step);
        let sent = trucks.iter().zip(&auctioned.places);
        let sent = sent.filter_map(|(truck, place)| Some((*truck, *wet.get((*place)?)?)));
        (at_nothing - auctioned.at_most, self.pumped(sent))
    }
}
