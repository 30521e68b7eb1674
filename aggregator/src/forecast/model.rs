//! The reservoir of one point and its run into the next hours.

use std::collections::BTreeMap;

use shared::{
    ids::{GaugeId, PointId},
    time::Timestamp,
    waterlogging::Thresholds,
};

use super::{
    Forecast, ForecastState, Horizon, Inflow, Method, Storage,
    memory::{PointMemory, Recent},
};

/// Step of a forecast in minutes, and steps of the shown hour and of the planner's horizon.
const STEP_MINUTES: i64 = 5;
const SHOWN_STEPS: usize = 12;
const PLAN_STEPS: usize = 36;

/// Rain of the last minutes that stands for "now".
const RAIN_NOW_MS: i64 = 10 * 60_000;

/// A depth older than this gives no forecast.
const SILENT_MS: i64 = 5 * 60_000;

/// Fading of the rain: Lagrangian persistence of about 20 minutes.
const FADE_MINUTES: f64 = 20.0;

/// Delay between rain and inflow: the linear reservoir's constant, in minutes.
const RUNOFF_MINUTES: f64 = 12.0;

/// Error of a forecast before any was verified: metres per root hour.
const PRIOR_ERROR_M: f64 = 0.05;

/// Weights of the members: rain stops, fades, stays.
const WEIGHTS: [f64; 3] = [0.3, 0.5, 0.2];

/// What the model must know of a point.
#[derive(Debug, Clone, PartialEq)]
pub struct PointModel {
    pub id: PointId,
    pub storage: Storage,
    pub catchment_ha: f64,
    pub runoff: f64,
    pub drain_m3h: f64,
    pub thresholds: Thresholds,
    pub rain_gauges: Vec<GaugeId>,
}

/// Forecasts all points of a city.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecaster {
    models: BTreeMap<PointId, PointModel>,
    state: ForecastState,
}

impl Forecaster {
    /// A forecaster that has seen nothing yet.
    #[must_use]
    pub fn new(points: Vec<PointModel>) -> Self {
        let gauges = points.iter().flat_map(|p| p.rain_gauges.iter().cloned());
        let state = ForecastState::empty(points.iter().map(|p| p.id.clone()), gauges);
        Self {
            models: points.into_iter().map(|p| (p.id.clone(), p)).collect(),
            state,
        }
    }

    /// Goes on from what was saved. What it has of points and gauges that are not of this city, or
    /// no more, is dropped; points that it does not have start empty.
    pub fn restore(&mut self, saved: ForecastState) {
        self.state.take_over(saved);
    }

    /// What is to be saved.
    #[must_use]
    pub fn state(&self) -> &ForecastState {
        &self.state
    }

    /// Takes a rain intensity. Order does not matter.
    pub fn observe_rain(&mut self, gauge: &GaugeId, at: Timestamp, mm_per_h: f64) {
        self.state.observe_rain(gauge, at, mm_per_h);
    }

    /// Takes a trusted depth. Order does not matter.
    pub fn observe_depth(&mut self, point: &PointId, at: Timestamp, depth_m: f64) {
        if let (Some(model), Some(memory)) =
            (self.models.get(point), self.state.points.get_mut(point))
        {
            memory.observe(at, depth_m, model.thresholds.waterlogged_m);
        }
    }

    /// Tells how much trucks pump at a point now.
    pub fn set_pumping(&mut self, point: &PointId, m3h: f64) {
        if let Some(memory) = self.state.points.get_mut(point) {
            memory.pumping_m3h = m3h;
        }
    }

    /// Forecasts every point that has a recent depth.
    pub fn run(&mut self, now: Timestamp) -> Vec<(PointId, Forecast)> {
        let ForecastState { points, rain } = &mut self.state;
        let mut forecasts = Vec::with_capacity(points.len());
        for (id, memory) in points {
            let Some(model) = self.models.get(id) else {
                continue;
            };
            if let Some(forecast) = (Run { model, memory }).forecast(now, rain) {
                let median = forecast.horizons.iter().find(|h| h.minutes == 30);
                if let (Some(h), Some((at, depth))) = (median, memory.depths.newest()) {
                    memory.verification.issue(at, h.p50_m, depth);
                }
                forecasts.push((id.clone(), forecast));
            }
        }
        forecasts
    }
}

/// One point's forecast being made.
struct Run<'a> {
    model: &'a PointModel,
    memory: &'a PointMemory,
}

impl Run<'_> {
    fn forecast(&self, now: Timestamp, rain: &BTreeMap<GaugeId, Recent>) -> Option<Forecast> {
        let (at, depth_m) = self.memory.depths.newest()?;
        if now.millis_since(at) > SILENT_MS {
            return None;
        }
        let (method, inflow) = match self.rain_now(at, rain) {
            Some((now_mm, routed_mm)) => {
                (Method::Reservoir, self.inflow_by_rain(now_mm, routed_mm))
            }
            None => (Method::RateOfRise, self.inflow_by_rise()),
        };
        let runs: Vec<Vec<f64>> = inflow
            .iter()
            .map(|member| self.depths_of(depth_m, &member.m3h))
            .collect();
        Some(self.summary(at, method, &runs, inflow))
    }

    /// Mean rain over the point's gauges: of the last minutes, and as the runoff feels it.
    fn rain_now(&self, at: Timestamp, rain: &BTreeMap<GaugeId, Recent>) -> Option<(f64, f64)> {
        let mut fresh = Vec::new();
        for series in self.model.rain_gauges.iter().filter_map(|id| rain.get(id)) {
            let recent: Vec<f64> = series.within(at.plus_millis(-RAIN_NOW_MS), at).collect();
            if recent.is_empty() {
                continue;
            }
            let mean = recent.iter().sum::<f64>() / recent.len() as f64;
            let (mut routed, mut weights) = (0.0, 0.0);
            for (t, mm) in series.until(at) {
                let age = at.seconds_since(t) / 60.0;
                let weight = (-age / RUNOFF_MINUTES).exp();
                routed += weight * mm;
                weights += weight;
            }
            fresh.push((
                mean,
                if weights > 0.0 {
                    routed / weights
                } else {
                    mean
                },
            ));
        }
        let n = fresh.len() as f64;
        (n > 0.0).then(|| {
            let sum = fresh.iter().fold((0.0, 0.0), |s, f| (s.0 + f.0, s.1 + f.1));
            (sum.0 / n, sum.1 / n)
        })
    }

    /// Net inflow of the three members.
    fn inflow_by_rain(&self, now_mm: f64, routed_mm: f64) -> Vec<Inflow> {
        let m = &self.model;
        // 1 mm/h on 1 ha is 10 m³/h.
        let per_mm = m.runoff * m.catchment_ha * 10.0;
        let member = |weight: f64, rain_at: &dyn Fn(f64) -> f64| {
            let mut routed = routed_mm;
            let share = 1.0 - (-5.0 / RUNOFF_MINUTES).exp();
            let m3h = (0..PLAN_STEPS)
                .map(|step| {
                    let minutes = (step as f64 + 0.5) * 5.0;
                    routed += (rain_at(minutes) - routed) * share;
                    per_mm * routed - m.drain_m3h
                })
                .collect();
            Inflow { weight, m3h }
        };
        let [stops, fades, stays] = WEIGHTS;
        vec![
            member(stops, &|_| 0.0),
            member(fades, &|minutes| now_mm * (-minutes / FADE_MINUTES).exp()),
            member(stays, &|minutes| {
                now_mm * (-(minutes - 30.0).max(0.0) / FADE_MINUTES).exp()
            }),
        ]
    }

    /// Without rain data: the change of the last quarter of an hour goes on for a while.
    fn inflow_by_rise(&self) -> Vec<Inflow> {
        let depths = &self.memory.depths;
        let Some((newest, depth)) = depths.newest() else {
            return Vec::new();
        };
        let before = depths.until(newest.plus_millis(-10 * 60_000)).next();
        let rate = before.map_or(0.0, |(t, d)| {
            let volume = |d: f64| self.model.storage.volume_m3(d);
            (volume(depth) - volume(d)) / (newest.seconds_since(t) / 3600.0)
        });
        let member = |weight: f64, minutes: f64| {
            let steps = 0..PLAN_STEPS;
            let m3h = steps
                .map(|s| rate * (-(s as f64) * 5.0 / minutes).exp())
                .collect();
            Inflow { weight, m3h }
        };
        let [short, middle, long] = WEIGHTS;
        vec![member(short, 5.0), member(middle, 20.0), member(long, 60.0)]
    }

    fn depths_of(&self, depth_m: f64, m3h: &[f64]) -> Vec<f64> {
        let storage = &self.model.storage;
        let mut volume = storage.volume_m3(depth_m);
        let mut depths = vec![depth_m];
        for net in m3h {
            volume = (volume + (net - self.memory.pumping_m3h) * 5.0 / 60.0).max(0.0);
            depths.push(storage.depth_m(volume));
        }
        depths
    }

    fn summary(
        &self,
        at: Timestamp,
        method: Method,
        runs: &[Vec<f64>],
        inflow: Vec<Inflow>,
    ) -> Forecast {
        let thresholds = &self.model.thresholds;
        let time =
            |step: usize| at.plus_millis(i64::try_from(step).unwrap_or(0) * STEP_MINUTES * 60_000);
        let steps: Vec<(f64, f64, f64)> = (0..=SHOWN_STEPS)
            .map(|step| self.spread(runs, step))
            .collect();
        let median = |step: usize| steps.get(step).map_or(0.0, |s| s.1);
        let first =
            |wanted: &dyn Fn(f64) -> bool| (0..=SHOWN_STEPS).find(|s| wanted(median(*s))).map(time);
        let peak = (0..=SHOWN_STEPS)
            .max_by(|a, b| median(*a).total_cmp(&median(*b)).then_with(|| b.cmp(a)))
            .unwrap_or(0);
        let horizon = |minutes: i64| {
            let step = usize::try_from(minutes / STEP_MINUTES).unwrap_or(0);
            let (p10_m, p50_m, p90_m) = steps.get(step).copied().unwrap_or_default();
            Horizon {
                minutes,
                p10_m,
                p50_m,
                p90_m,
            }
        };
        let reaching: f64 = runs
            .iter()
            .zip(&inflow)
            .filter(|(run, _)| {
                run.iter()
                    .take(SHOWN_STEPS + 1)
                    .any(|d| *d >= thresholds.waterlogged_m)
            })
            .map(|(_, member)| member.weight)
            .sum();
        // What is reached already is no forecast.
        let reached = |m: f64| (median(0) < m).then(|| first(&|d| d >= m)).flatten();
        let wet = median(0) >= thresholds.notice_m;
        Forecast {
            basis_at: at,
            method,
            horizons: [15, 30, 60].map(horizon).to_vec(),
            waterlogged_probability_60: reaching.clamp(0.0, 1.0),
            peak_m: median(peak),
            peak_at: time(peak),
            reaches_waterlogged_at: reached(thresholds.waterlogged_m),
            reaches_closure_at: reached(thresholds.closure_m),
            dry_at: if wet {
                first(&|d| d < thresholds.notice_m)
            } else {
                None
            },
            skill: self.memory.verification.skill(),
            curve: (0..=SHOWN_STEPS)
                .zip(&steps)
                .map(|(step, (p10, p50, p90))| (time(step).as_millis(), *p10, *p50, *p90))
                .collect(),
            inflow,
        }
    }

    /// The weighted mean and the span of the members at a step, widened by past error.
    fn spread(&self, runs: &[Vec<f64>], step: usize) -> (f64, f64, f64) {
        let at = |run: &Vec<f64>| run.get(step).copied().unwrap_or(0.0);
        let mean: f64 = runs
            .iter()
            .zip(WEIGHTS)
            .map(|(run, weight)| at(run) * weight)
            .sum();
        let low = runs.iter().map(at).fold(f64::INFINITY, f64::min).min(mean);
        let high = runs.iter().map(at).fold(0.0, f64::max);
        let error = self.memory.verification.mae_m().unwrap_or(PRIOR_ERROR_M);
        let widened = error * (step as f64 / SHOWN_STEPS as f64).sqrt();
        let round = |d: f64| (d * 1000.0).round() / 1000.0;
        (
            round((low - widened).max(0.0)),
            round(mean),
            round(high + widened),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_784_622_000_000);

    fn forecaster() -> (Forecaster, PointId, GaugeId) {
        let (id, gauge): (PointId, GaugeId) =
            ("wp-1".parse().expect("id"), "rg-1".parse().expect("id"));
        let model = PointModel {
            id: id.clone(),
            storage: Storage::new(&[(0.0, 0.0), (0.5, 500.0), (2.0, 4000.0)]).expect("valid"),
            catchment_ha: 3.0,
            runoff: 0.8,
            drain_m3h: 600.0,
            thresholds: Thresholds::default(),
            rain_gauges: vec![gauge.clone()],
        };
        (Forecaster::new(vec![model]), id, gauge)
    }

    fn minute(m: i64) -> Timestamp {
        START.plus_millis(m * 60_000)
    }

    fn one(f: &mut Forecaster, now: Timestamp) -> Option<Forecast> {
        f.run(now).pop().map(|(_, forecast)| forecast)
    }

    #[test]
    fn heavy_rain_raises_the_forecast_and_the_members_disagree() {
        let (mut f, id, gauge) = forecaster();
        for m in 0..20 {
            f.observe_rain(&gauge, minute(m), 90.0);
            f.observe_depth(&id, minute(m), 0.1);
        }
        let forecast = one(&mut f, minute(19)).expect("has data");
        assert_eq!(forecast.method, Method::Reservoir);
        let at_30 = &forecast.horizons[1];
        assert!(at_30.p50_m > 0.2 && at_30.p10_m < at_30.p50_m && at_30.p50_m < at_30.p90_m);
        assert!(forecast.reaches_waterlogged_at.is_some());
    }

    #[test]
    fn without_rain_a_wet_point_drains() {
        let (mut f, id, gauge) = forecaster();
        for m in 0..20 {
            f.observe_rain(&gauge, minute(m), 0.0);
            f.observe_depth(&id, minute(m), 0.3);
        }
        let forecast = one(&mut f, minute(19)).expect("has data");
        assert!(forecast.horizons[2].p50_m < 0.05 && forecast.dry_at.is_some());
    }

    #[test]
    fn without_rain_data_the_rate_of_rise_is_used_and_said() {
        let (mut f, id, _) = forecaster();
        for m in 0..20_i32 {
            f.observe_depth(&id, minute(i64::from(m)), f64::from(m) * 0.01);
        }
        let forecast = one(&mut f, minute(19)).expect("has data");
        assert_eq!(forecast.method, Method::RateOfRise);
        assert!(forecast.horizons[0].p50_m > 0.19);
    }

    #[test]
    fn a_silent_level_gives_no_forecast() {
        let (mut f, id, _) = forecaster();
        f.observe_depth(&id, minute(0), 0.3);
        assert_eq!(one(&mut f, minute(6)), None);
    }

    #[test]
    fn the_order_of_late_rain_does_not_matter() {
        let (mut a, id, gauge) = forecaster();
        let (mut b, _, _) = forecaster();
        for m in 0..30 {
            a.observe_rain(&gauge, minute(m), 2.0 * m as f64);
            b.observe_rain(&gauge, minute(29 - m), 2.0 * (29 - m) as f64);
        }
        for f in [&mut a, &mut b] {
            f.observe_depth(&id, minute(29), 0.1);
        }
        assert_eq!(a.run(minute(29)), b.run(minute(29)));
    }

    #[test]
    fn what_was_saved_is_gone_on_from_with_what_the_city_still_has() {
        let (mut f, id, gauge) = forecaster();
        for m in 0..45 {
            f.observe_rain(&gauge, minute(m), 40.0);
            f.observe_depth(&id, minute(m), 0.1);
            f.run(minute(m));
        }
        let bytes = rmp_serde::to_vec_named(f.state()).expect("is data");
        let saved: ForecastState = rmp_serde::from_slice(&bytes).expect("was written so");
        let (mut again, ..) = forecaster();
        again.restore(saved.clone());
        assert_eq!(again, f);
        assert_eq!(again.run(minute(45)), f.run(minute(45)));
        let mut elsewhere = Forecaster::new(vec![PointModel {
            id: "wp-2".parse().expect("id"),
            ..f.models[&id].clone()
        }]);
        let new = elsewhere.state().points.clone();
        elsewhere.restore(saved.clone());
        assert_eq!(elsewhere.state().points, new, "a new point starts empty");
        assert_eq!(elsewhere.state().rain, saved.rain);
    }

    #[test]
    fn rain_that_no_point_uses_is_not_remembered() {
        let (mut f, ..) = forecaster();
        let before = f.clone();
        f.observe_rain(&"rg-9".parse().expect("id"), minute(0), 40.0);
        assert_eq!(f, before);
    }
}
