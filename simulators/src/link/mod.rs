//! The lines between the parts: a proxy that fails on command, one that shuffles acknowledgements,
//! and a broker for the field.

mod broker;
mod proxy;
mod shuffler;

pub use broker::FieldBroker;
pub use proxy::{LinkFault, Proxy};
pub use shuffler::{Shuffled, Shuffler};
