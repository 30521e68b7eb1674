//! The world as it was: the newest saved one, stepped through what arrived since.
//!
//! After a restart that is the world of the moment before it; for a look back it is the world of
//! any moment that the store still covers.

use std::{ops::ControlFlow, sync::Arc};

use shared::{error::chain, time::Timestamp};
use tracing::warn;

use crate::{
    network::City,
    orders::Order,
    store::{SavedWorld, Store, StoreError},
    world::{Arrival, Effect, Input, Refusal, Request, Snapshot, World},
};

/// A world that goes on where the store ends.
#[derive(Debug)]
pub struct Restored {
    pub world: World,
    /// Number of the last arrival that it was stepped with.
    pub last_arrival: u64,
    /// How many arrivals were stepped through.
    pub stepped: u64,
    /// The requests among them.
    pub answered: Vec<Answered>,
}

/// A request, the arrival that it was, and what the world makes of it.
#[derive(Debug)]
pub struct Answered {
    pub arrival: u64,
    pub request: Request,
    pub outcome: Result<Order, Refusal>,
}

/// The world after everything that the store has.
///
/// # Errors
/// The store cannot be read.
pub fn restore(store: &dyn Store, city: Arc<City>) -> Result<Restored, StoreError> {
    let Base {
        mut world, after, ..
    } = base(store, city, None)?;
    let (mut stepped, mut answered) = (0, Vec::new());
    store.arrivals(after, &mut |Arrival { number, at, input }| {
        let request = match &input {
            Input::Request(request) => Some(request.clone()),
            _ => None,
        };
        // What was to be done was done, or is done again when the world goes on.
        for effect in world.step(at, input) {
            if let (Effect::Answer(answer), Some(request)) = (effect, &request) {
                answered.push(Answered {
                    arrival: number,
                    request: request.clone(),
                    outcome: answer.outcome,
                });
            }
        }
        stepped += 1;
        ControlFlow::Continue(())
    })?;
    Ok(Restored {
        world,
        last_arrival: store.last_arrival()?,
        stepped,
        answered,
    })
}

/// The facts that were published last at a moment; none if the store does not reach back so far.
///
/// # Errors
/// The store cannot be read.
pub fn published_at(
    store: &dyn Store,
    city: &Arc<City>,
    moment: Timestamp,
) -> Result<Option<Snapshot>, StoreError> {
    let mut not_after = moment;
    loop {
        let base = base(store, city.clone(), Some(not_after))?;
        let saved_at = base.saved_at;
        let found = last_publication(store, base, moment)?;
        match saved_at {
            // Nothing new between this saved world and the moment: go on from an older one.
            Some(saved_at) if found.is_none() => not_after = saved_at.plus_millis(-1),
            _ => return Ok(found),
        }
    }
}

fn last_publication(
    store: &dyn Store,
    base: Base,
    moment: Timestamp,
) -> Result<Option<Snapshot>, StoreError> {
    let Base {
        mut world, after, ..
    } = base;
    let mut last = world.published();
    store.arrivals(after, &mut |arrival| {
        if arrival.input == Input::Tick && arrival.at > moment {
            return ControlFlow::Break(());
        }
        let effects = world.step(arrival.at, arrival.input);
        if effects.contains(&Effect::Publish) {
            last = Some(world.snapshot());
        }
        ControlFlow::Continue(())
    })?;
    Ok(last)
}

/// A world to step on from.
struct Base {
    world: World,
    after: u64,
    /// `None` for a world in which nothing is known.
    saved_at: Option<Timestamp>,
}

/// The newest saved world that can be read, or a new one.
fn base(
    store: &dyn Store,
    city: Arc<City>,
    not_after: Option<Timestamp>,
) -> Result<Base, StoreError> {
    let mut found = None;
    store.saved_worlds(
        not_after,
        &mut |SavedWorld { after, at, bytes }| match World::restore(city.clone(), &bytes) {
            Ok(world) => {
                let saved_at = Some(at);
                found = Some(Base {
                    world,
                    after,
                    saved_at,
                });
                ControlFlow::Break(())
            }
            Err(e) => {
                warn!(
                    after,
                    error = chain(&e),
                    "a saved world cannot be read; an older one is used"
                );
                ControlFlow::Continue(())
            }
        },
    )?;
    Ok(found.unwrap_or_else(|| Base {
        world: World::new(city),
        after: 0,
        saved_at: None,
    }))
}
