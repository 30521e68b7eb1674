//! A plan: complete, explained, bounded.

use serde::{Deserialize, Serialize};
use shared::{
    ids::{FeatureId, PointId, TruckId},
    lonlat::LonLat,
    time::Timestamp,
};
use utoipa::ToSchema;

use super::RoutedBy;
use crate::schema;

/// Why this truck should go to this point. The page makes sentences of codes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", content = "params", rename_all = "kebab-case")]
pub enum Reason {
    DepthNow {
        depth_m: f64,
    },
    Rising {
        rate_m_per_h: f64,
    },
    ForecastPeak {
        depth_m: f64,
        #[schema(value_type = schema::Instant)]
        at: Timestamp,
    },
    ReachesClosure {
        #[schema(value_type = schema::Instant)]
        at: Timestamp,
    },
    ImportantPlace {
        weight: f64,
    },
    NearestFree {
        eta_minutes: f64,
    },
    CapacityFits {
        capacity_m3h: f64,
        inflow_m3h: f64,
    },
    HeavyRain {
        mm_per_h: f64,
    },
}

/// What speaks against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", content = "params", rename_all = "kebab-case")]
pub enum Against {
    ArrivesAfterClosure {
        minutes: f64,
    },
    CannotWin {
        inflow_m3h: f64,
        capacity_m3h: f64,
    },
    DistrictLeftWithoutReserve {
        #[schema(value_type = schema::Id)]
        district: FeatureId,
    },
    StraightLineEstimate {},
    ForecastUnverified {},
    /// The gauge is silent or cannot be believed: this is what was known so long ago.
    DepthInDoubt {
        minutes: f64,
    },
    /// The truck has not told where it is, or not lately: its place is its last one, or its home.
    TruckNotHeard {
        #[schema(value_type = Option<schema::Instant>, required)]
        since: Option<Timestamp>,
    },
}

/// Another truck for the same point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Alternative {
    #[schema(value_type = schema::Id)]
    pub truck: TruckId,
    pub eta_minutes: f64,
    pub capacity_m3h: f64,
    /// What choosing it would cost more, in weighted m³·h.
    pub regret_m3h: f64,
}

/// One truck to one point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Recommendation {
    #[schema(value_type = schema::Id)]
    pub truck: TruckId,
    #[schema(value_type = schema::Id)]
    pub point: PointId,
    /// Recommended in the last plan too.
    pub standing: bool,
    pub eta_minutes: f64,
    pub distance_m: f64,
    #[schema(value_type = schema::Instant)]
    pub arrives_at: Timestamp,
    #[schema(value_type = schema::Instant)]
    pub sets_up_until: Timestamp,
    pub volume_on_arrival_m3: f64,
    pub capacity_m3h: f64,
    #[schema(value_type = Option<schema::Instant>, required)]
    pub drained_at: Option<Timestamp>,
    #[schema(value_type = Option<schema::Instant>, required)]
    pub drained_without_at: Option<Timestamp>,
    /// What it avoids, in weighted m³·h.
    pub saved_m3h: f64,
    pub reasons: Vec<Reason>,
    pub against: Vec<Against>,
    pub alternatives: Vec<Alternative>,
    #[schema(value_type = Vec<schema::LonLat>)]
    pub route: Vec<LonLat>,
    pub routed_by: RoutedBy,
}

/// Why a point in need gets no truck, and what would change it. The page makes sentences of codes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", content = "params", rename_all = "kebab-case")]
pub enum UnservedCode {
    /// Every truck that could help is needed elsewhere more. With so many more of this capacity, where they
    /// are needed most, it would be this point's turn.
    NoTruckLeft {
        #[serde(default)]
        trucks: u32,
        #[serde(default)]
        capacity_m3h: f64,
    },
    /// Also a truck that stood there would avoid less than sending it costs, both in weighted m³·h.
    GainBelowSwitch {
        #[serde(default)]
        gain_m3h: f64,
        #[serde(default)]
        sending_m3h: f64,
    },
    /// Trucks are free, and one that stood there would be sent; the first of them is ready after so many minutes.
    TooLate { minutes: f64 },
    /// No truck may stand there.
    NoRoom {},
}

/// A point in need that gets no truck.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Unserved {
    #[schema(value_type = schema::Id)]
    pub point: PointId,
    #[serde(flatten)]
    pub code: UnservedCode,
}

/// A proposal for the whole fleet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub version: u64,
    pub made_at: Timestamp,
    pub horizon_minutes: u32,
    /// Weighted flooded volume-hours with this plan, and with the standing orders only.
    pub cost: f64,
    pub cost_without: f64,
    /// What sending the trucks counts for, in the same unit.
    #[serde(default)]
    pub sending: f64,
    /// No plan can come to less than this, water and sending together.
    pub bound: f64,
    /// What the best plan could avoid more, as a share of what can be avoided at most.
    pub gap_percent: f64,
    pub recommendations: Vec<Recommendation>,
    pub unserved: Vec<Unserved>,
}

impl Plan {
    /// Whether it sends nobody, like another one, and leaves out the same points for the same kinds of reasons.
    #[must_use]
    pub fn is_idle_like(&self, other: &Self) -> bool {
        let left_out = |plan: &Self| -> Vec<(PointId, std::mem::Discriminant<UnservedCode>)> {
            let unserved = plan.unserved.iter();
            unserved
                .map(|left| (left.point.clone(), std::mem::discriminant(&left.code)))
                .collect()
        };
        self.recommendations.is_empty()
            && other.recommendations.is_empty()
            && left_out(self) == left_out(other)
    }

    /// The recommendation of a truck.
    #[must_use]
    pub fn of(&self, truck: &TruckId) -> Option<&Recommendation> {
        self.recommendations.iter().find(|r| r.truck == *truck)
    }
}
