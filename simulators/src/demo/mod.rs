//! The demo: a designed storm over a whole city, played through real gateways and protocols, with
//! pump trucks that obey. For developers, for training, and to show what the system is.

mod args;
mod dispatcher;
mod gateways;
mod guide;
mod scenario;
mod show;
mod summary;
mod world;

pub use args::Args;
pub use scenario::{Scenario, ScenarioError};
pub use show::run;
pub use summary::Summary;
