//! Room for agents who are not enrolled: how many of them are known, who is forgotten for a newcomer,
//! and how much they may say. Those who are enrolled take none of it.

use std::collections::HashMap;

use shared::{ids::AgentId, time::Timestamp, wire::AgentHealth};

/// Strangers that are known at a time: more than any city has gateways before it enrols them.
pub const MAX_STRANGERS: usize = 5_000;

/// One that said nothing for so long may be forgotten for another, in milliseconds of storm time.
const SILENT_MS: i64 = 3_600_000;

/// Bytes of the texts in the health of all strangers together: they stand in every state document.
const MAX_TEXTS: usize = 2 * 1024 * 1024;

/// What becomes of a stranger who says something.
#[derive(Debug, PartialEq, Eq)]
pub enum Coming {
    /// He is known, or there is room for him.
    In,
    /// There is room for him once this one is forgotten, who has been silent for longest.
    InPlaceOf(AgentId),
    NoRoom,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    heard: Timestamp,
    /// Bytes of text in his health.
    texts: usize,
}

/// Those who are known.
#[derive(Debug, Default)]
pub struct Strangers {
    known: HashMap<AgentId, Known>,
    texts: usize,
    /// Before this nobody has been silent for long enough.
    look_at: Option<Timestamp>,
}

impl Strangers {
    /// Those who were known before, and when each was heard last.
    pub fn new(before: impl IntoIterator<Item = (AgentId, Timestamp)>) -> Self {
        let known = before.into_iter();
        let known = known.map(|(agent, heard)| (agent, Known { heard, texts: 0 }));
        Self {
            known: known.collect(),
            ..Self::default()
        }
    }

    /// One of them says something at `now`.
    pub fn comes(&mut self, agent: &AgentId, now: Timestamp) -> Coming {
        if let Some(known) = self.known.get_mut(agent) {
            known.heard = known.heard.max(now);
            return Coming::In;
        }
        let place_of = if self.known.len() < MAX_STRANGERS {
            None
        } else {
            match self.longest_silent(now) {
                Some(silent) => Some(silent),
                None => return Coming::NoRoom,
            }
        };
        if let Some(silent) = &place_of {
            self.forget(silent);
        }
        let newcomer = Known {
            heard: now,
            texts: 0,
        };
        self.known.insert(agent.clone(), newcomer);
        place_of.map_or(Coming::In, Coming::InPlaceOf)
    }

    /// One of them was enrolled.
    pub fn forget(&mut self, agent: &AgentId) {
        if let Some(known) = self.known.remove(agent) {
            self.texts -= known.texts;
        }
    }

    /// Leaves out what there is no room for of what a stranger says of himself. Returns whether it did.
    pub fn cut(&mut self, health: &mut AgentHealth) -> bool {
        let Some(known) = self.known.get_mut(&health.agent) else {
            return false;
        };
        let others = self.texts - known.texts;
        let mut texts = bytes(health);
        let is_too_much = others + texts > MAX_TEXTS;
        if is_too_much {
            health.silent_sources.clear();
            health.faults.clear();
            texts = 0;
        }
        known.texts = texts;
        self.texts = others + texts;
        is_too_much
    }

    fn longest_silent(&mut self, now: Timestamp) -> Option<AgentId> {
        if self.look_at.is_some_and(|at| now < at) {
            return None;
        }
        let longest = self.known.iter().min_by_key(|(_, known)| known.heard);
        let (agent, known) = longest?;
        if now.millis_since(known.heard) >= SILENT_MS {
            return Some(agent.clone());
        }
        self.look_at = Some(known.heard.plus_millis(SILENT_MS));
        None
    }
}

fn bytes(health: &AgentHealth) -> usize {
    let faults = health.faults.iter();
    let faults = faults.map(|f| f.kind.len() + f.subject.len() + f.cause.len());
    let silent = health.silent_sources.iter().map(String::len);
    faults.chain(silent).sum()
}

#[cfg(test)]
mod tests {
    use shared::clock::Mode;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    fn agent(number: usize) -> AgentId {
        format!("gw-{number}").parse().expect("id")
    }

    fn full(second: i64) -> Strangers {
        let mut strangers = Strangers::default();
        for number in 0..MAX_STRANGERS {
            assert_eq!(strangers.comes(&agent(number), at(second)), Coming::In);
        }
        strangers
    }

    #[test]
    fn the_newest_stranger_is_refused_until_another_has_been_silent_for_an_hour() {
        let mut strangers = full(0);
        assert_eq!(strangers.comes(&agent(9_999), at(10)), Coming::NoRoom);
        assert_eq!(
            strangers.comes(&agent(7), at(10)),
            Coming::In,
            "he is known"
        );
        for number in (0..MAX_STRANGERS).filter(|number| *number != 3) {
            strangers.comes(&agent(number), at(1_800));
        }
        assert_eq!(strangers.comes(&agent(9_999), at(3_599)), Coming::NoRoom);
        assert_eq!(
            strangers.comes(&agent(9_999), at(3_600)),
            Coming::InPlaceOf(agent(3))
        );
        assert_eq!(strangers.comes(&agent(3), at(3_601)), Coming::NoRoom);
        strangers.forget(&agent(8));
        assert_eq!(strangers.comes(&agent(3), at(3_602)), Coming::In);
    }

    #[test]
    fn strangers_together_say_no_more_than_a_page_can_hold() {
        let mut strangers = full(0);
        let mut health = |number, text: &str| {
            let mut health = AgentHealth {
                agent: agent(number),
                online: true,
                at: at(0),
                mode: Mode::Actual,
                version: "1".to_owned(),
                spooled_batches: 7,
                spooled_bytes: 0,
                dropped: 0,
                failed_readings: 0,
                silent_sources: vec![text.to_owned()],
                faults: Vec::new(),
                certificate_until: None,
            };
            let is_cut = strangers.cut(&mut health);
            assert_eq!(health.silent_sources.is_empty(), is_cut);
            assert_eq!(health.spooled_batches, 7);
            is_cut
        };
        let long = "x".repeat(8_192);
        let fit = MAX_TEXTS / long.len();
        assert_eq!((0..1_000).filter(|k| !health(*k, &long)).count(), fit);
        assert!(health(2_000, "y"), "no byte more");
        assert!(!health(0, &long), "who says the same again needs no room");
        assert!(!health(1, ""), "who says less makes room");
        assert!(!health(2_000, &long[..8_000]));
    }
}
