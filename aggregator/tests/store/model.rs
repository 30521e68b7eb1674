//! What a store holds, in the plainest form, and random histories of every engine against it.

use std::collections::BTreeMap;

use aggregator::{
    audit::{Chain, Entry},
    store::{Commit, Durability, Forgotten, Quarantined, Refused, SavedWorld, Store, Stored},
    world::{Arrival, Input},
};
use proptest::prelude::*;
use shared::{gauge::Parameter, ids::AgentId, observation::Observation, wire::Ack};

use crate::{
    engines::{Embedded, Engine, Memory},
    given::*,
};

/// What a store must hold after what was done to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    /// By day, gauge, parameter and time.
    series: BTreeMap<(i64, String, Parameter, i64), Stored>,
    cursors: BTreeMap<AgentId, Ack>,
    refused: Vec<Refused>,
    /// Oldest first.
    quarantine: Vec<Quarantined>,
    /// With the place of its segment in `segments`.
    arrivals: Vec<(usize, Arrival)>,
    last: u64,
    /// The day on which each segment began.
    segments: Vec<i64>,
    forgotten_segments: usize,
    worlds: BTreeMap<u64, SavedWorld>,
    desk: BTreeMap<String, Vec<u8>>,
    deeds: Vec<Entry>,
}

fn day(millis: i64) -> i64 {
    millis.div_euclid(DAY_MS)
}

impl Model {
    /// Every agent's cursor, by agent.
    pub fn cursors(&self) -> Vec<(AgentId, Ack)> {
        self.cursors.clone().into_iter().collect()
    }

    pub fn last(&self) -> u64 {
        self.last
    }

    /// Newest first.
    pub fn refused(&self) -> Vec<Refused> {
        self.refused.iter().rev().cloned().collect()
    }

    /// Oldest first.
    pub fn quarantined(&self) -> &[Quarantined] {
        &self.quarantine
    }

    pub fn deeds(&self) -> &[Entry] {
        &self.deeds
    }

    /// By key.
    pub fn desk(&self) -> Vec<(String, Vec<u8>)> {
        self.desk.clone().into_iter().collect()
    }

    fn end_of_deeds(&self) -> Chain {
        self.deeds.last().map_or_else(Chain::default, |deed| Chain {
            last: deed.number,
            hash: deed.hash,
        })
    }

    pub fn commit(&mut self, commit: &Commit) {
        for (key, kept) in &commit.desk {
            match kept {
                Some(kept) => drop(self.desk.insert(key.clone(), kept.clone())),
                None => drop(self.desk.remove(key)),
            }
        }
        self.deeds.extend(commit.deeds.iter().cloned());
        for arrival in &commit.arrivals {
            if let Input::Observed(observations) | Input::Early { observations, .. } =
                &arrival.input
            {
                for o in observations {
                    let millis = o.observed_at.as_millis();
                    let gauge = o.gauge.as_str().to_owned();
                    let key = (day(millis), gauge, o.parameter, millis);
                    let stored = Stored {
                        observation: o.clone(),
                        received_at: arrival.at,
                    };
                    self.series.insert(key, stored);
                }
            }
            self.last = arrival.number;
        }
        if let Some(first) = commit.arrivals.first() {
            let today = day(first.at.as_millis());
            if !self
                .segments
                .last()
                .is_some_and(|d| (d - 1..=*d).contains(&today))
            {
                self.segments.push(today);
            }
        }
        let segment = self.segments.len();
        let arrivals = commit.arrivals.iter().cloned();
        self.arrivals.extend(arrivals.map(|a| (segment, a)));
        self.cursors.extend(commit.cursors.iter().cloned());
        self.refused.extend(commit.refused.iter().cloned());
        // It is always the oldest that leaves.
        self.quarantine.drain(..commit.readmitted.len());
        self.quarantine.extend(commit.quarantined.iter().cloned());
    }

    pub fn save(&mut self, world: &SavedWorld) {
        self.worlds.insert(world.after, world.clone());
        let all: Vec<_> = self.worlds.values().cloned().collect();
        let older = all.len().saturating_sub(2);
        let mut kept: Vec<&SavedWorld> = Vec::new();
        for world in &all[..older] {
            let is_apart = kept.last().is_none_or(|before| {
                let ms = world.at.as_millis() - before.at.as_millis();
                ms.abs() >= 3_600_000 || world.after - before.after >= 20_000
            });
            if is_apart {
                kept.push(world);
            } else {
                self.worlds.remove(&world.after);
            }
        }
    }

    pub fn forget(&mut self, before: i64) -> Forgotten {
        let oldest = day(before);
        let mut days: Vec<i64> = self.series.keys().map(|(day, ..)| *day).collect();
        days.dedup();
        days.retain(|day| *day < oldest);
        self.series.retain(|(day, ..), _| *day >= oldest);
        let newest_world = self.worlds.keys().next_back().copied();
        let mut segments = 0;
        while let Some(world) = newest_world
            && self.first_segment_is_older_than(oldest)
            && self.first_segment_ends_by(world)
        {
            self.forgotten_segments += 1;
            let gone = self.forgotten_segments;
            self.arrivals.retain(|(segment, _)| *segment > gone);
            segments += 1;
        }
        let aside = self.quarantine.len();
        self.quarantine
            .retain(|one| day(one.received_at.as_millis()) >= oldest);
        let first = self.arrivals.first().map(|(_, a)| a.number);
        let before = self.worlds.len();
        self.worlds.retain(|after, world| {
            Some(*after) == newest_world
                || (day(world.at.as_millis()) >= oldest && first.is_none_or(|f| after + 1 >= f))
        });
        Forgotten {
            days: days.len(),
            segments,
            worlds: before - self.worlds.len(),
            quarantined: aside - self.quarantine.len(),
        }
    }

    /// A later day than the last segment's was told by a wrong clock.
    fn first_segment_is_older_than(&self, oldest: i64) -> bool {
        let kept = &self.segments[self.forgotten_segments..];
        let last = kept.last().copied();
        let honest = kept.iter().find(|day| Some(**day) <= last);
        kept.len() > 1 && honest.is_some_and(|day| *day < oldest)
    }

    fn first_segment_ends_by(&self, number: u64) -> bool {
        let first = self.forgotten_segments + 1;
        let mut of_first = self.arrivals.iter().filter(|(s, _)| *s == first);
        of_first.all(|(_, arrival)| arrival.number <= number)
    }

    /// Everything that the contract lets one read is as it should be.
    pub fn check(&self, store: &dyn Store) {
        let arrivals: Vec<_> = self.arrivals.iter().map(|(_, a)| a.clone()).collect();
        assert_eq!(crate::given::arrivals(store, 0), arrivals);
        assert_eq!(store.last_arrival().unwrap(), self.last);
        let middle = self.last / 2;
        let later: Vec<_> = arrivals.iter().map(|a| a.number).collect();
        let later: Vec<_> = later.into_iter().filter(|n| *n > middle).collect();
        assert_eq!(numbers(store, middle), later);
        let series: Vec<_> = self.series.values().cloned().collect();
        assert_eq!(crate::given::series(store), series);
        assert_eq!(store.cursors().unwrap(), self.cursors());
        assert_eq!(store.refused(usize::MAX).unwrap(), self.refused());
        let quarantine = crate::given::quarantine(store).into_iter();
        let quarantine: Vec<_> = quarantine.map(|(_, one)| one).collect();
        assert_eq!(quarantine, self.quarantine);
        let worlds: Vec<_> = self.worlds.values().rev().cloned().collect();
        assert_eq!(crate::given::worlds(store, None), worlds);
        assert_eq!(store.desk("").unwrap(), self.desk());
        assert_eq!(crate::given::deeds(store, 0), self.deeds);
        assert_eq!(store.end_of_deeds().unwrap(), self.end_of_deeds());
        let half = worlds.get(worlds.len() / 2).map(|w| w.at);
        if let Some(half) = half {
            let until: Vec<_> = worlds.into_iter().filter(|w| w.at <= half).collect();
            let found = crate::given::worlds(store, Some(half.as_millis()));
            assert_eq!(found, until);
        }
        for gauge in GAUGES {
            for parameter in PARAMETERS {
                self.check_series(store, gauge, parameter);
            }
        }
        assert_eq!(store.damaged(), 0);
    }

    fn check_series(&self, store: &dyn Store, id: &str, parameter: Parameter) {
        let of_it: Vec<_> = self
            .series
            .iter()
            .filter(|((_, gauge, p, _), _)| gauge == id && *p == parameter)
            .map(|(_, stored)| stored.clone())
            .collect();
        assert_eq!(
            store.newest(&gauge(id), parameter).unwrap().as_ref(),
            of_it.last()
        );
        for stored in &of_it {
            let at = stored.observation.observed_at;
            assert_eq!(
                store.get(&gauge(id), parameter, at).unwrap().as_ref(),
                Some(stored)
            );
        }
        let (from, to) = (at(DAY_MS / 2), at(3 * DAY_MS));
        let within = |s: &&Stored| (from..=to).contains(&s.observation.observed_at);
        let mut wanted: Vec<_> = of_it.iter().filter(within).cloned().collect();
        let all = store
            .range(&gauge(id), parameter, from, to, usize::MAX)
            .unwrap();
        assert_eq!(all, wanted);
        wanted.drain(..wanted.len().saturating_sub(2));
        assert_eq!(
            store.range(&gauge(id), parameter, from, to, 2).unwrap(),
            wanted
        );
    }
}

const GAUGES: [&str; 3] = ["lg-1", "lg-10", "rg-2"];
const PARAMETERS: [Parameter; 2] = [Parameter::Depth, Parameter::RainfallDepth];

/// Something that is done to a store.
#[derive(Debug, Clone)]
pub enum Step {
    Commit {
        at: i64,
        inputs: Vec<Vec<(usize, i64)>>,
        cursor: Option<u64>,
        refused: usize,
        /// What is kept under a key of the desk, or removed, with its deed.
        desk: Option<(u8, bool)>,
        durability: Durability,
    },
    /// Saves the world after the arrival that is so many before the last.
    Save {
        back: u64,
        at: i64,
    },
    Forget {
        before: i64,
    },
    Reopen,
}

/// A commit whose arrivals follow on `last`, and whose deed on `end`. An input without observations is
/// a tick.
pub fn made(step: &Step, last: u64, mut end: Chain) -> Option<Commit> {
    let Step::Commit {
        at: when,
        inputs,
        cursor,
        refused: count,
        desk,
        durability,
    } = step
    else {
        return None;
    };
    let numbered = (last + 1..).zip(inputs);
    let arrivals = numbered.map(|(number, observations)| {
        let observation = |(gauge, millis): &(usize, i64)| Observation {
            parameter: PARAMETERS[usize::from(number.is_multiple_of(2))],
            ..observation(GAUGES[*gauge], *millis, number.cast_signed())
        };
        match observations.as_slice() {
            [] => tick(number, *when),
            some => observed(number, *when, some.iter().map(observation).collect()),
        }
    });
    let ack = |through| Ack {
        incarnation: 3,
        through,
        ranges: vec![(through + 2, through + 4)],
    };
    let agents = ["gw-1", "gw-2"].into_iter().cycle();
    let cursors = cursor.iter().zip(agents.skip(inputs.len()));
    Some(Commit {
        arrivals: arrivals.collect(),
        cursors: cursors
            .map(|(through, agent)| (agent.parse().unwrap(), ack(*through)))
            .collect(),
        refused: (0..*count).map(|_| refused("future", *when)).collect(),
        quarantined: (0..*count).map(|_| quarantined(*when)).collect(),
        readmitted: Vec::new(),
        desk: desk
            .iter()
            .map(|(key, is_kept)| {
                let kept = is_kept.then(|| format!("{end:?}").into_bytes());
                (format!("account/{key}"), kept)
            })
            .collect(),
        deeds: desk
            .iter()
            .map(|(key, _)| deed(&mut end, &key.to_string(), *when))
            .collect(),
        durability: *durability,
    })
}

fn moment() -> impl Strategy<Value = i64> {
    let day = prop_oneof![8 => 0_i64..5, 1 => Just(-2), 1 => Just(9_000)];
    (day, 0_i64..6).prop_map(|(day, sixth)| day * DAY_MS + sixth * (DAY_MS / 6))
}

fn of_gauge() -> impl Strategy<Value = (usize, i64)> {
    (0..GAUGES.len(), moment())
}

fn a_commit() -> impl Strategy<Value = Step> {
    let inputs = prop::collection::vec(prop::collection::vec(of_gauge(), 0..4), 0..4);
    let durability = prop_oneof![Just(Durability::Synced), Just(Durability::Buffered)];
    let cursor = prop::option::of(0_u64..9);
    let desk = prop::option::of((0_u8..3, any::<bool>()));
    let all = (moment(), inputs, cursor, 0_usize..3, desk, durability);
    all.prop_map(
        |(at, inputs, cursor, refused, desk, durability)| Step::Commit {
            at,
            inputs,
            cursor,
            refused,
            desk,
            durability,
        },
    )
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => a_commit(),
        3 => (0_u64..4, moment()).prop_map(|(back, at)| Step::Save { back, at }),
        1 => moment().prop_map(|before| Step::Forget { before }),
        1 => Just(Step::Reopen),
    ]
}

/// Does to the model and to the engine what the step says.
pub fn take(step: &Step, model: &mut Model, engine: &mut dyn Engine) {
    if let Some(mut commit) = made(step, model.last(), model.end_of_deeds()) {
        if !commit.cursors.is_empty() {
            let oldest = quarantine(engine.store()).into_iter().next();
            commit.readmitted.extend(oldest.map(|(number, _)| number));
        }
        engine.store().commit(&commit).unwrap();
        model.commit(&commit);
        return;
    }
    match step {
        Step::Save { back, at } => {
            let world = world(model.last().saturating_sub(*back), *at);
            engine.store().save_world(&world).unwrap();
            model.save(&world);
        }
        Step::Forget { before } => {
            let forgotten = engine.store().forget_before(at(*before)).unwrap();
            assert_eq!(forgotten, model.forget(*before));
        }
        Step::Commit { .. } | Step::Reopen => engine.reopen(),
    }
}

fn agrees(steps: &[Step], engine: &mut dyn Engine) {
    let mut model = Model::default();
    for step in steps {
        take(step, &mut model, engine);
        model.check(engine.store());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_memory_engine_is_its_model(steps in prop::collection::vec(step(), 1..40)) {
        agrees(&steps, &mut Memory::default());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_embedded_engine_is_its_model(steps in prop::collection::vec(step(), 1..25)) {
        agrees(&steps, &mut Embedded::new());
    }
}
