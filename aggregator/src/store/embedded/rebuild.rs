//! Making good a damaged day of the series: the arrivals hold every observation of it.

use std::{collections::BTreeSet, ops::ControlFlow};

use fjall::{OwnedWriteBatch, PersistMode};
use tracing::info;

use super::{
    damage::Damage,
    database::Database,
    engine::engine,
    journal::Journal,
    series::{self, Series},
};
use crate::{
    store::{StoreError, retention::Day},
    world::{Arrival, Input},
};

/// Observations in one write.
const WRITTEN_AT_ONCE: usize = 10_000;

/// The days of the series among keyspaces.
pub fn days(keyspaces: &[String]) -> BTreeSet<Day> {
    let days = keyspaces.iter().filter_map(|name| {
        let day = name.strip_prefix(series::PREFIX)?;
        Some(Day(day.parse().ok()?))
    });
    days.collect()
}

/// Whether a segment of the arrivals of a day is searched for observations of others: nearly all
/// come on their day or on the next. What came later, after a long outage, is not found, so that the
/// start does not take as long as the whole history.
fn may_have(segment: Day, days: &BTreeSet<Day>) -> bool {
    let (before, after) = (Day(segment.0 - 1), Day(segment.0 + 1));
    days.range(before..=after).next().is_some()
}

/// Puts into damaged days of the series what arrivals up to the newest hold and they do not.
///
/// # Errors
/// The store cannot be read or written.
pub fn rebuild(
    db: &Database,
    series: &Series,
    journal: &Journal,
    damage: &Damage,
    newest: u64,
    days: &BTreeSet<Day>,
) -> Result<(), StoreError> {
    if days.is_empty() {
        return Ok(());
    }
    let mut filling = Filling {
        db,
        series,
        batch: new_batch(db),
        count: 0,
    };
    for (first, last) in journal.spans(newest, |day| may_have(day, days)) {
        let mut failed = Ok(());
        journal.visit(damage, first, last, &mut |arrival| {
            if arrival.number > last {
                return ControlFlow::Break(());
            }
            failed = filling.take(&arrival, days);
            match failed {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })?;
        failed?;
    }
    filling.write()?;
    db.engine().persist(PersistMode::SyncData).map_err(engine)?;
    info!(days = ?days, observations = filling.count, "made good from the arrivals");
    Ok(())
}

struct Filling<'a> {
    db: &'a Database,
    series: &'a Series,
    batch: OwnedWriteBatch,
    count: usize,
}

fn new_batch(db: &Database) -> OwnedWriteBatch {
    OwnedWriteBatch::with_capacity(db.engine().clone(), WRITTEN_AT_ONCE)
}

impl Filling<'_> {
    fn take(&mut self, arrival: &Arrival, days: &BTreeSet<Day>) -> Result<(), StoreError> {
        let (Input::Observed(observations) | Input::Early { observations, .. }) = &arrival.input
        else {
            return Ok(());
        };
        let of_these = |at| days.contains(&Day::of(at));
        let wanted = observations.iter().filter(|o| of_these(o.observed_at));
        for observation in wanted {
            if self
                .series
                .put_newer(&mut self.batch, observation, arrival.at)?
            {
                self.count += 1;
            }
        }
        if self.batch.len() >= WRITTEN_AT_ONCE {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let batch = std::mem::replace(&mut self.batch, new_batch(self.db));
        batch.commit().map_err(engine)
    }
}
