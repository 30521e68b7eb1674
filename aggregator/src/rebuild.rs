//! The live state after a restart: the recent history, stepped through the world again.

use std::collections::BTreeSet;

use shared::{ids::GaugeId, observation::Observation, time::Timestamp};

use crate::{
    merge::Series,
    store_before::{Store, StoreError},
    world::{Input, World},
};

/// Steps the world through what the store has of the last hours, in the order of observation, and
/// gives it its orders. Returns how many observations that were.
///
/// # Errors
/// The store cannot be read.
pub fn rebuild(world: &mut World, store: &dyn Store, now: Timestamp) -> Result<usize, StoreError> {
    let ids: BTreeSet<_> = world.gauges.iter().map(|g| g.site.id.clone()).collect();
    let mut observations: Vec<Observation> = Vec::new();
    for id in ids {
        observations.extend(last_hours(store, &id, now)?);
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

/// What the world would still hold of a gauge. Of one that fell silent long ago these are its last
/// words: the missing readings that ended it, and the values before them, which tell how old they
/// are.
fn last_hours(
    store: &dyn Store,
    id: &GaugeId,
    now: Timestamp,
) -> Result<Vec<Observation>, StoreError> {
    let window = |until: Timestamp, to: Timestamp| {
        let from = until.plus_millis(-Series::WINDOW_MS);
        let stored = store.range(id, from, to, Series::MAX)?;
        Ok(stored.into_iter().map(|s| s.observation).collect())
    };
    // A clock that was set back leaves observations ahead of now.
    let recent: Vec<Observation> = window(now, now.plus_millis(Series::WINDOW_MS))?;
    if recent.iter().any(|o| o.trusted().is_some()) {
        return Ok(recent);
    }
    match store.newest(id)? {
        Some(newest) => {
            let at = newest.observation.observed_at;
            window(at, at)
        }
        None => Ok(recent),
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use shared::{
        gauge::Parameter,
        quality::{Quality, TestSet},
        value::Value,
    };

    use super::*;
    use crate::{
        network::read_city,
        store_before::{Commit, Embedded, Stored},
        world::Cadence,
    };

    const MINUTE: i64 = 60_000;
    const START: Timestamp = Timestamp::from_millis(1_784_622_000_000);

    fn stored(minute: i64, milli: Option<i64>) -> Stored {
        let observed_at = START.plus_millis(minute * MINUTE);
        Stored {
            observation: Observation {
                gauge: "lg-0001".parse().expect("id"),
                parameter: Parameter::Depth,
                observed_at,
                value: milli.map(Value::from_milli),
                quality: if milli.is_some() {
                    Quality::Pass
                } else {
                    Quality::Missing
                },
                tests: TestSet::NONE,
            },
            received_at: observed_at,
        }
    }

    #[test]
    fn a_gauge_that_fell_silent_yesterday_still_has_its_last_value_and_time() {
        let folder = tempfile::tempdir().expect("folder");
        let store = Embedded::open(folder.path()).expect("opens");
        let observations = vec![stored(0, Some(580)), stored(1, Some(600)), stored(3, None)];
        let commit = Commit {
            observations,
            ..Commit::default()
        };
        store.commit(&commit).expect("commits");
        let harbour = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/city/harbour");
        let city = Arc::new(read_city(&harbour).expect("valid"));
        let cadence = Cadence {
            forecast_ms: MINUTE,
            replan_ms: MINUTE,
            speed: 1.0,
        };
        let now = START.plus_millis(24 * 60 * MINUTE);
        let mut world = World::new(city, cadence, now);
        assert_eq!(rebuild(&mut world, &store, now).expect("reads"), 3);
        let gauge = world
            .gauge(&"lg-0001".parse().expect("id"))
            .expect("is in the city");
        let last = gauge.series.newest_trusted().expect("a last word");
        assert_eq!(last.observed_at, START.plus_millis(MINUTE));
        assert!(gauge.is_stale(now));
    }
}
