//! The store in memory: for tests of whatever stands on a store, and for the simulation.
//!
//! It keeps every promise of the contract while the process lives, and [`MemoryStore::crash`] makes
//! of it what a power cut leaves at worst: whatever was synced, and nothing that only was buffered.

use std::{
    collections::{BTreeMap, btree_map},
    ops::{Bound, ControlFlow},
    sync::{Mutex, MutexGuard, PoisonError},
};

use shared::{
    gauge::Parameter,
    ids::{AgentId, GaugeId},
    time::Timestamp,
    wire::Ack,
};

use super::{
    Commit, Durability, Forgotten, MAX_REFUSED, Quarantined, Refused, SavedWorld, Store,
    StoreError, Stored,
    retention::{self, Day},
};
use crate::{
    audit::{Chain, Entry},
    world::Arrival,
};

/// A store that ends with the process.
#[derive(Default)]
pub struct MemoryStore(Mutex<State>);

#[derive(Default)]
struct State {
    kept: Kept,
    /// Undoes, newest last, what no synced commit covers yet.
    unsynced: Vec<Undo>,
}

#[derive(Default)]
struct Kept {
    series: BTreeMap<Day, BTreeMap<Identity, Stored>>,
    cursors: BTreeMap<AgentId, Ack>,
    refused: BTreeMap<u64, Refused>,
    next_refused: u64,
    quarantine: BTreeMap<u64, Quarantined>,
    next_quarantined: u64,
    arrivals: BTreeMap<u64, Arrival>,
    last_arrival: u64,
    /// Days of the segments, by the number of their first arrival.
    segments: BTreeMap<u64, Day>,
    worlds: BTreeMap<u64, SavedWorld>,
    desk: BTreeMap<String, Vec<u8>>,
    deeds: Vec<Entry>,
}

/// Of an observation.
type Identity = (GaugeId, Parameter, Timestamp);

enum Undo {
    Observation(Identity, Option<Stored>),
    Cursor(AgentId, Option<Ack>),
    Arrival,
    Segment(u64),
    Refused,
    RefusedGone(u64, Refused),
    Quarantined,
    Readmitted(u64, Quarantined),
    Desk(String, Option<Vec<u8>>),
    Deed,
}

impl MemoryStore {
    /// What a power cut leaves at worst: all that was committed since the last synced commit or
    /// saved world is gone.
    pub fn crash(&self) {
        let mut state = self.lock();
        while let Some(undo) = state.unsynced.pop() {
            state.kept.undo(undo);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn apply(&mut self, commit: &Commit, undo: &mut Vec<Undo>) {
        for (observation, received_at) in commit.observations() {
            let observation = observation.clone();
            let (gauge, at) = (observation.gauge.clone(), observation.observed_at);
            let identity = (gauge, observation.parameter, at);
            let stored = Stored {
                observation,
                received_at,
            };
            let day = self.series.entry(Day::of(at)).or_default();
            let before = day.insert(identity.clone(), stored);
            undo.push(Undo::Observation(identity, before));
        }
        for agent in commit.forgotten() {
            let before = self.cursors.remove(agent);
            undo.push(Undo::Cursor(agent.clone(), before));
        }
        for (agent, ack) in &commit.cursors {
            let before = self.cursors.insert(agent.clone(), ack.clone());
            undo.push(Undo::Cursor(agent.clone(), before));
        }
        for refused in &commit.refused {
            self.refused.insert(self.next_refused, refused.clone());
            self.next_refused += 1;
            undo.push(Undo::Refused);
            if self.refused.len() > MAX_REFUSED
                && let Some((number, oldest)) = self.refused.pop_first()
            {
                undo.push(Undo::RefusedGone(number, oldest));
            }
        }
        for quarantined in &commit.quarantined {
            let number = self.next_quarantined;
            self.quarantine.insert(number, quarantined.clone());
            self.next_quarantined += 1;
            undo.push(Undo::Quarantined);
        }
        for number in &commit.readmitted {
            if let Some(gone) = self.quarantine.remove(number) {
                undo.push(Undo::Readmitted(*number, gone));
            }
        }
        for (key, value) in &commit.desk {
            let before = match value {
                Some(value) => self.desk.insert(key.clone(), value.clone()),
                None => self.desk.remove(key),
            };
            undo.push(Undo::Desk(key.clone(), before));
        }
        for deed in &commit.deeds {
            self.deeds.push(deed.clone());
            undo.push(Undo::Deed);
        }
        if let Some(first) = commit.arrivals.first() {
            let (number, day) = (first.number, Day::of(first.at));
            let newest = self.segments.last_key_value();
            if newest.is_none_or(|(_, newest)| !newest.goes_on_with(day)) {
                self.segments.insert(number, day);
                undo.push(Undo::Segment(number));
            }
        }
        for arrival in &commit.arrivals {
            self.last_arrival = arrival.number;
            self.arrivals.insert(arrival.number, arrival.clone());
            undo.push(Undo::Arrival);
        }
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Observation(identity, Some(before)) => {
                let day = self.series.entry(Day::of(identity.2)).or_default();
                day.insert(identity, before);
            }
            Undo::Observation(identity, None) => {
                if let btree_map::Entry::Occupied(mut day) = self.series.entry(Day::of(identity.2))
                {
                    day.get_mut().remove(&identity);
                    if day.get().is_empty() {
                        day.remove();
                    }
                }
            }
            Undo::Cursor(agent, Some(ack)) => {
                self.cursors.insert(agent, ack);
            }
            Undo::Cursor(agent, None) => {
                self.cursors.remove(&agent);
            }
            Undo::Arrival => {
                self.arrivals.remove(&self.last_arrival);
                self.last_arrival -= 1;
            }
            Undo::Segment(first) => {
                self.segments.remove(&first);
            }
            Undo::Refused => {
                self.next_refused -= 1;
                self.refused.remove(&self.next_refused);
            }
            Undo::RefusedGone(number, refused) => {
                self.refused.insert(number, refused);
            }
            Undo::Quarantined => {
                self.next_quarantined -= 1;
                self.quarantine.remove(&self.next_quarantined);
            }
            Undo::Readmitted(number, gone) => {
                self.quarantine.insert(number, gone);
            }
            Undo::Desk(key, Some(before)) => {
                self.desk.insert(key, before);
            }
            Undo::Desk(key, None) => {
                self.desk.remove(&key);
            }
            Undo::Deed => {
                self.deeds.pop();
            }
        }
    }

    fn end_of_deeds(&self) -> Chain {
        self.deeds.last().map_or_else(Chain::default, |deed| Chain {
            last: deed.number,
            hash: deed.hash,
        })
    }

    fn world_times(&self) -> retention::Worlds {
        self.worlds.iter().map(|(k, w)| (*k, w.at)).collect()
    }
}

impl Store for MemoryStore {
    fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let state = &mut *self.lock();
        commit.follow_on(state.kept.last_arrival)?;
        commit.deeds_follow_on(state.kept.end_of_deeds())?;
        state.kept.apply(commit, &mut state.unsynced);
        if commit.durability == Durability::Synced {
            state.unsynced.clear();
        }
        Ok(())
    }

    fn get(
        &self,
        gauge: &GaugeId,
        parameter: Parameter,
        observed_at: Timestamp,
    ) -> Result<Option<Stored>, StoreError> {
        let state = self.lock();
        let day = state.kept.series.get(&Day::of(observed_at));
        Ok(day.and_then(|day| day.get(&(gauge.clone(), parameter, observed_at)).cloned()))
    }

    fn newest(&self, gauge: &GaugeId, parameter: Parameter) -> Result<Option<Stored>, StoreError> {
        let (from, to) = (i64::MIN, i64::MAX);
        let (from, to) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        Ok(self.range(gauge, parameter, from, to, 1)?.pop())
    }

    fn range(
        &self,
        gauge: &GaugeId,
        parameter: Parameter,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        if from > to {
            return Ok(Vec::new());
        }
        let state = self.lock();
        let span = (gauge.clone(), parameter, from)..=(gauge.clone(), parameter, to);
        let days = state.kept.series.range(Day::of(from)..=Day::of(to)).rev();
        let newest_first = days.flat_map(|(_, day)| day.range(span.clone()).rev());
        let mut found: Vec<_> = newest_first.map(|(_, s)| s.clone()).take(limit).collect();
        found.reverse();
        Ok(found)
    }

    fn visit(&self, visit: &mut dyn FnMut(Stored)) -> Result<(), StoreError> {
        let days = self.lock().kept.series.clone();
        for day in days.into_values() {
            day.into_values().for_each(&mut *visit);
        }
        Ok(())
    }

    fn cursors(&self) -> Result<Vec<(AgentId, Ack)>, StoreError> {
        let state = self.lock();
        let cursors = state.kept.cursors.iter();
        Ok(cursors.map(|(a, c)| (a.clone(), c.clone())).collect())
    }

    fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
        let state = self.lock();
        let newest = state.kept.refused.values().rev().take(limit);
        Ok(newest.cloned().collect())
    }

    fn quarantined(
        &self,
        visit: &mut dyn FnMut(u64, Quarantined) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let all = self.lock().kept.quarantine.clone();
        // A visitor that breaks has what it wanted.
        let _ = all
            .into_iter()
            .try_for_each(|(number, one)| visit(number, one));
        Ok(())
    }

    fn desk(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let state = self.lock();
        let from = state.kept.desk.range(prefix.to_owned()..);
        let found = from.take_while(|(key, _)| key.starts_with(prefix));
        Ok(found.map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    fn deeds(
        &self,
        after: u64,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let deeds = self.lock().kept.deeds.clone();
        // A visitor that breaks has what it wanted.
        let _ = deeds
            .into_iter()
            .filter(|deed| deed.number > after)
            .try_for_each(visit);
        Ok(())
    }

    fn end_of_deeds(&self) -> Result<Chain, StoreError> {
        Ok(self.lock().kept.end_of_deeds())
    }

    fn last_arrival(&self) -> Result<u64, StoreError> {
        Ok(self.lock().kept.last_arrival)
    }

    fn arrivals(
        &self,
        number: u64,
        visit: &mut dyn FnMut(Arrival) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let after = |number| {
            let later = (Bound::Excluded(number), Bound::Unbounded);
            let next = self.lock().kept.arrivals.range(later).next()?.1.clone();
            Some(next)
        };
        let mut next = after(number);
        while let Some(arrival) = next {
            let number = arrival.number;
            if visit(arrival).is_break() {
                break;
            }
            next = after(number);
        }
        Ok(())
    }

    fn save_world(&self, world: &SavedWorld) -> Result<(), StoreError> {
        let state = &mut *self.lock();
        let (after, last) = (world.after, state.kept.last_arrival);
        if after > last {
            return Err(StoreError::AheadOfArrivals { after, last });
        }
        state.unsynced.clear();
        state.kept.worlds.insert(after, world.clone());
        for gone in retention::thin(&state.kept.world_times()) {
            state.kept.worlds.remove(&gone);
        }
        Ok(())
    }

    fn saved_worlds(
        &self,
        not_after: Option<Timestamp>,
        visit: &mut dyn FnMut(SavedWorld) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let worlds = self.lock().kept.worlds.clone();
        let newest_first = worlds.into_values().rev();
        let mut wanted = newest_first.filter(|w| not_after.is_none_or(|t| w.at <= t));
        // A visitor that breaks has what it wanted.
        let _ = wanted.try_for_each(visit);
        Ok(())
    }

    fn oldest_day(&self) -> Result<Option<Timestamp>, StoreError> {
        let state = self.lock();
        let oldest = state.kept.series.first_key_value();
        Ok(oldest.map(|(day, _)| day.begin()))
    }

    fn forget_before(&self, oldest: Timestamp) -> Result<Forgotten, StoreError> {
        let state = &mut *self.lock();
        let oldest = Day::of(oldest);
        state.unsynced.clear();
        let kept = &mut state.kept;
        let young = kept.series.split_off(&oldest);
        let days = std::mem::replace(&mut kept.series, young).len();
        let newest_world = kept.worlds.last_key_value().map(|(after, _)| *after);
        let segments = retention::outlived(&kept.segments, oldest, newest_world);
        for _ in 0..segments {
            kept.segments.pop_first();
        }
        let first = kept.segments.first_key_value().map(|(first, _)| *first);
        if let Some(first) = first {
            kept.arrivals = kept.arrivals.split_off(&first);
        }
        let worlds = retention::outlived_worlds(&kept.world_times(), oldest, first);
        for gone in &worlds {
            kept.worlds.remove(gone);
        }
        let before = kept.quarantine.len();
        kept.quarantine
            .retain(|_, one| Day::of(one.received_at) >= oldest);
        Ok(Forgotten {
            days,
            segments,
            worlds: worlds.len(),
            quarantined: before - kept.quarantine.len(),
        })
    }

    /// None: it is not on disk.
    fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn damaged(&self) -> u64 {
        0
    }
}
