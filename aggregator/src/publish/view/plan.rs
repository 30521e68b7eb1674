//! The plan, or what of it is seen.

use std::borrow::Cow;

use serde::Serialize;
use shared::{
    ids::{PointId, TruckId},
    time::Timestamp,
};
use utoipa::ToSchema;

use crate::{
    dispatch::{Alternative, Plan, Recommendation, Unserved},
    schema,
};

/// A proposal for the whole fleet, or what of it concerns the points that are seen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plan)]
pub struct PlanView<'a> {
    pub version: u64,
    #[schema(value_type = schema::Instant)]
    pub made_at: Timestamp,
    pub horizon_minutes: u32,
    /// Weighted flooded volume-hours with this plan, and with the standing orders only. This and the
    /// next four are of the whole city, and not told to whom sees a part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cost: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cost_without: Option<f64>,
    /// What sending the trucks counts for, in the same unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sending: Option<f64>,
    /// No plan can come to less than this, water and sending together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub bound: Option<f64>,
    /// What the best plan could avoid more, as a share of what can be avoided at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub gap_percent: Option<f64>,
    #[schema(value_type = Vec<Recommendation>)]
    pub recommendations: Cow<'a, [Recommendation]>,
    #[schema(value_type = Vec<Unserved>)]
    pub unserved: Cow<'a, [Unserved]>,
}

impl<'a> From<&'a Plan> for PlanView<'a> {
    fn from(plan: &'a Plan) -> Self {
        Self {
            version: plan.version,
            made_at: plan.made_at,
            horizon_minutes: plan.horizon_minutes,
            cost: Some(plan.cost),
            cost_without: Some(plan.cost_without),
            sending: Some(plan.sending),
            bound: Some(plan.bound),
            gap_percent: Some(plan.gap_percent),
            recommendations: Cow::Borrowed(&plan.recommendations),
            unserved: Cow::Borrowed(&plan.unserved),
        }
    }
}

impl PlanView<'_> {
    /// What of a plan is for points that are seen, with those alternatives that are seen.
    ///
    /// That a recommended truck is its district's last is told, whichever district that is: whoever
    /// takes it must know, and the truck's own name says where it is from.
    pub fn of_part(
        plan: &Plan,
        has_point: impl Fn(&PointId) -> bool,
        has_truck: impl Fn(&TruckId) -> bool,
    ) -> Self {
        let of_part = |r: &Recommendation| Recommendation {
            alternatives: alternatives(r, &has_truck),
            ..r.clone()
        };
        let recommended = plan.recommendations.iter();
        let unserved = plan.unserved.iter().filter(|u| has_point(&u.point));
        Self {
            version: plan.version,
            made_at: plan.made_at,
            horizon_minutes: plan.horizon_minutes,
            cost: None,
            cost_without: None,
            sending: None,
            bound: None,
            gap_percent: None,
            recommendations: recommended
                .filter(|r| has_point(&r.point))
                .map(of_part)
                .collect(),
            unserved: unserved.cloned().collect(),
        }
    }
}

fn alternatives(
    recommended: &Recommendation,
    has_truck: impl Fn(&TruckId) -> bool,
) -> Vec<Alternative> {
    let others = recommended.alternatives.iter();
    others.filter(|a| has_truck(&a.truck)).cloned().collect()
}
