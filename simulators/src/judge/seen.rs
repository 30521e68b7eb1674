//! Watching a run: when each point was first flagged, and when trucks were first recommended.

use std::collections::BTreeMap;

use shared::{ids::PointId, time::Timestamp};

use crate::lab::{ApiClient, LabError, ShownPlan, ShownPoint};

/// What was seen, in storm time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Earliest time of every point's flag.
    pub flags: BTreeMap<PointId, Timestamp>,
    /// Earliest plan that recommended a truck for a point.
    pub recommended: BTreeMap<PointId, Timestamp>,
    /// What spoke for it then, in the plan's codes.
    pub reasons: BTreeMap<PointId, Vec<String>>,
    /// Why the last plan that named a point in need sent nobody there, in its code.
    pub unserved: BTreeMap<PointId, String>,
}

impl Seen {
    /// Takes in what the points' list shows at `now`.
    fn points(&mut self, points: &[ShownPoint], now: Timestamp) {
        for point in points.iter().filter(|p| p.is_flagged()) {
            let since = point.status_since.unwrap_or(now);
            let first = self.flags.entry(point.id.clone()).or_insert(since);
            *first = since.min(*first);
        }
    }

    /// Takes in the present plan.
    fn plan(&mut self, plan: Option<&ShownPlan>, now: Timestamp) {
        for recommendation in plan.iter().flat_map(|p| &p.recommendations) {
            let point = &recommendation.point;
            if !self.recommended.contains_key(point) {
                let codes = recommendation.reasons.iter().map(|r| r.code.clone());
                self.reasons.insert(point.clone(), codes.collect());
                self.recommended.insert(point.clone(), now);
            }
        }
        for left in plan.iter().flat_map(|p| &p.unserved) {
            self.unserved.insert(left.point.clone(), left.code.clone());
        }
    }

    /// Why no truck was ever recommended for a point, in words; `None` where one was.
    #[must_use]
    pub(crate) fn why_no_truck(&self, point: &PointId) -> Option<String> {
        if self.recommended.contains_key(point) {
            return None;
        }
        let why = match self.unserved.get(point).map(String::as_str) {
            None => "no plan named it as in need",
            Some("no-truck-left") => "every truck that could help went elsewhere",
            Some("gain-below-switch") => "a truck would have saved less than sending it costs",
            Some("too-late") => "no truck that was free would have come in time",
            Some("no-room") => "no truck may stand there",
            Some(other) => other,
        };
        Some(why.to_owned())
    }

    /// Asks the aggregator once, at `now`; returns its plan.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) async fn look(
        &mut self,
        client: &ApiClient,
        now: Timestamp,
    ) -> Result<Option<ShownPlan>, LabError> {
        self.points(&client.points().await?, now);
        let plan = client.plan().await?;
        self.plan(plan.as_ref(), now);
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_no_truck_went_is_what_the_last_plan_said_of_the_point() {
        let id = |text: &str| text.parse::<PointId>().expect("id");
        let plan: ShownPlan = serde_json::from_str(
            r#"{
                "version": 3,
                "recommendations": [{
                    "truck": "pt-1", "point": "wp-001",
                    "reasons": [{"code": "depth-now", "params": {"depth_m": 0.3}}]
                }],
                "unserved": [{"point": "wp-002", "code": "no-truck-left", "params": {}}]
            }"#,
        )
        .expect("a plan");
        let mut seen = Seen::default();
        seen.plan(Some(&plan), Timestamp::from_millis(1));
        assert_eq!(seen.why_no_truck(&id("wp-001")), None);
        assert_eq!(seen.reasons[&id("wp-001")], ["depth-now"]);
        let why = |point| seen.why_no_truck(&id(point)).expect("none went");
        assert_eq!(why("wp-002"), "every truck that could help went elsewhere");
        assert_eq!(why("wp-003"), "no plan named it as in need");
    }

    #[test]
    fn the_earliest_flag_counts_and_a_worse_status_does_not_move_it() {
        let point = |status: &str, since| ShownPoint {
            depth_m: None,
            last_class: None,
            id: "wp-001".parse().expect("id"),
            status: status.to_owned(),
            status_since: Some(Timestamp::from_millis(since)),
        };
        let mut seen = Seen::default();
        let now = Timestamp::from_millis(99);
        seen.points(&[point("notice", 1)], now);
        assert!(seen.flags.is_empty());
        seen.points(&[point("waterlogged", 5)], now);
        seen.points(&[point("closure", 9)], now);
        let flags: Vec<_> = seen.flags.values().copied().collect();
        assert_eq!(flags, [Timestamp::from_millis(5)]);
    }
}
