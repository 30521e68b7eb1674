//! What a forecaster remembers between forecasts: everything but what the city says of its points.
//! It can be saved and given back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::{
    ids::{GaugeId, PointId},
    time::Timestamp,
};

use super::{
    Forecast,
    calibration::{Calibration, Outcome, Phase, WET_M},
    rain::Found,
    skill::Verification,
    water::Learned,
};
use crate::merge::Rain;

/// Depths are remembered for as long as rain is looked at, so that a point that begins anew can learn from
/// what came before.
const DEPTHS_MS: i64 = 90 * 60_000;

/// Water falls when it stands lower by so many metres than so long ago.
const FALLS_M: f64 = 0.01;
const FALLS_MS: i64 = 5 * 60_000;

/// Values by their time, the newest last, bounded by their age.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recent(BTreeMap<Timestamp, f64>);

impl Recent {
    fn insert(&mut self, at: Timestamp, value: f64, span_ms: i64) {
        self.0.insert(at, value);
        let newest = self.0.last_key_value().map_or(at, |(newest, _)| *newest);
        let floor = newest.plus_millis(-span_ms);
        while let Some(oldest) = self.0.first_entry().filter(|oldest| *oldest.key() < floor) {
            oldest.remove();
        }
    }

    /// Takes a value back.
    pub fn forget(&mut self, at: Timestamp) {
        self.0.remove(&at);
    }

    /// Forgets values of later times.
    pub fn forget_after(&mut self, latest: Timestamp) {
        self.0.retain(|at, _| *at <= latest);
    }

    /// The newest value and its time.
    pub fn newest(&self) -> Option<(Timestamp, f64)> {
        self.0.last_key_value().map(|(at, value)| (*at, *value))
    }

    /// Values up to a time, the newest first.
    pub fn until(&self, at: Timestamp) -> impl Iterator<Item = (Timestamp, f64)> + '_ {
        self.0.range(..=at).rev().map(|(at, value)| (*at, *value))
    }
}

/// What is remembered of one point.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PointMemory {
    pub depths: Recent,
    pub pumping_m3h: f64,
    pub verification: Verification,
    #[serde(default)]
    pub learned: Option<Learned>,
}

impl PointMemory {
    /// Takes a trusted depth, and judges by it the forecasts that were made for its time: what came of them.
    pub fn observe(&mut self, at: Timestamp, depth_m: f64, waterlogged_m: f64) -> Vec<Outcome> {
        let is_newest = self.depths.newest().is_none_or(|(newest, _)| at > newest);
        self.depths.insert(at, depth_m.max(0.0), DEPTHS_MS);
        if !is_newest {
            return Vec::new();
        }
        self.verification.observe(at, depth_m, waterlogged_m)
    }

    /// Keeps what a forecast says until its time has come. One that nobody's eyes stood behind is not judged.
    pub fn issue(&mut self, forecast: &Forecast, waterlogged_m: f64) {
        let newest = self.depths.newest();
        if let Some(newest) = newest.filter(|(at, _)| *at == forecast.basis_at) {
            let phase = self.phase();
            self.verification
                .issue(newest, phase, waterlogged_m, forecast);
        }
    }

    /// What the water does.
    pub fn phase(&self) -> Phase {
        let Some((at, now_m)) = self.depths.newest() else {
            return Phase::Dry;
        };
        let before = self.depths.until(at.plus_millis(-FALLS_MS)).next();
        if before.is_some_and(|(_, before_m)| before_m - now_m > FALLS_M) {
            Phase::After
        } else if now_m < WET_M {
            Phase::Dry
        } else {
            Phase::Before
        }
    }
}

/// What a forecaster remembers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ForecastState {
    /// Of every point of the city.
    pub(super) points: BTreeMap<PointId, PointMemory>,
    /// Of all rain gauges of the city.
    pub(super) rain: BTreeMap<GaugeId, Rain>,
    #[serde(default)]
    pub(super) calibration: Calibration,
    /// How the storm moves, and when that was looked for.
    #[serde(default)]
    pub(super) found: Option<Found>,
    #[serde(default)]
    pub(super) found_at: Option<Timestamp>,
}

impl ForecastState {
    /// Nothing yet, with room for these points and gauges.
    pub(super) fn empty(
        points: impl IntoIterator<Item = PointId>,
        gauges: impl IntoIterator<Item = GaugeId>,
    ) -> Self {
        Self {
            points: points
                .into_iter()
                .map(|id| (id, PointMemory::default()))
                .collect(),
            rain: gauges.into_iter().map(|id| (id, Rain::default())).collect(),
            ..Self::default()
        }
    }

    /// Takes over what `saved` has of the points and gauges that are known here.
    pub(super) fn take_over(&mut self, mut saved: Self) {
        for (id, point) in &mut self.points {
            *point = saved.points.remove(id).unwrap_or_default();
        }
        for (id, rain) in &mut self.rain {
            *rain = saved.rain.remove(id).unwrap_or_default();
        }
        self.calibration = saved.calibration;
        (self.found, self.found_at) = (saved.found, saved.found_at);
    }

    /// What outlasts a storm: what was learned of the points, and of how far forecasts are off.
    pub(super) fn learnt(&self) -> Self {
        let learnt = |memory: &PointMemory| PointMemory {
            learned: memory.learned.clone(),
            ..PointMemory::default()
        };
        Self {
            points: self
                .points
                .iter()
                .map(|(id, m)| (id.clone(), learnt(m)))
                .collect(),
            rain: self
                .rain
                .keys()
                .map(|id| (id.clone(), Rain::default()))
                .collect(),
            calibration: self.calibration.clone(),
            ..Self::default()
        }
    }

    /// Takes a reading of rain; that of a gauge that is not of this city is not remembered.
    pub(super) fn observe_rain(&mut self, gauge: &GaugeId, at: Timestamp, value: Option<f64>) {
        if let Some(rain) = self.rain.get_mut(gauge) {
            rain.observe(at, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_span_is_forgotten_in_any_order() {
        let at = |minute: i64| Timestamp::from_millis(minute * 60_000);
        let mut recent = Recent::default();
        for minute in [100, 60, 30, 90, 40] {
            recent.insert(at(minute), minute as f64, 60 * 60_000);
        }
        let kept: Vec<_> = recent.until(at(1_000)).map(|(_, value)| value).collect();
        assert_eq!(kept, [100.0, 90.0, 60.0, 40.0]);
        assert_eq!(recent.newest(), Some((at(100), 100.0)));
    }
}
