//! Trucks and their orders: who goes where, who was told, who is done.

use std::collections::BTreeMap;

use shared::{
    fleet::{TruckReport, TruckState},
    ids::{OrderId, PointId, TruckId},
    lonlat::LonLat,
    time::Timestamp,
};

use super::{Effect, Refusal, Request, World};
use crate::{
    network::PumpTruck,
    orders::{Order, OrderState},
};

/// An order is repeated to its truck this often until the truck reports it, in real milliseconds.
const REPEAT_REAL_MS: i64 = 5_000;

/// A truck and its last report.
#[derive(Debug, Clone)]
pub struct TruckLive {
    pub site: PumpTruck,
    pub report: Option<TruckReport>,
    last_sent: Option<Timestamp>,
}

impl TruckLive {
    #[must_use]
    pub fn new(site: PumpTruck) -> Self {
        Self {
            site,
            report: None,
            last_sent: None,
        }
    }

    /// Where it is: its last report, else its home.
    #[must_use]
    pub fn position(&self) -> LonLat {
        self.report.as_ref().map_or(self.site.home, |r| r.position)
    }
}

impl World {
    /// The order that binds a truck at present.
    #[must_use]
    pub fn open_order(&self, truck: &TruckId) -> Option<&Order> {
        self.orders
            .values()
            .rev()
            .find(|o| o.truck == *truck && o.is_open())
    }

    pub(super) fn truck_report(&mut self, report: &TruckReport) -> Vec<Effect> {
        let Some(index) = self.truck_index.get(&report.truck).copied() else {
            return Vec::new();
        };
        let Some(truck) = self.trucks.get_mut(index) else {
            return Vec::new();
        };
        let is_old = truck
            .report
            .as_ref()
            .is_some_and(|r| r.reported_at > report.reported_at);
        if is_old {
            return Vec::new();
        }
        truck.report = Some(report.clone());
        self.dirty.trucks.insert(index);
        let mut effects = Vec::new();
        for order in self.orders.values_mut().filter(|o| o.truck == report.truck) {
            if let Some(state) = order.after(report) {
                let before = Some(order.clone());
                order.state = state;
                self.dirty.orders = true;
                effects.push(Effect::Keep {
                    order: order.clone(),
                    before,
                    reply: None,
                });
            }
        }
        effects
    }

    pub(super) fn restore_order(&mut self, order: Order) {
        self.dirty.orders = true;
        self.orders.insert(order.id.clone(), order);
    }

    /// Orders whose trucks have not yet reported them.
    pub(super) fn unanswered_orders(&mut self, now: Timestamp) -> Vec<Effect> {
        let pause = self.outlook.real_to_storm_ms(REPEAT_REAL_MS);
        let mut effects = Vec::new();
        for order in self.orders.values() {
            let Some(index) = self.truck_index.get(&order.truck) else {
                continue;
            };
            let Some(truck) = self.trucks.get_mut(*index) else {
                continue;
            };
            if order.needs_sending(truck.report.as_ref())
                && truck
                    .last_sent
                    .is_none_or(|at| now.millis_since(at) >= pause)
            {
                truck.last_sent = Some(now);
                effects.push(Effect::Send(order.clone()));
            }
        }
        effects
    }

    pub(super) fn request(&mut self, now: Timestamp, request: Request) -> Effect {
        match request {
            Request::Dispatch {
                truck,
                point,
                plan,
                reply,
            } => match self.new_order(now, &truck, &point, plan) {
                Ok(order) => {
                    self.orders.insert(order.id.clone(), order.clone());
                    self.dirty.orders = true;
                    Effect::Keep {
                        order,
                        before: None,
                        reply: Some(reply),
                    }
                }
                Err(refusal) => Effect::Refuse { refusal, reply },
            },
            Request::Recall { order, reply } => match self.recalled(&order) {
                Ok((before, order)) => {
                    self.dirty.orders = true;
                    Effect::Keep {
                        order,
                        before: Some(before),
                        reply: Some(reply),
                    }
                }
                Err(refusal) => Effect::Refuse { refusal, reply },
            },
        }
    }

    fn new_order(
        &self,
        now: Timestamp,
        truck: &TruckId,
        point: &PointId,
        plan: Option<u64>,
    ) -> Result<Order, Refusal> {
        let live = self
            .truck_index
            .get(truck)
            .and_then(|i| self.trucks.get(*i))
            .ok_or_else(|| Refusal::NoTruck(truck.clone()))?;
        let site = self
            .point(point)
            .ok_or_else(|| Refusal::NoPoint(point.clone()))?;
        if live
            .report
            .as_ref()
            .is_some_and(|r| r.state == TruckState::OutOfService)
        {
            return Err(Refusal::OutOfService(truck.clone()));
        }
        if let Some(open) = self.open_order(truck) {
            let (order, point) = (open.id.clone(), open.point.clone());
            return Err(Refusal::Busy {
                truck: truck.clone(),
                order,
                point,
            });
        }
        if let Some(asked) = plan
            && !self.outlook.recommends(truck, point)
        {
            let now = self.outlook.plan_version();
            let (truck, point) = (truck.clone(), point.clone());
            return Err(Refusal::PlanChanged {
                asked,
                now,
                truck,
                point,
            });
        }
        let route = self.outlook.route(live, site);
        let id = self.next_order_id(now);
        Ok(Order {
            id,
            truck: truck.clone(),
            point: point.clone(),
            issued_at: now,
            state: OrderState::Sent,
            eta_at: now.plus_millis(route.drive.drive_ms),
            plan,
            route: route.points,
        })
    }

    /// Rises with time, so that orders sort as they were given.
    fn next_order_id(&self, now: Timestamp) -> OrderId {
        let mut number = now.as_millis().max(0);
        loop {
            let id: OrderId = format!("o-{number:014}")
                .parse()
                .expect("digits and a hyphen are an id");
            if !self.orders.contains_key(&id) {
                return id;
            }
            number += 1;
        }
    }

    /// The order as it was and as it is now.
    fn recalled(&mut self, id: &OrderId) -> Result<(Order, Order), Refusal> {
        let order = self
            .orders
            .get_mut(id)
            .ok_or_else(|| Refusal::NoOrder(id.clone()))?;
        if !order.is_open() {
            return Err(Refusal::Ended(id.clone()));
        }
        let before = order.clone();
        order.state = OrderState::Recalled;
        Ok((before, order.clone()))
    }
}

/// Puts back what an order was before a change that could not be kept, unless it has changed again.
pub(super) fn not_kept(
    orders: &mut BTreeMap<OrderId, Order>,
    order: &Order,
    before: Option<Order>,
) {
    if orders.get(&order.id) != Some(order) {
        return;
    }
    match before {
        Some(before) => orders.insert(before.id.clone(), before),
        None => orders.remove(&order.id),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(state: OrderState) -> Order {
        Order {
            id: "o-1".parse().unwrap(),
            truck: "t-1".parse().unwrap(),
            point: "p-1".parse().unwrap(),
            issued_at: Timestamp::from_millis(0),
            state,
            eta_at: Timestamp::from_millis(0),
            plan: None,
            route: Vec::new(),
        }
    }

    #[test]
    fn an_order_whose_change_was_not_kept_is_what_it_was() {
        let (sent, recalled) = (order(OrderState::Sent), order(OrderState::Recalled));
        let mut orders = BTreeMap::from([(recalled.id.clone(), recalled.clone())]);
        not_kept(&mut orders, &recalled, Some(sent.clone()));
        assert_eq!(orders.get(&sent.id), Some(&sent));
        not_kept(&mut orders, &sent, None);
        assert!(orders.is_empty(), "a new order that was not kept is gone");
    }
}
