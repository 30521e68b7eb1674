//! Why a point in need gets no truck, and what would change it: found by going on with the plan as if what
//! stands in the way did not.

use oxc_index::IndexVec;

use super::{ReservoirIndex, Search, parts::SEND_HOURS2, round};
use crate::dispatch::{
    Unserved, UnservedCode,
    reservoir::{Flow, Pump},
    situation::SETUP_MINUTES,
};

/// What a truck pumps where a city has none, in m³/h.
const COMMON_M3H: f64 = 1000.0;

/// More trucks than this are not counted.
const MOST_MORE: u32 = 1000;

impl Search<'_> {
    /// Every point in need without a truck, with its reason.
    pub(super) fn unserved(&self) -> Vec<Unserved> {
        let left_out: Vec<ReservoirIndex> = self
            .reservoirs
            .iter_enumerated()
            .filter(|(_, at)| at.in_need && at.pumps.is_empty())
            .map(|(place, _)| place)
            .collect();
        if left_out.is_empty() {
            return Vec::new();
        }
        let queue = self.more_trucks(self.smallest_m3h(), &left_out);
        let unserved = |place: &ReservoirIndex| Unserved {
            point: self.reservoirs[*place].reservoir.id.clone(),
            code: self.why(*place, &queue),
        };
        left_out.iter().map(unserved).collect()
    }

    fn why(&self, place: ReservoirIndex, queue: &[ReservoirIndex]) -> UnservedCode {
        let at = &self.reservoirs[place];
        let capacity_m3h = self.smallest_m3h();
        let (gain, sending) = (at.gain(at_once(capacity_m3h)), SEND_HOURS2 * capacity_m3h);
        if gain <= sending {
            return UnservedCode::GainBelowSwitch {
                gain_m3h: round(gain),
                sending_m3h: round(sending),
            };
        }
        if !at.has_room() {
            return UnservedCode::NoRoom {};
        }
        if let Some(minutes) = self.too_late(place) {
            return UnservedCode::TooLate {
                minutes: round(minutes),
            };
        }
        let turn = queue.iter().position(|served| *served == place);
        let trucks = turn.map_or(MOST_MORE, |turn| {
            u32::try_from(turn + 1).unwrap_or(MOST_MORE)
        });
        UnservedCode::NoTruckLeft {
            trucks,
            capacity_m3h,
        }
    }

    /// Where trucks are free and one of them, if it stood there, would be worth sending: the minutes until the
    /// first of those is ready.
    fn too_late(&self, place: ReservoirIndex) -> Option<f64> {
        let mut first: Option<f64> = None;
        for (_, truck) in self.free() {
            let at = &self.reservoirs[place];
            let net = at.gain(at_once(truck.truck.capacity_m3h)) - truck.sending_costs(place);
            if net > 0.0 {
                let ready = truck.pump_at(place).ready_minutes;
                first = Some(first.map_or(ready, |first| first.min(ready)));
            }
        }
        first
    }

    /// Where more trucks would go one after the other, each to where it avoids most and as if it stood there,
    /// until all who are left out are served.
    pub(super) fn more_trucks(
        &self,
        capacity_m3h: f64,
        left_out: &[ReservoirIndex],
    ) -> Vec<ReservoirIndex> {
        let pump = at_once(capacity_m3h);
        let sending = SEND_HOURS2 * capacity_m3h;
        let mut flows: IndexVec<ReservoirIndex, (Flow, f64, usize)> = self
            .reservoirs
            .iter()
            .map(|at| (at.flow.clone(), at.cost, at.pumps.len()))
            .collect();
        let gain = |place: ReservoirIndex, (flow, cost, pumps): &(Flow, f64, usize)| {
            let at = &self.reservoirs[place];
            let has_room = *pumps < at.reservoir.max_trucks && *cost > 0.0;
            let gain = || cost - at.pool.cost(&flow.with(pump));
            if has_room { gain() } else { 0.0 }
        };
        let mut gains: IndexVec<ReservoirIndex, f64> = flows
            .iter_enumerated()
            .map(|(place, at)| gain(place, at))
            .collect();
        let mut waiting = left_out.to_vec();
        let mut queue = Vec::new();
        while !waiting.is_empty() && queue.len() < MOST_MORE as usize {
            let most = gains.iter_enumerated().max_by(|a, b| {
                let by_gain = a.1.total_cmp(b.1);
                by_gain.then_with(|| b.0.cmp(&a.0))
            });
            let Some((place, _)) = most.filter(|(_, gain)| **gain > sending) else {
                break;
            };
            let (flow, cost, pumps) = &mut flows[place];
            flow.add(pump, 1.0);
            *cost = self.reservoirs[place].pool.cost(flow);
            *pumps += 1;
            gains[place] = gain(place, &flows[place]);
            waiting.retain(|left| *left != place);
            queue.push(place);
        }
        queue
    }

    /// What the smallest truck of the fleet pumps, in m³/h. Each further m³/h avoids less and sending costs the
    /// same for each: where the smallest is not worth sending, none is.
    pub(super) fn smallest_m3h(&self) -> f64 {
        let capacities = self.trucks.iter().map(|t| t.truck.capacity_m3h);
        capacities.reduce(f64::min).unwrap_or(COMMON_M3H)
    }
}

/// A truck that stands there.
fn at_once(m3h: f64) -> Pump {
    Pump {
        ready_minutes: SETUP_MINUTES,
        m3h,
    }
}
