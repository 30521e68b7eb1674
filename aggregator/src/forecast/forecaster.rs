//! All points of a city: what comes in is remembered, and from time to time all are forecast.

use std::collections::BTreeMap;

use shared::{
    ids::{GaugeId, PointId},
    time::Timestamp,
};

use super::{Forecast, ForecastState, PointModel};
use crate::merge::RainKind;

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
        let gauges = points.iter().flat_map(|p| &p.rain_gauges);
        let state = ForecastState::empty(
            points.iter().map(|p| p.id.clone()),
            gauges.map(|gauge| gauge.id.clone()),
        );
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

    /// Takes a reading of a rain gauge in its own unit, without a value where that cannot be used.
    /// Order does not matter.
    pub fn observe_rain(&mut self, gauge: &GaugeId, at: Timestamp, value: Option<f64>) {
        self.state.observe_rain(gauge, at, value);
    }

    /// Takes a trusted depth. Order does not matter.
    pub fn observe_depth(&mut self, point: &PointId, at: Timestamp, depth_m: f64) {
        if let (Some(model), Some(memory)) =
            (self.models.get(point), self.state.points.get_mut(point))
        {
            memory.observe(at, depth_m, model.thresholds.waterlogged_m);
        }
    }

    /// The depth of that time was not one.
    pub fn forget_depth(&mut self, point: &PointId, at: Timestamp) {
        if let Some(memory) = self.state.points.get_mut(point) {
            memory.depths.forget(at);
        }
    }

    /// Rain now at a gauge that a point uses, in mm/h, by its newest readings.
    #[must_use]
    pub fn rain_mm_per_h(&self, gauge: &GaugeId, kind: RainKind) -> Option<f64> {
        self.state.rain.get(gauge)?.now_mm_per_h(kind)
    }

    /// What is of later times was not.
    pub fn forget_after(&mut self, latest: Timestamp) {
        for point in self.state.points.values_mut() {
            point.depths.forget_after(latest);
        }
        for rain in self.state.rain.values_mut() {
            rain.forget_after(latest);
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
            if let Some(forecast) = model.forecast(now, memory, rain) {
                memory.issue(&forecast);
                forecasts.push((id.clone(), forecast));
            }
        }
        forecasts
    }
}

#[cfg(test)]
mod tests {
    use shared::{gauge::Parameter, waterlogging::Thresholds};

    use super::{
        super::{Method, RainGauge},
        *,
    };
    use crate::network::{Lack, Storage};

    const START: Timestamp = Timestamp::from_millis(1_784_622_000_000);

    const RAIN: RainKind = RainKind {
        parameter: Parameter::RainfallIntensity,
        interval_s: 60,
    };

    fn forecaster() -> (Forecaster, PointId, GaugeId) {
        let (id, gauge): (PointId, GaugeId) =
            ("wp-1".parse().expect("id"), "rg-1".parse().expect("id"));
        let model = PointModel {
            id: id.clone(),
            storage: Storage::new(&[(0.0, 0.0), (0.5, 500.0), (2.0, 4000.0)]).expect("valid"),
            catchment_ha: Some(3.0),
            runoff: 0.8,
            drain_m3h: Some(600.0),
            lacks: Vec::new(),
            thresholds: Thresholds::default(),
            interval_s: 60,
            rain_gauges: vec![RainGauge {
                id: gauge.clone(),
                kind: RAIN,
            }],
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
            f.observe_rain(&gauge, minute(m), Some(90.0));
            f.observe_depth(&id, minute(m), 0.1);
        }
        let forecast = one(&mut f, minute(19)).expect("has data");
        assert_eq!(forecast.method, Method::Reservoir);
        let at_30 = &forecast.horizons[1];
        assert!(at_30.p50_m > 0.2 && at_30.p10_m < at_30.p50_m && at_30.p50_m < at_30.p90_m);
        assert!(forecast.reaches_waterlogged_at.is_some());
    }

    #[test]
    fn the_rain_over_a_point_is_the_mean_of_its_gauges() {
        let forecast_with = |gauges: &[(&str, f64)]| {
            let (mut f, id, _) = forecaster();
            let model = f.models.get_mut(&id).expect("the point");
            let of = |id: &str| RainGauge {
                id: id.parse().expect("id"),
                kind: RAIN,
            };
            model.rain_gauges = gauges.iter().map(|(gauge, _)| of(gauge)).collect();
            f = Forecaster::new(f.models.into_values().collect());
            for m in 0..20 {
                for (gauge, mm_per_h) in gauges {
                    f.observe_rain(&gauge.parse().expect("id"), minute(m), Some(*mm_per_h));
                }
                f.observe_depth(&id, minute(m), 0.1);
            }
            let inflow = one(&mut f, minute(19)).expect("has data").inflow;
            inflow
                .into_iter()
                .flat_map(|member| member.m3h)
                .collect::<Vec<_>>()
        };
        let mean = forecast_with(&[("rg-1", 60.0)]);
        let two = forecast_with(&[("rg-1", 90.0), ("rg-2", 30.0)]);
        let apart = mean.iter().zip(&two).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f64::max) < 1e-6, "{two:?}");
    }

    #[test]
    fn without_rain_a_wet_point_drains() {
        let (mut f, id, gauge) = forecaster();
        for m in 0..20 {
            f.observe_rain(&gauge, minute(m), Some(0.0));
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
    fn a_point_without_a_catchment_is_forecast_by_its_rise_and_says_what_it_lacks() {
        let (mut f, id, gauge) = forecaster();
        let model = f.models.get_mut(&id).expect("the point");
        (model.catchment_ha, model.lacks) = (None, vec![Lack::Catchment]);
        for m in 0..20 {
            f.observe_rain(&gauge, minute(m), Some(90.0));
            f.observe_depth(&id, minute(m), 0.02 * m as f64);
        }
        let forecast = one(&mut f, minute(19)).expect("has data");
        assert_eq!(forecast.method, Method::RateOfRise);
        assert_eq!(forecast.lacks, [Lack::Catchment]);
        assert!(forecast.peak_m > 0.4, "{}", forecast.peak_m);
    }

    #[test]
    fn a_silent_level_gives_no_forecast() {
        let (mut f, id, _) = forecaster();
        f.observe_depth(&id, minute(0), 0.3);
        assert_eq!(one(&mut f, minute(6)), None);
    }

    #[test]
    fn a_slow_gauge_is_silent_by_its_own_interval() {
        let (mut f, id, gauge) = forecaster();
        let model = f.models.get_mut(&id).expect("the point");
        model.interval_s = 900;
        model.rain_gauges[0].kind.interval_s = 900;
        f.observe_rain(&gauge, minute(-15), Some(30.0));
        f.observe_depth(&id, minute(0), 0.3);
        let forecast = one(&mut f, minute(44)).expect("within three intervals");
        assert_eq!(forecast.method, Method::Reservoir);
        assert_eq!(one(&mut f, minute(46)), None);
    }

    #[test]
    fn what_was_taken_back_is_forgotten() {
        let (mut f, id, gauge) = forecaster();
        f.observe_rain(&gauge, minute(0), Some(40.0));
        assert_eq!(f.rain_mm_per_h(&gauge, RAIN), Some(40.0));
        f.observe_depth(&id, minute(0), 0.3);
        f.observe_rain(&gauge, minute(0), None);
        f.forget_depth(&id, minute(0));
        assert_eq!(f.rain_mm_per_h(&gauge, RAIN), None);
        assert_eq!(one(&mut f, minute(1)), None);
    }

    #[test]
    fn the_order_of_late_rain_does_not_matter() {
        let (mut a, id, gauge) = forecaster();
        let (mut b, _, _) = forecaster();
        for m in 0..30 {
            a.observe_rain(&gauge, minute(m), Some(2.0 * m as f64));
            b.observe_rain(&gauge, minute(29 - m), Some(2.0 * (29 - m) as f64));
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
            f.observe_rain(&gauge, minute(m), Some(40.0));
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
        f.observe_rain(&"rg-9".parse().expect("id"), minute(0), Some(40.0));
        assert_eq!(f, before);
    }
}
