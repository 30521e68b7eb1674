//! Forecasts and plans, when they are due.

use std::{collections::BTreeMap, sync::Arc};

use shared::{fleet::TruckState, ids::PointId, time::Timestamp, waterlogging::DepthClass};

use super::super::{
    change::Change,
    effect::Effect,
    fleet::TruckLive,
    place::{PointIndex, TruckIndex},
    points::PointLive,
    state::World,
};
use crate::{
    dispatch::{
        AssignableTruck, Assigned, Heard, Reservoir, Route, SETUP_MINUTES, Situation, plan,
    },
    forecast::Inflow,
};

/// A truck that said nothing for this long in storm time, and at least for this long in real time,
/// may be anywhere.
const SILENT_TRUCK_MS: i64 = 15 * 60_000;
const SILENT_TRUCK_REAL_MS: i64 = 60_000;

impl World {
    /// Forecasts every point anew.
    pub(in crate::world) fn forecast(&mut self, now: Timestamp) {
        let mut pumping: BTreeMap<&PointId, f64> = BTreeMap::new();
        for (described, truck) in self.city.trucks.iter().zip(&self.trucks) {
            let pumps = |r: &shared::fleet::TruckReport| r.state == TruckState::Pumping;
            if let Some(order) = self.orders.open_of(&described.id)
                && truck.report.as_ref().is_some_and(pumps)
            {
                *pumping.entry(&order.point).or_default() += described.capacity.get();
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
    pub(in crate::world) fn plan(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.outlook.planned_at = Some(now);
        let situation = self.situation(now).probable();
        let next = plan(&situation, &self.outlook.roads);
        let last = self.outlook.plan.as_ref();
        if !last.is_some_and(|last| last.is_idle_like(&next)) {
            let version = situation.version;
            self.outlook.version = version;
            self.outlook.plan = Some(Arc::new(next));
            effects.push(Effect::Changed(Change::Plan { version }));
        }
    }

    /// The way of a truck to a point.
    pub(in crate::world) fn route(&self, truck: TruckIndex, point: PointIndex) -> Route {
        let from = self.trucks[truck].position(self.described_truck(truck).home);
        self.outlook
            .roads
            .route(from, self.described_point(point).position)
    }

    fn situation(&self, now: Timestamp) -> Situation {
        let points = self.points.iter_enumerated();
        let trucks = self.trucks.iter_enumerated();
        Situation {
            now,
            version: self.outlook.version + 1,
            reservoirs: points
                .filter_map(|(place, p)| self.reservoir(place, p, now))
                .collect(),
            trucks: trucks
                .map(|(place, t)| self.dispatchable(place, t, now))
                .collect(),
        }
    }

    /// A point for the planner; `None` while nothing is known of it. One that stood under water when
    /// it was last known, and has no forecast any more, is taken as it was: nobody has seen it dry.
    fn reservoir(&self, place: PointIndex, point: &PointLive, now: Timestamp) -> Option<Reservoir> {
        let (observed_at, depth_m) = point.assessment.depth()?;
        let forecast = self.outlook.forecasts.get(&point.id);
        let was_wet = point.assessment.last_class() > Some(DepthClass::Dry);
        let members = match forecast {
            Some(forecast) => forecast.inflow.clone(),
            None if was_wet => vec![Inflow::standing()],
            None => return None,
        };
        let in_doubt = point.assessment.cause().is_some();
        let minutes = now.seconds_since(observed_at).max(0.0) / 60.0;
        let described = self.described_point(place);
        let (storage, thresholds) = (&described.storage, &described.thresholds);
        Some(Reservoir {
            id: described.id.clone(),
            position: described.position,
            district: described.district.clone(),
            weight: described.weight,
            depth_m,
            rate_m_per_h: point.rate_m_per_h(),
            rain_mm_per_h: self.rain_at(point),
            volume_m3: storage.volume_m3(depth_m),
            dry_m3: storage.volume_m3(thresholds.notice_m),
            critical_m3: storage.volume_m3(thresholds.waterlogged_m),
            members,
            max_trucks: described.max_trucks,
            peak: forecast.map(|f| (f.peak_m, f.peak_at)),
            closes_at: forecast.and_then(|f| f.reaches_closure_at),
            verified: forecast.map_or(0, |f| f.skill.verified),
            in_doubt_minutes: in_doubt.then_some(minutes),
        })
    }

    fn dispatchable(
        &self,
        place: TruckIndex,
        truck: &TruckLive,
        now: Timestamp,
    ) -> AssignableTruck {
        let described = self.described_truck(place);
        let state = truck.report.as_ref().map(|r| r.state);
        let assigned = match (self.orders.open_of(&described.id), state) {
            (_, Some(TruckState::OutOfService)) | (None, Some(TruckState::PackingUp)) => {
                Assigned::OutOfService
            }
            (Some(order), _) => Assigned::Ordered {
                point: order.point.clone(),
                ready_minutes: self.ready_minutes(place, &order.point, state),
            },
            (None, _) => {
                let last = self.outlook.plan.as_ref().and_then(|p| p.of(&described.id));
                Assigned::Free {
                    standing: last.map(|r| r.point.clone()),
                }
            }
        };
        AssignableTruck {
            id: described.id.clone(),
            position: truck.position(described.home),
            district: described.district.clone(),
            capacity_m3h: described.capacity.get(),
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
                let from = self.trucks[truck].position(self.described_truck(truck).home);
                let drive = self
                    .outlook
                    .roads
                    .drive(from, self.described_point(*point).position);
                drive.minutes() + SETUP_MINUTES
            }
        }
    }
}
