//! What a plan in the making is made of: reservoirs with their pumps, trucks with their ways.

use std::cmp::Ordering;

use oxc_index::{IndexVec, define_index_type};
use shared::ids::PointId;

use crate::dispatch::{
    AssignableTruck, Assigned, Drive, Reservoir, Roads,
    reservoir::{Flow, Pool, Pump, Worth, probability_critical},
    routing::End,
    situation::SETUP_MINUTES,
};

define_index_type! {
    /// The number of a reservoir, in the order of their ids.
    pub(super) struct ReservoirIndex = u32;
}
define_index_type! {
    /// The number of a truck, in the order of their ids.
    pub(super) struct TruckIndex = u32;
}

/// A truck must save this many hours² times its capacity to be sent: a cubic metre per hour that is pumped
/// saves as many weighted m³·h as there are hours² under its line.
pub const SEND_HOURS2: f64 = 0.03;

/// And this many to be sent elsewhere than the last plan said. Many plans are nearly equal; with less, inputs
/// that tremble by 2 % move more than 2 % of the trucks.
pub(super) const SWITCH_HOURS2: f64 = 0.5;

/// A point without a truck is told of when it is, or with this probability will be, waterlogged.
const IN_NEED: f64 = 0.2;

/// A reservoir with the pumps that the plan has there so far.
pub(super) struct Draining<'a> {
    pub reservoir: &'a Reservoir,
    pub pool: Pool,
    /// Those of standing orders first.
    pub pumps: Vec<Pump>,
    /// How many of them are of standing orders.
    pub ordered: usize,
    /// What all of them pump.
    pub flow: Flow,
    /// With the pumps of standing orders only, and with all.
    pub base: f64,
    pub cost: f64,
    /// What more pumping, or less, would change.
    pub worth: Worth,
    pub in_need: bool,
}

impl<'a> Draining<'a> {
    pub fn new(reservoir: &'a Reservoir, trucks: &[&AssignableTruck]) -> Self {
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
        let pool = Pool::of(reservoir);
        let flow = Flow::of(&pumps);
        let (cost, worth) = pool.marginal(&flow);
        Self {
            reservoir,
            pool,
            ordered: pumps.len(),
            pumps,
            flow,
            base: cost,
            cost,
            worth,
            in_need: probability_critical(reservoir) >= IN_NEED,
        }
    }

    /// What one more pump avoids.
    pub fn gain(&self, pump: Pump) -> f64 {
        // Where no water is expected in any member there is nothing to avoid.
        if self.cost <= 0.0 {
            return 0.0;
        }
        self.cost - self.pool.cost(&self.flow.with(pump))
    }

    /// What one more pump avoids at most.
    pub fn gain_at_most(&self, pump: Pump) -> f64 {
        -self.worth.of(pump)
    }

    /// The cost with one pump in another's place.
    pub fn cost_with_instead(&self, comes: Pump, leaves: Pump) -> f64 {
        self.pool.cost(&self.flow.with_instead(comes, leaves))
    }

    /// By how much that changes the cost at least.
    pub fn change_at_least(&self, comes: Pump, leaves: Pump) -> f64 {
        self.worth.of(comes) - self.worth.of(leaves)
    }

    pub fn add(&mut self, pump: Pump) {
        self.pumps.push(pump);
        self.reckon();
    }

    pub fn remove(&mut self, pump: Pump) {
        self.pumps = self.others(pump);
        self.reckon();
    }

    fn reckon(&mut self) {
        self.flow = Flow::of(&self.pumps);
        (self.cost, self.worth) = self.pool.marginal(&self.flow);
    }

    pub fn has_room(&self) -> bool {
        self.pumps.len() < self.reservoir.max_trucks
    }

    /// How many trucks there is room for beside those of standing orders.
    pub fn room(&self) -> usize {
        self.reservoir.max_trucks.saturating_sub(self.ordered)
    }

    /// Its pumps without this one; an equal one beside it stays.
    pub fn others(&self, pump: Pump) -> Vec<Pump> {
        let mut others = self.pumps.clone();
        if let Some(own) = others.iter().position(|p| *p == pump) {
            others.remove(own);
        }
        others
    }
}

/// A truck with its ways and where the plan sends it.
pub(super) struct Sendable<'a> {
    pub truck: &'a AssignableTruck,
    pub drives: IndexVec<ReservoirIndex, Drive>,
    /// What it would pump at each reservoir, and from when on.
    pumps: IndexVec<ReservoirIndex, Pump>,
    standing: Standing,
    pub sent: Option<Pick>,
}

/// Where the last plan sent a truck that is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Nowhere,
    At(ReservoirIndex),
    /// To a point of which nothing is known any more.
    Elsewhere,
}

impl<'a> Sendable<'a> {
    pub fn new(truck: &'a AssignableTruck, roads: &Roads, places: &[(&PointId, End)]) -> Self {
        let start = roads.start(truck.position);
        let drive = |(_, place): &(&PointId, End)| roads.drive_between(&start, place);
        let drives: IndexVec<ReservoirIndex, Drive> = places.iter().map(drive).collect();
        let pump = |drive: &Drive| Pump {
            ready_minutes: drive.minutes() + SETUP_MINUTES,
            m3h: truck.capacity_m3h,
        };
        let standing = match &truck.assigned {
            Assigned::Free {
                standing: Some(point),
            } => match places.binary_search_by(|(id, _)| (*id).cmp(point)) {
                Ok(place) => Standing::At(ReservoirIndex::from_usize(place)),
                Err(_) => Standing::Elsewhere,
            },
            _ => Standing::Nowhere,
        };
        Self {
            truck,
            pumps: drives.iter().map(pump).collect(),
            drives,
            standing,
            sent: None,
        }
    }

    pub fn is_at_choice(&self) -> bool {
        matches!(self.truck.assigned, Assigned::Free { .. })
    }

    pub fn is_free(&self) -> bool {
        self.is_at_choice() && self.sent.is_none()
    }

    #[expect(clippy::indexing_slicing, reason = "a typed index")]
    pub fn pump_at(&self, reservoir: ReservoirIndex) -> Pump {
        self.pumps[reservoir]
    }

    /// Where the last plan sent it.
    pub fn standing(&self) -> Option<ReservoirIndex> {
        match self.standing {
            Standing::At(place) => Some(place),
            Standing::Nowhere | Standing::Elsewhere => None,
        }
    }

    /// What sending it there costs, in the unit of gains; least where it is expected already.
    pub fn sending_costs(&self, reservoir: ReservoirIndex) -> f64 {
        let hours2 = match self.standing {
            Standing::Nowhere => SEND_HOURS2,
            Standing::At(place) if place == reservoir => SEND_HOURS2 / 2.0,
            Standing::At(_) | Standing::Elsewhere => SWITCH_HOURS2,
        };
        hours2 * self.truck.capacity_m3h
    }

    /// What taking another truck in its place must save more: nothing, unless the last plan sent it there.
    pub fn replacing_costs(&self, reservoir: ReservoirIndex) -> f64 {
        if self.standing() == Some(reservoir) {
            SWITCH_HOURS2 * self.truck.capacity_m3h
        } else {
            0.0
        }
    }
}

/// One truck to one reservoir: what it avoids, and that less what sending it costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pick {
    pub truck: TruckIndex,
    pub reservoir: ReservoirIndex,
    pub gain: f64,
    pub net: f64,
}

impl Pick {
    /// The better of two; ties go to the lower numbers.
    pub fn better(self, other: Self) -> Self {
        let place = |pick: &Self| (pick.reservoir, pick.truck);
        let by_net = self.net.total_cmp(&other.net);
        match by_net.then_with(|| place(&other).cmp(&place(&self))) {
            Ordering::Less => other,
            Ordering::Equal | Ordering::Greater => self,
        }
    }
}
