//! Room in the quarantine: how much each sender has there, and whether more may come.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    ops::ControlFlow::{self, Continue},
};

use shared::observation::Observation;

use super::giver::Giver;
use crate::{
    ingest::Origin,
    store::{Quarantined, Store, StoreError},
};

/// Bytes that senders of one kind may have in quarantine.
struct Allowance {
    each: u64,
    all: u64,
}

const MIB: u64 = 1024 * 1024;

/// One agent: more than a day of a gateway with ten gauges, once a minute.
const AGENTS: Allowance = Allowance {
    each: 8 * MIB,
    all: 256 * MIB,
};

/// Third parties have a part of their own: names are theirs to choose, and none may use up what an agent
/// needs.
const THIRD_PARTIES: Allowance = Allowance {
    each: MIB,
    all: 32 * MIB,
};

/// What an observation costs beside the names in it.
const FIXED_BYTES: u64 = 64;

/// What is in quarantine, in bytes.
#[derive(Debug, Default)]
pub struct Room {
    of: HashMap<String, u64>,
    agents: u64,
    third_parties: u64,
    /// Digests of what is there: a batch that comes again takes no room again.
    known: HashSet<u64>,
}

/// What became of an observation that wants to be kept aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aside {
    New,
    Known,
    Full,
}

impl Room {
    /// What the store has.
    pub fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let mut room = Self::default();
        store.quarantined(&mut |_, one| {
            room.add(&one.sender, &one.observation);
            Continue(())
        })?;
        Ok(room)
    }

    /// Whether there is nothing in quarantine.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Takes room for an observation, if it is not there yet and there is any.
    pub fn take(&mut self, sender: &str, observation: &Observation) -> Aside {
        if self.known.contains(&digest(sender, observation)) {
            Aside::Known
        } else if self.has_for(sender, [observation]) {
            self.add(sender, observation);
            Aside::New
        } else {
            Aside::Full
        }
    }

    /// Whether there is room for all of these from one sender.
    pub fn has_for<'a>(
        &self,
        sender: &str,
        observations: impl IntoIterator<Item = &'a Observation>,
    ) -> bool {
        let new = observations
            .into_iter()
            .filter(|o| !self.known.contains(&digest(sender, o)));
        let bytes: u64 = new.map(|o| bytes(sender, o)).sum();
        let has = self.of.get(sender).copied().unwrap_or_default();
        let (allowance, all) = match Giver::named(sender).origin {
            Origin::Agent => (AGENTS, self.agents),
            Origin::ThirdParty => (THIRD_PARTIES, self.third_parties),
        };
        bytes == 0 || has + bytes <= allowance.each && all + bytes <= allowance.all
    }

    /// An observation has left.
    pub fn give_back(&mut self, one: &Quarantined) {
        self.known.remove(&digest(&one.sender, &one.observation));
        let bytes = bytes(&one.sender, &one.observation);
        let all = self.all_of(&one.sender);
        *all = all.saturating_sub(bytes);
        if let Some(has) = self.of.get_mut(&one.sender) {
            *has = has.saturating_sub(bytes);
            if *has == 0 {
                self.of.remove(&one.sender);
            }
        }
    }

    fn add(&mut self, sender: &str, observation: &Observation) {
        let bytes = bytes(sender, observation);
        self.known.insert(digest(sender, observation));
        *self.of.entry(sender.to_owned()).or_default() += bytes;
        *self.all_of(sender) += bytes;
    }

    fn all_of(&mut self, sender: &str) -> &mut u64 {
        match Giver::named(sender).origin {
            Origin::Agent => &mut self.agents,
            Origin::ThirdParty => &mut self.third_parties,
        }
    }
}

fn bytes(sender: &str, observation: &Observation) -> u64 {
    (sender.len() + observation.gauge.as_str().len()) as u64 + FIXED_BYTES
}

fn digest(sender: &str, o: &Observation) -> u64 {
    let mut hasher = DefaultHasher::new();
    let what = (&o.gauge, o.parameter, o.observed_at, o.value);
    (sender, what, o.quality.number()).hash(&mut hasher);
    hasher.finish()
}

/// At most so many of what is in quarantine that pass the test, oldest first.
pub fn those(
    store: &dyn Store,
    limit: usize,
    mut test: impl FnMut(&Quarantined) -> bool,
) -> Result<Vec<(u64, Quarantined)>, StoreError> {
    let mut found = Vec::new();
    store.quarantined(&mut |number, one| {
        if test(&one) {
            found.push((number, one));
        }
        if found.len() < limit {
            Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use shared::{
        gauge::Parameter,
        quality::{Quality, TestSet},
        time::Timestamp,
        value::Value,
    };

    use super::*;

    fn observation(second: i64) -> Observation {
        Observation {
            gauge: "lg-1".parse().expect("id"),
            parameter: Parameter::Depth,
            observed_at: Timestamp::from_millis(second * 1_000),
            value: Some(Value::from_milli(second)),
            quality: Quality::Pass,
            tests: TestSet::NONE,
        }
    }

    #[test]
    fn a_sender_that_has_used_its_room_takes_none_of_the_others() {
        let mut room = Room::default();
        let mut second = 0;
        while room.take("agent gw-1", &observation(second)) == Aside::New {
            second += 1;
        }
        assert_eq!(room.take("agent gw-1", &observation(second)), Aside::Full);
        assert_eq!(room.take("agent gw-1", &observation(0)), Aside::Known);
        assert!(room.has_for("agent gw-1", [&observation(1)]));
        let bytes = u64::try_from(second).expect("rising") * bytes("agent gw-1", &observation(0));
        assert!((AGENTS.each - 100..=AGENTS.each).contains(&bytes));
        assert_eq!(room.take("agent gw-2", &observation(0)), Aside::New);
        for name in 0..40 {
            let (sender, mut second) = (format!("flood/v1/in/{name}"), 0);
            while room.take(&sender, &observation(second)) == Aside::New {
                second += 1;
            }
        }
        assert!((THIRD_PARTIES.all - 200..=THIRD_PARTIES.all).contains(&room.third_parties));
        assert_eq!(room.take("agent gw-3", &observation(0)), Aside::New);
        let gone = Quarantined {
            sender: "agent gw-1".to_owned(),
            reason: String::new(),
            received_at: Timestamp::default(),
            observation: observation(0),
        };
        room.give_back(&gone);
        assert_eq!(room.take("agent gw-1", &observation(second)), Aside::New);
        assert_eq!(room.take("agent gw-1", &observation(0)), Aside::Full);
    }
}
