//! What the water does: runoff of a catchment, water standing at a point, water in a river. Pure.
//!
//! The truth of a simulated storm. It shares no code with the forecaster it is used to judge, and
//! its form differs on purpose: two reservoirs in series, an initial loss, inlets that clog.

mod pond;
mod river;

pub(crate) use pond::{Pond, PondShape};
pub(crate) use river::River;
