//! The lines between the parts: a proxy that fails on command, and a broker for the field.

mod broker;
mod proxy;

pub use broker::FieldBroker;
pub use proxy::{LinkFault, Proxy};
