//! One storm under one policy: the real world of the aggregator, fed minute by minute, with crews that
//! obey and a dispatcher who needs four minutes.

use std::{collections::BTreeMap, sync::Arc};

use aggregator::{
    forecast::{Forecast, ForecastState},
    network::Storage,
    world::{Effect, Input, Principal, Request, RequestId, Snapshot, Started, Wish, World},
};
use shared::{
    clock::Mode,
    gauge::Parameter,
    ids::{GaugeId, PointId, TruckId},
    observation::Observation,
    quality::{Limits, QualityControl},
    time::Timestamp,
    value::Value,
};

use super::{
    EvaluateArgs,
    city::{Known, storage},
    policy::Policy,
    waters::{Depths, Waters},
};
use crate::{fleet::SimTruck, recording::RecordedPoint, rng::Rng};

/// The storm's first minute: any will do.
const ORIGIN: Timestamp = Timestamp::from_millis(1_751_342_400_000);

const MINUTE_MS: i64 = 60_000;

/// Longer than any storm.
const NEVER_MS: i64 = 30 * 86_400_000;

/// A recommendation is looked at for so long before it is confirmed, in minutes.
const PATIENCE_MINUTES: i64 = 4;

/// Water above the waterlogged depth counts so many times more (as in the planner's own measure).
const HINGE: f64 = 2.0;

/// What was seen of a storm.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// By minute.
    pub minutes: Vec<Moment>,
    pub thresholds: BTreeMap<PointId, (f64, f64)>,
    /// Weighted m³·h by point.
    pub water: BTreeMap<PointId, f64>,
    pub orders: usize,
}

/// One minute: what was true and what was forecast.
#[derive(Debug)]
pub(super) struct Moment {
    pub depths: Depths,
    pub forecasts: BTreeMap<PointId, Arc<Forecast>>,
    /// Points that are flagged waterlogged or worse.
    pub flagged: Vec<PointId>,
}

/// What counts water at a point.
struct Stands {
    point: PointId,
    weight: f64,
    storage: Storage,
    critical_m3: f64,
}

impl Stands {
    fn all(known: &Known) -> Vec<Self> {
        let stands = |point: &RecordedPoint| {
            let told = known.city.points.iter().find(|p| p.id == point.id)?;
            let storage = storage(point);
            Some(Self {
                point: point.id.clone(),
                weight: told.weight,
                critical_m3: storage.volume_m3(told.thresholds.waterlogged_m),
                storage,
            })
        };
        known.points.iter().filter_map(stands).collect()
    }

    /// Weighted volume that counts, in m³.
    fn cost(&self, depth_m: f64) -> f64 {
        let volume = self.storage.volume_m3(depth_m);
        self.weight * (volume + HINGE * (volume - self.critical_m3).max(0.0))
    }
}

/// A night of the real world.
pub(super) struct Night<'a> {
    known: &'a Known,
    stands: Vec<Stands>,
    world: World,
    trucks: Vec<SimTruck>,
    controls: BTreeMap<GaugeId, QualityControl>,
    noise_m: f64,
    rng: Rng,
    requests: u64,
    /// Recommendations on the desk, and since which minute.
    desk: BTreeMap<(TruckId, PointId), i64>,
}

impl<'a> Night<'a> {
    /// A dry city before the storm, which knows what was learnt in another night, and forecasts and plans
    /// as far as a policy looks at it.
    pub fn new(
        known: &'a Known,
        args: &EvaluateArgs,
        learnt: Option<ForecastState>,
        policy: Policy,
    ) -> Self {
        let mut world = World::new(known.city.clone());
        if let Some(saved) = learnt {
            world.learn_from(saved);
        }
        let run = Started {
            mode: Mode::Replay,
            speed: 1.0,
            forecast_ms: every(policy.looks_at_forecasts()),
            replan_ms: every(policy.looks_at_plans()),
        };
        world.step(ORIGIN, Input::Started(run));
        Self {
            known,
            stands: Stands::all(known),
            world,
            trucks: known.trucks.clone(),
            controls: BTreeMap::new(),
            noise_m: args.noise,
            rng: Rng::new(args.seed, 2),
            requests: 0,
            desk: BTreeMap::new(),
        }
    }

    /// What was learnt.
    pub fn learnt(&self) -> ForecastState {
        self.world.learnt()
    }

    /// Plays the storm to its end; watched, with what was true and forecast in every minute.
    ///
    /// # Errors
    /// The truth failed.
    pub fn play(
        &mut self,
        waters: &mut dyn Waters,
        policy: Policy,
        is_watched: bool,
    ) -> anyhow::Result<Watched> {
        let mut watched = Watched::default();
        for point in &self.known.city.points {
            let limits = (point.thresholds.waterlogged_m, point.thresholds.closure_m);
            watched.thresholds.insert(point.id.clone(), limits);
        }
        let mut minute = 0;
        loop {
            let pumping = self.pumping();
            let Some(depths) = waters.minute(&pumping)? else {
                break;
            };
            let now = ORIGIN.plus_millis(minute * MINUTE_MS);
            self.observe(now, &depths, waters.rain());
            self.crews(now, &depths);
            let effects = self.world.step(now.plus_millis(1_000), Input::Tick);
            self.obey(&effects);
            let snapshot = self.world.snapshot();
            self.decide(policy, minute, &snapshot, &mut watched);
            for stands in &self.stands {
                let depth = depths.get(&stands.point).copied().unwrap_or(0.0);
                *watched.water.entry(stands.point.clone()).or_default() +=
                    stands.cost(depth) / 60.0;
            }
            if is_watched {
                watched.minutes.push(moment(depths, &snapshot));
            }
            minute += 1;
        }
        Ok(watched)
    }

    fn pumping(&self) -> BTreeMap<PointId, f64> {
        let mut pumping = BTreeMap::new();
        for (point, m3h) in self.trucks.iter().filter_map(SimTruck::pumps) {
            *pumping.entry(point.clone()).or_default() += m3h;
        }
        pumping
    }

    /// Gauges read and the quality tests of a gateway flag it.
    fn observe(&mut self, now: Timestamp, depths: &Depths, rain: &BTreeMap<GaugeId, f64>) {
        let mut observations = Vec::new();
        for (gauge, point) in &self.known.depth_of {
            let depth = depths.get(point).copied().unwrap_or(0.0);
            let read = (depth + self.noise_m * self.rng.bell()).max(0.0);
            observations.push((gauge.clone(), Parameter::Depth, read));
        }
        for (gauge, mm_per_h) in rain {
            observations.push((gauge.clone(), Parameter::RainfallIntensity, *mm_per_h));
        }
        let controls = &mut self.controls;
        let observed = observations
            .into_iter()
            .filter_map(|(gauge, parameter, read)| {
                let value = Value::from_units(read).ok()?;
                let fresh = || QualityControl::new(Limits::default_for(parameter));
                let control = controls.entry(gauge.clone()).or_insert_with(fresh);
                let (quality, tests) = control.assess(now, Some(value));
                Some(Observation {
                    gauge,
                    parameter,
                    observed_at: now,
                    value: Some(value),
                    quality,
                    tests,
                })
            });
        let observed = observed.collect();
        let effects = self.world.step(now, Input::Observed(observed));
        self.obey(&effects);
    }

    /// Crews drive, pump, and tell of it.
    fn crews(&mut self, now: Timestamp, depths: &Depths) {
        let mut reports = Vec::new();
        for truck in &mut self.trucks {
            for _ in 0..6 {
                truck.step(10.0, |point| depths.get(point).copied().unwrap_or(0.0));
            }
            reports.push(truck.report(now));
        }
        for report in reports {
            let effects = self.world.step(now, Input::Truck(report));
            self.obey(&effects);
        }
    }

    fn obey(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Send(order) = effect {
                let order = order.message(Mode::Replay);
                if let Some(truck) = self.trucks.iter_mut().find(|t| *t.id() == order.truck) {
                    truck.obey(&order);
                }
            }
        }
    }

    fn decide(&mut self, policy: Policy, minute: i64, snapshot: &Snapshot, watched: &mut Watched) {
        let wished = match policy {
            Policy::Nobody => Vec::new(),
            Policy::Nearest => self.nearest(snapshot, |facts| {
                facts.status >= aggregator::assess::PointStatus::Waterlogged
            }),
            Policy::NearestForecast => self.nearest(snapshot, |facts| {
                facts.status >= aggregator::assess::PointStatus::Waterlogged
                    || facts.forecast.as_ref().is_some_and(|f| f.warns())
            }),
            Policy::Plan => snapshot
                .plan
                .iter()
                .flat_map(|plan| &plan.recommendations)
                .map(|r| (r.truck.clone(), r.point.clone()))
                .collect(),
        };
        self.desk.retain(|pair, _| wished.contains(pair));
        let mut due = Vec::new();
        for pair in wished {
            let since = *self.desk.entry(pair.clone()).or_insert(minute);
            if minute - since >= PATIENCE_MINUTES {
                due.push(pair);
            }
        }
        for (truck, point) in due {
            self.desk.remove(&(truck.clone(), point.clone()));
            self.requests += 1;
            let request = Request {
                id: RequestId(self.requests),
                by: Principal::Exercise,
                wish: Wish::Dispatch {
                    truck,
                    point,
                    plan: None,
                },
            };
            let now = ORIGIN.plus_millis(minute * MINUTE_MS + 2_000);
            let effects = self.world.step(now, Input::Request(request));
            let given = effects
                .iter()
                .any(|e| matches!(e, Effect::Answer(a) if a.outcome.is_ok()));
            watched.orders += usize::from(given);
            self.obey(&effects);
        }
    }

    /// For each point in need that no truck is bound to, the nearest truck that is idle.
    fn nearest(
        &self,
        snapshot: &Snapshot,
        in_need: impl Fn(&aggregator::world::PointFacts) -> bool,
    ) -> Vec<(TruckId, PointId)> {
        let bound = |point: &PointId| {
            snapshot
                .trucks
                .iter()
                .any(|t| t.order.as_ref().is_some_and(|(_, p)| p == point))
        };
        let mut idle: Vec<_> = snapshot
            .city
            .trucks
            .iter()
            .zip(&snapshot.trucks)
            .filter(|(_, facts)| facts.order.is_none())
            .map(|(truck, facts)| (truck.id.clone(), facts.position))
            .collect();
        // Whoever waits on the desk already is not taken anew.
        let mut wished: Vec<(TruckId, PointId)> = Vec::new();
        for (truck, point) in self.desk.keys() {
            let place = snapshot.city.points.iter().position(|p| p.id == *point);
            let still = place
                .and_then(|k| snapshot.points.get(k))
                .is_some_and(|f| in_need(f));
            if still && !bound(point) && idle.iter().any(|(id, _)| id == truck) {
                idle.retain(|(id, _)| id != truck);
                wished.push((truck.clone(), point.clone()));
            }
        }
        for (point, facts) in snapshot.city.points.iter().zip(&snapshot.points) {
            let has = wished.iter().any(|(_, p)| *p == point.id);
            if has || !in_need(facts) || bound(&point.id) {
                continue;
            }
            let nearest = idle.iter().enumerate().min_by(|(_, a), (_, b)| {
                let metres = |at: &shared::lonlat::LonLat| at.distance_m(point.position);
                metres(&a.1).total_cmp(&metres(&b.1))
            });
            if let Some((place, _)) = nearest {
                let (truck, _) = idle.remove(place);
                wished.push((truck, point.id.clone()));
            }
        }
        wished
    }
}

/// Each minute, or once in the storm.
fn every(is_looked_at: bool) -> i64 {
    if is_looked_at { MINUTE_MS } else { NEVER_MS }
}

fn moment(depths: Depths, snapshot: &Snapshot) -> Moment {
    let points = || snapshot.city.points.iter().zip(&snapshot.points);
    let forecasts = points().filter_map(|(p, facts)| Some((p.id.clone(), facts.forecast.clone()?)));
    let flagged = points()
        .filter(|(_, facts)| facts.status >= aggregator::assess::PointStatus::Waterlogged)
        .map(|(p, _)| p.id.clone());
    Moment {
        forecasts: forecasts.collect(),
        flagged: flagged.collect(),
        depths,
    }
}
