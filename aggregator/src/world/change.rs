//! What happened, as values: told by [`super::World::step`], never found out again by comparing.

use serde::{Deserialize, Serialize};
use shared::{
    ids::{AgentId, GaugeId, OrderId, PointId},
    time::Timestamp,
};

use super::{
    arrival::Principal,
    place::{GaugeIndex, PointIndex, TruckIndex},
};
use crate::{
    assess::{Cause, PointStatus},
    orders::OrderState,
};

/// Something that is different from before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A gauge gave a newer observation, fell silent or came back.
    Gauge { gauge: GaugeIndex, news: GaugeNews },
    /// A gauge that no layer knows gave something.
    UnknownGauge { gauge: GaugeId },
    /// What is known or expected of a point differs.
    Point { point: PointIndex },
    /// A point's status went over.
    PointStatus {
        point: PointId,
        from: PointStatus,
        to: PointStatus,
        at: Timestamp,
        cause: Option<Cause>,
    },
    /// What is known of a truck differs.
    Truck { truck: TruckIndex },
    /// An order was given (`from` is none), went on or ended.
    Order {
        order: OrderId,
        from: Option<OrderState>,
        to: OrderState,
        by: Principal,
        at: Timestamp,
    },
    /// There is a new plan.
    Plan { version: u64 },
    /// What is known of an agent differs.
    Agent { agent: AgentId, online: bool },
}

/// What is new of a gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GaugeNews {
    Observed,
    FellSilent,
    CameBack,
}
