//! The world by itself: scripts of arrivals, and what must hold for any sequence of them.

mod foreign;
mod golden;
mod properties;
pub(crate) mod script;
mod steps;
