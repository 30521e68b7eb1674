//! The dispatcher's desk: whom each policy would send where, what has been looked at long enough, and orders
//! that nobody carries out.

use std::collections::BTreeMap;

use aggregator::{
    assess::PointStatus,
    orders::OrderState,
    world::{PointFacts, Principal, Request, RequestId, Snapshot, TruckFacts, Wish},
};
use shared::{
    fleet::TruckState,
    ids::{PointId, TruckId},
    lonlat::LonLat,
    time::Timestamp,
};

use super::policy::Policy;

/// That a point wants a truck is looked at for so long before that is confirmed, in minutes.
const PATIENCE_MINUTES: i64 = 4;

/// A crew that has not taken its order for so long is called back, in minutes.
const UNTAKEN_MINUTES: i64 = 10;

/// One desk.
#[derive(Debug)]
pub(super) struct Desk {
    policy: Policy,
    requests: u64,
    /// Recommendations on the desk, and since which minute.
    lying: BTreeMap<(TruckId, PointId), i64>,
}

impl Desk {
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            requests: 0,
            lying: BTreeMap::new(),
        }
    }

    /// What is asked of the aggregator in a minute.
    pub fn requests(&mut self, minute: i64, snapshot: &Snapshot) -> Vec<Request> {
        let mut wishes = idle_orders(snapshot);
        wishes.extend(self.due(minute, snapshot));
        let ask = |wish| {
            self.requests += 1;
            Request {
                id: RequestId(self.requests),
                by: Principal::Exercise,
                wish,
            }
        };
        wishes.into_iter().map(ask).collect()
    }

    /// Dispatches that have been wished for long enough.
    fn due(&mut self, minute: i64, snapshot: &Snapshot) -> Vec<Wish> {
        let wished = self.wished(snapshot);
        let lay = std::mem::take(&mut self.lying).into_iter();
        let (lying, mut gone): (Vec<_>, Vec<_>) = lay.partition(|(pair, _)| wished.contains(pair));
        self.lying = lying.into_iter().collect();
        let mut due = Vec::new();
        for pair in wished {
            // Another truck for the same point is no new question.
            let since = *self.lying.entry(pair.clone()).or_insert_with(|| {
                let before = gone.iter().position(|((_, point), _)| *point == pair.1);
                before.map_or(minute, |place| gone.swap_remove(place).1)
            });
            if minute - since >= PATIENCE_MINUTES {
                self.lying.remove(&pair);
                let (truck, point) = pair;
                let plan = None;
                due.push(Wish::Dispatch { truck, point, plan });
            }
        }
        due
    }

    fn wished(&self, snapshot: &Snapshot) -> Vec<(TruckId, PointId)> {
        let is_flooded = |facts: &PointFacts| facts.status >= PointStatus::Waterlogged;
        match self.policy {
            Policy::Nobody => Vec::new(),
            Policy::Nearest => self.nearest(snapshot, is_flooded),
            Policy::NearestForecast => self.nearest(snapshot, |facts| {
                is_flooded(facts) || facts.forecast.as_ref().is_some_and(|f| f.warns())
            }),
            Policy::Plan => snapshot
                .plan
                .iter()
                .flat_map(|plan| &plan.recommendations)
                .map(|r| (r.truck.clone(), r.point.clone()))
                .collect(),
        }
    }

    /// For each point in need that no truck is bound to, the nearest truck that is free.
    fn nearest(
        &self,
        snapshot: &Snapshot,
        in_need: impl Fn(&PointFacts) -> bool,
    ) -> Vec<(TruckId, PointId)> {
        let trucks = || snapshot.city.trucks.iter().zip(&snapshot.trucks);
        let bound = |point: &PointId| {
            let mut orders = snapshot.trucks.iter().filter_map(|t| t.order.as_ref());
            orders.any(|(_, to)| to == point)
        };
        let free = trucks().filter(|(_, facts)| facts.order.is_none() && !is_broken(facts));
        let mut free: Vec<(TruckId, LonLat)> = free
            .map(|(truck, facts)| (truck.id.clone(), facts.position))
            .collect();
        // Whoever waits on the desk already is not taken anew.
        let mut wished: Vec<(TruckId, PointId)> = Vec::new();
        for (truck, point) in self.lying.keys() {
            let place = snapshot.city.points.iter().position(|p| p.id == *point);
            let facts = place.and_then(|place| snapshot.points.get(place));
            let still = facts.is_some_and(|facts| in_need(facts));
            if still && !bound(point) && free.iter().any(|(id, _)| id == truck) {
                free.retain(|(id, _)| id != truck);
                wished.push((truck.clone(), point.clone()));
            }
        }
        for (point, facts) in snapshot.city.points.iter().zip(&snapshot.points) {
            let has = wished.iter().any(|(_, p)| *p == point.id);
            if has || !in_need(facts) || bound(&point.id) {
                continue;
            }
            let nearest = free.iter().enumerate().min_by(|(_, a), (_, b)| {
                let metres = |at: &LonLat| at.distance_m(point.position);
                metres(&a.1).total_cmp(&metres(&b.1))
            });
            if let Some((place, _)) = nearest {
                let (truck, _) = free.remove(place);
                wished.push((truck, point.id.clone()));
            }
        }
        wished
    }
}

fn is_broken(truck: &TruckFacts) -> bool {
    let report = truck.report.as_ref();
    report.is_some_and(|report| report.state == TruckState::OutOfService)
}

/// Recalls of orders whose crew does not take them, or whose truck has broken down.
fn idle_orders(snapshot: &Snapshot) -> Vec<Wish> {
    let now: Timestamp = snapshot.at;
    let is_idle = |truck: &TruckFacts| {
        let order = truck.order.as_ref();
        let order = order.and_then(|(id, _)| snapshot.open_order(id))?;
        let waited_ms = now.millis_since(order.issued_at);
        let is_untaken = order.state == OrderState::Sent && waited_ms >= UNTAKEN_MINUTES * 60_000;
        (is_untaken || is_broken(truck)).then(|| order.id.clone())
    };
    let idle = snapshot.trucks.iter().filter_map(|truck| is_idle(truck));
    idle.map(|order| Wish::Recall { order }).collect()
}
