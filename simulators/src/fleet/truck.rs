//! One pump truck and its crew. Pure: time, orders and depths come in, reports go out.

use shared::{
    clock::Mode,
    fleet::{OrderAction, TruckOrder, TruckReport, TruckState},
    ids::{OrderId, PointId, TruckId},
    lonlat::LonLat,
    time::Timestamp,
    units::CubicMetres,
};

/// What does not change about a truck.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TruckShape {
    pub id: TruckId,
    pub home: LonLat,
    pub capacity_m3h: f64,
}

/// Speed on a route along streets in heavy rain.
const SPEED_M_PER_S: f64 = 7.0;
/// Streets are this much longer than a route that is only a straight line.
const DETOUR: f64 = 1.35;
const SET_UP_S: f64 = 720.0;
const PACK_UP_S: f64 = 300.0;
/// A crew packs up when there was too little water to pump for this long, …
const DRY_S: f64 = 300.0;
/// … after it had some; one that was sent ahead of the water stands by for as long as a storm lasts, unless it
/// is called back.
const WAITS_S: f64 = 5_400.0;
/// Less than this is too little: the suction hose takes air.
const DRY_M: f64 = 0.03;

#[derive(Debug, Clone, PartialEq)]
enum Doing {
    Idle,
    /// With the rest of the route; `None` is home.
    Driving {
        route: Vec<LonLat>,
        to: Option<PointId>,
    },
    SettingUp {
        at: PointId,
        left_s: f64,
    },
    Pumping {
        at: PointId,
        dry_s: f64,
        /// Whether there was water to pump at all.
        has_pumped: bool,
    },
    PackingUp {
        left_s: f64,
    },
    /// For the rest of the storm.
    OutOfService,
}

/// A truck on its way through orders.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SimTruck {
    shape: TruckShape,
    position: LonLat,
    doing: Doing,
    order: Option<OrderId>,
    /// The last order taken, so that a repeated one is not begun anew.
    last_order: Option<OrderId>,
    pumped_m3: f64,
}

impl SimTruck {
    /// A truck that waits at home.
    #[must_use]
    pub(crate) fn new(shape: TruckShape) -> Self {
        Self {
            position: shape.home,
            shape,
            doing: Doing::Idle,
            order: None,
            last_order: None,
            pumped_m3: 0.0,
        }
    }

    /// Its id.
    #[must_use]
    pub(crate) fn id(&self) -> &TruckId {
        &self.shape.id
    }

    /// Takes an order; a repeated one changes nothing, and an actual one is not for it.
    pub(crate) fn obey(&mut self, order: &TruckOrder) {
        if order.mode == Mode::Actual {
            return;
        }
        match &order.action {
            OrderAction::Pump { point, route } => {
                let is_known = self.last_order.as_ref() == Some(&order.order);
                if self.order.is_some() || is_known || self.doing == Doing::OutOfService {
                    return;
                }
                self.order = Some(order.order.clone());
                self.last_order = Some(order.order.clone());
                self.pumped_m3 = 0.0;
                self.doing = Doing::Driving {
                    route: route.clone(),
                    to: Some(point.clone()),
                };
            }
            OrderAction::Recall => {
                if self.order.as_ref() != Some(&order.order) {
                    return;
                }
                if self.doing == Doing::OutOfService {
                    self.order = None;
                    return;
                }
                let left_s = match self.doing {
                    Doing::PackingUp { left_s } => left_s,
                    Doing::Pumping { .. } | Doing::SettingUp { .. } => PACK_UP_S,
                    // Nothing has been unloaded yet.
                    Doing::Idle | Doing::Driving { .. } | Doing::OutOfService => 0.0,
                };
                self.doing = Doing::PackingUp { left_s };
            }
        }
    }

    /// Breaks down where it stands. It carries its order until it is called back.
    pub(crate) fn break_down(&mut self) {
        self.doing = Doing::OutOfService;
    }

    /// Lets time pass; `depth_m` tells how deep water stands at a point.
    pub(crate) fn step(&mut self, seconds: f64, depth_m: impl Fn(&PointId) -> f64) {
        self.doing = match std::mem::replace(&mut self.doing, Doing::Idle) {
            Doing::Idle => Doing::Idle,
            Doing::OutOfService => Doing::OutOfService,
            Doing::Driving { route, to } => self.drive(route, to, seconds),
            Doing::SettingUp { at, left_s } if left_s <= seconds => Doing::Pumping {
                at,
                dry_s: 0.0,
                has_pumped: false,
            },
            Doing::SettingUp { at, left_s } => Doing::SettingUp {
                at,
                left_s: left_s - seconds,
            },
            Doing::Pumping {
                at,
                dry_s,
                has_pumped,
            } => {
                let is_dry = depth_m(&at) < DRY_M;
                let dry_s = if is_dry { dry_s + seconds } else { 0.0 };
                let has_pumped = has_pumped || !is_dry;
                if dry_s >= if has_pumped { DRY_S } else { WAITS_S } {
                    Doing::PackingUp { left_s: PACK_UP_S }
                } else {
                    Doing::Pumping {
                        at,
                        dry_s,
                        has_pumped,
                    }
                }
            }
            Doing::PackingUp { left_s } if left_s > seconds => Doing::PackingUp {
                left_s: left_s - seconds,
            },
            Doing::PackingUp { .. } => {
                self.order = None;
                Doing::Driving {
                    route: vec![self.shape.home],
                    to: None,
                }
            }
        };
    }

    fn drive(&mut self, route: Vec<LonLat>, to: Option<PointId>, seconds: f64) -> Doing {
        let longer = if route.len() <= 2 { DETOUR } else { 1.0 };
        let mut left_m = SPEED_M_PER_S / longer * seconds;
        let mut rest = route.into_iter();
        while let Some(next) = rest.next() {
            let leg = self.position.distance_m(next);
            if leg > left_m {
                self.position = self.position.towards(next, left_m / leg);
                let route = std::iter::once(next).chain(rest).collect();
                return Doing::Driving { route, to };
            }
            left_m -= leg;
            self.position = next;
        }
        match to {
            Some(at) => Doing::SettingUp {
                at,
                left_s: SET_UP_S,
            },
            None => Doing::Idle,
        }
    }

    /// Where it pumps and how much, in m³/h.
    #[must_use]
    pub(crate) fn pumps(&self) -> Option<(&PointId, f64)> {
        match &self.doing {
            Doing::Pumping { at, .. } => Some((at, self.shape.capacity_m3h)),
            _ => None,
        }
    }

    /// Counts what its pump found.
    pub(crate) fn found(&mut self, m3: f64) {
        self.pumped_m3 += m3;
    }

    /// Whether it waits at home without an order.
    #[must_use]
    pub(crate) fn is_idle(&self) -> bool {
        self.doing == Doing::Idle && self.order.is_none()
    }

    /// What it says of itself.
    #[must_use]
    pub(crate) fn report(&self, now: Timestamp) -> TruckReport {
        let state = match &self.doing {
            Doing::Idle => TruckState::Idle,
            Doing::Driving { .. } => TruckState::Driving,
            Doing::SettingUp { .. } => TruckState::SettingUp,
            Doing::Pumping { .. } => TruckState::Pumping,
            Doing::PackingUp { .. } => TruckState::PackingUp,
            Doing::OutOfService => TruckState::OutOfService,
        };
        TruckReport {
            truck: self.shape.id.clone(),
            reported_at: now,
            position: self.position,
            state,
            order: self.order.clone(),
            pumped_m3: CubicMetres::try_from(self.pumped_m3).unwrap_or(CubicMetres::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64) -> LonLat {
        LonLat::new(lon, 31.2).expect("valid")
    }

    fn truck() -> SimTruck {
        SimTruck::new(TruckShape {
            id: "pt-001".parse().expect("id"),
            home: at(121.40),
            capacity_m3h: 3000.0,
        })
    }

    fn order(id: &str, action: OrderAction) -> TruckOrder {
        TruckOrder {
            order: id.parse().expect("id"),
            truck: "pt-001".parse().expect("id"),
            issued_at: Timestamp::default(),
            mode: Mode::Exercise,
            action,
        }
    }

    fn pump(id: &str) -> TruckOrder {
        let point = "wp-001".parse().expect("id");
        let route = vec![at(121.40), at(121.41), at(121.42)];
        order(id, OrderAction::Pump { point, route })
    }

    fn states(truck: &mut SimTruck, minutes: usize, depth_m: f64) -> Vec<TruckState> {
        let mut seen = Vec::new();
        for _ in 0..minutes {
            truck.step(60.0, |_| depth_m);
            let state = truck.report(Timestamp::default()).state;
            if seen.last() != Some(&state) {
                seen.push(state);
            }
        }
        seen
    }

    #[test]
    fn an_order_is_carried_out_step_by_step_and_let_go_when_packed_up() {
        use TruckState::{Driving, Idle, PackingUp, Pumping, SettingUp};
        let mut truck = truck();
        truck.obey(&pump("o-1"));
        assert_eq!(states(&mut truck, 30, 0.4), [Driving, SettingUp, Pumping]);
        assert!(truck.pumps().is_some_and(|(_, m3h)| m3h > 2999.0));
        assert_eq!(
            states(&mut truck, 30, 0.0),
            [Pumping, PackingUp, Driving, Idle]
        );
        let report = truck.report(Timestamp::default());
        assert_eq!((report.order, report.position), (None, at(121.40)));
    }

    #[test]
    fn a_repeated_order_is_not_begun_anew_even_after_it_is_done() {
        let mut truck = truck();
        truck.obey(&pump("o-1"));
        states(&mut truck, 2, 0.4);
        let before = truck.clone();
        truck.obey(&pump("o-1"));
        assert_eq!(truck, before);
        states(&mut truck, 120, 0.0);
        truck.obey(&pump("o-1"));
        assert!(truck.is_idle());
    }

    #[test]
    fn a_recalled_truck_packs_up_and_goes_home_and_takes_the_next_order_on_its_way() {
        let mut truck = truck();
        truck.obey(&pump("o-1"));
        states(&mut truck, 25, 0.4);
        truck.obey(&order("o-1", OrderAction::Recall));
        assert_eq!(
            truck.report(Timestamp::default()).state,
            TruckState::PackingUp
        );
        truck.obey(&pump("o-2"));
        assert_eq!(
            truck.report(Timestamp::default()).order,
            Some("o-1".parse().expect("id"))
        );
        states(&mut truck, 6, 0.4);
        truck.obey(&pump("o-2"));
        assert_eq!(
            truck.report(Timestamp::default()).order,
            Some("o-2".parse().expect("id"))
        );
    }

    #[test]
    fn a_truck_that_broke_down_pumps_no_more_and_takes_no_order_but_a_recall() {
        let mut truck = truck();
        truck.obey(&pump("o-1"));
        states(&mut truck, 25, 0.4);
        truck.break_down();
        assert_eq!(states(&mut truck, 60, 0.4), [TruckState::OutOfService]);
        assert_eq!(truck.pumps(), None);
        let order_of = |truck: &SimTruck| truck.report(Timestamp::default()).order;
        assert_eq!(order_of(&truck), Some("o-1".parse().expect("id")));
        truck.obey(&order("o-1", OrderAction::Recall));
        truck.obey(&pump("o-2"));
        assert_eq!(order_of(&truck), None);
        assert_eq!(states(&mut truck, 1, 0.4), [TruckState::OutOfService]);
    }

    #[test]
    fn a_truck_drives_seven_metres_a_second_along_its_route() {
        let mut truck = truck();
        truck.obey(&pump("o-1"));
        truck.step(100.0, |_| 0.0);
        let driven = truck
            .report(Timestamp::default())
            .position
            .distance_m(at(121.40));
        assert!((driven - 700.0).abs() < 1.0, "{driven}");
    }
}
