//! All points of a city: what comes in is remembered, and from time to time all are forecast.

use std::collections::BTreeMap;

use shared::{
    ids::{GaugeId, PointId},
    time::Timestamp,
};

use super::{
    Forecast, ForecastState, PointModel, RainGauge,
    rain::{Past, motion},
};
use crate::merge::RainKind;

/// How a storm moves is looked for so often: it turns slowly, and the search takes longer than all else.
const MOTION_MS: i64 = 5 * 60_000;

const MINUTE_MS: i64 = 60_000;

/// Forecasts all points of a city.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecaster {
    models: BTreeMap<PointId, PointModel>,
    gauges: Vec<RainGauge>,
    state: ForecastState,
}

impl Forecaster {
    /// A forecaster of these points in this network of rain gauges, which has seen nothing yet.
    #[must_use]
    pub fn new(points: Vec<PointModel>, gauges: Vec<RainGauge>) -> Self {
        let state = ForecastState::empty(
            points.iter().map(|p| p.id.clone()),
            gauges.iter().map(|gauge| gauge.id.clone()),
        );
        Self {
            models: points.into_iter().map(|p| (p.id.clone(), p)).collect(),
            gauges,
            state,
        }
    }

    /// Goes on from what was saved. What it has of points and gauges that are not of this city, or
    /// no more, is dropped; points that it does not have start empty.
    pub fn restore(&mut self, saved: ForecastState) {
        self.state.take_over(saved);
    }

    /// What outlasts a storm, for [`Self::restore`] of a forecaster that shall know it.
    #[must_use]
    pub fn learnt(&self) -> ForecastState {
        self.state.learnt()
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
        let ForecastState {
            points,
            calibration,
            ..
        } = &mut self.state;
        if let (Some(model), Some(memory)) = (self.models.get(point), points.get_mut(point)) {
            for outcome in memory.observe(at, depth_m, model.thresholds.waterlogged_m) {
                calibration.learn(&outcome);
            }
        }
    }

    /// The depth of that time was not one.
    pub fn forget_depth(&mut self, point: &PointId, at: Timestamp) {
        if let Some(memory) = self.state.points.get_mut(point) {
            memory.depths.forget(at);
        }
    }

    /// Rain now at a gauge, in mm/h, by its newest readings.
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
        self.state.found_at = None;
    }

    /// Tells how much trucks pump at a point now.
    pub fn set_pumping(&mut self, point: &PointId, m3h: f64) {
        if let Some(memory) = self.state.points.get_mut(point) {
            memory.pumping_m3h = m3h;
        }
    }

    /// Forecasts every point of whose water something is known.
    pub fn run(&mut self, now: Timestamp) -> Vec<(PointId, Forecast)> {
        let minute = now.as_millis().div_euclid(MINUTE_MS) * MINUTE_MS;
        let past = Past::new(
            Timestamp::from_millis(minute),
            self.gauges.iter().filter_map(|gauge| {
                Some((gauge.place, gauge.kind, self.state.rain.get(&gauge.id)?))
            }),
        );
        let state = &mut self.state;
        if state
            .found_at
            .is_none_or(|at| now.millis_since(at) >= MOTION_MS)
        {
            (state.found, state.found_at) = (motion(&past), Some(now));
        }
        let mut forecasts = Vec::with_capacity(state.points.len());
        for (id, memory) in &mut state.points {
            let Some(model) = self.models.get(id) else {
                continue;
            };
            let forecast = model.forecast(now, memory, &past, state.found, &state.calibration);
            if let Some(forecast) = forecast {
                memory.issue(&forecast, model.thresholds.waterlogged_m);
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
        super::{Method, Place, Sag},
        *,
    };
    use crate::network::{Lack, Storage};

    const START: Timestamp = Timestamp::from_millis(1_784_622_000_000);

    const RAIN: RainKind = RainKind {
        parameter: Parameter::RainfallIntensity,
        interval_s: 60,
    };

    const HERE: Place = Place {
        east_km: 0.0,
        north_km: 0.0,
    };

    fn storage() -> Storage {
        Storage::new(&[(0.0, 0.0), (0.5, 500.0), (2.0, 4000.0)]).expect("valid")
    }

    fn model(id: &PointId, place: Place) -> PointModel {
        PointModel {
            id: id.clone(),
            sag: Sag::new(&storage(), Some(3.0), 0.8, Some(600.0)),
            place,
            lacks: Vec::new(),
            thresholds: Thresholds::default(),
            interval_s: 60,
        }
    }

    fn rain_gauge(id: &GaugeId, place: Place) -> RainGauge {
        RainGauge {
            id: id.clone(),
            kind: RAIN,
            place,
        }
    }

    fn forecaster() -> (Forecaster, PointId, GaugeId) {
        let (id, gauge): (PointId, GaugeId) =
            ("wp-1".parse().expect("id"), "rg-1".parse().expect("id"));
        let forecaster = Forecaster::new(vec![model(&id, HERE)], vec![rain_gauge(&gauge, HERE)]);
        (forecaster, id, gauge)
    }

    fn minute(m: i64) -> Timestamp {
        START.plus_millis(m * 60_000)
    }

    fn one(f: &mut Forecaster, now: Timestamp) -> Option<Forecast> {
        f.run(now).pop().map(|(_, forecast)| forecast)
    }

    /// A cell of rain that passes a place in some minutes, at its heaviest at `peak`.
    fn cell(minute: i64, peak: f64) -> f64 {
        100.0 * (-((minute as f64 - peak) / 8.0).powi(2)).exp()
    }

    /// Gauges every two kilometres along the way of a storm of 20 km/h, and a point at the last of them.
    fn along_the_way() -> (Forecaster, PointId, Vec<(GaugeId, f64)>) {
        let id: PointId = "wp-1".parse().expect("id");
        let place = |east_km: f64, north_km: f64| Place { east_km, north_km };
        let mut gauges = Vec::new();
        let mut minutes = Vec::new();
        for k in 0..6 {
            for row in 0..2 {
                let gauge: GaugeId = format!("rg-{k}-{row}").parse().expect("id");
                let east_km = 2.0 * f64::from(k);
                gauges.push(rain_gauge(&gauge, place(east_km, f64::from(row))));
                minutes.push((gauge, east_km / 20.0 * 60.0));
            }
        }
        let forecaster = Forecaster::new(vec![model(&id, place(10.0, 0.0))], gauges);
        (forecaster, id, minutes)
    }

    #[test]
    fn a_storm_that_others_have_seen_is_warned_of_before_it_is_here() {
        let (mut f, id, gauges) = along_the_way();
        for m in 0..30 {
            for (gauge, later) in &gauges {
                f.observe_rain(gauge, minute(m), Some(cell(m, 15.0 + later)));
            }
            f.observe_depth(&id, minute(m), 0.0);
            f.run(minute(m));
        }
        // It will be at its heaviest here in a quarter of an hour; nothing has fallen yet.
        let forecast = one(&mut f, minute(30)).expect("has data");
        assert!(forecast.warns(), "{:?}", forecast.horizons);
        let at = forecast.reaches_waterlogged_at.expect("comes");
        let in_minutes = at.seconds_since(minute(30)) / 60.0;
        assert!((8.0..25.0).contains(&in_minutes), "{in_minutes}");
    }

    #[test]
    fn heavy_rain_raises_the_forecast_and_the_members_disagree() {
        let (mut f, id, gauge) = forecaster();
        for m in 0..20 {
            f.observe_rain(&gauge, minute(m), Some(90.0));
            f.observe_depth(&id, minute(m), 0.006 * m as f64);
        }
        let forecast = one(&mut f, minute(19)).expect("has data");
        assert_eq!(forecast.method, Method::Reservoir);
        let at_10 = &forecast.horizons[0];
        assert!(at_10.p50_m > 0.13 && at_10.p10_m < at_10.p50_m && at_10.p50_m < at_10.p90_m);
        assert!(forecast.reaches_waterlogged_at.is_some());
    }

    #[test]
    fn without_rain_a_wet_point_drains() {
        let (mut f, id, gauge) = forecaster();
        for m in 0..20 {
            f.observe_rain(&gauge, minute(m), Some(0.0));
            f.observe_depth(&id, minute(m), 0.3 - 0.015 * m as f64);
        }
        let forecast = one(&mut f, minute(19)).expect("has data");
        assert!(forecast.horizons[3].p50_m < 0.05);
        assert!(forecast.drain.is_some_and(|drain| !drain.is_failing));
    }

    #[test]
    fn water_that_does_not_fall_without_rain_is_a_drain_that_fails() {
        let (mut f, id, gauge) = forecaster();
        for m in 0..20 {
            f.observe_rain(&gauge, minute(m), Some(0.0));
            f.observe_depth(&id, minute(m), 0.3);
            f.run(minute(m));
        }
        let forecast = one(&mut f, minute(20)).expect("has data");
        let drain = forecast.drain.expect("is modelled");
        assert!(
            drain.is_failing && drain.takes_m3h < 0.3 * drain.of_m3h,
            "{drain:?}"
        );
        let is_soon = |at: Timestamp| at.seconds_since(minute(20)) < 3_600.0;
        assert!(
            !forecast.dry_at.is_some_and(is_soon),
            "{:?}",
            forecast.dry_at
        );
        assert!(forecast.horizons[3].p50_m > 0.1, "{:?}", forecast.horizons);
    }

    #[test]
    fn without_rain_data_the_rate_of_rise_is_used_and_said() {
        let (mut f, id, _) = forecaster();
        for m in 0..20_i32 {
            f.observe_depth(&id, minute(i64::from(m)), f64::from(m) * 0.01);
        }
        let forecast = one(&mut f, minute(19)).expect("has data");
        assert_eq!(forecast.method, Method::RateOfRise);
        assert!(forecast.horizons[1].p50_m > 0.19);
    }

    #[test]
    fn a_point_without_a_catchment_is_forecast_by_what_is_assumed_and_says_what_it_lacks() {
        let (_, id, gauge) = forecaster();
        let mut unknown = model(&id, HERE);
        unknown.sag = Sag::new(&storage(), None, 0.8, None);
        unknown.lacks = vec![Lack::Catchment];
        let mut f = Forecaster::new(vec![unknown], vec![rain_gauge(&gauge, HERE)]);
        for m in 0..20 {
            f.observe_rain(&gauge, minute(m), Some(90.0));
            f.observe_depth(&id, minute(m), 0.02 * m as f64);
        }
        let forecast = one(&mut f, minute(19)).expect("has data");
        assert_eq!(forecast.method, Method::Reservoir);
        assert_eq!(forecast.lacks, [Lack::Catchment]);
        assert!(forecast.peak_m > 0.4, "{}", forecast.peak_m);
    }

    #[test]
    fn a_silent_level_is_reckoned_for_three_hours_and_then_nothing_is_known() {
        let (mut f, id, gauge) = forecaster();
        let rains = |f: &mut Forecaster, minutes: std::ops::Range<i64>| {
            minutes.for_each(|m| f.observe_rain(&gauge, minute(m), Some(20.0)));
        };
        rains(&mut f, 0..7);
        f.observe_depth(&id, minute(0), 0.3);
        let reckoned = one(&mut f, minute(6)).expect("it rains");
        assert_eq!(
            (reckoned.method, reckoned.basis_at),
            (Method::Reckoned, minute(6))
        );
        rains(&mut f, 7..182);
        assert!(one(&mut f, minute(180)).is_some());
        assert_eq!(one(&mut f, minute(181)), None);
    }

    #[test]
    fn a_slow_gauge_is_silent_by_its_own_interval() {
        let (_, id, gauge) = forecaster();
        let mut slow = model(&id, HERE);
        slow.interval_s = 900;
        let mut f = Forecaster::new(vec![slow], vec![rain_gauge(&gauge, HERE)]);
        for m in 0..47 {
            f.observe_rain(&gauge, minute(m), Some(30.0));
        }
        f.observe_depth(&id, minute(0), 0.3);
        let forecast = one(&mut f, minute(44)).expect("within three intervals");
        assert_eq!(forecast.method, Method::Reservoir);
        let forecast = one(&mut f, minute(46)).expect("it rains");
        assert_eq!(forecast.method, Method::Reckoned);
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
        let other: PointId = "wp-2".parse().expect("id");
        let gauges = vec![rain_gauge(&gauge, HERE)];
        let mut elsewhere = Forecaster::new(vec![model(&other, HERE)], gauges);
        let new = elsewhere.state().points.clone();
        elsewhere.restore(saved.clone());
        assert_eq!(elsewhere.state().points, new, "a new point starts empty");
        assert_eq!(elsewhere.state().rain, saved.rain);
    }

    #[test]
    fn what_was_learnt_outlasts_the_storm_and_what_was_seen_does_not() {
        let (mut f, id, gauge) = forecaster();
        for m in 0..45 {
            f.observe_rain(&gauge, minute(m), Some(40.0));
            f.observe_depth(&id, minute(m), 0.05);
            f.run(minute(m));
        }
        let learned = one(&mut f, minute(44))
            .and_then(|forecast| forecast.drain)
            .expect("modelled");
        let (mut next, ..) = forecaster();
        next.restore(f.learnt());
        assert_eq!(
            one(&mut next, minute(46)),
            None,
            "nothing is known of the water"
        );
        let drain = |f: &mut Forecaster, m: i64| {
            f.observe_rain(&gauge, minute(m), Some(0.0));
            f.observe_depth(&id, minute(m), 0.0);
            one(f, minute(m))
                .and_then(|forecast| forecast.drain)
                .expect("modelled")
        };
        let (mut blank, ..) = forecaster();
        let known = drain(&mut next, 200).takes_m3h;
        assert!(
            (known - learned.takes_m3h).abs() < 100.0,
            "{known} {learned:?}"
        );
        assert!(
            (known - drain(&mut blank, 200).takes_m3h).abs() > 1.0,
            "{known}"
        );
    }

    #[test]
    fn rain_that_is_not_of_this_city_is_not_remembered() {
        let (mut f, ..) = forecaster();
        let before = f.clone();
        f.observe_rain(&"rg-9".parse().expect("id"), minute(0), Some(40.0));
        assert_eq!(f, before);
    }
}
