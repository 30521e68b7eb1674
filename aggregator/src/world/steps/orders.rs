//! Reports of trucks, and what somebody wishes of them.

use std::sync::Arc;

use shared::{
    fleet::{TruckReport, TruckState},
    ids::{OrderId, PointId, TruckId},
    time::Timestamp,
};

use super::super::{
    arrival::{Request, Wish},
    change::Change,
    effect::{Answer, Effect, Refusal},
    place::{PointIndex, TruckIndex},
    snapshot::TruckFacts,
    state::World,
};
use crate::{
    orders::{Order, OrderState},
    principal::{Act, Principal},
};

/// An order is repeated to its truck this often until the truck reports it, in real milliseconds.
const REPEAT_REAL_MS: i64 = 5_000;

impl World {
    pub(in crate::world) fn truck_report(
        &mut self,
        mut report: TruckReport,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(place) = self.places.trucks.get(&report.truck).copied() else {
            return;
        };
        // A clock that is ahead would shut out every later report of this truck.
        report.reported_at = report.reported_at.min(now);
        let truck = &mut self.trucks[place];
        let known = truck.report.as_ref();
        if known.is_some_and(|r| r.reported_at > report.reported_at) {
            return;
        }
        let open = self.orders.open_of(&report.truck);
        let next = open.and_then(|order| Some((order.clone(), order.after(&report)?)));
        let by = Principal::Truck(report.truck.clone());
        let seen = (report.reported_at, report.position);
        truck.whereabouts.take(seen, &self.places.reach);
        truck.report = Some(report);
        if let Some((order, state)) = next {
            self.go_over(order, state, Act { by, at: now }, effects);
        }
    }

    /// Tells trucks the orders that they have not yet reported.
    pub(in crate::world) fn repeat_orders(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let pause = self.real_to_storm_ms(REPEAT_REAL_MS);
        for (id, place) in self.city.trucks.iter().map(|t| &t.id).zip(0..) {
            let truck = &mut self.trucks[TruckIndex::from_usize(place)];
            let report = truck.report.as_ref();
            // A truck that still carries an order of which it was called back is told so again.
            let carried = report.and_then(|r| self.orders.get(r.order.as_ref()?));
            let order = self.orders.open_of(id).or(carried);
            let Some(order) = order.filter(|o| o.needs_sending(report)) else {
                continue;
            };
            let waited = |at: Timestamp| now.millis_since(at) >= pause;
            if truck.last_sent.is_none_or(waited) {
                truck.last_sent = Some(now);
                effects.push(Effect::Send(Box::new(order.clone())));
            }
        }
    }

    pub(in crate::world) fn request(
        &mut self,
        now: Timestamp,
        request: Request,
        effects: &mut Vec<Effect>,
    ) {
        let Request { id, by, wish } = request;
        let outcome = match wish {
            Wish::Dispatch { truck, point, plan } => {
                self.dispatch(now, by, &truck, &point, plan, effects)
            }
            Wish::Recall { order } => self.recall(Act { by, at: now }, &order, effects),
        };
        if let Ok(order) = &outcome {
            if let Some(place) = self.places.trucks.get(&order.truck) {
                self.trucks[*place].last_sent = Some(now);
            }
            effects.push(Effect::Send(Box::new(order.clone())));
        }
        effects.push(Effect::Answer(Box::new(Answer { to: id, outcome })));
    }

    fn dispatch(
        &mut self,
        now: Timestamp,
        by: Principal,
        truck: &TruckId,
        point: &PointId,
        plan: Option<u64>,
        effects: &mut Vec<Effect>,
    ) -> Result<Order, Refusal> {
        let (from, to) = self.dispatchable_now(truck, point, plan)?;
        let route = self.route(from, to);
        let order = Order {
            id: self.next_order_id(now),
            truck: truck.clone(),
            point: point.clone(),
            issued_at: now,
            issued_by: by.clone(),
            state: OrderState::Sent,
            changed: None,
            ended: None,
            eta_at: now.plus_millis(route.drive.drive_ms),
            plan,
            route: route.points,
        };
        self.orders.put(order.clone());
        effects.push(told(&order, None, Act { by, at: now }));
        Ok(order)
    }

    /// The places of the truck and the point, if it may be sent there.
    fn dispatchable_now(
        &self,
        truck: &TruckId,
        point: &PointId,
        plan: Option<u64>,
    ) -> Result<(TruckIndex, PointIndex), Refusal> {
        let place = self.places.trucks.get(truck).copied();
        let place = place.ok_or_else(|| Refusal::NoTruck(truck.clone()))?;
        let to = self.places.points.get(point).copied();
        let to = to.ok_or_else(|| Refusal::NoPoint(point.clone()))?;
        let report = self.trucks[place].report.as_ref();
        if report.is_some_and(|r| r.state == TruckState::OutOfService) {
            return Err(Refusal::OutOfService(truck.clone()));
        }
        if let Some(open) = self.orders.open_of(truck) {
            return Err(Refusal::Busy {
                truck: truck.clone(),
                order: open.id.clone(),
                point: open.point.clone(),
            });
        }
        if let Some(asked) = plan.filter(|_| !self.outlook.recommends(truck, point)) {
            return Err(Refusal::PlanChanged {
                asked,
                now: self.outlook.plan_version(),
                truck: truck.clone(),
                point: point.clone(),
            });
        }
        Ok((place, to))
    }

    fn recall(
        &mut self,
        act: Act,
        id: &OrderId,
        effects: &mut Vec<Effect>,
    ) -> Result<Order, Refusal> {
        let order = self.orders.get(id);
        let order = order.ok_or_else(|| Refusal::NoOrder(id.clone()))?.clone();
        if !order.is_open() {
            return Err(Refusal::Ended(id.clone()));
        }
        Ok(self.go_over(order, OrderState::Recalled, act, effects))
    }

    fn go_over(
        &mut self,
        order: Order,
        to: OrderState,
        act: Act,
        effects: &mut Vec<Effect>,
    ) -> Order {
        let from = order.state;
        let order = order.gone_over(to, act.clone());
        self.orders.put(order.clone());
        effects.push(told(&order, Some(from), act));
        order
    }

    /// Rises with time, so that orders sort as they were given.
    fn next_order_id(&self, now: Timestamp) -> OrderId {
        let mut number = now.as_millis().max(0);
        loop {
            let id: OrderId = format!("o-{number:014}")
                .parse()
                .expect("digits and a hyphen are an id");
            if self.orders.get(&id).is_none() {
                return id;
            }
            number += 1;
        }
    }

    pub(in crate::world) fn look_at_trucks(&mut self, effects: &mut Vec<Effect>) {
        for (described, place) in self
            .city
            .trucks
            .iter()
            .zip((0..).map(TruckIndex::from_usize))
        {
            let truck = &mut self.trucks[place];
            let order = self.orders.open_of(&described.id);
            let facts = TruckFacts {
                position: truck.position(described.home),
                is_position_doubted: truck.whereabouts.is_doubted(),
                report: truck.report.clone(),
                order: order.map(|o| (o.id.clone(), o.point.clone())),
            };
            if *truck.facts != facts {
                truck.facts = Arc::new(facts);
                effects.push(Effect::Changed(Change::Truck { truck: place }));
            }
        }
    }
}

fn told(order: &Order, from: Option<OrderState>, act: Act) -> Effect {
    Effect::Changed(Change::Order {
        order: order.id.clone(),
        from,
        to: order.state,
        by: act.by,
        at: act.at,
    })
}
