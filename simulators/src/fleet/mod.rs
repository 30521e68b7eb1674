//! Pump trucks that obey orders: they receive them over MQTT, drive the route, set up, pump until
//! the point is dry or they are recalled, pack up, drive home, and report all along.

mod layer;
mod line;
mod truck;

pub(crate) use layer::read;
pub(crate) use line::FleetLine;
pub(crate) use truck::{SimTruck, TruckShape};
