//! Gauges: the newest observation of each, and whether it has fallen silent.

use shared::{gauge::Parameter, observation::Observation, time::Timestamp};

use super::{Change, Effect, GaugeFacts, GaugeIndex, GaugeNews, Newest, World};
use crate::{assess::STALE_INTERVALS, merge::NEWS_MS, network::Gauge};

/// A gauge is silent when nothing came for this long: several of its own intervals.
pub(super) fn silent_after_ms(site: &Gauge) -> i64 {
    i64::from(site.interval_s) * i64::from(STALE_INTERVALS) * 1000
}

impl GaugeFacts {
    /// A gauge that has given nothing yet.
    pub(super) const SILENT: Self = Self {
        newest: None,
        trusted: None,
        is_silent: true,
    };

    /// Takes an observation in any order; what it is news of, if it is any.
    pub(super) fn observe(&mut self, observation: &Observation) -> Option<GaugeNews> {
        let at = observation.observed_at;
        if let Some(value) = observation.trusted()
            && self.trusted.is_none_or(|(trusted, _)| at >= trusted)
        {
            self.trusted = Some((at, value));
        }
        if self.newest.is_some_and(|newest| at < newest.observed_at) {
            return None;
        }
        self.newest = Some(observation.into());
        let came_back = std::mem::take(&mut self.is_silent);
        Some(if came_back {
            GaugeNews::CameBack
        } else {
            GaugeNews::Observed
        })
    }

    /// Whether nothing came for `silent_after_ms`.
    fn silent_at(&self, now: Timestamp, silent_after_ms: i64) -> bool {
        self.newest
            .is_none_or(|newest: Newest| now.millis_since(newest.observed_at) > silent_after_ms)
    }
}

impl World {
    pub(super) fn tick_gauges(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let mut changed = Vec::new();
        let spans = self.places.silent_after_ms.iter_enumerated();
        for ((gauge, span), facts) in spans.zip(self.gauges.iter()) {
            if facts.silent_at(now, *span) != facts.is_silent {
                changed.push(gauge);
            }
        }
        for gauge in changed {
            let Some(facts) = self.gauges.get_mut(gauge.index()) else {
                continue;
            };
            facts.is_silent = !facts.is_silent;
            let news = if facts.is_silent {
                GaugeNews::FellSilent
            } else {
                GaugeNews::CameBack
            };
            effects.push(Effect::Changed(Change::Gauge { gauge, news }));
        }
    }

    /// The newest trusted rain intensity of a gauge that is not silent, in mm/h.
    pub(super) fn intensity(&self, gauge: GaugeIndex) -> Option<f64> {
        let (site, facts) = (
            self.city.gauges.get(gauge.index())?,
            self.gauges.get(gauge.index())?,
        );
        let (at, value) = facts.trusted.filter(|_| !facts.is_silent)?;
        let behind = facts.newest?.observed_at.millis_since(at);
        (behind <= NEWS_MS).then(|| mm_per_h(site, value.units()))?
    }
}

/// A rain observation as intensity in mm/h; `None` for other parameters or untrusted values.
#[must_use]
pub fn intensity_mm_per_h(site: &Gauge, observation: &Observation) -> Option<f64> {
    mm_per_h(site, observation.trusted()?.units())
}

fn mm_per_h(site: &Gauge, units: f64) -> Option<f64> {
    match site.parameter {
        Parameter::RainfallIntensity => Some(units),
        Parameter::RainfallDepth => Some(units * 3600.0 / f64::from(site.interval_s)),
        Parameter::Depth | Parameter::Stage | Parameter::WaterLevel => None,
    }
}
