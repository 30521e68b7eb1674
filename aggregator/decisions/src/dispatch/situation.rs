//! What a plan is made from.

use shared::{
    ids::{FeatureId, PointId, TruckId},
    lonlat::LonLat,
    time::Timestamp,
};

use crate::forecast::Inflow;

/// Setting up after arrival takes this long (a Nanjing team's practice).
pub const SETUP_MINUTES: f64 = 15.0;

/// A waterlogging point with water to come or to go.
#[derive(Debug, Clone)]
pub struct Reservoir {
    pub id: PointId,
    pub position: LonLat,
    pub district: Option<FeatureId>,
    /// Importance, 1–5.
    pub weight: f64,
    pub depth_m: f64,
    pub rate_m_per_h: Option<f64>,
    pub rain_mm_per_h: Option<f64>,
    /// Volume standing now, in m³.
    pub volume_m3: f64,
    /// Volume below which it counts as dry, and at which it counts as waterlogged.
    pub dry_m3: f64,
    pub critical_m3: f64,
    /// Inflow less natural drainage, without trucks.
    pub members: Vec<Inflow>,
    pub max_trucks: usize,
    pub peak: Option<(f64, Timestamp)>,
    pub closes_at: Option<Timestamp>,
    /// How many forecasts of it were verified.
    pub verified: u64,
    /// How old the last trusted depth is, in minutes, where the gauge cannot be believed or is silent.
    pub in_doubt_minutes: Option<f64>,
}

/// What a truck is bound to.
#[derive(Debug, Clone, PartialEq)]
pub enum Assigned {
    /// Free for a recommendation; the standing one of the last plan is preferred.
    Free {
        standing: Option<PointId>,
    },
    /// Bound by an order; it pumps from `ready_minutes` on.
    Ordered {
        point: PointId,
        ready_minutes: f64,
    },
    OutOfService,
}

/// Whether a truck's place is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Lately,
    /// Not since this time, or never.
    NotSince(Option<Timestamp>),
}

/// A pump truck.
#[derive(Debug, Clone)]
pub struct AssignableTruck {
    pub id: TruckId,
    pub position: LonLat,
    pub district: Option<FeatureId>,
    pub capacity_m3h: f64,
    pub assigned: Assigned,
    pub heard: Heard,
}

/// Everything that a plan is made from.
#[derive(Debug, Clone)]
pub struct Situation {
    pub now: Timestamp,
    pub version: u64,
    pub reservoirs: Vec<Reservoir>,
    pub trucks: Vec<AssignableTruck>,
}
