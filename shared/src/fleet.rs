//! Pump trucks and the orders they carry out.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Mode,
    ids::{OrderId, PointId, TruckId},
    lonlat::LonLat,
    time::Timestamp,
    units::CubicMetres,
};

/// What a truck is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TruckState {
    /// Ready for an order.
    #[default]
    Idle,
    Driving,
    SettingUp,
    Pumping,
    PackingUp,
    OutOfService,
}

/// What a truck says of itself. Its `Serialize` is for snapshots and is not the wire, which is
/// [`TruckReport::encode`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TruckReport {
    pub truck: TruckId,
    pub reported_at: Timestamp,
    pub position: LonLat,
    pub state: TruckState,
    /// The order it is carrying out: doubles as the acknowledgement of that order.
    pub order: Option<OrderId>,
    /// Volume pumped under the present order.
    pub pumped_m3: CubicMetres,
}

/// An order to a truck, repeated until the truck reports it. Its `Serialize` is for snapshots and
/// is not the wire, which is [`TruckOrder::encode`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TruckOrder {
    pub order: OrderId,
    pub truck: TruckId,
    pub issued_at: Timestamp,
    /// What it may be taken for: a crew obeys only an actual order, a simulated one only others.
    pub mode: Mode,
    pub action: OrderAction,
}

/// What an order asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum OrderAction {
    /// Drive the route to the point, set up and pump until recalled or dry.
    Pump { point: PointId, route: Vec<LonLat> },
    /// Pack up and return home.
    Recall,
}
