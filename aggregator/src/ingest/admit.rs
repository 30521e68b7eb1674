//! Which observations may enter the history, and with which flag.

use foldhash::{HashMap, HashSet};
use shared::{
    gauge::Parameter,
    ids::{GaugeId, SourceId, TruckId},
    limits::MAX_AHEAD_MS,
    observation::Observation,
    quality::{Limits, Quality, QualityControl, Test, TestSet},
    time::{EARLIEST, Timestamp},
};

use crate::grants::{Grants, Word};

/// Who gave an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Agent,
    ThirdParty,
}

/// How an observation enters.
#[derive(Debug, PartialEq, Eq)]
pub struct Admission {
    pub quality: Quality,
    pub tests: TestSet,
    /// Whether no layer knows its gauge.
    pub unknown_gauge: bool,
    /// Whether its value is one that the gauge cannot give.
    pub out_of_range: bool,
    /// Whether it is of a time that has not come.
    pub is_ahead: bool,
    /// What the layer says that its gauge gives, where it is something else: it is kept in a series of
    /// its own.
    pub expected: Option<Parameter>,
    /// How often the layer says that its gauge reports, in milliseconds of storm time.
    pub interval_ms: Option<i64>,
}

/// Why an observation may not enter now. Each day is a table of the store: so the series never holds more
/// of them than there are days between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is older than anything that is kept, and would be dropped at once.
    TooOld,
    /// It is of a time that is further ahead than any clock that is only behind.
    TooFarAhead,
}

/// How far ahead an observation may be to be kept in its series, in milliseconds of storm time.
const MAX_FAR_MS: i64 = 7 * 86_400_000;

/// What a layer says of a gauge.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    pub parameter: Parameter,
    pub interval_s: u32,
}

/// Judges observations against the clock and the city's gauges.
#[derive(Debug)]
pub struct Admitter {
    gauges: HashMap<GaugeId, Described>,
    trucks: HashSet<TruckId>,
    grants: Grants,
    ahead_ms: i64,
    keep_ms: i64,
}

impl Admitter {
    /// `speed` of the clock: skew between machines is in real time, observations in storm time.
    /// `keep_days`: how much history is kept.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "at most 3600 minutes")]
    pub fn new(
        gauges: impl IntoIterator<Item = (GaugeId, Described)>,
        speed: f64,
        keep_days: u32,
    ) -> Self {
        let ahead = Timestamp::from_millis(MAX_AHEAD_MS).seconds_since(Timestamp::from_millis(0));
        Self {
            gauges: gauges.into_iter().collect(),
            trucks: HashSet::default(),
            grants: Grants::none(true),
            ahead_ms: (ahead * speed.max(1.0) * 1000.0) as i64,
            keep_ms: i64::from(keep_days) * 86_400_000,
        }
    }

    /// With the city's trucks.
    #[must_use]
    pub fn with_trucks(mut self, trucks: impl IntoIterator<Item = TruckId>) -> Self {
        self.trucks = trucks.into_iter().collect();
        self
    }

    /// With what sources may speak for; without it they are strangers who are believed.
    #[must_use]
    pub fn with_grants(mut self, grants: Grants) -> Self {
        self.grants = grants;
        self
    }

    /// Whether a layer knows a truck.
    #[must_use]
    pub fn knows(&self, truck: &TruckId) -> bool {
        self.trucks.contains(truck)
    }

    /// How far a source's word goes on what it speaks of.
    #[must_use]
    pub fn word(&self, source: &SourceId, o: &Observation) -> Word {
        self.grants.word(source, &o.gauge, o.parameter)
    }

    /// What is older may not enter.
    #[must_use]
    pub fn floor(&self, now: Timestamp) -> Timestamp {
        EARLIEST.max(now.plus_millis(-self.keep_ms))
    }

    /// What is further ahead may not enter.
    #[must_use]
    pub fn ceiling(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(MAX_FAR_MS)
    }

    /// How far ahead of this program's clock an observation may be, in milliseconds of storm time.
    #[must_use]
    pub fn ahead_ms(&self) -> i64 {
        self.ahead_ms
    }

    /// Judges one observation at `now` (storm time). One of a time that has not come is kept with the
    /// flag that its clock is in doubt. A value of a third party gets the range test
    /// of its parameter here, whatever its sender says of it: agents have tested theirs.
    ///
    /// # Errors
    /// Why it may not enter.
    pub fn admit(
        &self,
        o: &Observation,
        origin: Origin,
        now: Timestamp,
    ) -> Result<Admission, Unfit> {
        if o.observed_at < self.floor(now) {
            return Err(Unfit::TooOld);
        }
        if o.observed_at > self.ceiling(now) {
            return Err(Unfit::TooFarAhead);
        }
        let described = self.gauges.get(&o.gauge).copied();
        let (mut quality, mut tests) = (o.quality, o.tests);
        if origin == Origin::ThirdParty && quality != Quality::Fail {
            let mut control = QualityControl::new(Limits::default_for(o.parameter));
            let evaluated = control.assess(o.observed_at, o.value);
            if evaluated.0 == Quality::Fail
                || quality == Quality::NotEvaluated && evaluated.0 != Quality::Pass
            {
                (quality, tests) = evaluated;
            }
        }
        let is_ahead = o.observed_at.millis_since(now) > self.ahead_ms;
        if is_ahead {
            tests = tests.with(Test::Clock);
            if quality.rank() > Quality::Suspect.rank() {
                quality = Quality::Suspect;
            }
        }
        let range = |t: TestSet| t.contains(Test::GrossRange) || t.contains(Test::Sentinel);
        let out_of_range = quality == Quality::Fail && range(tests);
        Ok(Admission {
            unknown_gauge: described.is_none(),
            expected: described.map(|d| d.parameter).filter(|p| *p != o.parameter),
            interval_ms: described.map(|d| i64::from(d.interval_s) * 1000),
            out_of_range,
            is_ahead,
            quality,
            tests,
        })
    }
}

#[cfg(test)]
mod tests {
    use shared::value::Value;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);

    fn observation(gauge: &str, ahead_ms: i64, milli: i64) -> Observation {
        Observation {
            gauge: gauge.parse().expect("id"),
            parameter: Parameter::Depth,
            observed_at: NOW.plus_millis(ahead_ms),
            value: Some(Value::from_milli(milli)),
            quality: Quality::NotEvaluated,
            tests: TestSet::NONE,
        }
    }

    fn admitter(speed: f64) -> Admitter {
        let gauges = [
            ("lg-1", Parameter::Depth),
            ("rg-1", Parameter::RainfallIntensity),
        ];
        Admitter::new(
            gauges.map(|(id, parameter)| {
                let interval_s = 60;
                let described = Described {
                    parameter,
                    interval_s,
                };
                (id.parse().expect("id"), described)
            }),
            speed,
            30,
        )
    }

    #[test]
    fn the_distant_past_is_refused_and_a_little_skew_is_nothing() {
        let admitter = admitter(1.0);
        let skewed = admitter.admit(&observation("lg-1", 59_000, 1), Origin::Agent, NOW);
        assert_eq!(
            skewed.map(|a| (a.is_ahead, a.tests)),
            Ok((false, TestSet::NONE))
        );
        let day_ms = 86_400_000;
        let kept = admitter.admit(&observation("lg-1", -30 * day_ms, 1), Origin::Agent, NOW);
        assert!(kept.is_ok());
        let ancient = observation("lg-1", -30 * day_ms - 1, 1);
        assert_eq!(
            admitter.admit(&ancient, Origin::ThirdParty, NOW),
            Err(Unfit::TooOld)
        );
        let far = observation("lg-1", 7 * day_ms + 1, 1);
        let admitted = |o: &Observation| admitter.admit(o, Origin::Agent, NOW);
        assert_eq!(admitted(&far), Err(Unfit::TooFarAhead));
        assert!(admitted(&observation("lg-1", 7 * day_ms, 1)).is_ok());
    }

    #[test]
    fn what_is_of_the_future_is_kept_with_its_doubt() {
        let mut future = observation("lg-1", 61_000, 1);
        future.quality = Quality::Pass;
        let got = admitter(1.0).admit(&future, Origin::Agent, NOW);
        let flags = got.map(|a| (a.is_ahead, a.quality, a.tests));
        assert_eq!(
            flags,
            Ok((true, Quality::Suspect, TestSet::NONE.with(Test::Clock)))
        );
    }

    #[test]
    fn an_unknown_gauge_is_admitted_and_marked() {
        let got = admitter(1.0)
            .admit(&observation("lg-9", 0, 1), Origin::ThirdParty, NOW)
            .expect("admitted");
        assert!(got.unknown_gauge);
    }

    #[test]
    fn another_parameter_than_the_layers_is_kept_and_told() {
        let got = admitter(1.0).admit(&observation("rg-1", 0, 1), Origin::ThirdParty, NOW);
        let got = got.map(|a| (a.expected, a.unknown_gauge));
        assert_eq!(got, Ok((Some(Parameter::RainfallIntensity), false)));
    }

    #[test]
    fn an_impossible_value_of_a_third_party_is_kept_and_failed() {
        let got = admitter(1.0)
            .admit(&observation("lg-1", 0, 9_999_000), Origin::ThirdParty, NOW)
            .expect("admitted");
        assert!(got.out_of_range);
        assert_eq!(got.quality, Quality::Fail);
    }

    #[test]
    fn a_third_party_cannot_vouch_for_an_impossible_value_but_an_agent_can_for_its_own_gauge() {
        let vouched = Observation {
            quality: Quality::Pass,
            ..observation("lg-1", 0, 31_000)
        };
        let quality = |origin| {
            let admission = admitter(1.0).admit(&vouched, origin, NOW);
            admission.expect("admitted").quality
        };
        assert_eq!(quality(Origin::ThirdParty), Quality::Fail);
        assert_eq!(quality(Origin::Agent), Quality::Pass);
    }
}
