//! Which requests of a line may be asked: one bad register starves no good one, and a silent unit
//! costs the others little. Pure.
//!
//! Patience is per request, and per unit where none of a unit's requests is answered: then the unit
//! counts as silent and is only probed, with the request that was asked longest ago, so that a
//! register that it never answers for cannot be the only one that is tried.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use super::{
    breaker::{Breaker, OPEN_AFTER},
    reads::RequestKey,
};

/// Whether a request may be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum May {
    Ask,
    /// The unit is silent; this request of it is tried, once.
    Try(RequestKey),
    /// It has failed too often and is tried again later.
    Rest,
}

/// The units of one line.
#[derive(Debug, Default)]
pub(crate) struct Units {
    units: HashMap<u8, Unit>,
}

#[derive(Debug, Default)]
struct Unit {
    breaker: Breaker,
    /// Failures since anything of it was answered.
    failures: u32,
    requests: BTreeMap<RequestKey, RequestState>,
}

#[derive(Debug, Default)]
struct RequestState {
    breaker: Breaker,
    /// Unanswered times in a row.
    failures: u32,
    asked: u64,
}

impl Unit {
    /// Whether nothing that was asked of it last was answered.
    fn is_unanswered(&self) -> bool {
        self.requests.values().all(|request| request.failures > 0)
    }

    fn is_silent(&self) -> bool {
        self.failures >= OPEN_AFTER && self.is_unanswered()
    }
}

impl Units {
    /// A request that will be asked of a unit.
    pub(crate) fn add(&mut self, key: RequestKey) {
        let unit = self.units.entry(key.unit_id).or_default();
        unit.requests.entry(key).or_default();
    }

    /// A request that will be asked no more.
    pub(crate) fn remove(&mut self, key: RequestKey) {
        if let Some(unit) = self.units.get_mut(&key.unit_id) {
            unit.requests.remove(&key);
        }
    }

    /// Whether a unit gives no answer to anything.
    #[must_use]
    pub(crate) fn is_silent(&self, unit_id: u8) -> bool {
        self.units.get(&unit_id).is_some_and(Unit::is_silent)
    }

    /// Whether the unit as a whole is to be blamed: nothing of it is answered.
    #[must_use]
    pub(crate) fn is_unanswered(&self, unit_id: u8) -> bool {
        self.units.get(&unit_id).is_some_and(Unit::is_unanswered)
    }

    /// Whether a request has failed more than once in a row, which is no accident.
    #[must_use]
    pub(crate) fn is_failing(&self, key: RequestKey) -> bool {
        let unit = self.units.get(&key.unit_id);
        unit.and_then(|unit| unit.requests.get(&key))
            .is_some_and(|request| request.failures > 1)
    }

    /// Whether a request has failed so often that it is only tried now and then.
    #[must_use]
    pub(crate) fn is_probing(&self, key: RequestKey) -> bool {
        let unit = self.units.get(&key.unit_id);
        unit.and_then(|unit| unit.requests.get(&key))
            .is_some_and(|request| request.breaker.is_probing())
    }

    /// Whether a request that is due may be asked.
    #[must_use]
    pub(crate) fn may(&self, key: RequestKey, now: Duration) -> May {
        let Some(unit) = self.units.get(&key.unit_id) else {
            return May::Ask;
        };
        if unit.is_silent() {
            let first = unit.requests.iter().min_by_key(|(_, r)| r.asked);
            return match first {
                Some((first, _)) if unit.breaker.allows(now) => May::Try(*first),
                _ => May::Rest,
            };
        }
        let request = unit.requests.get(&key);
        if request.is_none_or(|request| request.breaker.allows(now)) {
            May::Ask
        } else {
            May::Rest
        }
    }

    /// The unit answered this request; `is_useless` where the answer is a refusal that will be the
    /// same soon.
    pub(crate) fn answered(
        &mut self,
        key: RequestKey,
        is_useless: bool,
        (now, cost): (Duration, Duration),
        longest: Duration,
    ) {
        let unit = self.units.entry(key.unit_id).or_default();
        unit.failures = 0;
        unit.breaker.answered();
        let request = unit.requests.entry(key).or_default();
        request.failures = 0;
        request.asked += 1;
        if is_useless {
            request.breaker.failed(now, cost, longest);
        } else {
            request.breaker.answered();
        }
    }

    /// The unit did not answer this request, which took `cost` on the line.
    pub(crate) fn failed(
        &mut self,
        key: RequestKey,
        (now, cost): (Duration, Duration),
        longest: Duration,
    ) {
        let unit = self.units.entry(key.unit_id).or_default();
        unit.failures = unit.failures.saturating_add(1);
        unit.breaker.failed(now, cost, longest);
        let request = unit.requests.entry(key).or_default();
        request.failures = request.failures.saturating_add(1);
        request.asked += 1;
        request.breaker.failed(now, cost, longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RegisterKind;

    const SECOND: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(300);

    fn key(start: u16) -> RequestKey {
        RequestKey {
            unit_id: 1,
            kind: RegisterKind::Holding,
            start,
            count: 1,
        }
    }

    fn units(requests: u16) -> Units {
        let mut units = Units::default();
        (0..requests).for_each(|start| units.add(key(start)));
        units
    }

    /// Asks every request each second for a while; how often each was asked. `good` answers.
    fn ask(units: &mut Units, seconds: u32, requests: u16, good: &[u16]) -> Vec<u32> {
        let mut asked = vec![0; usize::from(requests)];
        for second in 0..seconds {
            let now = SECOND * second;
            for start in 0..requests {
                let key = match units.may(key(start), now) {
                    May::Ask => key(start),
                    May::Try(key) => key,
                    May::Rest => continue,
                };
                if let Some(count) = asked.get_mut(usize::from(key.start)) {
                    *count += 1;
                }
                let cost = (now, SECOND / 10);
                if good.contains(&key.start) {
                    units.answered(key, false, cost, LONGEST);
                } else {
                    units.failed(key, cost, LONGEST);
                }
            }
        }
        asked
    }

    #[test]
    fn a_register_that_is_never_answered_starves_no_other_of_its_unit() {
        let asked = ask(&mut units(3), 120, 3, &[0, 2]);
        assert_eq!((asked.first(), asked.get(2)), (Some(&120), Some(&120)));
        assert!(asked.get(1).is_some_and(|n| *n < 20), "{asked:?}");
    }

    #[test]
    fn a_silent_unit_is_probed_with_each_of_its_requests_in_turn() {
        let mut units = units(2);
        let asked = ask(&mut units, 120, 2, &[]);
        assert!(units.is_silent(1));
        let (first, second) = (asked.first(), asked.get(1));
        assert!(
            first.zip(second).is_some_and(|(a, b)| a.abs_diff(*b) <= 1),
            "{asked:?}"
        );
        let sum: u32 = asked.iter().sum();
        assert!(sum < 20, "{asked:?}");
        let asked = ask(&mut units, 600, 2, &[1]);
        assert!(
            asked.get(1).is_some_and(|n| *n > 200),
            "it answers again: {asked:?}"
        );
    }

    #[test]
    fn a_refusal_that_will_not_change_is_asked_less_often_and_the_unit_is_not_silent() {
        let mut units = units(1);
        for second in 0..3 {
            units.answered(key(0), true, (SECOND * second, SECOND), LONGEST);
        }
        assert!(!units.is_silent(1) && units.is_probing(key(0)));
        assert_eq!(units.may(key(0), SECOND * 4), May::Rest);
    }
}
