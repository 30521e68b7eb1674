//! What a forecast says of one point.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use super::grid::PLANNED_STEPS;
use crate::network::Lack;

/// The horizon that errors are told of, in minutes.
pub const VERIFIED_MINUTES: i64 = 30;

/// A place is warned of water when it comes within half an hour with this probability: there, floods foreseen
/// beside false alarms and floods missed are most (tuned on storms of other seeds).
pub const WARNING: f64 = 0.4;

/// What a forecast rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Rain fills the sag and drains empty it, as was learned from the depths observed there.
    Reservoir,
    /// The same while no gauge sees the water: what came and went since is reckoned.
    Reckoned,
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
    #[serde(default)]
    pub reached: Probabilities,
}

/// How probable it is that depths are reached by then, 0–1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Probabilities {
    pub notice: f64,
    pub waterlogged: f64,
    pub closure: f64,
    pub severe: f64,
}

/// What is known of the drain of a point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Drain {
    /// What it takes when it is under water, by what was observed, in m³/h.
    pub takes_m3h: f64,
    /// What the layer says that it takes, or what is assumed, in m³/h.
    pub of_m3h: f64,
    /// Whether less than half of it works, as far as the depths show.
    pub is_failing: bool,
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

/// Skill of the forecasts so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Skill {
    pub horizon_minutes: i64,
    pub verified: u64,
    /// Mean absolute error of the median, in metres.
    #[schema(required)]
    pub mae_m: Option<f64>,
    /// Mean absolute error of persistence, in metres.
    #[schema(required)]
    pub mae_persistence_m: Option<f64>,
    /// Floods that were warned of 10 to 30 minutes before, and those that were not.
    pub hits: u64,
    pub misses: u64,
    /// Warnings that no flood followed within 30 minutes.
    pub false_alarms: u64,
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
    /// Where the water was modelled.
    #[serde(default)]
    pub drain: Option<Drain>,
    /// What the planner needs.
    pub inflow: Vec<Inflow>,
}

impl Forecast {
    /// Whether it warns of water within half an hour.
    #[must_use]
    pub fn warns(&self) -> bool {
        let half_an_hour = self.horizons.iter().find(|h| h.minutes == VERIFIED_MINUTES);
        half_an_hour.is_some_and(|h| h.reached.waterlogged >= WARNING)
    }
}
