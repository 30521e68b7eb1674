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

/// All who are enrolled have a part of their own: nobody else may use up what they need.
const ENROLLED: u64 = 256 * MIB;

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
    of: HashMap<String, Held>,
    enrolled: u64,
    agents: u64,
    third_parties: u64,
    /// Digests of what is there: a batch that comes again takes no room again.
    known: HashSet<u64>,
}

/// What one sender has there.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    bytes: u64,
    /// Out of whose part that comes.
    is_enrolled: bool,
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
            room.add(&Giver::named(&one.sender), &one.observation);
            Continue(())
        })?;
        Ok(room)
    }

    /// Whether there is nothing in quarantine.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Takes room for an observation, if it is not there yet and there is any.
    pub fn take(&mut self, giver: &Giver, observation: &Observation) -> Aside {
        if self.known.contains(&digest(&giver.name, observation)) {
            return Aside::Known;
        }
        self.know_better(giver);
        let held = self.of.get(&giver.name).copied().unwrap_or_default();
        let bytes = bytes(&giver.name, observation);
        let (each, most) = match giver.origin {
            Origin::Agent => (AGENTS.each, AGENTS.all),
            Origin::ThirdParty => (THIRD_PARTIES.each, THIRD_PARTIES.all),
        };
        let most = if giver.is_enrolled { ENROLLED } else { most };
        let all = *self.all_of(giver.origin, giver.is_enrolled);
        if held.bytes + bytes <= each && all + bytes <= most {
            self.add(giver, observation);
            Aside::New
        } else {
            Aside::Full
        }
    }

    /// An observation has left.
    pub fn give_back(&mut self, one: &Quarantined) {
        self.known.remove(&digest(&one.sender, &one.observation));
        let bytes = bytes(&one.sender, &one.observation);
        let Some(held) = self.of.get_mut(&one.sender) else {
            return;
        };
        held.bytes = held.bytes.saturating_sub(bytes);
        let Held {
            bytes: left,
            is_enrolled,
        } = *held;
        if left == 0 {
            self.of.remove(&one.sender);
        }
        let all = self.all_of(Giver::named(&one.sender).origin, is_enrolled);
        *all = all.saturating_sub(bytes);
    }

    fn add(&mut self, giver: &Giver, observation: &Observation) {
        let bytes = bytes(&giver.name, observation);
        self.known.insert(digest(&giver.name, observation));
        let held = self.of.entry(giver.name.clone()).or_insert(Held {
            bytes: 0,
            is_enrolled: giver.is_enrolled,
        });
        held.bytes += bytes;
        *self.all_of(giver.origin, giver.is_enrolled) += bytes;
    }

    /// The store does not say who is enrolled, and that changes: what he has moves with him.
    fn know_better(&mut self, giver: &Giver) {
        let Some(held) = self.of.get_mut(&giver.name) else {
            return;
        };
        let before = std::mem::replace(&mut held.is_enrolled, giver.is_enrolled);
        let bytes = held.bytes;
        if before != giver.is_enrolled {
            let from = self.all_of(giver.origin, before);
            *from = from.saturating_sub(bytes);
            *self.all_of(giver.origin, giver.is_enrolled) += bytes;
        }
    }

    fn all_of(&mut self, origin: Origin, is_enrolled: bool) -> &mut u64 {
        match origin {
            _ if is_enrolled => &mut self.enrolled,
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
        let [one, two, three] = ["agent gw-1", "agent gw-2", "agent gw-3"].map(Giver::named);
        while room.take(&one, &observation(second)) == Aside::New {
            second += 1;
        }
        assert_eq!(room.take(&one, &observation(second)), Aside::Full);
        assert_eq!(room.take(&one, &observation(0)), Aside::Known);
        let bytes = u64::try_from(second).expect("rising") * bytes("agent gw-1", &observation(0));
        assert!((AGENTS.each - 100..=AGENTS.each).contains(&bytes));
        assert_eq!(room.take(&two, &observation(0)), Aside::New);
        for name in 0..40 {
            let (sender, mut second) = (Giver::named(&format!("flood/v1/in/{name}")), 0);
            while room.take(&sender, &observation(second)) == Aside::New {
                second += 1;
            }
        }
        assert!((THIRD_PARTIES.all - 200..=THIRD_PARTIES.all).contains(&room.third_parties));
        assert_eq!(room.take(&three, &observation(0)), Aside::New);
        let gone = Quarantined {
            sender: "agent gw-1".to_owned(),
            reason: String::new(),
            received_at: Timestamp::default(),
            observation: observation(0),
        };
        room.give_back(&gone);
        assert_eq!(room.take(&one, &observation(second)), Aside::New);
        assert_eq!(room.take(&one, &observation(0)), Aside::Full);
    }

    #[test]
    fn who_is_enrolled_has_room_however_many_strangers_have_filled_theirs() {
        let mut room = Room {
            agents: AGENTS.all,
            ..Room::default()
        };
        let stranger = Giver::named("agent gw-1");
        assert_eq!(room.take(&stranger, &observation(0)), Aside::Full);
        let enrolled = Giver {
            is_enrolled: true,
            ..stranger.clone()
        };
        assert_eq!(room.take(&enrolled, &observation(0)), Aside::New);
        assert_eq!((room.enrolled > 0, room.agents), (true, AGENTS.all));
        assert_eq!(room.take(&stranger, &observation(1)), Aside::Full);
        assert_eq!(room.enrolled, 0, "it went with him");
    }
}
