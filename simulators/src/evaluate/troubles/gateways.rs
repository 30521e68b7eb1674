//! Gateways that pass readings on late, or that are cut off for a while and then send all at once. Pure.

use std::collections::{BTreeMap, BTreeSet};

use shared::{ids::GaugeId, observation::Observation};

use super::{Troubles, drawn, share_of};
use crate::rng::Rng;

/// Gauges of one gateway.
const GAUGES: usize = 4;
/// Share of gateways that are late, if any are.
const LATE: f64 = 0.3;
/// Gateways are cut off for so long, from a minute within these on.
const CUT_MIN: i64 = 30;
const CUT_FROM_MIN: (usize, usize) = (20, 90);

/// The gateways of a city, and what waits in them.
#[derive(Debug, Default)]
pub(in crate::evaluate) struct Gateways {
    /// By gauge: how late its gateway is, in minutes, and from which minute on it is cut off.
    troubled: BTreeMap<GaugeId, (i64, Option<i64>)>,
    /// By the minute in which it comes.
    waiting: BTreeMap<i64, Vec<Observation>>,
}

impl Gateways {
    /// Gateways over these gauges.
    pub fn of<'a>(
        troubles: &Troubles,
        gauges: impl Iterator<Item = &'a GaugeId>,
        seed: u64,
    ) -> Self {
        let mut rng = Rng::new(seed, 22);
        let all: Vec<GaugeId> = gauges.cloned().collect();
        // Gauges beside each other in a list are not beside each other in the city.
        let mixed = drawn(&mut rng, &all, all.len());
        let gateways: Vec<&[GaugeId]> = mixed.chunks(GAUGES).collect();
        let mut troubled: BTreeMap<GaugeId, (i64, Option<i64>)> = BTreeMap::new();
        let mut these = |share: f64| {
            let count = share_of(share, gateways.len());
            drawn(&mut rng, &gateways, count)
        };
        let late = if troubles.late > 0 { LATE } else { 0.0 };
        for gauge in these(late).into_iter().flatten() {
            troubled.entry(gauge.clone()).or_default().0 = troubles.late.into();
        }
        let cut = these(troubles.outage);
        for gauges in cut {
            let spread = CUT_FROM_MIN.1 - CUT_FROM_MIN.0;
            let from = i64::try_from(CUT_FROM_MIN.0 + rng.below(spread)).ok();
            for gauge in gauges {
                troubled.entry(gauge.clone()).or_default().1 = from;
            }
        }
        Self {
            troubled,
            waiting: BTreeMap::new(),
        }
    }

    /// Gauges whose silence is their gateway's.
    pub fn troubled(&self) -> BTreeSet<GaugeId> {
        self.troubled.keys().cloned().collect()
    }

    /// Takes what was observed in a minute and gives what comes in it.
    pub fn pass(&mut self, minute: i64, observed: Vec<Observation>) -> Vec<Observation> {
        for observation in observed {
            let due = self.due(&observation.gauge, minute);
            self.waiting.entry(due).or_default().push(observation);
        }
        let later = self.waiting.split_off(&(minute + 1));
        let now = std::mem::replace(&mut self.waiting, later);
        now.into_values().flatten().collect()
    }

    fn due(&self, gauge: &GaugeId, minute: i64) -> i64 {
        let Some((late, cut)) = self.troubled.get(gauge) else {
            return minute;
        };
        let passed = minute + late;
        let again = cut.filter(|from| (*from..from + CUT_MIN).contains(&passed));
        again.map_or(passed, |from| from + CUT_MIN)
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

    fn observed(gauge: &GaugeId, minute: i64) -> Observation {
        Observation {
            gauge: gauge.clone(),
            parameter: Parameter::Depth,
            observed_at: Timestamp::from_millis(minute * 60_000),
            value: None,
            quality: Quality::Missing,
            tests: TestSet::default(),
        }
    }

    fn gauge() -> GaugeId {
        "wl1".parse().expect("id")
    }

    /// How many come in each of the first minutes.
    fn counts(gateways: &mut Gateways, minutes: i64) -> Vec<usize> {
        let pass = |minute| {
            gateways
                .pass(minute, vec![observed(&gauge(), minute)])
                .len()
        };
        (0..minutes).map(pass).collect()
    }

    fn troubles(late: u16, outage: f64) -> Troubles {
        Troubles {
            faulty: 0.0,
            late,
            outage,
            breakdowns: 0.0,
            disobey: 0.0,
            forecast_error: 1.0,
        }
    }

    #[test]
    fn without_troubles_all_comes_at_once_and_none_is_to_be_excused() {
        let gauge = gauge();
        let mut gateways = Gateways::of(&troubles(0, 0.0), [&gauge].into_iter(), 1);
        assert_eq!(counts(&mut gateways, 3), [1, 1, 1]);
        assert!(gateways.troubled().is_empty());
    }

    #[test]
    fn what_was_held_while_cut_off_comes_at_once_and_none_is_lost() {
        let gauge = gauge();
        let mut gateways = Gateways::of(&troubles(0, 1.0), [&gauge].into_iter(), 1);
        let counts = counts(&mut gateways, 200);
        assert_eq!(counts.iter().filter(|count| **count == 0).count(), 30);
        assert_eq!(counts.iter().max(), Some(&31));
        assert_eq!(counts.iter().sum::<usize>(), 200);
    }

    #[test]
    fn three_in_ten_gateways_are_late() {
        let all: Vec<GaugeId> = (0..80)
            .map(|n| format!("wl{n}").parse().expect("id"))
            .collect();
        let mut gateways = Gateways::of(&troubles(7, 0.0), all.iter(), 1);
        assert_eq!(gateways.troubled().len(), 24);
        let late = gateways.troubled().pop_first().expect("one is late");
        assert!(gateways.pass(3, vec![observed(&late, 3)]).is_empty());
        assert_eq!(gateways.pass(10, Vec::new()).len(), 1);
    }
}
