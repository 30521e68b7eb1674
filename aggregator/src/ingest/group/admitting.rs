//! Observations on their way into a group: admitted, compared with what is known, or put aside.

use shared::{
    observation::Observation,
    quality::{Quality, Test},
    time::Timestamp,
    wire::bounded_text,
};

use super::{
    Group, KEPT_DETAIL, KEPT_PAYLOAD, Ledger, Taken,
    giver::{Giver, KEPT_CHANNEL},
    remarks::Subject,
};
use crate::{
    counters::Counter,
    ingest::{Admission, Origin},
    merge::{Known, Novelty},
    store::{Refused, Store, StoreError},
    world::Input,
};

/// Values of one time that an agent may give, all of which are kept.
const MOST_PARTED: usize = 50;

impl Ledger {
    /// Takes observations of which nobody waits for an answer.
    pub(super) fn observations(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        observations: Vec<Observation>,
        giver: &Giver,
        taken: Taken<'_>,
    ) -> Result<(), StoreError> {
        let admitted = self.admit_all(group, store, observations, giver, taken)?;
        self.enter(group, admitted, giver, taken.at);
        Ok(())
    }

    /// Those of the observations that are to be written. Whether there was room for all others to be kept
    /// aside, `is_short` says afterwards.
    pub(super) fn admit_all(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        mut observations: Vec<Observation>,
        giver: &Giver,
        taken: Taken<'_>,
    ) -> Result<Vec<Observation>, StoreError> {
        self.is_short = false;
        let mut failed = Ok(());
        observations.retain_mut(|observation| {
            if failed.is_err() {
                return false;
            }
            self.admit(group, store, observation, giver, taken)
                .unwrap_or_else(|e| {
                    failed = Err(e);
                    false
                })
        });
        observations.append(&mut self.parted);
        failed?;
        Ok(observations)
    }

    /// Writes what was admitted; returns how many. Of what is of times that have not come, it is written
    /// whose word it is: he may not belong any more when they have.
    pub(super) fn enter(
        &mut self,
        group: &mut Group,
        mut admitted: Vec<Observation>,
        giver: &Giver,
        at: Timestamp,
    ) -> usize {
        let count = admitted.len();
        let latest = at.plus_millis(self.admitter.ahead_ms());
        let observations: Vec<_> = admitted
            .extract_if(.., |o| o.observed_at > latest)
            .collect();
        if !admitted.is_empty() {
            self.input(group, Input::Observed(admitted), at);
        }
        if !observations.is_empty() {
            let by = giver.principal().to_owned();
            self.input(group, Input::Early { by, observations }, at);
        }
        count
    }

    /// Whether an observation is to be written; it gets the flag with which it enters. What must be
    /// written beside it is added to `parted`.
    fn admit(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        observation: &mut Observation,
        giver: &Giver,
        taken: Taken<'_>,
    ) -> Result<bool, StoreError> {
        let admission = self.entering(group, store, observation, giver, taken)?;
        admission.map_or(Ok(false), |admission| {
            self.compare(group, store, observation, &admission, giver, taken)
        })
    }

    /// Whether it is to be written beside what is known.
    fn compare(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        observation: &mut Observation,
        admission: &Admission,
        giver: &Giver,
        taken: Taken<'_>,
    ) -> Result<bool, StoreError> {
        let origin = giver.origin;
        if admission.is_ahead {
            let as_it_came = observation.clone();
            self.ahead.note(as_it_came, giver.clone(), taken.at);
        }
        let takes_back = observation.quality == Quality::Fail;
        (observation.quality, observation.tests) = (admission.quality, admission.tests);
        if admission.out_of_range {
            self.counts.add(Counter::OutOfRange, 1);
        }
        let odd = oddity(admission);
        let known = Known {
            interval_ms: admission.interval_ms,
            odd,
            now: taken.at,
        };
        let mut outcome = self.novelty(store, observation, known)?;
        if let Some(odd) = odd {
            self.say_odd(group, odd, admission, observation, giver, taken);
        }
        let before = self.parted.len();
        match origin {
            Origin::Agent => {
                if outcome == Novelty::Better {
                    self.spoken.forget(observation);
                }
                self.part(store)?;
            }
            Origin::ThirdParty => {
                self.correct(store, observation, &mut outcome, takes_back, taken)?;
            }
        }
        let is_parted = self.parted.len() > before;
        let counter = match outcome {
            Novelty::New => Some(Counter::Observations),
            Novelty::Better if !is_parted => None,
            _ if is_parted => Some(Counter::Observations),
            Novelty::Duplicate | Novelty::Conflict | Novelty::Better => Some(Counter::Duplicates),
        };
        if let Some(counter) = counter {
            self.counts.add(counter, 1);
        }
        let is_contradicted = origin == Origin::ThirdParty
            && outcome == Novelty::Duplicate
            && self.deduplicator.is_contradicted();
        if is_parted || is_contradicted || outcome == Novelty::Conflict {
            let what = if is_parted {
                "both are kept, one of them a millisecond before"
            } else {
                "that stays"
            };
            let at = observation.observed_at;
            let cause = || format!("another value was known for {at}; {what}");
            let reason = Counter::Conflicting;
            self.object_to(group, giver, observation, reason, taken, cause);
        }
        let is_taken = matches!(outcome, Novelty::New | Novelty::Better);
        let odd_step_ms = self.deduplicator.odd_step_ms();
        let odd_step_ms = odd_step_ms.filter(|_| origin == Origin::Agent && odd.is_none());
        if let Some(step_ms) = odd_step_ms {
            self.say_pace(group, step_ms, admission, observation, giver, taken);
        } else if is_taken && odd.is_none() && self.remarks.is_remarked(&giver.name) {
            let subject = Subject::of(observation);
            self.remarks.end(&giver.name, &subject, taken.at);
        }
        Ok(is_taken)
    }

    /// A third party that fails its own word takes it back; one that says another corrects it.
    fn correct(
        &mut self,
        store: &dyn Store,
        observation: &mut Observation,
        outcome: &mut Novelty,
        takes_back: bool,
        taken: Taken<'_>,
    ) -> Result<(), StoreError> {
        let is_about_known = match *outcome {
            Novelty::Duplicate => takes_back,
            Novelty::Conflict => true,
            Novelty::New | Novelty::Better => false,
        };
        if is_about_known && self.spoken.is_by(observation, taken.channel) {
            observation.tests = observation.tests.with(Test::Corrected);
            *outcome = self.novelty(store, observation, Known::default())?;
        }
        // What was not taken is nobody's word: said twice it would else correct another's.
        if matches!(*outcome, Novelty::New | Novelty::Better) {
            self.spoken.note(observation, taken.channel);
        }
        Ok(())
    }

    /// Of two values that an agent gave for one time, both are kept: its clock was set back, or it lost
    /// a life in between. The one that is not followed gets a time just before.
    fn part(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        for _ in 0..MOST_PARTED {
            let Some(mut loser) = self.deduplicator.take_loser() else {
                return Ok(());
            };
            loser.observed_at = loser.observed_at.plus_millis(-1);
            if let Novelty::New | Novelty::Better = self.novelty(store, &loser, Known::default())? {
                self.parted.push(loser);
            }
        }
        Ok(())
    }

    fn novelty(
        &mut self,
        store: &dyn Store,
        observation: &Observation,
        known: Known,
    ) -> Result<Novelty, StoreError> {
        let (gauge, parameter) = (&observation.gauge, observation.parameter);
        self.deduplicator.judge(
            observation,
            known,
            || {
                Ok(store
                    .newest(gauge, parameter)?
                    .map(|s| s.observation.observed_at))
            },
            || {
                let known = store.get(gauge, parameter, observation.observed_at)?;
                Ok::<_, StoreError>(known.map(|s| s.observation))
            },
        )
    }

    /// Says that a gauge reports far more often or more seldom than its layer says.
    fn say_pace(
        &mut self,
        group: &mut Group,
        step_ms: i64,
        admission: &Admission,
        observation: &Observation,
        giver: &Giver,
        taken: Taken<'_>,
    ) {
        if self.deduplicator.is_said() {
            self.counts.add(Counter::WrongInterval, 1);
            return;
        }
        let cause = || {
            let said_ms = admission.interval_ms.unwrap_or_default();
            let [is_s, said_s] = [step_ms, said_ms].map(|ms| (ms as f64 / 100.0).round() / 10.0);
            format!("it reports every {is_s} s and is shown; the layer says every {said_s} s")
        };
        let reason = Counter::WrongInterval;
        self.object_to(group, giver, observation, reason, taken, cause);
    }

    /// Says what is odd about an observation that enters.
    fn say_odd(
        &mut self,
        group: &mut Group,
        odd: Counter,
        admission: &Admission,
        observation: &Observation,
        giver: &Giver,
        taken: Taken<'_>,
    ) {
        if self.deduplicator.is_said() {
            self.counts.add(odd, 1);
            return;
        }
        let (at, given) = (observation.observed_at, observation.parameter);
        let cause = || match (odd, admission.expected) {
            (Counter::WrongParameter, Some(expected)) => {
                format!("the layer says that it gives {expected}, this is {given}: kept, not shown")
            }
            (Counter::Future, _) => {
                let ahead_s = at.seconds_since(taken.at);
                format!("it is of {at}, {ahead_s:.0} s ahead of the clock here: kept, in doubt")
            }
            _ => "no layer knows the gauge: kept, not shown".to_owned(),
        };
        self.object_to(group, giver, observation, odd, taken, cause);
    }

    pub(super) fn object_to(
        &mut self,
        group: &mut Group,
        giver: &Giver,
        observation: &Observation,
        reason: Counter,
        taken: Taken<'_>,
        cause: impl FnOnce() -> String,
    ) {
        let payload = serde_json::to_vec(observation).unwrap_or_default();
        let payload = &payload;
        let taken = Taken { payload, ..taken };
        self.object(group, giver, Subject::of(observation), reason, taken, cause);
    }

    /// Counts what is wrong; the first of its kind is listed and becomes a remark.
    pub(super) fn object(
        &mut self,
        group: &mut Group,
        giver: &Giver,
        subject: Subject,
        reason: Counter,
        taken: Taken<'_>,
        cause: impl FnOnce() -> String,
    ) {
        let mut detail = None;
        let gauge = subject.gauge();
        let is_new = self.remarks.begin(giver, subject, reason, taken.at, || {
            let cause = cause();
            detail = Some(match gauge {
                Some(gauge) => format!("{gauge}: {cause}"),
                None => cause.clone(),
            });
            cause
        });
        match detail {
            Some(detail) if is_new => self.refuse(group, reason, detail, taken),
            _ => self.counts.add(reason, 1),
        }
    }

    /// The same of something that is nobody's in particular: it is said once of all together.
    pub(super) fn object_to_all(
        &mut self,
        group: &mut Group,
        reason: Counter,
        taken: Taken<'_>,
        cause: impl FnOnce() -> String,
    ) {
        let all = Giver::strangers(reason.name());
        self.object(group, &all, Subject::All, reason, taken, cause);
    }

    /// Counts what was not taken, and keeps its beginning.
    pub(super) fn refuse(
        &mut self,
        group: &mut Group,
        counter: Counter,
        detail: String,
        taken: Taken<'_>,
    ) {
        self.counts.add(counter, 1);
        let head = taken.payload.get(..taken.payload.len().min(KEPT_PAYLOAD));
        let payload = String::from_utf8_lossy(head.unwrap_or_default());
        group.refused.push(Refused {
            received_at: taken.at,
            reason: counter.name().to_owned(),
            topic: bounded_text(taken.channel, KEPT_CHANNEL),
            detail: bounded_text(&detail, KEPT_DETAIL),
            payload: bounded_text(&payload, KEPT_PAYLOAD),
        });
    }
}

/// What is odd about an observation that enters, the worst first.
fn oddity(admission: &Admission) -> Option<Counter> {
    if admission.expected.is_some() {
        Some(Counter::WrongParameter)
    } else if admission.unknown_gauge {
        Some(Counter::UnknownGauge)
    } else if admission.is_ahead {
        Some(Counter::Future)
    } else {
        None
    }
}
