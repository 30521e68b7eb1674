//! Looking ahead: forecasts and plans, each at its own pace in storm time.

use std::collections::BTreeMap;

use shared::{
    fleet::TruckState,
    ids::{PointId, TruckId},
    lonlat::LonLat,
    observation::Observation,
    time::Timestamp,
};

use super::{Cadence, PointLive, TruckLive, World, intensity_mm_per_h};
use crate::{
    dispatch::{
        AssignableTruck, Assigned, Heard, Plan, Reservoir, Roads, Route, SETUP_MINUTES, Situation,
        plan,
    },
    forecast::{Forecast, Forecaster, PointModel},
    network::{City, Gauge},
};

/// A truck that said nothing for this long in storm time, and at least for this long in real time,
/// may be anywhere.
const SILENT_TRUCK_MS: i64 = 15 * 60_000;
const SILENT_TRUCK_REAL_MS: i64 = 60_000;

/// What is expected and proposed.
#[derive(Debug)]
pub struct Outlook {
    cadence: Cadence,
    roads: Roads,
    forecaster: Forecaster,
    forecasts: BTreeMap<PointId, Forecast>,
    plan: Option<Plan>,
    forecast_at: Option<Timestamp>,
    planned_at: Option<Timestamp>,
    version: u64,
}

impl Outlook {
    #[must_use]
    pub fn new(city: &City, cadence: Cadence) -> Self {
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
            cadence,
            roads: Roads::new(&city.roads, city.points.iter().map(|p| p.position)),
            forecaster: Forecaster::new(city.points.iter().map(model).collect()),
            forecasts: BTreeMap::new(),
            plan: None,
            forecast_at: None,
            planned_at: None,
            version: 0,
        }
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

    #[must_use]
    pub fn forecast_is_due(&self, now: Timestamp) -> bool {
        self.forecast_at
            .is_none_or(|at| now.millis_since(at) >= self.cadence.forecast_ms)
    }

    #[must_use]
    pub fn plan_is_due(&self, now: Timestamp) -> bool {
        self.planned_at
            .is_none_or(|at| now.millis_since(at) >= self.cadence.replan_ms)
    }

    #[must_use]
    pub fn forecast_of(&self, point: &PointId) -> Option<&Forecast> {
        self.forecasts.get(point)
    }

    /// The forecast's curve for a hydrograph, as JSON.
    #[must_use]
    pub fn curve_of(&self, point: &PointId) -> Option<serde_json::Value> {
        let forecast = self.forecasts.get(point)?;
        Some(serde_json::json!({ "basis_at": forecast.basis_at, "curve": forecast.curve }))
    }

    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    #[must_use]
    pub fn plan_version(&self) -> u64 {
        self.version
    }

    /// Whether the present plan sends this truck to this point.
    #[must_use]
    pub fn recommends(&self, truck: &TruckId, point: &PointId) -> bool {
        self.plan
            .as_ref()
            .and_then(|p| p.of(truck))
            .is_some_and(|r| r.point == *point)
    }

    /// Trucks, points and routes of the present plan.
    pub fn recommended_routes(&self) -> impl Iterator<Item = (&TruckId, &PointId, &[LonLat])> {
        self.plan
            .iter()
            .flat_map(|p| &p.recommendations)
            .map(|r| (&r.truck, &r.point, r.route.as_slice()))
    }

    /// The way of a truck to a point.
    #[must_use]
    pub fn route(&self, truck: &TruckLive, point: &PointLive) -> Route {
        self.roads.route(truck.position(), point.site.position)
    }

    /// A span of real time in storm milliseconds.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "seconds to hours"
    )]
    pub fn real_to_storm_ms(&self, real_ms: i64) -> i64 {
        (real_ms as f64 * self.cadence.speed.max(1.0)) as i64
    }
}

impl World {
    /// Forecasts every point anew.
    pub(super) fn forecast(&mut self, now: Timestamp) {
        let mut pumping: BTreeMap<PointId, f64> = BTreeMap::new();
        for truck in &self.trucks {
            let pumps = truck
                .report
                .as_ref()
                .is_some_and(|r| r.state == TruckState::Pumping);
            if let Some(order) = self.open_order(&truck.site.id).filter(|_| pumps) {
                *pumping.entry(order.point.clone()).or_default() += truck.site.capacity.get();
            }
        }
        for point in &self.points {
            let m3h = pumping.get(&point.site.id).copied().unwrap_or(0.0);
            self.outlook.forecaster.set_pumping(&point.site.id, m3h);
        }
        self.outlook.forecast_at = Some(now);
        let forecasts: BTreeMap<_, _> = self.outlook.forecaster.run(now).into_iter().collect();
        for (index, point) in self.points.iter().enumerate() {
            let id = &point.site.id;
            if forecasts.get(id) != self.outlook.forecasts.get(id) {
                self.dirty.points.insert(index);
            }
        }
        self.outlook.forecasts = forecasts;
    }

    /// Plans anew.
    pub(super) fn plan(&mut self, now: Timestamp) {
        self.outlook.planned_at = Some(now);
        let situation = self.situation(now);
        let next = plan(&situation, &self.outlook.roads);
        let same = self.outlook.plan.as_ref().is_some_and(|p| {
            p.recommendations.is_empty()
                && next.recommendations.is_empty()
                && p.unserved == next.unserved
        });
        if !same {
            self.outlook.version = situation.version;
            self.outlook.plan = Some(next);
            self.dirty.plan = true;
        }
    }

    fn situation(&self, now: Timestamp) -> Situation {
        Situation {
            now,
            version: self.outlook.version + 1,
            reservoirs: self
                .points
                .iter()
                .filter_map(|p| self.reservoir(p, now))
                .collect(),
            trucks: self
                .trucks
                .iter()
                .map(|t| self.dispatchable(t, now))
                .collect(),
        }
    }

    /// A point for the planner; `None` while nothing is known of it.
    fn reservoir(&self, point: &PointLive, now: Timestamp) -> Option<Reservoir> {
        let forecast = self.outlook.forecast_of(&point.site.id)?;
        let (_, depth_m) = point.assessment.depth()?;
        let (site, storage) = (&point.site, &point.site.storage);
        let thresholds = &site.thresholds;
        Some(Reservoir {
            id: site.id.clone(),
            position: site.position,
            district: site.district.clone(),
            weight: site.weight,
            depth_m,
            rate_m_per_h: self.rate_of(point),
            rain_mm_per_h: self.rain_at(point, now),
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

    fn dispatchable(&self, truck: &TruckLive, now: Timestamp) -> AssignableTruck {
        let state = truck.report.as_ref().map(|r| r.state);
        let order = self.open_order(&truck.site.id);
        let assigned = match (order, state) {
            (_, Some(TruckState::OutOfService)) | (None, Some(TruckState::PackingUp)) => {
                Assigned::OutOfService
            }
            (Some(order), _) => Assigned::Ordered {
                point: order.point.clone(),
                ready_minutes: self.ready_minutes(truck, &order.point, state),
            },
            (None, _) => {
                let last = self.outlook.plan().and_then(|p| p.of(&truck.site.id));
                Assigned::Free {
                    standing: last.map(|r| r.point.clone()),
                }
            }
        };
        AssignableTruck {
            id: truck.site.id.clone(),
            position: truck.position(),
            district: truck.site.district.clone(),
            capacity_m3h: truck.site.capacity.get(),
            assigned,
            heard: self.heard(truck, now),
        }
    }

    fn heard(&self, truck: &TruckLive, now: Timestamp) -> Heard {
        let silent_ms = SILENT_TRUCK_MS.max(self.outlook.real_to_storm_ms(SILENT_TRUCK_REAL_MS));
        let last = truck.report.as_ref().map(|r| r.reported_at);
        if last.is_some_and(|at| now.millis_since(at) <= silent_ms) {
            Heard::Lately
        } else {
            Heard::NotSince(last)
        }
    }

    fn ready_minutes(&self, truck: &TruckLive, point: &PointId, state: Option<TruckState>) -> f64 {
        match (state, self.point(point)) {
            (Some(TruckState::Pumping), _) | (_, None) => 0.0,
            (Some(TruckState::SettingUp), _) => SETUP_MINUTES / 2.0,
            (_, Some(point)) => {
                let roads = &self.outlook.roads;
                let drive = roads.drive(truck.position(), point.site.position);
                drive.minutes() + SETUP_MINUTES
            }
        }
    }
}
