//! The reservoir of one point and its run into the next hours.

use std::collections::BTreeMap;

use shared::{
    ids::{GaugeId, PointId},
    time::Timestamp,
    waterlogging::Thresholds,
};

use super::{
    Forecast, Inflow, Method,
    grid::{self, STEP_MINUTES, Step},
    members::{Members, WEIGHTS},
    memory::{PointMemory, Recent},
    summary::Summary,
};
use crate::{
    assess::STALE_INTERVALS,
    merge::{Rain, RainKind, mean_mm_per_h},
    network::{Lack, Storage},
};

/// Rain of the last minutes that stands for "now", and no less than so many intervals of its gauge.
const RAIN_NOW_MS: i64 = 10 * 60_000;
const RAIN_NOW_INTERVALS: i64 = 2;

/// A depth older than this gives no forecast, unless its gauge is slower: then one that is as old as
/// would make the point unknown.
const SILENT_MS: i64 = 5 * 60_000;

/// The rate of rise is that since the newest depth that is this much older than the last.
const RISE_MS: i64 = 10 * 60_000;

/// Fading of the rain: Lagrangian persistence of about 20 minutes.
const FADE_MINUTES: f64 = 20.0;

/// Rain that stays does so for this long, then fades.
const STAY_MINUTES: f64 = 30.0;

/// Delay between rain and inflow: the linear reservoir's constant, in minutes.
const RUNOFF_MINUTES: f64 = 12.0;

/// Fading of a rise that is carried on without rain data, in minutes, one per member.
const RISE_FADES_MINUTES: Members<f64> = [5.0, 20.0, 60.0];

/// What the model must know of a point.
#[derive(Debug, Clone, PartialEq)]
pub struct PointModel {
    pub id: PointId,
    pub storage: Storage,
    /// Without it, or without the drain, rain cannot be turned into depth: the rate of rise is used.
    pub catchment_ha: Option<f64>,
    /// Share of the rain that runs off, 0–1.
    pub runoff: f64,
    pub drain_m3h: Option<f64>,
    /// What is assumed or done without, told with every forecast.
    pub lacks: Vec<Lack>,
    pub thresholds: Thresholds,
    /// How often the depth is reported, in seconds.
    pub interval_s: u32,
    pub rain_gauges: Vec<RainGauge>,
}

/// A gauge that tells the rain over a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RainGauge {
    pub id: GaugeId,
    pub kind: RainKind,
}

impl RainGauge {
    fn now_ms(&self) -> i64 {
        RAIN_NOW_MS.max(RAIN_NOW_INTERVALS * i64::from(self.kind.interval_s) * 1000)
    }
}

/// Mean rain over a point's gauges, in mm/h.
struct RainNow {
    /// Of the last minutes.
    falling: f64,
    /// As the runoff feels it.
    routed: f64,
}

impl PointModel {
    /// The point's forecast at `now`; `None` without a recent depth.
    pub(super) fn forecast(
        &self,
        now: Timestamp,
        memory: &PointMemory,
        rain: &BTreeMap<GaugeId, Rain>,
    ) -> Option<Forecast> {
        let (basis_at, depth_m) = memory.depths.newest()?;
        if now.millis_since(basis_at) > self.silent_ms() {
            return None;
        }
        let by_rain = self.rain_now(basis_at, rain);
        let by_rain = by_rain.and_then(|rain| self.net_by_rain(&rain));
        let (method, net_m3h) = match by_rain {
            Some(net_m3h) => (Method::Reservoir, net_m3h),
            None => (Method::RateOfRise, self.net_by_rise(&memory.depths)),
        };
        let summary = Summary {
            basis_at,
            thresholds: &self.thresholds,
            depths: self.depths(depth_m, &net_m3h, memory.pumping_m3h),
            verification: &memory.verification,
        };
        Some(Forecast {
            lacks: self.lacks.clone(),
            ..summary.forecast(method, by_member(&net_m3h))
        })
    }

    fn silent_ms(&self) -> i64 {
        let stale = i64::from(self.interval_s) * i64::from(STALE_INTERVALS) * 1000;
        SILENT_MS.max(stale)
    }

    fn rain_now(&self, at: Timestamp, rain: &BTreeMap<GaugeId, Rain>) -> Option<RainNow> {
        let mut fresh = Vec::new();
        let known = self.rain_gauges.iter();
        for (gauge, series) in known.filter_map(|gauge| Some((gauge, rain.get(&gauge.id)?))) {
            let from = at.plus_millis(-gauge.now_ms());
            let recent = series.falls(gauge.kind, at);
            let Some(falling) =
                mean_mm_per_h(gauge.kind, recent.take_while(|fall| fall.at >= from))
            else {
                continue;
            };
            let (mut routed, mut weights) = (0.0, 0.0);
            for fall in series.falls(gauge.kind, at) {
                let age_minutes = at.seconds_since(fall.at) / 60.0;
                let weight = (-age_minutes / RUNOFF_MINUTES).exp() * fall.hours;
                routed += weight * fall.mm_per_h;
                weights += weight;
            }
            // Those of the last minutes are among them, so the weights are more than nothing.
            let routed = routed / weights;
            fresh.push(RainNow { falling, routed });
        }
        let gauges = fresh.len() as f64;
        let (falling, routed) = fresh
            .iter()
            .fold((0.0, 0.0), |sum, f| (sum.0 + f.falling, sum.1 + f.routed));
        (!fresh.is_empty()).then(|| RainNow {
            falling: falling / gauges,
            routed: routed / gauges,
        })
    }

    /// Inflow less natural drainage of the members, in m³/h for every planned step; `None` where it is
    /// not known what flows in and off.
    fn net_by_rain(&self, now: &RainNow) -> Option<Vec<Members<f64>>> {
        let (catchment_ha, drain_m3h) = (self.catchment_ha?, self.drain_m3h?);
        // 1 mm/h on 1 ha is 10 m³/h.
        let per_mm = self.runoff * catchment_ha * 10.0;
        let share = 1.0 - (-STEP_MINUTES / RUNOFF_MINUTES).exp();
        let faded = |minutes: f64| now.falling * (-minutes / FADE_MINUTES).exp();
        let mut routed: Members<f64> = [now.routed; 3];
        let net = |step: Step| {
            let minutes = step.middle_minutes();
            let rain = [
                0.0,
                faded(minutes),
                faded((minutes - STAY_MINUTES).max(0.0)),
            ];
            for (routed, rain) in routed.iter_mut().zip(rain) {
                *routed += (rain - *routed) * share;
            }
            routed.map(|mm_per_h| per_mm * mm_per_h - drain_m3h)
        };
        Some(Step::planned().map(net).collect())
    }

    /// The same without rain data: the change of the last minutes goes on for a while.
    fn net_by_rise(&self, depths: &Recent) -> Vec<Members<f64>> {
        let rise_m3h = self.rise_m3h(depths).unwrap_or(0.0);
        let faded = |step: Step, minutes: f64| rise_m3h * (-step.minutes() / minutes).exp();
        let net = |step| RISE_FADES_MINUTES.map(|minutes| faded(step, minutes));
        Step::planned().map(net).collect()
    }

    fn rise_m3h(&self, depths: &Recent) -> Option<f64> {
        let (newest, depth_m) = depths.newest()?;
        let (before, depth_before_m) = depths.until(newest.plus_millis(-RISE_MS)).next()?;
        let rise_m3 = self.storage.volume_m3(depth_m) - self.storage.volume_m3(depth_before_m);
        Some(rise_m3 / (newest.seconds_since(before) / 3600.0))
    }

    /// Depths of the members at the beginning of every shown step.
    fn depths(
        &self,
        depth_m: f64,
        net_m3h: &[Members<f64>],
        pumping_m3h: f64,
    ) -> Vec<(Step, Members<f64>)> {
        let mut volumes: Members<f64> = [self.storage.volume_m3(depth_m); 3];
        let mut depths = [depth_m; 3];
        let mut shown = Vec::new();
        for (step, net) in Step::shown().zip(net_m3h) {
            shown.push((step, depths));
            for (volume, net) in volumes.iter_mut().zip(net) {
                *volume = (*volume + grid::volume_m3(net - pumping_m3h)).max(0.0);
            }
            depths = volumes.map(|volume| self.storage.depth_m(volume));
        }
        shown
    }
}

/// The members one by one, as the planner takes them.
fn by_member(net_m3h: &[Members<f64>]) -> Vec<Inflow> {
    let member = |weight| Inflow {
        weight,
        m3h: Vec::with_capacity(net_m3h.len()),
    };
    let mut members = WEIGHTS.map(member);
    for step in net_m3h {
        for (member, net) in members.iter_mut().zip(step) {
            member.m3h.push(*net);
        }
    }
    members.into()
}
