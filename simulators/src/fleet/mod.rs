//! Pump trucks that obey orders: they receive them over MQTT, drive the route, set up, pump until
//! the point is dry or they are recalled, pack up, drive home, and report all along.

mod layer;
mod line;
mod truck;

pub use layer::read;
pub use line::FleetLine;
pub use truck::{SimTruck, TruckShape};
