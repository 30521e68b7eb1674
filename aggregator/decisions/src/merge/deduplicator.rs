//! Tells new observations from repetitions before they are written.
//!
//! Nearly every observation is newer than all others of its series (what one gauge gives of one
//! parameter): those need one map look-up.
//! The rest (backlog, repetitions, third parties) is compared with what the store has.

use std::collections::BTreeMap;

use foldhash::HashMap;
use shared::{
    gauge::Parameter, ids::GaugeId, observation::Observation, quality::Test, time::Timestamp,
};

use crate::counters::Counter;

/// What to do with an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// Its identity is new: write it.
    New,
    /// Its identity is known and what is there stays.
    Duplicate,
    /// Its identity is known with another value that is as good; what is there stays.
    Conflict,
    /// Its identity is known, but this one is better (see [`Observation::wins_over`]), or a
    /// correction: write it.
    Better,
}

/// What becomes of an observation whose identity is known.
fn beside(observation: &Observation, known: &Observation) -> Novelty {
    let is_other = observation.value != known.value;
    let are_both_trusted = observation.trusted().is_some() && known.trusted().is_some();
    let is_as_good = observation.quality == known.quality || are_both_trusted;
    let is_known = observation == known;
    match (observation.is_correction(), known.is_correction()) {
        _ if is_known => Novelty::Duplicate,
        // What was said before its time, by a clock that was ahead or by somebody who lied, bars nobody.
        _ if is_ahead(known) && !is_ahead(observation) && observation.value.is_some() => {
            Novelty::Better
        }
        (true, _) => Novelty::Better,
        (false, false) if observation.wins_over(known) => Novelty::Better,
        (false, false) if is_other && is_as_good => Novelty::Conflict,
        // What was corrected may come again as it was.
        (false, _) => Novelty::Duplicate,
    }
}

/// Whether it was of a time that had not come when it was taken.
fn is_ahead(observation: &Observation) -> bool {
    observation.tests.contains(Test::Clock)
}

/// What makes an observation the same as another.
pub type Identity = (GaugeId, Parameter, Timestamp);

/// What an observation is known by.
pub fn identity(o: &Observation) -> Identity {
    (o.gauge.clone(), o.parameter, o.observed_at)
}

/// What is not followed of two values for one time, where nobody said that one corrects the other.
fn loser(observation: &Observation, known: &Observation, outcome: Novelty) -> Option<Observation> {
    let both = [observation, known];
    let is_of_interest = observation.value != known.value
        && both.iter().all(|o| o.value.is_some() && !o.is_correction());
    is_of_interest.then(|| match outcome {
        Novelty::Better => known.clone(),
        Novelty::New | Novelty::Duplicate | Novelty::Conflict => observation.clone(),
    })
}

/// The newest observation of a series, and how it came there.
#[derive(Debug, Clone, Copy)]
struct Front {
    at: Timestamp,
    /// Steps in a row that were far from the interval that the layer says.
    odd_steps: u8,
    /// What is odd about the series, and when that was said last.
    said: Option<(Counter, Timestamp)>,
}

/// What is known of an observation before it is compared with others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known {
    /// How often its gauge is said to report, in milliseconds.
    pub interval_ms: Option<i64>,
    /// What is odd about it.
    pub odd: Option<Counter>,
    /// When it came.
    pub now: Timestamp,
}

/// What is odd about a series is said again after so long, in milliseconds: to say it of every
/// observation would cost more than to keep it.
const SAID_AGAIN_MS: i64 = 10_000;

/// A step is far from an interval if it is so many times longer or shorter.
const FAR: i64 = 3;

/// After so many odd steps in a row the layer is wrong, or the gateway.
const ODD_STEPS: u8 = 10;

impl Front {
    /// Goes on to `at`; returns how far that was, in milliseconds.
    fn step(&mut self, at: Timestamp, interval_ms: Option<i64>) -> i64 {
        let step_ms = at.millis_since(self.at);
        let is_odd = interval_ms.is_some_and(|usual| {
            step_ms.saturating_mul(FAR) < usual || step_ms > usual.saturating_mul(FAR)
        });
        self.odd_steps = if is_odd {
            self.odd_steps.saturating_add(1)
        } else {
            0
        };
        self.at = at;
        step_ms
    }

    /// Whether what is odd was said a moment ago; if not, it is said now.
    fn is_said(&mut self, odd: Counter, now: Timestamp) -> bool {
        let is_said = self.said.is_some_and(|(said, at)| {
            said == odd && (0..SAID_AGAIN_MS).contains(&now.millis_since(at))
        });
        if !is_said {
            self.said = Some((odd, now));
        }
        is_said
    }
}

/// The newest observation time of every series, and the identities of the group being formed.
#[derive(Debug, Default)]
pub struct Deduplicator {
    newest: BTreeMap<Parameter, HashMap<GaugeId, Front>>,
    /// The step that the observation that was judged last made, where its gauge goes at an odd pace.
    odd_step_ms: Option<i64>,
    /// Whether what is odd about it was said of its series a moment ago.
    is_said: bool,
    /// What was the newest of its series when it came, and is not in `group`.
    ahead: Vec<Observation>,
    group: HashMap<Identity, Observation>,
    /// Of the observation that was judged last and one that was known: what is not followed though it
    /// has another value.
    loser: Option<Observation>,
    /// Whether what was judged last has another value than a correction that is known.
    is_contradicted: bool,
}

impl Deduplicator {
    /// Judges one observation. `newest` and `get` ask the store for the newest time of its series and
    /// for what has its identity, and are called only when needed.
    ///
    /// # Errors
    /// The store's own.
    pub fn judge<E>(
        &mut self,
        observation: &Observation,
        Known {
            interval_ms,
            odd,
            now,
        }: Known,
        newest: impl FnOnce() -> Result<Option<Timestamp>, E>,
        get: impl FnOnce() -> Result<Option<Observation>, E>,
    ) -> Result<Novelty, E> {
        let (gauge, at) = (&observation.gauge, observation.observed_at);
        (self.odd_step_ms, self.is_said) = (None, false);
        (self.loser, self.is_contradicted) = (None, false);
        let of_parameter = self.newest.entry(observation.parameter).or_default();
        let front = if let Some(front) = of_parameter.get_mut(gauge) {
            front
        } else {
            let start = Front {
                at: newest()?.unwrap_or(Timestamp::from_millis(i64::MIN)),
                odd_steps: 0,
                said: None,
            };
            of_parameter.entry(gauge.clone()).or_insert(start)
        };
        self.is_said = odd.is_some_and(|odd| front.is_said(odd, now));
        if at > front.at {
            let step_ms = front.step(at, interval_ms);
            self.odd_step_ms = (front.odd_steps >= ODD_STEPS).then_some(step_ms);
            if self.odd_step_ms.is_some() && odd.is_none() {
                self.is_said = front.is_said(Counter::WrongInterval, now);
            }
            self.ahead.push(observation.clone());
            return Ok(Novelty::New);
        }
        // Only now somebody looks back: most groups never need the index.
        let ahead = self.ahead.drain(..);
        self.group.extend(ahead.map(|o| (identity(&o), o)));
        let identity = identity(observation);
        let known = match self.group.get(&identity) {
            Some(known) => Some(known.clone()),
            None => get()?,
        };
        let outcome = match known {
            None => Novelty::New,
            Some(known) => {
                let outcome = beside(observation, &known);
                self.loser = loser(observation, &known, outcome);
                self.is_contradicted = known.is_correction() && observation.value != known.value;
                match outcome {
                    Novelty::Better => Novelty::Better,
                    outcome => return Ok(outcome),
                }
            }
        };
        self.group.insert(identity, observation.clone());
        Ok(outcome)
    }

    /// How long after the one before it the observation came that was judged last, in milliseconds,
    /// where it is one of several that came far more often or more seldom than its gauge is said to
    /// report.
    #[must_use]
    pub fn odd_step_ms(&self) -> Option<i64> {
        self.odd_step_ms
    }

    /// Whether what is odd about the observation that was judged last was said of its series a moment
    /// ago.
    #[must_use]
    pub fn is_said(&self) -> bool {
        self.is_said
    }

    /// The value that is not followed of two that were given for one time, once.
    pub fn take_loser(&mut self) -> Option<Observation> {
        self.loser.take()
    }

    /// Whether what was judged last says something else than a correction that stays.
    #[must_use]
    pub fn is_contradicted(&self) -> bool {
        self.is_contradicted
    }

    /// The group is durable: from now on the store answers for it.
    pub fn group_committed(&mut self) {
        self.ahead.clear();
        self.group.clear();
    }

    /// The group could not be written: forget it, and ask the store again about its series.
    pub fn group_failed(&mut self) {
        for o in self.group.values().chain(&self.ahead) {
            if let Some(newest) = self.newest.get_mut(&o.parameter) {
                newest.remove(&o.gauge);
            }
        }
        self.group_committed();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use shared::{
        quality::{Quality, Test, TestSet},
        value::Value,
    };

    use super::*;

    fn observation(gauge: u8, minute: i64, milli: i64, quality: Quality) -> Observation {
        Observation {
            gauge: format!("lg-{gauge}").parse().expect("id"),
            parameter: Parameter::Depth,
            observed_at: Timestamp::from_millis(minute * 60_000),
            value: Some(Value::from_milli(milli)),
            quality,
            tests: TestSet::NONE,
        }
    }

    /// Merges a sequence in groups into a model store.
    fn merge(sequence: &[Observation], group: usize) -> BTreeMap<Identity, Observation> {
        let mut store: BTreeMap<Identity, Observation> = BTreeMap::new();
        let mut deduplicator = Deduplicator::default();
        for chunk in sequence.chunks(group) {
            let mut write = Vec::new();
            for o in chunk {
                let of_it = |k: &&Identity| (&k.0, k.1) == (&o.gauge, o.parameter);
                let newest = || Ok::<_, Infallible>(store.keys().filter(of_it).map(|k| k.2).max());
                let get = || Ok(store.get(&identity(o)).cloned());
                match deduplicator
                    .judge(o, Known::default(), newest, get)
                    .expect("infallible")
                {
                    Novelty::New | Novelty::Better => write.push(o.clone()),
                    Novelty::Duplicate | Novelty::Conflict => {}
                }
            }
            for o in write {
                store.insert(identity(&o), o);
            }
            deduplicator.group_committed();
        }
        store
    }

    #[test]
    fn what_was_said_before_its_time_bars_nobody_who_speaks_when_it_has_come() {
        let ahead = |milli, tests: TestSet| Observation {
            tests: tests.with(Test::Clock),
            ..observation(1, 0, milli, Quality::Suspect)
        };
        let lie = ahead(0, TestSet::NONE.with(Test::Corrected));
        for quality in [Quality::Pass, Quality::Suspect] {
            let honest = observation(1, 0, 1_500, quality);
            let kept = merge(&[lie.clone(), honest.clone()], 1);
            assert_eq!(kept.get(&identity(&honest)), Some(&honest));
            // Nor does it come back.
            let kept = merge(&[honest.clone(), ahead(10, TestSet::NONE)], 1);
            assert_eq!(kept.get(&identity(&honest)), Some(&honest));
        }
    }

    #[test]
    fn a_correction_is_followed_downwards_and_what_it_corrects_does_not_come_back() {
        let first = observation(1, 0, 600, Quality::Pass);
        let correction = |milli, quality| {
            let mut corrected = observation(1, 0, milli, quality);
            corrected.tests = corrected.tests.with(Test::Corrected);
            corrected
        };
        let (lower, gone) = (
            correction(20, Quality::NotEvaluated),
            correction(600, Quality::Fail),
        );
        let kept = |sequence: &[&Observation]| {
            let sequence: Vec<_> = sequence.iter().copied().cloned().collect();
            merge(&sequence, 1).into_values().next()
        };
        assert_eq!(kept(&[&first, &lower]), Some(lower.clone()));
        assert_eq!(kept(&[&lower, &first]), Some(lower.clone()));
        assert_eq!(kept(&[&first, &lower, &gone, &first]), Some(gone));
        assert_eq!(beside(&lower, &lower), Novelty::Duplicate);
        let other = observation(1, 0, 20, Quality::Pass);
        assert_eq!(beside(&other, &first), Novelty::Conflict);
        let worse = observation(1, 0, 20, Quality::Suspect);
        assert_eq!(beside(&worse, &first), Novelty::Duplicate);
        let doubted = observation(1, 0, 600, Quality::Suspect);
        assert_eq!(beside(&doubted, &first), Novelty::Duplicate);
        let mut tested = first.clone();
        tested.tests = tested.tests.with(Test::Spike);
        assert_eq!(beside(&tested, &first), Novelty::Duplicate);
        assert_eq!(beside(&first, &other), Novelty::Better);
    }

    #[test]
    fn a_gauge_that_reports_at_another_pace_than_said_is_noticed_after_some_steps_and_when_it_is_mended()
     {
        let mut deduplicator = Deduplicator::default();
        let mut minute = 0;
        let mut pace = |step: i64, interval_minutes: i64| {
            minute += step;
            let o = observation(1, minute, 1, Quality::Pass);
            let nothing = || Ok::<_, Infallible>(None);
            let known = Known {
                interval_ms: Some(interval_minutes * 60_000),
                ..Known::default()
            };
            let judged = deduplicator.judge(&o, known, nothing, || Ok(None));
            assert_eq!(judged, Ok(Novelty::New));
            deduplicator.odd_step_ms().is_some()
        };
        assert!(!(0..20).any(|_| pace(1, 1)));
        assert!(!pace(600, 1), "a night without a line");
        let noticed: Vec<_> = (0..12).map(|_| pace(1, 4)).collect();
        assert_eq!(
            noticed.iter().position(|odd| *odd),
            Some(8),
            "that night was the first"
        );
        assert!(!pace(1, 3) && !pace(3, 1), "not far");
        assert!((0..10).map(|_| pace(4, 1)).last().is_some_and(|odd| odd));
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_merge_to_the_same_store(
            seeds in prop::collection::vec((0_u8..6, 0_i64..6, 0_i64..3, 0_usize..2), 1..40),
            shuffle in prop::collection::vec(any::<prop::sample::Index>(), 80),
            group in 1_usize..7,
        ) {
            let flags = [Quality::Pass, Quality::Suspect];
            let straight: Vec<_> = seeds
                .iter()
                .map(|(g, m, v, q)| Observation {
                    parameter: [Parameter::Depth, Parameter::RainfallDepth][usize::from(g % 2)],
                    ..observation(g / 2, *m, *v, flags[*q])
                })
                .collect();
            let mut shuffled: Vec<_> = straight.iter().chain(&straight).cloned().collect();
            for (i, index) in shuffle.iter().enumerate() {
                let n = shuffled.len();
                shuffled.swap(i % n, index.index(n));
            }
            prop_assert_eq!(merge(&straight, 1), merge(&shuffled, group));
        }
    }
}
