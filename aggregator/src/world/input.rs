//! What comes into the world and what it asks for.

use shared::{
    fleet::TruckReport,
    ids::{AgentId, OrderId, PointId, TruckId},
    observation::Observation,
    time::Timestamp,
    wire::AgentHealth,
};
use tokio::sync::oneshot;

use crate::orders::Order;

/// Something that happened.
pub enum Input {
    /// New, durable observations.
    Observed {
        observations: Vec<Observation>,
        received_at: Timestamp,
    },
    /// A batch of an agent was taken.
    AgentBatch {
        agent: AgentId,
        at: Timestamp,
        backfill: bool,
        has_hole: bool,
    },
    /// An agent's word on itself.
    Health(AgentHealth),
    /// A truck's word on itself.
    Truck(TruckReport),
    /// An order read back from the store at start.
    Restored(Order),
    /// Time passes.
    Tick,
    /// A dispatcher's wish.
    Request(Request),
    /// The store could not keep this order; `before` is what it was, if it was anything.
    NotKept { order: Order, before: Option<Order> },
}

/// A dispatcher's wish, with where to send the answer.
pub enum Request {
    /// Send a truck to a point; `plan` is the version it was recommended in.
    Dispatch {
        truck: TruckId,
        point: PointId,
        plan: Option<u64>,
        reply: oneshot::Sender<Result<Order, Refusal>>,
    },
    /// Call the truck of an order back.
    Recall {
        order: OrderId,
        reply: oneshot::Sender<Result<Order, Refusal>>,
    },
}

/// Why a wish cannot be met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    #[error("the order could not be kept; nothing was sent")]
    NotKept,
}

/// Something to be done outside the world.
pub enum Effect {
    /// Tell a truck its order (again).
    Send(Order),
    /// Make an order durable, then send it and answer; if that fails, give the world
    /// [`Input::NotKept`] and answer with [`Refusal::NotKept`].
    Keep {
        order: Order,
        before: Option<Order>,
        reply: Option<oneshot::Sender<Result<Order, Refusal>>>,
    },
    /// Answer a wish that cannot be met.
    Refuse {
        refusal: Refusal,
        reply: oneshot::Sender<Result<Order, Refusal>>,
    },
}
