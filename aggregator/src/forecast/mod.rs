//! What the water at each point will do in the next hour, with its spread and its past skill.
//!
//! Each point is a sag that rain fills and drains empty: `dV/dt = runoff · area · rain − drain`,
//! with the volume set right by every depth that is observed. Rain goes on in three ways (members):
//! it stops, it fades over twenty minutes (the Lagrangian persistence found for small urban
//! catchments), it stays. The spread between them, widened by what past forecasts missed, is the
//! uncertainty. Without rain data the rate of rise is carried on; without a recent depth there is
//! no forecast.

mod forecaster;
pub(crate) mod grid;
mod members;
mod memory;
mod model;
mod report;
mod skill;
mod summary;

pub use forecaster::Forecaster;
pub use memory::ForecastState;
pub use model::{PointModel, RainGauge};
pub use report::{Forecast, Horizon, Inflow, Method};
pub use skill::Skill;

#[cfg(test)]
mod transcripts;
