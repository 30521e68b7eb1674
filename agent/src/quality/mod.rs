//! From readings to observations: the shared quality tests, applied per gauge, and the start of a
//! silence. Pure.
//!
//! A gauge that does not answer gives no value. The first reading that fails makes one observation
//! with the flag *missing*, so that the aggregator learns of the silence at once and not by its
//! staleness limit; further failures make none until the gauge has answered again.
//!
//! *When in doubt about the time, the water is shown and the doubt is said*: a reading whose time
//! cannot be is kept as suspect with the test `clock`, and leaves no trace in the history that later
//! readings are compared with. No two readings of a gauge get one time, also where the clock was
//! set back: a time is what an observation is known by.

mod times;

use std::collections::{BTreeSet, HashMap};

use shared::{
    gauge::Parameter,
    ids::GaugeId,
    limits::MAX_AHEAD_MS,
    observation::Observation,
    quality::{Quality, QualityControl, Test, TestSet},
    time::Timestamp,
    value::Value,
};

use crate::{
    config::GaugeSpec,
    source::{Outcome, Reading, Stamp},
    total::{Fell, RainTotal, most_mm},
};

use times::Given;
pub use times::{GatewayTime, own_time};

/// What is said of a value that means "no reading".
const SENTINEL: TestSet = TestSet::NONE.with(Test::Sentinel);

/// The quality control of all gauges of an agent.
pub struct QualityStage {
    gauges: HashMap<GaugeId, Gauge>,
    silent: BTreeSet<GaugeId>,
}

struct Gauge {
    parameter: Parameter,
    control: QualityControl,
    /// As the control was at the start.
    fresh: QualityControl,
    total: Option<RainTotal>,
    /// When a rain gauge last said how much had fallen.
    rained_at: Option<Timestamp>,
    given: Given,
}

impl Gauge {
    fn new(spec: &GaugeSpec) -> Self {
        let control = QualityControl::new(spec.limits.clone());
        Self {
            parameter: spec.parameter,
            fresh: control.clone(),
            control,
            total: spec.total.map(|total| RainTotal::new(total, None)),
            rained_at: None,
            given: Given::default(),
        }
    }

    /// The parameter's value in what the gauge gave; none where a total has nothing to be
    /// compared with.
    fn value(&mut self, at: Timestamp, now: Timestamp, given: Value) -> Option<Value> {
        let Some(total) = &mut self.total else {
            return Some(given);
        };
        // Read before the clock was set back: nothing would be newer until it has gone as far again.
        let is_to_come = |last: Timestamp| at <= last && last.millis_since(now) > MAX_AHEAD_MS;
        if total.last().is_some_and(|(last, _)| is_to_come(last)) {
            total.forget();
        }
        match total.take(at, given.units()) {
            Fell::Unknown => None,
            Fell::Since { mm, seconds } if self.parameter == Parameter::RainfallIntensity => {
                Value::from_units(mm / seconds * 3_600.0).ok()
            }
            Fell::Since { mm, .. } => Value::from_units(mm).ok(),
        }
    }

    /// Whether a total is one of the values that mean "no reading".
    fn is_no_total(&self, given: Value) -> bool {
        self.total.is_some() && self.control.is_sentinel(given)
    }

    /// Whether so much cannot have fallen since the last reading: a total that was configured as
    /// what fell since the last reading shows as this.
    fn is_too_much_rain(&mut self, at: Timestamp, value: Value) -> bool {
        if self.parameter != Parameter::RainfallDepth {
            return false;
        }
        let before = self.rained_at.replace(at);
        let seconds = before.map(|before| at.seconds_since(before));
        seconds.is_some_and(|s| s > 0.0 && value.units() > most_mm(s))
    }

    fn assess(&mut self, at: Timestamp, value: Value, is_doubted: bool) -> (Quality, TestSet) {
        if is_doubted {
            let (quality, tests) = self.control.clone().assess(at, Some(value));
            return (doubted(quality), tests);
        }
        let (quality, tests) = self.control.assess(at, Some(value));
        if self.is_too_much_rain(at, value) && quality == Quality::Pass {
            return (Quality::Suspect, tests.with(Test::GrossRange));
        }
        (quality, tests)
    }
}

impl QualityStage {
    pub fn new<'a>(gauges: impl IntoIterator<Item = &'a GaugeSpec>) -> Self {
        let gauge = |spec: &GaugeSpec| (spec.id.clone(), Gauge::new(spec));
        Self {
            gauges: gauges.into_iter().map(gauge).collect(),
            silent: BTreeSet::new(),
        }
    }

    /// The observation that a reading makes, if any.
    pub fn assess(&mut self, reading: &Reading, clock: GatewayTime) -> Option<Observation> {
        let gauge = self.gauges.get_mut(&reading.gauge)?;
        let (at, is_doubted) = match reading.stamp {
            Stamp::Own => {
                let (at, doubt) = own_time(reading.at, clock);
                let is_doubted = doubt.is_some();
                // All that a wrong clock gives in one message would else get one time.
                let is_received = is_doubted && at == clock.now;
                let at = if is_received {
                    gauge.given.only_once(at)
                } else {
                    at
                };
                (at, is_doubted)
            }
            Stamp::Gateway | Stamp::Unknown => {
                let ahead_ms = clock.now.millis_since(clock.wall);
                let at = gauge.given.only_once(reading.at.plus_millis(ahead_ms));
                (at, clock.is_doubted || reading.stamp == Stamp::Unknown)
            }
        };
        if reading.outcome == Outcome::Failed {
            if !self.silent.insert(reading.gauge.clone()) {
                return None;
            }
        } else {
            self.silent.remove(&reading.gauge);
        }
        let (value, quality, tests) = match reading.outcome {
            Outcome::Failed => (None, Quality::Missing, TestSet::NONE),
            Outcome::Sentinel(value) => (Some(value), Quality::Fail, SENTINEL),
            Outcome::Number(given) if gauge.is_no_total(given) => {
                (Some(given), Quality::Fail, SENTINEL)
            }
            Outcome::Number(given) => {
                let value = gauge.value(at, clock.now, given)?;
                let (quality, tests) = gauge.assess(at, value, is_doubted);
                (Some(value), quality, tests)
            }
        };
        let tests = if is_doubted {
            tests.with(Test::Clock)
        } else {
            tests
        };
        Some(Observation {
            gauge: reading.gauge.clone(),
            parameter: gauge.parameter,
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

    /// The clock was set: what was read before says nothing about the pace of what comes.
    pub fn forget_history(&mut self) {
        for gauge in self.gauges.values_mut() {
            gauge.control = gauge.fresh.clone();
            gauge.rained_at = None;
        }
    }

    /// The last total of every rain gauge that counts.
    #[must_use]
    pub fn totals(&self) -> Vec<(GaugeId, Timestamp, f64)> {
        let last = |(id, gauge): (&GaugeId, &Gauge)| {
            let (at, total) = gauge.total.as_ref()?.last()?;
            Some((id.clone(), at, total))
        };
        let mut totals: Vec<_> = self.gauges.iter().filter_map(last).collect();
        totals.sort_by(|a, b| a.0.cmp(&b.0));
        totals
    }

    /// Goes on with totals that an earlier process kept.
    pub fn restore_totals(&mut self, totals: &[(GaugeId, Timestamp, f64)]) {
        for (id, at, last) in totals {
            if let Some(total) = self.gauges.get_mut(id).and_then(|g| g.total.as_mut()) {
                *total = total.with_last(*at, *last);
            }
        }
    }
}

/// What a flag becomes where the time is in doubt.
fn doubted(quality: Quality) -> Quality {
    match quality {
        Quality::Pass | Quality::NotEvaluated => Quality::Suspect,
        Quality::Suspect | Quality::Fail | Quality::Missing => quality,
    }
}

#[cfg(test)]
mod tests;
