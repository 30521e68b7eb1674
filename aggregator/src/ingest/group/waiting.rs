//! What waits for a clock to be set right, and is judged again then.

use shared::time::Timestamp;

use super::{
    Group, Ledger, Taken,
    ahead::Early,
    aside::{Room, those},
    giver::Giver,
};
use crate::{
    counters::Counter,
    store::{Quarantined, Store, StoreError},
};

/// Observations that leave the quarantine in one group.
const READMITTED: usize = 1_000;

/// What waits for its time is looked for again after so long, in milliseconds of storm time, and when
/// the clock was set back.
const LOOK_AGAIN_MS: i64 = 6 * 3_600_000;

impl Ledger {
    /// Lets time pass: what a clock that was set explains is judged again, and so is what was too old
    /// for a clock that was ahead, or too far ahead for one that was behind. `monotonic_ms` is storm time that nobody sets.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn pass_time(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        now: Timestamp,
        monotonic_ms: i64,
    ) -> Result<(), StoreError> {
        self.remarks.sweep(now);
        let ahead_ms = self.admitter.ahead_ms();
        let explained = self.ahead.look(now, monotonic_ms, ahead_ms);
        for Early {
            observation, by, ..
        } in explained
        {
            let again = vec![observation];
            self.observations(group, store, again, &by, again_taken(&by, now))?;
        }
        let (below, above) = (self.admitter.floor(now), self.admitter.ceiling(now));
        let has_moved = self.looked.is_none_or(|(low, high)| {
            below < low || above.millis_since(high).abs() >= LOOK_AGAIN_MS
        });
        if !has_moved {
            self.looked = self.looked.map(|(_, high)| (below, high));
            return Ok(());
        }
        if !self.room(store)?.is_empty() {
            let span = below..=above;
            let due = those(store, READMITTED, |one| {
                span.contains(&one.observation.observed_at) && !self.is_disowned(one)
            })?;
            let is_all = due.len() < READMITTED;
            self.readmit(group, store, due, now)?;
            if !is_all {
                return Ok(());
            }
        }
        self.looked = Some((below, above));
        Ok(())
    }

    fn readmit(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        due: Vec<(u64, Quarantined)>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for (number, one) in due {
            self.room(store)?.give_back(&one);
            group.readmitted.push(number);
            self.counts.add(Counter::Readmitted, 1);
            let giver = Giver::named(&one.sender);
            let taken = again_taken(&giver, now);
            self.observations(group, store, vec![one.observation], &giver, taken)?;
        }
        Ok(())
    }

    pub(super) fn room(&mut self, store: &dyn Store) -> Result<&mut Room, StoreError> {
        Ok(match &mut self.room {
            Some(room) => room,
            unknown => unknown.insert(Room::read(store)?),
        })
    }
}

fn again_taken(giver: &Giver, at: Timestamp) -> Taken<'_> {
    Taken {
        channel: &giver.name,
        payload: &[],
        at,
        is_enrolled: giver.is_enrolled,
    }
}
