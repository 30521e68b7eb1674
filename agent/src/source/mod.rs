//! Where readings come from: Modbus lines that are polled and local brokers that are listened to.

pub mod breaker;
pub mod decode;
pub mod delivery;
pub mod line;
pub mod modbus;
pub mod mqtt;
pub mod reading;
pub mod reads;
pub mod schedule;
pub mod transport;

pub use delivery::{Delivery, Receipt};
pub use reading::{Answer, Outcome, Reading};
