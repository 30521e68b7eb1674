//! The facts of one instant: immutable, typed, and shared with the snapshot before wherever nothing
//! changed. Whatever readers see is rendered from it.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use shared::{
    clock::Mode,
    fleet::TruckReport,
    ids::{AgentId, GaugeId, OrderId, PointId},
    lonlat::LonLat,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    value::Value,
    waterlogging::DepthClass,
    wire::AgentHealth,
};

use super::chunks::Chunks;
use crate::{
    assess::{Cause, PointStatus},
    counters::Counts,
    dispatch::Plan,
    forecast::Forecast,
    network::City,
    orders::Order,
};

/// What is known of a city at one instant. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Rises with every snapshot that is published, over all runs of the program.
    pub seq: u64,
    /// Storm time of the tick that it is of.
    pub at: Timestamp,
    pub mode: Mode,
    /// Storm seconds per real second.
    pub speed: f64,
    pub city: Arc<City>,
    /// One for each of [`City::gauges`], in their order.
    pub gauges: Chunks<GaugeFacts>,
    /// One for each of [`City::points`], in their order.
    pub points: Vec<Arc<PointFacts>>,
    /// One for each of [`City::trucks`], in their order.
    pub trucks: Vec<Arc<TruckFacts>>,
    pub plan: Option<Arc<Plan>>,
    pub orders: Arc<BTreeMap<OrderId, Arc<Order>>>,
    pub agents: Arc<BTreeMap<AgentId, Arc<AgentFacts>>>,
    /// Gauges that no layer knows, and how many observations each gave.
    pub unknown_gauges: Arc<BTreeMap<GaugeId, u64>>,
    pub counts: Counts,
}

/// A gauge's newest observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newest {
    pub observed_at: Timestamp,
    pub value: Option<Value>,
    pub quality: Quality,
    pub tests: TestSet,
}

impl From<&Observation> for Newest {
    fn from(o: &Observation) -> Self {
        Self {
            observed_at: o.observed_at,
            value: o.value,
            quality: o.quality,
            tests: o.tests,
        }
    }
}

/// What is known of a gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GaugeFacts {
    pub newest: Option<Newest>,
    /// The newest value that a decision may rest on.
    pub trusted: Option<(Timestamp, Value)>,
    /// Nothing came for several of its intervals.
    pub is_silent: bool,
}

/// What is known and expected of a waterlogging point.
#[derive(Debug, Clone, PartialEq)]
pub struct PointFacts {
    pub status: PointStatus,
    pub since: Timestamp,
    /// The newest trusted depth in metres, and when it was observed.
    pub depth: Option<(Timestamp, f64)>,
    /// Of the newest observation.
    pub quality: Option<Quality>,
    pub cause: Option<Cause>,
    /// The tests that the newest observation did not pass, if that casts doubt on the point.
    pub doubt_tests: TestSet,
    /// The class of the depth, as hysteresis holds it: what an unknown point was.
    pub last_class: Option<DepthClass>,
    /// Whether the class is only held: the water has fallen below it.
    pub is_clearing: bool,
    /// The newest reading, if it is suspect and not followed.
    pub suspect_depth_m: Option<f64>,
    pub rate_m_per_h: Option<f64>,
    pub rain_mm_per_h: Option<f64>,
    pub volume_m3: Option<f64>,
    pub forecast: Option<Arc<Forecast>>,
}

/// What is known of a pump truck.
#[derive(Debug, Clone, PartialEq)]
pub struct TruckFacts {
    /// Where it last reported to be, as far as that is believed, else its home.
    pub position: LonLat,
    /// Whether its newest report tells of a place where it cannot be.
    pub is_position_doubted: bool,
    pub report: Option<TruckReport>,
    /// The order that binds it, and the point it goes to.
    pub order: Option<(OrderId, PointId)>,
}

/// What is known of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentFacts {
    pub health: Option<AgentHealth>,
    pub last_seen: Timestamp,
    pub online: bool,
    /// Batches are missing between those that came.
    pub has_hole: bool,
    /// When its last batch of backlog came.
    pub backfill_at: Option<Timestamp>,
}

/// Counts of what is how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub gauges_silent: usize,
    pub points_waterlogged: usize,
    pub points_unknown: usize,
    pub agents_online: usize,
}

impl Snapshot {
    /// The order that binds a truck at present.
    #[must_use]
    pub fn open_order(&self, order: &OrderId) -> Option<&Order> {
        self.orders.get(order).map(|o| &**o).filter(|o| o.is_open())
    }

    /// Counts for metrics.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let points = |wanted: fn(PointStatus) -> bool| {
            self.points.iter().filter(|p| wanted(p.status)).count()
        };
        Figures {
            gauges_silent: self.gauges.iter().filter(|g| g.is_silent).count(),
            points_waterlogged: points(|s| {
                use PointStatus::{Closure, Severe, Waterlogged};
                matches!(s, Waterlogged | Closure | Severe)
            }),
            points_unknown: points(|s| s == PointStatus::Unknown),
            agents_online: self.agents.values().filter(|a| a.online).count(),
        }
    }
}
