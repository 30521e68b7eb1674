//! Trucks and their orders: who goes where, who was told, who is done.

use std::{collections::BTreeMap, sync::Arc};

use shared::{
    fleet::TruckReport,
    ids::{OrderId, TruckId},
    lonlat::LonLat,
    time::Timestamp,
};

use super::{snapshot::TruckFacts, whereabouts::Whereabouts};
use crate::{network::PumpTruck, orders::Order};

/// A truck and what it last reported.
#[derive(Debug)]
pub(super) struct TruckLive {
    pub report: Option<TruckReport>,
    pub whereabouts: Whereabouts,
    /// When it was last told an order.
    pub last_sent: Option<Timestamp>,
    /// As of the newest tick.
    pub facts: Arc<TruckFacts>,
}

impl TruckLive {
    /// A truck that has not reported yet: at home.
    pub fn new(truck: &PumpTruck) -> Self {
        Self {
            report: None,
            whereabouts: Whereabouts::default(),
            last_sent: None,
            facts: Arc::new(TruckFacts {
                position: truck.home,
                is_position_doubted: false,
                report: None,
                order: None,
            }),
        }
    }

    /// Where it is, as far as its reports are believed, else its home.
    pub fn position(&self, home: LonLat) -> LonLat {
        self.whereabouts.position().unwrap_or(home)
    }
}

/// Most orders that are kept once they have ended: years of a city's.
const KEPT: usize = 10_000;

/// All orders that are kept, and which of them bind a truck.
#[derive(Debug, Default)]
pub(super) struct Orders {
    all: Arc<BTreeMap<OrderId, Arc<Order>>>,
    open: BTreeMap<TruckId, OrderId>,
}

impl Orders {
    pub fn all(&self) -> Arc<BTreeMap<OrderId, Arc<Order>>> {
        self.all.clone()
    }

    pub fn get(&self, id: &OrderId) -> Option<&Order> {
        self.all.get(id).map(|order| &**order)
    }

    /// The order that binds a truck at present.
    pub fn open_of(&self, truck: &TruckId) -> Option<&Order> {
        self.get(self.open.get(truck)?)
    }

    /// Adds an order, or replaces the one with its id.
    pub fn put(&mut self, order: Order) {
        if order.is_open() {
            self.open.insert(order.truck.clone(), order.id.clone());
        } else if self.open.get(&order.truck) == Some(&order.id) {
            self.open.remove(&order.truck);
        }
        let all = Arc::make_mut(&mut self.all);
        all.insert(order.id.clone(), Arc::new(order));
        if all.len() > KEPT + self.open.len() {
            let mut oldest_first = all.iter();
            let ended = oldest_first.find(|(_, order)| !order.is_open());
            if let Some(id) = ended.map(|(id, _)| id.clone()) {
                all.remove(&id);
            }
        }
    }
}

impl FromIterator<Order> for Orders {
    fn from_iter<I: IntoIterator<Item = Order>>(orders: I) -> Self {
        let mut all = Self::default();
        orders.into_iter().for_each(|order| all.put(order));
        all
    }
}
