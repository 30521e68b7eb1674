//! Whose word was doubted: seeded faults beside what the aggregator held of its gauges.

use std::collections::{BTreeMap, BTreeSet};

use aggregator::{
    assess::{Cause, PointStatus},
    world::{GaugeFacts, Snapshot},
};
use serde::Serialize;
use shared::{ids::GaugeId, quality::Quality, time::Timestamp};

use super::troubles::{Kind, Seeded};

/// A doubt so long after a fault has ended still found it, in milliseconds: silence shows late.
const STILL_MS: i64 = 5 * 60_000;

/// When each gauge was doubted, by what, through a storm.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// Its readings were flagged, or its point said to rest on a suspect one.
    suspected: BTreeMap<GaugeId, Vec<Timestamp>>,
    /// It was silent, or its point unknown.
    missed: BTreeMap<GaugeId, Vec<Timestamp>>,
    gauges: BTreeSet<GaugeId>,
}

impl Doubts {
    /// Looks at what is held of every gauge and point.
    pub fn look(&mut self, snapshot: &Snapshot) {
        let at = snapshot.at;
        for (gauge, facts) in snapshot.city.gauges.iter().zip(snapshot.gauges.iter()) {
            if !self.gauges.contains(&gauge.id) {
                self.gauges.insert(gauge.id.clone());
            }
            if is_flagged(facts) {
                note(&mut self.suspected, &gauge.id, at);
            }
            if facts.is_silent {
                note(&mut self.missed, &gauge.id, at);
            }
        }
        for (point, facts) in snapshot.city.points.iter().zip(&snapshot.points) {
            if facts.cause == Some(Cause::Suspect) {
                note(&mut self.suspected, &point.level_gauge, at);
            }
            if facts.status == PointStatus::Unknown {
                note(&mut self.missed, &point.level_gauge, at);
            }
        }
    }

    /// Which faults were found, and who was blamed for nothing. Silence of a gauge whose gateway is late or cut
    /// off is nobody's fault.
    pub fn blame(&self, seeded: &BTreeMap<GaugeId, Seeded>, excused: &BTreeSet<GaugeId>) -> Blame {
        let mut blame = Blame::default();
        for (gauge, fault) in seeded {
            let found = blame.by_kind.entry(fault.kind).or_default();
            found.seeded += 1;
            let within = |(from, to): (Timestamp, Timestamp)| {
                let times = [&self.suspected, &self.missed];
                let mut times = times.into_iter().filter_map(|of| of.get(gauge)).flatten();
                times.any(|at| (from..=to.plus_millis(STILL_MS)).contains(at))
            };
            found.found += u64::from(fault.span().is_some_and(within));
        }
        for gauge in self
            .gauges
            .iter()
            .filter(|gauge| !seeded.contains_key(*gauge))
        {
            let is_silent = self.missed.contains_key(gauge) && !excused.contains(gauge);
            blame.sound += 1;
            blame.blamed += u64::from(is_silent || self.suspected.contains_key(gauge));
        }
        blame
    }
}

fn note(times: &mut BTreeMap<GaugeId, Vec<Timestamp>>, gauge: &GaugeId, at: Timestamp) {
    match times.get_mut(gauge) {
        Some(times) => times.push(at),
        None => drop(times.insert(gauge.clone(), vec![at])),
    }
}

fn is_flagged(facts: &GaugeFacts) -> bool {
    let quality = facts.newest.map(|newest| newest.quality);
    matches!(quality, Some(Quality::Suspect | Quality::Fail))
}

/// Faults of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Found {
    pub seeded: u64,
    pub found: u64,
}

/// What became of faults, and of gauges that had none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Blame {
    pub by_kind: BTreeMap<Kind, Found>,
    /// Gauges without a fault, and those of them that were doubted at any time.
    pub sound: u64,
    pub blamed: u64,
}

impl Blame {
    pub fn add(&mut self, other: &Self) {
        for (kind, more) in &other.by_kind {
            let found = self.by_kind.entry(*kind).or_default();
            found.seeded += more.seeded;
            found.found += more.found;
        }
        self.sound += other.sound;
        self.blamed += other.blamed;
    }

    pub fn seeded(&self) -> u64 {
        self.by_kind.values().map(|kind| kind.seeded).sum()
    }

    pub fn found(&self) -> u64 {
        self.by_kind.values().map(|kind| kind.found).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::{Fault, FaultKind};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * 60_000)
    }

    fn id(text: &str) -> GaugeId {
        text.parse().expect("id")
    }

    fn stuck() -> Seeded {
        let fault = Fault {
            kind: FaultKind::Stuck,
            from: at(30),
            to: at(60),
        };
        Seeded {
            kind: Kind::Stuck,
            faults: vec![fault],
        }
    }

    #[test]
    fn a_doubt_before_a_fault_finds_nothing_and_one_of_a_sound_gauge_is_false_blame() {
        let mut doubts = Doubts {
            gauges: [id("a"), id("b"), id("c"), id("d")].into(),
            ..Doubts::default()
        };
        note(&mut doubts.suspected, &id("a"), at(20));
        note(&mut doubts.missed, &id("b"), at(63));
        note(&mut doubts.suspected, &id("c"), at(10));
        note(&mut doubts.missed, &id("d"), at(10));
        let seeded = BTreeMap::from([(id("a"), stuck()), (id("b"), stuck())]);
        let blame = doubts.blame(&seeded, &[id("d")].into());
        assert_eq!((blame.seeded(), blame.found()), (2, 1));
        assert_eq!((blame.sound, blame.blamed), (2, 1));
        assert_eq!(doubts.blame(&seeded, &BTreeSet::new()).blamed, 2);
    }
}
