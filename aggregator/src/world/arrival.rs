//! What comes into the world, in the order in which it came.
//!
//! Inputs are plain data: they are written down before they are stepped, and the same arrivals in
//! the same order give the byte-identical world again.

use serde::{Deserialize, Serialize};
use shared::{
    clock::Mode,
    fleet::TruckReport,
    ids::{AgentId, OrderId, PointId, TruckId},
    observation::Observation,
    time::Timestamp,
    wire::AgentHealth,
};

pub use crate::principal::Principal;

/// An input with its place in the order of arrival and the time at which it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// Counts from 1 without holes, over all runs of the program.
    pub number: u64,
    /// Storm time by the clock of the program that took it.
    pub at: Timestamp,
    pub input: Input,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// The program was started: with these settings the world goes on from here.
    Started(Started),
    /// New observations.
    Observed(Vec<Observation>),
    /// New observations of times that have not come, and whose word they are.
    Early {
        by: String,
        observations: Vec<Observation>,
    },
    /// Whoever had these names does not belong any more: what waits on his word is nobody's.
    Disowned(Vec<String>),
    /// A batch of an agent was taken.
    AgentBatch {
        agent: AgentId,
        backfill: bool,
        /// Batches are missing between those that came.
        has_hole: bool,
    },
    /// An agent's word on itself.
    Health(AgentHealth),
    /// A truck's word on itself.
    Truck(TruckReport),
    /// Somebody's wish.
    Request(Request),
    /// What was taken and refused until now, by the numbers of [`crate::counters::Counter`].
    Counted(Vec<u64>),
    /// Time passes.
    Tick,
    /// Observations that the series had before the city knew their gauges.
    Recalled(Vec<Observation>),
    /// An agent that is not enrolled and was silent for long made room for another.
    Forgotten(AgentId),
}

/// The settings of one run that the world depends on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Started {
    pub mode: Mode,
    /// Storm seconds per real second.
    pub speed: f64,
    /// Storm time between forecasts, in milliseconds.
    pub forecast_ms: i64,
    /// Storm time between plans, in milliseconds.
    pub replan_ms: i64,
}

/// Tells the answers of one run's requests apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// A wish, and who has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub id: RequestId,
    pub by: Principal,
    pub wish: Wish,
}

/// What may be wished for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish {
    /// Send a truck to a point; `plan` is the version it was recommended in.
    Dispatch {
        truck: TruckId,
        point: PointId,
        plan: Option<u64>,
    },
    /// Call the truck of an order back.
    Recall { order: OrderId },
}
