//! Looking ahead: forecasts and plans, each at its own pace in storm time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use shared::{
    ids::{GaugeId, PointId, TruckId},
    lonlat::LonLat,
    observation::Observation,
    time::Timestamp,
    units::{CubicMetresPerHour, Hectares},
    value::Value,
};

use super::{arrival::Started, gauges::rain_kind};
use crate::{
    dispatch::{Plan, Roads},
    forecast::{Forecast, ForecastState, Forecaster, Place, PointModel, RainGauge, Sag},
    network::{City, Gauge, WaterloggingPoint},
};

/// What is expected and proposed.
#[derive(Debug)]
pub(super) struct Outlook {
    pub(super) roads: Roads,
    pub(super) forecaster: Forecaster,
    pub(super) forecasts: BTreeMap<PointId, Arc<Forecast>>,
    pub(super) plan: Option<Arc<Plan>>,
    pub(super) forecast_at: Option<Timestamp>,
    pub(super) planned_at: Option<Timestamp>,
    /// Version of the newest plan, also of one that was not worth showing.
    pub(super) version: u64,
    /// Whether a point went under water, or deeper, since the newest forecast and plan.
    pub(super) is_urgent: bool,
}

/// What an outlook remembers; the rest follows from the city.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct OutlookState {
    forecaster: ForecastState,
    forecasts: BTreeMap<PointId, Arc<Forecast>>,
    plan: Option<Arc<Plan>>,
    forecast_at: Option<Timestamp>,
    planned_at: Option<Timestamp>,
    version: u64,
    #[serde(default)]
    is_urgent: bool,
}

/// Where the rain of a point falls: amid the rain gauges that the layer names, or at the point.
fn rain_place(
    point: &WaterloggingPoint,
    gauges: &HashMap<&GaugeId, &Gauge>,
    middle: LonLat,
) -> Place {
    let named = point.rain_gauges.iter().filter_map(|id| gauges.get(id));
    let places: Vec<Place> = named.map(|g| Place::of(g.position, middle)).collect();
    if places.is_empty() {
        return Place::of(point.position, middle);
    }
    let mean =
        |of: &dyn Fn(&Place) -> f64| places.iter().map(of).sum::<f64>() / places.len() as f64;
    Place {
        east_km: mean(&|p| p.east_km),
        north_km: mean(&|p| p.north_km),
    }
}

impl Outlook {
    pub fn new(city: &City) -> Self {
        let gauges: HashMap<&GaugeId, &Gauge> = city.gauges.iter().map(|g| (&g.id, g)).collect();
        let rain: Vec<RainGauge> = city
            .gauges
            .iter()
            .filter(|gauge| gauge.parameter.is_rain())
            .map(|gauge| RainGauge {
                id: gauge.id.clone(),
                kind: rain_kind(gauge),
                place: Place::of(gauge.position, city.centre),
            })
            .collect();
        let model = |p: &WaterloggingPoint| {
            let interval_s = gauges.get(&p.level_gauge).map_or(0, |g| g.interval_s);
            let catchment_ha = p.catchment.map(Hectares::get);
            let drain_m3h = p.drain.map(CubicMetresPerHour::get);
            PointModel {
                id: p.id.clone(),
                sag: Sag::new(&p.storage, catchment_ha, p.runoff, drain_m3h),
                place: rain_place(p, &gauges, city.centre),
                lacks: p.lacks.clone(),
                thresholds: p.thresholds,
                interval_s,
            }
        };
        Self {
            roads: Roads::new(&city.roads, city.points.iter().map(|p| p.position)),
            forecaster: Forecaster::new(city.points.iter().map(model).collect(), rain),
            forecasts: BTreeMap::new(),
            plan: None,
            forecast_at: None,
            planned_at: None,
            version: 0,
            is_urgent: false,
        }
    }

    pub fn state(&self) -> OutlookState {
        OutlookState {
            forecaster: self.forecaster.state().clone(),
            forecasts: self.forecasts.clone(),
            plan: self.plan.clone(),
            forecast_at: self.forecast_at,
            planned_at: self.planned_at,
            version: self.version,
            is_urgent: self.is_urgent,
        }
    }

    pub fn restore(&mut self, state: OutlookState) {
        self.forecaster.restore(state.forecaster);
        self.forecasts = state.forecasts;
        self.plan = state.plan;
        self.forecast_at = state.forecast_at;
        self.planned_at = state.planned_at;
        self.version = state.version;
        self.is_urgent = state.is_urgent;
    }

    pub fn observe(&mut self, gauge: &Gauge, observation: &Observation) {
        let at = observation.observed_at;
        if gauge.parameter.is_rain() {
            let value = observation.trusted().map(Value::units);
            self.forecaster.observe_rain(&gauge.id, at, value);
        }
    }

    /// Rain now at a gauge that a point uses, in mm/h.
    pub fn rain_mm_per_h(&self, gauge: &Gauge) -> Option<f64> {
        self.forecaster.rain_mm_per_h(&gauge.id, rain_kind(gauge))
    }

    /// Takes a depth that is followed, or, without one, takes back what was followed at that time.
    pub fn observe_depth(&mut self, point: &PointId, at: Timestamp, depth_m: Option<f64>) {
        match depth_m {
            Some(depth_m) => self.forecaster.observe_depth(point, at, depth_m),
            None => self.forecaster.forget_depth(point, at),
        }
    }

    /// Forgets what is of times that have not come, and makes all that is due by the clock due.
    pub fn clock_was_set_back(&mut self, latest: Timestamp) {
        (self.forecast_at, self.planned_at) = (None, None);
        self.forecaster.forget_after(latest);
    }

    /// Whether forecasts are due; with `urgent_ms`, as early as that where it is urgent.
    pub fn forecast_is_due(&self, now: Timestamp, run: &Started, urgent_ms: i64) -> bool {
        self.is_due(now, self.forecast_at, run.forecast_ms, urgent_ms)
    }

    /// The same of a plan.
    pub fn plan_is_due(&self, now: Timestamp, run: &Started, urgent_ms: i64) -> bool {
        self.is_due(now, self.planned_at, run.replan_ms, urgent_ms)
    }

    fn is_due(&self, now: Timestamp, last: Option<Timestamp>, every: i64, urgent_ms: i64) -> bool {
        let span_ms = if self.is_urgent {
            every.min(urgent_ms)
        } else {
            every
        };
        last.is_none_or(|at| now.millis_since(at) >= span_ms)
    }

    pub fn forecast_of(&self, point: &PointId) -> Option<Arc<Forecast>> {
        self.forecasts.get(point).cloned()
    }

    pub fn plan(&self) -> Option<Arc<Plan>> {
        self.plan.clone()
    }

    pub fn plan_version(&self) -> u64 {
        self.version
    }

    /// Whether the present plan sends this truck to this point.
    pub fn recommends(&self, truck: &TruckId, point: &PointId) -> bool {
        let recommended = self.plan.as_ref().and_then(|p| p.of(truck));
        recommended.is_some_and(|r| r.point == *point)
    }
}
