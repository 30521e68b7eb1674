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
            self.recommended
                .entry(recommendation.point.clone())
                .or_insert(now);
        }
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
    fn the_earliest_flag_counts_and_a_worse_status_does_not_move_it() {
        let point = |status: &str, since| ShownPoint {
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
