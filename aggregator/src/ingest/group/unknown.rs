//! Gauges that no layer knows: their observations are kept, and each costs a place in memory and a
//! series in the store. So many there may be.

use std::collections::{BTreeSet, HashMap};

use shared::ids::GaugeId;

use super::giver::Giver;

/// Of one who is enrolled: more than one gateway has gauges.
const MAX_OF_ONE: usize = 256;

/// Of all who are not, together.
const MAX_OF_STRANGERS: usize = 1_000;

/// Those that gave something since the start, by who said so.
#[derive(Debug, Default)]
pub struct UnknownGauges {
    of_strangers: BTreeSet<GaugeId>,
    of_enrolled: HashMap<String, BTreeSet<GaugeId>>,
}

impl UnknownGauges {
    /// Whether there is room for what a giver says of a gauge.
    pub fn takes(&mut self, gauge: &GaugeId, giver: &Giver) -> bool {
        let (known, most) = if !giver.is_enrolled {
            (&mut self.of_strangers, MAX_OF_STRANGERS)
        } else if let Some(known) = self.of_enrolled.get_mut(&giver.name) {
            (known, MAX_OF_ONE)
        } else {
            let known = self.of_enrolled.entry(giver.name.clone()).or_default();
            (known, MAX_OF_ONE)
        };
        if known.contains(gauge) {
            return true;
        }
        let has_room = known.len() < most;
        if has_room {
            known.insert(gauge.clone());
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_share_a_room_and_everybody_enrolled_has_one() {
        let giver = |name: &str, is_enrolled| Giver {
            is_enrolled,
            ..Giver::named(name)
        };
        let mut unknown = UnknownGauges::default();
        let mut taken = |giver: &Giver, prefix: &str| {
            let gauge = |k: usize| format!("{prefix}-{k}").parse().expect("id");
            let gauges = (0..2_000).map(gauge);
            gauges.filter(|gauge| unknown.takes(gauge, giver)).count()
        };
        assert_eq!(taken(&giver("agent a", false), "a"), MAX_OF_STRANGERS);
        assert_eq!(taken(&giver("agent b", false), "b"), 0);
        assert_eq!(
            taken(&giver("agent b", false), "a"),
            MAX_OF_STRANGERS,
            "known"
        );
        assert_eq!(taken(&giver("agent c", true), "b"), MAX_OF_ONE);
        assert_eq!(taken(&giver("agent d", true), "c"), MAX_OF_ONE);
    }
}
