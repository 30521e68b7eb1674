//! Where readings come from: Modbus lines that are polled and local brokers that are listened to.

pub(crate) mod blame;
pub(crate) mod breaker;
pub(crate) mod client;
pub(crate) mod decode;
pub mod delivery;
pub(crate) mod framing;
pub(crate) mod line;
pub mod modbus;
pub(crate) mod mqtt;
pub mod reading;
pub(crate) mod reads;
pub(crate) mod schedule;
pub(crate) mod transport;
pub mod trial;
pub(crate) mod units;

pub use delivery::{Delivery, Receipt};
pub use reading::{Answer, Outcome, Reading, Stamp};
