//! A clock that was ahead and has been set right: what it stamped must not rule what comes after.

use std::sync::Arc;

use shared::{limits::MAX_AHEAD_MS, time::Timestamp};

use super::super::{snapshot::GaugeFacts, state::World};

/// A clock that goes back by less is only being trimmed, in milliseconds of storm time.
const TRIMMED_MS: i64 = 1_000;

impl World {
    /// The latest time of which an observation can be at `now`.
    pub(in crate::world) fn latest(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(self.real_to_storm_ms(MAX_AHEAD_MS))
    }

    /// Looks whether the clock has been set back since the tick before, and if so forgets what is of
    /// times that have not come: deadlines, readings and reports that it had believed.
    pub(in crate::world) fn watch_the_clock(&mut self, now: Timestamp) {
        if self.publication.ticked_at.millis_since(now) <= TRIMMED_MS {
            return;
        }
        let latest = self.latest(now);
        self.outlook.clock_was_set_back(latest);
        self.publication.clock_was_set_back();
        let of_the_future = |facts: &GaugeFacts| {
            let newest = facts.newest.map(|newest| newest.observed_at);
            let trusted = facts.trusted.map(|(at, _)| at);
            newest.max(trusted) > Some(latest)
        };
        let wrong: Vec<usize> = (0..self.gauges.len())
            .filter(|place| self.gauges.get(*place).is_some_and(of_the_future))
            .collect();
        for place in wrong {
            if let Some(facts) = self.gauges.get_mut(place) {
                let is_silent = facts.is_silent;
                *facts = GaugeFacts::SILENT;
                // The tick tells of it.
                facts.is_silent = is_silent;
            }
        }
        for point in &mut self.points {
            point.clock_was_set_back(now, latest);
        }
        for truck in &mut self.trucks {
            truck.last_sent = None;
            if let Some(report) = &mut truck.report {
                report.reported_at = report.reported_at.min(now);
            }
        }
        for agent in Arc::make_mut(&mut self.agents).values_mut() {
            if agent.last_seen > now {
                Arc::make_mut(agent).last_seen = now;
            }
        }
    }
}
