//! Looking ahead: forecasts and plans, each at its own pace in storm time.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use shared::{
    fleet::TruckState,
    ids::{PointId, TruckId},
    observation::Observation,
    time::Timestamp,
};

use super::{
    Change, Effect, PointIndex, Started, TruckIndex, World, fleet::TruckLive,
    gauges::intensity_mm_per_h, points::PointLive,
};
use crate::{
    dispatch::{
        AssignableTruck, Assigned, Heard, Plan, Reservoir, Roads, Route, SETUP_MINUTES, Situation,
        plan,
    },
    forecast::{Forecast, ForecastState, Forecaster, PointModel},
    network::{City, Gauge},
};

/// A truck that said nothing for this long in storm time, and at least for this long in real time,
/// may be anywhere.
const SILENT_TRUCK_MS: i64 = 15 * 60_000;
const SILENT_TRUCK_REAL_MS: i64 = 60_000;

/// What is expected and proposed.
#[derive(Debug)]
pub(super) struct Outlook {
    roads: Roads,
    forecaster: Forecaster,
    forecasts: BTreeMap<PointId, Arc<Forecast>>,
    plan: Option<Arc<Plan>>,
    forecast_at: Option<Timestamp>,
    planned_at: Option<Timestamp>,
    /// Version of the newest plan, also of one that was not worth showing.
    version: u64,
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
}

impl Outlook {
    pub fn new(city: &City) -> Self {
        let model = |p: &crate::network::WaterloggingPoint| PointModel {
            id: p.id.clone(),
            storage: p.storage.clone(),
            catchment_ha: p.catchment.get(),
            runoff: p.runoff,
            drain_m3h: p.drain.get(),
            thresholds: p.thresholds,
            rain_gauges: p.rain_gauges.clone(),
        };
        Self {
            roads: Roads::new(&city.roads, city.points.iter().map(|p| p.position)),
            forecaster: Forecaster::new(city.points.iter().map(model).collect()),
            forecasts: BTreeMap::new(),
            plan: None,
            forecast_at: None,
            planned_at: None,
            version: 0,
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
        }
    }

    pub fn restore(&mut self, state: OutlookState) {
        self.forecaster.restore(state.forecaster);
        self.forecasts = state.forecasts;
        self.plan = state.plan;
        self.forecast_at = state.forecast_at;
        self.planned_at = state.planned_at;
        self.version = state.version;
    }

    pub fn observe(&mut self, site: &Gauge, observation: &Observation) {
        if let Some(intensity) = intensity_mm_per_h(site, observation) {
            self.forecaster
                .observe_rain(&site.id, observation.observed_at, intensity);
        }
    }

    pub fn observe_depth(&mut self, point: &PointId, at: Timestamp, depth_m: f64) {
        self.forecaster.observe_depth(point, at, depth_m);
    }

    pub fn forecast_is_due(&self, now: Timestamp, run: &Started) -> bool {
        self.forecast_at
            .is_none_or(|at| now.millis_since(at) >= run.forecast_ms)
    }

    pub fn plan_is_due(&self, now: Timestamp, run: &Started) -> bool {
        self.planned_at
            .is_none_or(|at| now.millis_since(at) >= run.replan_ms)
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

impl World {
    /// Forecasts every point anew.
    pub(super) fn forecast(&mut self, now: Timestamp) {
        let mut pumping: BTreeMap<&PointId, f64> = BTreeMap::new();
        for (site, truck) in self.city.trucks.iter().zip(&self.trucks) {
            let pumps = |r: &shared::fleet::TruckReport| r.state == TruckState::Pumping;
            if let Some(order) = self.orders.open_of(&site.id)
                && truck.report.as_ref().is_some_and(pumps)
            {
                *pumping.entry(&order.point).or_default() += site.capacity.get();
            }
        }
        for point in &self.points {
            let m3h = pumping.get(&point.id).copied().unwrap_or(0.0);
            self.outlook.forecaster.set_pumping(&point.id, m3h);
        }
        self.outlook.forecast_at = Some(now);
        let forecasts = self.outlook.forecaster.run(now).into_iter();
        self.outlook.forecasts = forecasts.map(|(id, f)| (id, Arc::new(f))).collect();
    }

    /// Plans anew.
    pub(super) fn plan(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.outlook.planned_at = Some(now);
        let situation = self.situation(now);
        let next = plan(&situation, &self.outlook.roads);
        let same = self.outlook.plan.as_ref().is_some_and(|p| {
            p.recommendations.is_empty()
                && next.recommendations.is_empty()
                && p.unserved == next.unserved
        });
        if !same {
            let version = situation.version;
            self.outlook.version = version;
            self.outlook.plan = Some(Arc::new(next));
            effects.push(Effect::Changed(Change::Plan { version }));
        }
    }

    /// The way of a truck to a point.
    pub(super) fn route(&self, truck: TruckIndex, point: PointIndex) -> Route {
        let from = self.trucks[truck].position(self.truck_site(truck).home);
        self.outlook
            .roads
            .route(from, self.point_site(point).position)
    }

    fn situation(&self, now: Timestamp) -> Situation {
        let points = self.points.iter_enumerated();
        let trucks = self.trucks.iter_enumerated();
        Situation {
            now,
            version: self.outlook.version + 1,
            reservoirs: points
                .filter_map(|(place, p)| self.reservoir(place, p))
                .collect(),
            trucks: trucks
                .map(|(place, t)| self.dispatchable(place, t, now))
                .collect(),
        }
    }

    /// A point for the planner; `None` while nothing is known of it.
    fn reservoir(&self, place: PointIndex, point: &PointLive) -> Option<Reservoir> {
        let forecast = self.outlook.forecasts.get(&point.id)?;
        let (_, depth_m) = point.assessment.depth()?;
        let site = self.point_site(place);
        let (storage, thresholds) = (&site.storage, &site.thresholds);
        Some(Reservoir {
            id: site.id.clone(),
            position: site.position,
            district: site.district.clone(),
            weight: site.weight,
            depth_m,
            rate_m_per_h: point.rate_m_per_h(),
            rain_mm_per_h: self.rain_at(point),
            volume_m3: storage.volume_m3(depth_m),
            dry_m3: storage.volume_m3(thresholds.notice_m),
            critical_m3: storage.volume_m3(thresholds.waterlogged_m),
            members: forecast.inflow.clone(),
            max_trucks: site.max_trucks,
            peak: Some((forecast.peak_m, forecast.peak_at)),
            closes_at: forecast.reaches_closure_at,
            verified: forecast.skill.verified,
        })
    }

    fn dispatchable(
        &self,
        place: TruckIndex,
        truck: &TruckLive,
        now: Timestamp,
    ) -> AssignableTruck {
        let site = self.truck_site(place);
        let state = truck.report.as_ref().map(|r| r.state);
        let assigned = match (self.orders.open_of(&site.id), state) {
            (_, Some(TruckState::OutOfService)) | (None, Some(TruckState::PackingUp)) => {
                Assigned::OutOfService
            }
            (Some(order), _) => Assigned::Ordered {
                point: order.point.clone(),
                ready_minutes: self.ready_minutes(place, &order.point, state),
            },
            (None, _) => {
                let last = self.outlook.plan.as_ref().and_then(|p| p.of(&site.id));
                Assigned::Free {
                    standing: last.map(|r| r.point.clone()),
                }
            }
        };
        AssignableTruck {
            id: site.id.clone(),
            position: truck.position(site.home),
            district: site.district.clone(),
            capacity_m3h: site.capacity.get(),
            assigned,
            heard: self.heard(truck, now),
        }
    }

    fn heard(&self, truck: &TruckLive, now: Timestamp) -> Heard {
        let silent_ms = SILENT_TRUCK_MS.max(self.real_to_storm_ms(SILENT_TRUCK_REAL_MS));
        let last = truck.report.as_ref().map(|r| r.reported_at);
        if last.is_some_and(|at| now.millis_since(at) <= silent_ms) {
            Heard::Lately
        } else {
            Heard::NotSince(last)
        }
    }

    fn ready_minutes(&self, truck: TruckIndex, point: &PointId, state: Option<TruckState>) -> f64 {
        match (state, self.places.points.get(point)) {
            (Some(TruckState::Pumping), _) | (_, None) => 0.0,
            (Some(TruckState::SettingUp), _) => SETUP_MINUTES / 2.0,
            (_, Some(point)) => {
                let from = self.trucks[truck].position(self.truck_site(truck).home);
                let drive = self
                    .outlook
                    .roads
                    .drive(from, self.point_site(*point).position);
                drive.minutes() + SETUP_MINUTES
            }
        }
    }
}
