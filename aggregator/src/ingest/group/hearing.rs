//! Who is heard on what, whether there is room for it, and what becomes of an observation that may not
//! enter now.

use shared::{
    observation::Observation,
    quality::{Quality, Test},
};

use super::{Group, Ledger, Taken, aside::Aside, giver::Giver, remarks::Subject};
use crate::{
    counters::Counter,
    grants::Word,
    ingest::{Admission, Origin, Unfit},
    store::{Quarantined, Store, StoreError},
};

impl Ledger {
    /// How an observation enters, if its giver is heard, it is of a time that may be, and there is room.
    pub(super) fn entering(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        observation: &mut Observation,
        giver: &Giver,
        taken: Taken<'_>,
    ) -> Result<Option<Admission>, StoreError> {
        let Some(may_correct) = self.hear(group, observation, giver, taken) else {
            return Ok(None);
        };
        if observation.is_correction() && !may_correct {
            observation.tests = observation.tests.without(Test::Corrected);
        }
        match self.admitter.admit(observation, giver.origin, taken.at) {
            Ok(admission) => {
                let has_room = self.has_room(group, &admission, observation, giver, taken);
                self.is_short |= !has_room;
                Ok(has_room.then_some(admission))
            }
            Err(unfit) => {
                self.put_aside(group, store, observation, unfit, giver, taken)?;
                Ok(None)
            }
        }
    }

    /// How far a giver is heard on a gauge: `None` where not at all, else whether he may correct what is
    /// known. A gateway never says that it corrects. What a third party says of the quality of its own
    /// readings counts where the configuration grants it the gauge.
    fn hear(
        &mut self,
        group: &mut Group,
        observation: &mut Observation,
        giver: &Giver,
        taken: Taken<'_>,
    ) -> Option<bool> {
        if giver.origin == Origin::Agent {
            return Some(false);
        }
        let source = giver.source.as_ref();
        let word = source.map_or(Word::Taken, |s| self.admitter.word(s, observation));
        let own = || self.spoken.is_by(observation, taken.channel);
        match word {
            Word::Granted { corrects } => Some(corrects || own()),
            Word::Taken => {
                let may_correct = own();
                if observation.quality == Quality::Pass {
                    observation.quality = Quality::NotEvaluated;
                }
                Some(may_correct)
            }
            Word::Refused => {
                let reason = Counter::NotGranted;
                let cause = || "no [[source]] grants it this gauge: refused".to_owned();
                self.object_to(group, giver, observation, reason, taken, cause);
                None
            }
        }
    }

    /// Whether there is room for an observation that may enter: for its gauge and for its day.
    fn has_room(
        &mut self,
        group: &mut Group,
        admission: &Admission,
        observation: &Observation,
        giver: &Giver,
        taken: Taken<'_>,
    ) -> bool {
        let (gauge, at) = (&observation.gauge, observation.observed_at);
        let cause = if admission.unknown_gauge && !self.unknown.takes(gauge, giver) {
            format!("no layer knows {gauge} and many others: no more of such are kept")
        } else if !self.days.may_enter(at, taken.at) {
            format!("it is of {at}, and so many days are not opened at once: it may come again")
        } else {
            return true;
        };
        let reason = Counter::NoRoom;
        self.object(group, giver, Subject::All, reason, taken, || cause);
        false
    }

    /// Keeps an observation that may not enter now.
    fn put_aside(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        observation: &Observation,
        unfit: Unfit,
        giver: &Giver,
        taken: Taken<'_>,
    ) -> Result<(), StoreError> {
        let counter = match unfit {
            Unfit::TooOld => Counter::TooOld,
            Unfit::TooFarAhead => Counter::Future,
        };
        let (reason, kept) = match self.room(store)?.take(giver, observation) {
            Aside::Known => {
                self.counts.add(Counter::Duplicates, 1);
                return Ok(());
            }
            Aside::Full => {
                self.is_short = true;
                (Counter::QuarantineFull, "there is no room to keep it aside")
            }
            Aside::New => {
                group.quarantined.push(Quarantined {
                    sender: giver.name.clone(),
                    reason: counter.name().to_owned(),
                    received_at: taken.at,
                    observation: observation.clone(),
                });
                (counter, "kept aside")
            }
        };
        let (floor, ceiling) = (
            self.admitter.floor(taken.at),
            self.admitter.ceiling(taken.at),
        );
        let at = observation.observed_at;
        let cause = || match unfit {
            Unfit::TooOld => format!("it is of {at}; what is kept reaches back to {floor}: {kept}"),
            Unfit::TooFarAhead => {
                format!("it is of {at}; what can be is of {ceiling} at the latest: {kept}")
            }
        };
        self.object_to(group, giver, observation, reason, taken, cause);
        Ok(())
    }
}
