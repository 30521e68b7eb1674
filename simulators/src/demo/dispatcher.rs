//! A dispatcher for runs that nobody watches: looks at every recommendation for a while, then
//! confirms it.

use std::collections::BTreeMap;

use shared::{ids::PointId, time::Timestamp};

use crate::lab::{ApiClient, LabError, ShownPlan};

/// How long a recommendation is looked at, in storm time.
const PATIENCE_MS: i64 = 4 * 60_000;

/// What stands on the desk, and since when.
#[derive(Debug, Default)]
pub(super) struct Dispatcher {
    seen: BTreeMap<(String, PointId), Timestamp>,
    pub confirmed: u64,
}

impl Dispatcher {
    /// The recommendations that have stood long enough; forgets those that are gone.
    fn due(&mut self, plan: &ShownPlan, now: Timestamp) -> Vec<(String, PointId)> {
        let standing: Vec<(String, PointId)> = plan
            .recommendations
            .iter()
            .map(|r| (r.truck.clone(), r.point.clone()))
            .collect();
        self.seen.retain(|pair, _| standing.contains(pair));
        standing
            .into_iter()
            .filter(|pair| {
                let since = self.seen.entry(pair.clone()).or_insert(now);
                now.millis_since(*since) >= PATIENCE_MS
            })
            .collect()
    }

    /// Confirms what is due.
    ///
    /// # Errors
    /// The aggregator does not answer.
    pub(super) async fn look(
        &mut self,
        client: &ApiClient,
        plan: &ShownPlan,
        now: Timestamp,
    ) -> Result<(), LabError> {
        for (truck, point) in self.due(plan, now) {
            if client.confirm(&truck, &point, plan.version).await? {
                self.confirmed += 1;
            }
            self.seen.remove(&(truck, point));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ShownRecommendation;

    #[test]
    fn a_recommendation_is_confirmed_only_after_it_has_stood() {
        let plan = |point: &str| ShownPlan {
            version: 1,
            recommendations: vec![ShownRecommendation {
                truck: "pt-1".to_owned(),
                point: point.parse().expect("id"),
                reasons: Vec::new(),
            }],
            unserved: Vec::new(),
        };
        let at = |minute: i64| Timestamp::from_millis(minute * 60_000);
        let mut dispatcher = Dispatcher::default();
        assert!(dispatcher.due(&plan("wp-1"), at(0)).is_empty());
        assert!(dispatcher.due(&plan("wp-1"), at(3)).is_empty());
        assert!(
            dispatcher.due(&plan("wp-2"), at(4)).is_empty(),
            "it has changed"
        );
        assert!(
            dispatcher.due(&plan("wp-1"), at(5)).is_empty(),
            "it is new again"
        );
        assert_eq!(dispatcher.due(&plan("wp-1"), at(9)).len(), 1);
    }
}
