//! Trucks that break down while they pump, and crews that ignore an order. Pure.

use std::collections::BTreeMap;

use shared::{
    fleet::{OrderAction, TruckOrder},
    ids::{OrderId, TruckId},
};

use super::{Troubles, drawn, share_of};
use crate::{fleet::SimTruck, rng::Rng};

/// A pump that breaks down runs so many minutes before.
const RUNS_MIN: (f64, f64) = (3.0, 40.0);

/// What becomes of trucks and orders.
#[derive(Debug)]
pub(in crate::evaluate) struct Crews {
    rng: Rng,
    disobey: f64,
    /// Minutes that the pumps of trucks which will break down still run.
    left: BTreeMap<TruckId, f64>,
    /// Whether each order that was given is ignored.
    ignored: BTreeMap<OrderId, bool>,
}

impl Crews {
    pub fn of(troubles: &Troubles, trucks: &[SimTruck], seed: u64) -> Self {
        let mut rng = Rng::new(seed, 23);
        let all: Vec<TruckId> = trucks.iter().map(|truck| truck.id().clone()).collect();
        let doomed = drawn(&mut rng, &all, share_of(troubles.breakdowns, all.len()));
        let left = doomed
            .into_iter()
            .map(|truck| (truck, rng.between(RUNS_MIN.0, RUNS_MIN.1)));
        Self {
            left: left.collect(),
            disobey: troubles.disobey,
            ignored: BTreeMap::new(),
            rng,
        }
    }

    /// Whether the crew ignores this order; it does so each time that it is told.
    pub fn ignores(&mut self, order: &TruckOrder) -> bool {
        if matches!(order.action, OrderAction::Recall) || self.disobey <= 0.0 {
            return false;
        }
        let (rng, disobey) = (&mut self.rng, self.disobey);
        let drawn = self.ignored.entry(order.order.clone());
        *drawn.or_insert_with(|| rng.unit() < disobey)
    }

    /// A minute passes; which trucks break down, they do.
    pub fn minute(&mut self, trucks: &mut [SimTruck]) {
        for truck in trucks.iter_mut().filter(|truck| truck.pumps().is_some()) {
            if let Some(left) = self.left.get_mut(truck.id()) {
                *left -= 1.0;
                if *left <= 0.0 {
                    truck.break_down();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{clock::Mode, lonlat::LonLat, time::Timestamp};

    use super::*;
    use crate::fleet::TruckShape;

    fn order(number: usize) -> TruckOrder {
        TruckOrder {
            order: format!("o-{number}").parse().expect("id"),
            truck: "pt-1".parse().expect("id"),
            issued_at: Timestamp::default(),
            mode: Mode::Replay,
            action: OrderAction::Pump {
                point: "wl1".parse().expect("id"),
                route: Vec::new(),
            },
        }
    }

    fn crews(breakdowns: f64, disobey: f64, trucks: &[SimTruck]) -> Crews {
        let troubles = Troubles {
            faulty: 0.0,
            late: 0,
            outage: 0.0,
            breakdowns,
            disobey,
            forecast_error: 1.0,
        };
        Crews::of(&troubles, trucks, 3)
    }

    #[test]
    fn a_share_of_orders_is_ignored_each_time_it_is_told_and_no_recall() {
        let mut crews = crews(0.0, 0.4, &[]);
        let first: Vec<bool> = (0..500).map(|n| crews.ignores(&order(n))).collect();
        let again: Vec<bool> = (0..500).map(|n| crews.ignores(&order(n))).collect();
        assert_eq!(first, again);
        let ignored = first.iter().filter(|is| **is).count();
        assert!((160..240).contains(&ignored), "{ignored}");
        let number = first.iter().position(|is| *is).expect("some are");
        let recall = TruckOrder {
            action: OrderAction::Recall,
            ..order(number)
        };
        assert!(!crews.ignores(&recall));
    }

    #[test]
    fn a_doomed_truck_breaks_down_while_it_pumps_and_not_before() {
        let home = LonLat::new(121.4, 31.2).expect("valid");
        let mut trucks = [SimTruck::new(TruckShape {
            id: "pt-1".parse().expect("id"),
            home,
            capacity_m3h: 1000.0,
        })];
        let mut crews = crews(1.0, 0.0, &trucks);
        (0..100).for_each(|_| crews.minute(&mut trucks));
        assert!(trucks.iter().all(SimTruck::is_idle));
        let [truck] = &mut trucks;
        truck.obey(&order(1));
        for _ in 0..30 {
            truck.step(60.0, |_| 0.5);
        }
        let pumped = (0..100)
            .take_while(|_| {
                crews.minute(&mut trucks);
                trucks.iter().all(|t| t.pumps().is_some())
            })
            .count();
        assert!((2..=40).contains(&pumped), "{pumped}");
    }
}
