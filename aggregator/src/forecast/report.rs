//! What a forecast says of one point.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use super::{Skill, grid::PLANNED_STEPS};
use crate::network::Lack;

/// What a forecast rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Rain fills the sag and drains empty it.
    Reservoir,
    /// No rain data, or it is not known what becomes of the rain: the change of the last minutes goes on for a while.
    RateOfRise,
}

/// Depths at one horizon, in metres: between `p10_m` and `p90_m` with a probability of 80 %.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Horizon {
    pub minutes: i64,
    pub p10_m: f64,
    pub p50_m: f64,
    pub p90_m: f64,
}

/// Inflow less natural drainage, one member, m³/h for each five minutes of three hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inflow {
    pub weight: f64,
    pub m3h: Vec<f64>,
}

impl Inflow {
    /// Water that stands as it stands, for all that is known.
    #[must_use]
    pub fn standing() -> Self {
        Self {
            weight: 1.0,
            m3h: vec![0.0; PLANNED_STEPS],
        }
    }
}

/// A forecast of one point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    pub basis_at: Timestamp,
    pub method: Method,
    pub horizons: Vec<Horizon>,
    pub waterlogged_probability_60: f64,
    pub peak_m: f64,
    pub peak_at: Timestamp,
    pub reaches_waterlogged_at: Option<Timestamp>,
    pub reaches_closure_at: Option<Timestamp>,
    pub dry_at: Option<Timestamp>,
    pub skill: Skill,
    /// [epoch ms, p10, p50, p90] every five minutes.
    pub curve: Vec<(i64, f64, f64, f64)>,
    /// What is not known of the point.
    #[serde(default)]
    pub lacks: Vec<Lack>,
    /// What the planner needs.
    pub inflow: Vec<Inflow>,
}
