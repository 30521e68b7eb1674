//! Gauges: the newest observation of each, and whether it has fallen silent.

use shared::{observation::Observation, time::Timestamp};

use super::{
    change::GaugeNews,
    snapshot::{GaugeFacts, Newest},
};
use crate::{assess::STALE_INTERVALS, merge::RainKind, network::Gauge};

/// A gauge is silent when nothing came for this long: several of its own intervals.
pub(super) fn silent_after_ms(gauge: &Gauge) -> i64 {
    i64::from(gauge.interval_s) * i64::from(STALE_INTERVALS) * 1000
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
    pub(super) fn silent_at(&self, now: Timestamp, silent_after_ms: i64) -> bool {
        self.newest
            .is_none_or(|newest: Newest| now.millis_since(newest.observed_at) > silent_after_ms)
    }
}

/// What a rain gauge gives.
#[must_use]
pub fn rain_kind(gauge: &Gauge) -> RainKind {
    RainKind {
        parameter: gauge.parameter,
        interval_s: gauge.interval_s,
    }
}
