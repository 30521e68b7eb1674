//! Whose word stands for which time: whoever speaks again corrects itself, whoever else speaks
//! contradicts it.

use std::collections::{HashMap, VecDeque};

use shared::observation::Observation;

use crate::merge::{Identity, identity};

/// So many are remembered; what was said longer ago is corrected by saying that it `replaces`.
const REMEMBERED: usize = 20_000;

/// The last words of third parties.
#[derive(Debug, Default)]
pub struct Spoken {
    by: HashMap<Identity, String>,
    /// Oldest first.
    order: VecDeque<Identity>,
}

impl Spoken {
    /// Whether it is this channel's word that stands for the gauge and the time.
    pub fn is_by(&self, observation: &Observation, channel: &str) -> bool {
        let by = self.by.get(&identity(observation));
        by.is_some_and(|by| by == channel)
    }

    /// An agent's word stands now.
    pub fn forget(&mut self, observation: &Observation) {
        if !self.by.is_empty()
            && let Some(by) = self.by.get_mut(&identity(observation))
        {
            by.clear();
        }
    }

    /// Remembers whose word was taken: the last one stands.
    pub fn note(&mut self, observation: &Observation, channel: &str) {
        let identity = identity(observation);
        if let Some(by) = self.by.get_mut(&identity) {
            channel.clone_into(by);
            return;
        }
        self.order.push_back(identity.clone());
        self.by.insert(identity, channel.to_owned());
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.by.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        gauge::Parameter,
        quality::{Quality, TestSet},
        time::Timestamp,
    };

    use super::*;

    #[test]
    fn whose_word_was_taken_last_is_remembered_for_a_while() {
        let at = |second: i64| Observation {
            gauge: "lg-1".parse().expect("id"),
            parameter: Parameter::Depth,
            observed_at: Timestamp::from_millis(second * 1_000),
            value: None,
            quality: Quality::Missing,
            tests: TestSet::NONE,
        };
        let mut spoken = Spoken::default();
        spoken.note(&at(0), "in/a");
        spoken.note(&at(0), "in/b");
        assert!(spoken.is_by(&at(0), "in/b") && !spoken.is_by(&at(0), "in/a"));
        spoken.forget(&at(0));
        assert!(!spoken.is_by(&at(0), "in/b"), "an agent has spoken");
        spoken.note(&at(0), "in/a");
        for second in 1..20_000 {
            spoken.note(&at(second), "in/a");
        }
        assert!(spoken.is_by(&at(0), "in/a"));
        spoken.note(&at(20_000), "in/a");
        assert!(!spoken.is_by(&at(0), "in/a"));
    }
}
