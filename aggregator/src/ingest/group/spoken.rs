//! Which third party spoke of which time last: whoever speaks again corrects itself, whoever else
//! speaks contradicts it.

use std::collections::{HashMap, VecDeque};

use shared::{gauge::Parameter, ids::GaugeId, observation::Observation, time::Timestamp};

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
    /// Whether it was this channel that spoke of the gauge and the time first.
    pub fn is_by(&self, observation: &Observation, channel: &str) -> bool {
        let by = self.by.get(&identity(observation));
        by.is_some_and(|by| by == channel)
    }

    /// Remembers who spoke; the first word counts.
    pub fn note(&mut self, observation: &Observation, channel: &str) {
        let identity = identity(observation);
        if self.by.contains_key(&identity) {
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

type Identity = (GaugeId, Parameter, Timestamp);

fn identity(observation: &Observation) -> Identity {
    (
        observation.gauge.clone(),
        observation.parameter,
        observation.observed_at,
    )
}

#[cfg(test)]
mod tests {
    use shared::quality::{Quality, TestSet};

    use super::*;

    #[test]
    fn the_first_who_spoke_is_remembered_for_a_while() {
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
        assert!(spoken.is_by(&at(0), "in/a") && !spoken.is_by(&at(0), "in/b"));
        for second in 1..20_000 {
            spoken.note(&at(second), "in/a");
        }
        assert!(spoken.is_by(&at(0), "in/a"));
        spoken.note(&at(20_000), "in/a");
        assert!(!spoken.is_by(&at(0), "in/a"));
    }
}
