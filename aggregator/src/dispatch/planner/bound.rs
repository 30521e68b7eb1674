//! What no plan can do better than.
//!
//! The cost of a reservoir is convex in what is pumped there, also where trucks are divided between places;
//! so at every such division the plane that touches the cost lies below it everywhere, and the least that it
//! comes to over all plans is a bound. Divisions that come nearer and nearer to the best one (Frank and Wolfe
//! 1956: go towards the plan that is best by the plane) give better and better bounds.

use oxc_index::IndexVec;

use super::{ReservoirIndex, Search, Sendable};
use crate::dispatch::reservoir::{Flow, Worth, marginal};

/// So many planes; a hundred come within some parts in a thousand of the best bound.
const PLANES: usize = 60;

/// How much of a truck is at each place.
type Division = IndexVec<ReservoirIndex, f64>;

impl Search<'_> {
    /// Under no plan does the water cost less than this, in weighted m³·h.
    pub(super) fn bound(&self) -> f64 {
        let trucks: Vec<&Sendable> = self.trucks.iter().filter(|t| t.is_at_choice()).collect();
        // The plan that was found is a division too, and a good one to begin with.
        let mut divisions: Vec<Division> = trucks
            .iter()
            .map(|truck| {
                let mut division: Division = self.reservoirs.iter().map(|_| 0.0).collect();
                if let Some(pick) = truck.sent {
                    division[pick.reservoir] = 1.0;
                }
                division
            })
            .collect();
        let mut bound = 0.0_f64;
        for plane in 0..PLANES {
            let (lower, towards) = self.plane(&trucks, &divisions);
            bound = bound.max(lower);
            let step = 2.0 / (plane as f64 + 3.0);
            for (division, best) in divisions.iter_mut().zip(towards) {
                for (place, share) in division.iter_mut_enumerated() {
                    let wanted = if best == Some(place) { 1.0 } else { 0.0 };
                    *share += step * (wanted - *share);
                }
            }
        }
        bound
    }

    /// The bound of the plane that touches the cost at a division, and where each truck is best by it.
    fn plane(
        &self,
        trucks: &[&Sendable],
        divisions: &[Division],
    ) -> (f64, Vec<Option<ReservoirIndex>>) {
        let mut at_division = 0.0;
        let slopes: IndexVec<ReservoirIndex, Worth> = self
            .reservoirs
            .iter_enumerated()
            .map(|(place, draining)| {
                let mut flow = Flow::of(&draining.pumps[..draining.ordered]);
                for (truck, division) in trucks.iter().zip(divisions) {
                    flow.add(truck.pump_at(place), division[place]);
                }
                let (cost, slope) = marginal(draining.reservoir, &flow);
                at_division += cost;
                slope
            })
            .collect();
        let mut least = at_division;
        let mut towards = Vec::with_capacity(trucks.len());
        for (truck, division) in trucks.iter().zip(divisions) {
            let mut best: (f64, Option<ReservoirIndex>) = (0.0, None);
            for (place, slope) in slopes.iter_enumerated() {
                let worth = slope.of(truck.pump_at(place));
                least -= division[place] * worth;
                if worth < best.0 {
                    best = (worth, Some(place));
                }
            }
            least += best.0;
            towards.push(best.1);
        }
        (least, towards)
    }
}
