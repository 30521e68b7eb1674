//! The live state after a restart: the recent history, stepped through the world again.

use std::collections::BTreeSet;

use shared::{observation::Observation, time::Timestamp};

use crate::{
    merge::Series,
    store::{Store, StoreError},
    world::{Input, World},
};

/// Steps the world through what the store has of the last hours, in the order of observation, and
/// gives it its orders. Returns how many observations that were.
///
/// # Errors
/// The store cannot be read.
pub fn rebuild(world: &mut World, store: &dyn Store, now: Timestamp) -> Result<usize, StoreError> {
    let from = now.plus_millis(-Series::WINDOW_MS);
    let ids: BTreeSet<_> = world.gauges.iter().map(|g| g.site.id.clone()).collect();
    let mut observations: Vec<Observation> = Vec::new();
    for id in ids {
        let recent = store.range(&id, from, now.plus_millis(Series::WINDOW_MS), Series::MAX)?;
        if recent.is_empty() {
            // Silent for hours: its last word still tells how old it is.
            observations.extend(store.newest(&id)?.map(|s| s.observation));
        } else {
            observations.extend(recent.into_iter().map(|s| s.observation));
        }
    }
    observations.sort_by(|a, b| {
        a.observed_at
            .cmp(&b.observed_at)
            .then_with(|| a.gauge.cmp(&b.gauge))
    });
    let count = observations.len();
    for order in store.orders()? {
        world.step(now, Input::Restored(order));
    }
    for observation in observations {
        let received_at = observation.observed_at;
        world.step(
            received_at,
            Input::Observed {
                observations: vec![observation],
                received_at,
            },
        );
    }
    world.mark_all();
    Ok(count)
}
