//! What must hold, checked against the store: nothing acknowledged is lost, nothing is merged twice,
//! and in the end everything that was spooled is kept, each reading once.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use agent::spool::seqs::SeqSet;
use aggregator::{
    counters::Counter,
    store::{Commit, Quarantined, Store},
    world::{Arrival, Input},
};
use shared::{
    ids::{AgentId, GaugeId},
    observation::Observation,
    quality::Test,
    time::Timestamp,
};

/// What does not hold, for people.
#[derive(Debug)]
pub struct Broken(pub String);

impl<E: std::error::Error> From<E> for Broken {
    fn from(error: E) -> Self {
        Self(shared::error::chain(&error))
    }
}

/// Fails with words if something does not hold.
pub fn hold(holds: bool, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(what())) }
}

type Identity = (GaugeId, Timestamp);

/// What was durable where.
#[derive(Default)]
pub struct Books {
    /// What the spools hold.
    held: BTreeMap<AgentId, BTreeMap<u64, Vec<Observation>>>,
    /// Everything that was ever spooled.
    spooled: BTreeMap<Identity, Vec<Observation>>,
    /// What of it a full spool has not dropped.
    owed: BTreeMap<Identity, Vec<Observation>>,
    /// What the aggregator could not admit and set aside.
    quarantined: BTreeMap<Identity, Vec<Observation>>,
    pub counts: Counts,
}

/// How often what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(pub BTreeMap<&'static str, u64>);

impl Counts {
    pub fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }
}

fn identity(o: &Observation) -> Identity {
    (o.gauge.clone(), o.observed_at)
}

fn is_among(o: &Observation, known: &BTreeMap<Identity, Vec<Observation>>) -> bool {
    known.get(&identity(o)).is_some_and(|all| all.contains(o))
}

impl Books {
    /// A batch is durable in a spool.
    pub fn spooled(&mut self, agent: &AgentId, seq: u64, batch: &[Observation]) {
        for o in batch {
            for all in [&mut self.spooled, &mut self.owed] {
                all.entry(identity(o)).or_default().push(o.clone());
            }
            self.counts.note("observations spooled");
        }
        self.held_by(agent).insert(seq, batch.to_vec());
    }

    /// A spool was opened again and holds these: everything that was synced, and perhaps more.
    pub fn reopened(
        &mut self,
        agent: &AgentId,
        batches: BTreeMap<u64, Vec<Observation>>,
    ) -> Result<(), Broken> {
        let held = self.held.remove(agent).unwrap_or_default();
        // Every opening numbers anew, in the order of before.
        let mut known = held.iter().peekable();
        for (seq, batch) in &batches {
            if known.next_if(|(_, held)| *held == batch).is_some() {
                self.held_by(agent).insert(*seq, batch.clone());
            } else {
                self.counts.note("batches found after a crash");
                self.spooled(agent, *seq, batch);
            }
        }
        match known.next() {
            None => Ok(()),
            Some((seq, _)) => Err(Broken(format!(
                "the spool of {agent} has lost batch {seq}, which was durable"
            ))),
        }
    }

    fn held_by(&mut self, agent: &AgentId) -> &mut BTreeMap<u64, Vec<Observation>> {
        self.held.entry(agent.clone()).or_default()
    }

    /// The newest time of an observation that was spooled.
    pub fn newest(&self) -> Option<Timestamp> {
        self.spooled.keys().map(|(_, at)| *at).max()
    }

    /// A full spool has nothing below `oldest` any more.
    pub fn dropped_below(&mut self, agent: &AgentId, oldest: u64) {
        let held = self.held_by(agent);
        let kept = held.split_off(&oldest);
        for o in std::mem::replace(held, kept).into_values().flatten() {
            self.counts.note("observations dropped by a full spool");
            if let Some(all) = self.owed.get_mut(&identity(&o))
                && let Some(place) = all.iter().position(|other| *other == o)
            {
                all.swap_remove(place);
            }
        }
    }

    /// A commit is durable in the store.
    pub fn committed(&mut self, commit: &Commit) {
        for refused in &commit.refused {
            if refused.reason == Counter::NumberReused.name() {
                self.counts.note("batches under a known number");
            }
        }
        for Quarantined { observation, .. } in &commit.quarantined {
            self.counts.note("observations quarantined");
            let all = self.quarantined.entry(identity(observation)).or_default();
            all.push(observation.clone());
        }
    }

    /// The agent believes an acknowledgement: what it releases must be kept.
    pub fn released(
        &mut self,
        agent: &AgentId,
        seqs: &SeqSet,
        store: &dyn Store,
    ) -> Result<(), Broken> {
        let held = self.held.entry(agent.clone()).or_default();
        let released: Vec<u64> = held.keys().copied().filter(|s| seqs.contains(*s)).collect();
        for seq in released {
            for o in held.remove(&seq).into_iter().flatten() {
                let stored = store.get(&o.gauge, o.parameter, o.observed_at)?;
                let is_kept = stored.is_some_and(|s| is_kept_as(&o, &s.observation))
                    || is_among(&o, &self.quarantined);
                hold(is_kept, || {
                    format!("{agent} released batch {seq}, but the store does not have {o:?}")
                })?;
            }
            self.counts.note("batches released");
        }
        Ok(())
    }

    /// The storm is over and everything has drained.
    pub fn settle(&self, store: &dyn Store) -> Result<(), Broken> {
        let still_held: usize = self.held.values().map(BTreeMap::len).sum();
        hold(still_held == 0, || {
            format!("{still_held} batches are still spooled")
        })?;
        let stored = stored(store)?;
        for o in self.owed.values().flatten() {
            let is_kept = stored.get(&identity(o)).is_some_and(|s| is_kept_as(o, s))
                || is_among(o, &self.quarantined);
            hold(is_kept, || format!("lost: {o:?}"))?;
        }
        for o in stored.values() {
            let same = self.spooled.get(&identity(o)).into_iter().flatten();
            let mut same = same.filter(|spooled| *spooled == o || is_kept_in_doubt(spooled, o));
            hold(same.next().is_some(), || {
                format!("stored, but never spooled: {o:?}")
            })?;
        }
        merged_once(store, &stored)
    }
}

/// Every observation of the store, each identity once.
fn stored(store: &dyn Store) -> Result<BTreeMap<Identity, Observation>, Broken> {
    let (mut stored, mut twice) = (BTreeMap::new(), BTreeSet::new());
    store.visit(&mut |s| {
        if let Some(before) = stored.insert(identity(&s.observation), s.observation) {
            twice.insert(identity(&before));
        }
    })?;
    hold(twice.is_empty(), || format!("stored twice: {twice:?}"))?;
    Ok(stored)
}

/// The world was given every observation once, or again only because it was better.
fn merged_once(store: &dyn Store, stored: &BTreeMap<Identity, Observation>) -> Result<(), Broken> {
    let mut merged: BTreeMap<Identity, Observation> = BTreeMap::new();
    let mut outcome = Ok(());
    store.arrivals(0, &mut |Arrival { number, input, .. }| {
        let (Input::Observed(observations) | Input::Early { observations, .. }) = input else {
            return ControlFlow::Continue(());
        };
        for o in observations {
            let before = merged.insert(identity(&o), o.clone());
            let is_ahead = |o: &Observation| o.tests.contains(Test::Clock);
            let is_better =
                |before: &Observation| o.wins_over(before) || is_ahead(before) && !is_ahead(&o);
            if before.is_some_and(|before| !is_better(&before)) {
                outcome = Err(Broken(format!("arrival {number} merges {o:?} again")));
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    outcome?;
    hold(merged == *stored, || {
        "the series are not what the arrivals say".to_owned()
    })
}

/// Whether an observation is what is stored, or no better.
fn is_kept_as(o: &Observation, stored: &Observation) -> bool {
    is_kept_in_doubt(o, stored) || !o.wins_over(stored)
}

/// Whether what is stored is an observation that was of the future when it came.
fn is_kept_in_doubt(o: &Observation, stored: &Observation) -> bool {
    stored.tests.contains(Test::Clock) && stored.value == o.value
}
