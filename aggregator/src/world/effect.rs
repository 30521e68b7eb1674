//! What the world asks for and tells: plain data, for the driver to act on.

use serde::{Deserialize, Serialize};
use shared::ids::{OrderId, PointId, TruckId};

use super::{arrival::RequestId, change::Change};
use crate::orders::Order;

/// Something to be done or told outside the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// Something is different from before.
    Changed(Change),
    /// Tell a truck its order (again).
    Send(Box<Order>),
    /// Answer a request.
    Answer(Box<Answer>),
    /// Show [`super::World::snapshot`].
    Publish,
    /// Keep [`super::World::save`].
    Save,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub to: RequestId,
    pub outcome: Result<Order, Refusal>,
}

/// Why a wish cannot be met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    #[error("there is no truck {0}")]
    NoTruck(TruckId),
    #[error("there is no waterlogging point {0}")]
    NoPoint(PointId),
    #[error("there is no order {0}")]
    NoOrder(OrderId),
    #[error("truck {truck} already carries out order {order} to {point}")]
    Busy {
        truck: TruckId,
        order: OrderId,
        point: PointId,
    },
    #[error("truck {0} is out of service")]
    OutOfService(TruckId),
    #[error(
        "plan {asked} no longer recommends truck {truck} for {point}; the present plan is {now}"
    )]
    PlanChanged {
        asked: u64,
        now: u64,
        truck: TruckId,
        point: PointId,
    },
    #[error("order {0} has ended")]
    Ended(OrderId),
}
