//! What waits for a clock to be set right, and is judged again then.

use shared::{observation::Observation, time::Timestamp};

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

impl Ledger {
    /// Lets time pass: what a clock that was set explains is judged again, and so is what was too old
    /// for a clock that was ahead. `monotonic_ms` is storm time that nobody sets.
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
        let below = self.admitter.floor(now);
        if self.looked_below.is_none_or(|looked| below < looked) && !self.room(store)?.is_empty() {
            let due = those(store, READMITTED, |one| {
                one.observation.observed_at >= below
            })?;
            let is_all = due.len() < READMITTED;
            self.readmit(group, store, due, now)?;
            if !is_all {
                return Ok(());
            }
        }
        self.looked_below = Some(below);
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

    /// Whether the quarantine has room for what of these is too old.
    pub(super) fn has_room_for(
        &mut self,
        store: &dyn Store,
        observations: &[Observation],
        giver: &Giver,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let floor = self.admitter.floor(now);
        let mut old = observations.iter().filter(|o| o.observed_at < floor);
        let Some(first) = old.next() else {
            return Ok(true);
        };
        let old = std::iter::once(first).chain(old);
        Ok(self.room(store)?.has_for(&giver.name, old))
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
    }
}
