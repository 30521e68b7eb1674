//! What the water at each point will do in the next hours, with its spread and its past skill.
//!
//! Rain comes over a place as the gauges' network sees it move (`rain`), in eight ways (members). It
//! runs off with a delay, fills a sag and is drained (`water`); what no layer tells, or tells wrongly, is
//! learned from the depths that are observed, as a set of hypotheses for each point. Members through
//! hypotheses are the runs of a forecast; its quantiles are theirs, stretched as far as past errors of
//! wet hours ask for. Without rain data the rate of rise is carried on; while a level is silent what comes
//! and goes is reckoned, and said to be.

mod calibration;
mod forecaster;
pub mod grid;
mod memory;
mod model;
mod rain;
mod report;
mod runs;
mod skill;
mod summary;
mod water;

pub use forecaster::Forecaster;
pub use memory::ForecastState;
pub use model::{PointModel, RainGauge};
pub use rain::Place;
pub use report::{Drain, Forecast, Horizon, Inflow, Method, Probabilities, Skill, WARNING};
pub use water::Sag;

#[cfg(test)]
mod transcripts;
