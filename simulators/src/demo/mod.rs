//! The demo: a designed storm over a whole city, played through real gateways and protocols, with
//! pump trucks that obey. For developers, for training, and to show what the system is.

mod args;
mod dispatcher;
mod gateways;
mod guide;
mod mover;
mod play;
mod staging;
mod summary;

pub use args::DemoArgs;
pub use play::run;
