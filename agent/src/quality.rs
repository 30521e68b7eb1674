//! From readings to observations: the shared quality tests, applied per gauge, and the start of a
//! silence. Pure.
//!
//! A gauge that does not answer gives no value. The first reading that fails makes one observation
//! with the flag *missing*, so that the aggregator learns of the silence at once and not by its
//! staleness limit; further failures make none until the gauge has answered again.
//!
//! A reading whose own time is in the future or before the year 2000 is kept with the time of its
//! reception and marked suspect: the value may be right, the instrument's clock is not.

use std::collections::{BTreeSet, HashMap};

use shared::{
    gauge::Parameter,
    ids::GaugeId,
    limits::MAX_AHEAD_MS,
    observation::Observation,
    quality::{Quality, QualityControl, Test, TestSet},
    time::{EARLIEST, Timestamp},
};

use crate::{
    config::GaugeSpec,
    source::{Outcome, Reading},
};

/// The quality control of all gauges of an agent.
pub struct QualityStage {
    gauges: HashMap<GaugeId, Gauge>,
    silent: BTreeSet<GaugeId>,
}

struct Gauge {
    parameter: Parameter,
    control: QualityControl,
}

impl QualityStage {
    pub fn new<'a>(gauges: impl IntoIterator<Item = &'a GaugeSpec>) -> Self {
        let gauge = |spec: &GaugeSpec| {
            let control = QualityControl::new(spec.limits.clone());
            (
                spec.id.clone(),
                Gauge {
                    parameter: spec.parameter,
                    control,
                },
            )
        };
        Self {
            gauges: gauges.into_iter().map(gauge).collect(),
            silent: BTreeSet::new(),
        }
    }

    /// The observation that a reading makes, if any.
    pub fn assess(&mut self, reading: &Reading, now: Timestamp) -> Option<Observation> {
        let gauge = self.gauges.get_mut(&reading.gauge)?;
        let (at, clock) = plausible(reading.at, now);
        let (value, quality, tests) = match reading.outcome {
            Outcome::Failed => {
                if !self.silent.insert(reading.gauge.clone()) {
                    return None;
                }
                let (quality, tests) = gauge.control.assess(at, None);
                (None, quality, tests)
            }
            Outcome::Sentinel(value) => {
                self.silent.remove(&reading.gauge);
                (
                    Some(value),
                    Quality::Fail,
                    TestSet::NONE.with(Test::Sentinel),
                )
            }
            Outcome::Number(value) => {
                self.silent.remove(&reading.gauge);
                let (quality, tests) = gauge.control.assess(at, Some(value));
                (Some(value), quality, tests)
            }
        };
        let (quality, tests) = if clock {
            (quality, tests)
        } else {
            doubt(quality, tests)
        };
        let (gauge, parameter) = (reading.gauge.clone(), gauge.parameter);
        Some(Observation {
            gauge,
            parameter,
            observed_at: at,
            value,
            quality,
            tests,
        })
    }

    /// Gauges that give nothing at present.
    #[must_use]
    pub fn silent(&self) -> &BTreeSet<GaugeId> {
        &self.silent
    }
}

/// The time to use, and whether it is the reading's own.
fn plausible(at: Timestamp, now: Timestamp) -> (Timestamp, bool) {
    let own = at >= EARLIEST && at.millis_since(now) <= MAX_AHEAD_MS;
    (if own { at } else { now }, own)
}

fn doubt(quality: Quality, tests: TestSet) -> (Quality, TestSet) {
    let worse = match quality {
        Quality::Pass | Quality::NotEvaluated => Quality::Suspect,
        Quality::Suspect | Quality::Fail | Quality::Missing => quality,
    };
    (worse, tests.with(Test::Clock))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shared::{quality::Limits, value::Value};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_784_622_000_000);

    fn stage() -> QualityStage {
        QualityStage::new(&[GaugeSpec {
            id: id(),
            parameter: Parameter::Depth,
            interval: Duration::from_secs(60),
            limits: Limits::default_for(Parameter::Depth),
        }])
    }

    fn id() -> GaugeId {
        "lg-0001".parse().expect("id")
    }

    fn flags(
        stage: &mut QualityStage,
        at: Timestamp,
        outcome: Outcome,
    ) -> Option<(Quality, TestSet)> {
        let observation = stage.assess(
            &Reading {
                gauge: id(),
                at,
                outcome,
            },
            NOW,
        )?;
        assert_eq!(
            observation.value.is_none(),
            observation.quality == Quality::Missing
        );
        Some((observation.quality, observation.tests))
    }

    #[test]
    fn a_silence_makes_one_missing_observation_and_an_answer_ends_it() {
        let mut stage = stage();
        let depth = Outcome::Number(Value::from_milli(100));
        assert_eq!(
            flags(&mut stage, NOW, depth),
            Some((Quality::Pass, TestSet::NONE))
        );
        assert_eq!(
            flags(&mut stage, NOW, Outcome::Failed),
            Some((Quality::Missing, TestSet::NONE))
        );
        assert_eq!(flags(&mut stage, NOW, Outcome::Failed), None);
        assert_eq!(stage.silent().len(), 1);
        assert!(flags(&mut stage, NOW, depth).is_some() && stage.silent().is_empty());
        assert!(flags(&mut stage, NOW, Outcome::Failed).is_some());
    }

    #[test]
    fn an_error_value_of_the_instrument_fails_with_its_reason() {
        let sentinel = Outcome::Sentinel(Value::from_milli(-32_768));
        let expected = (Quality::Fail, TestSet::NONE.with(Test::Sentinel));
        assert_eq!(flags(&mut stage(), NOW, sentinel), Some(expected));
    }

    #[test]
    fn a_reading_from_1970_or_from_the_future_gets_the_time_of_reception_and_is_suspect() {
        let depth = Outcome::Number(Value::from_milli(100));
        for at in [Timestamp::default(), NOW.plus_millis(MAX_AHEAD_MS + 1)] {
            let reading = Reading {
                gauge: id(),
                at,
                outcome: depth,
            };
            let got = stage().assess(&reading, NOW).expect("an observation");
            assert_eq!((got.observed_at, got.quality), (NOW, Quality::Suspect));
            assert!(got.tests.contains(Test::Clock));
        }
    }

    #[test]
    fn a_gauge_that_is_not_configured_gives_nothing() {
        let gauge = "lg-9999".parse().expect("id");
        let outcome = Outcome::Number(Value::from_milli(1));
        assert_eq!(
            stage().assess(
                &Reading {
                    gauge,
                    at: NOW,
                    outcome
                },
                NOW
            ),
            None
        );
    }
}
