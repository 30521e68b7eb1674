//! What a page must draw anew: a fold of changes.

use std::collections::BTreeSet;

use shared::ids::{AgentId, OrderId};

use crate::world::{Change, GaugeIndex, PointIndex, TruckIndex};

/// What changed since a page last heard.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Redraw {
    pub gauges: BTreeSet<GaugeIndex>,
    pub points: BTreeSet<PointIndex>,
    pub trucks: BTreeSet<TruckIndex>,
    pub plan: bool,
    pub orders: BTreeSet<OrderId>,
    pub agents: BTreeSet<AgentId>,
    pub unknown_gauges: bool,
}

impl Redraw {
    /// Adds one change.
    pub fn add(&mut self, change: Change) {
        match change {
            Change::Gauge { gauge, .. } => {
                self.gauges.insert(gauge);
            }
            Change::Point { point } => {
                self.points.insert(point);
            }
            Change::Truck { truck } => {
                self.trucks.insert(truck);
            }
            Change::Agent { agent, .. } => {
                self.agents.insert(agent);
            }
            Change::Plan { .. } => self.plan = true,
            Change::Order { order, .. } => {
                self.orders.insert(order);
            }
            Change::UnknownGauge { .. } => self.unknown_gauges = true,
            // The point's facts differ too, which is told by itself.
            Change::PointStatus { .. } => {}
        }
    }

    /// Adds what another fold holds.
    pub fn merge(&mut self, later: Self) {
        self.gauges.extend(later.gauges);
        self.points.extend(later.points);
        self.trucks.extend(later.trucks);
        self.plan |= later.plan;
        self.orders.extend(later.orders);
        self.agents.extend(later.agents);
        self.unknown_gauges |= later.unknown_gauges;
    }
}

impl Extend<Change> for Redraw {
    fn extend<I: IntoIterator<Item = Change>>(&mut self, changes: I) {
        changes.into_iter().for_each(|change| self.add(change));
    }
}
