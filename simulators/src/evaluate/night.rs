//! One storm under one policy: the real world of the aggregator, fed minute by minute, with crews that
//! obey and a dispatcher who needs four minutes.

use std::{collections::BTreeMap, sync::Arc};

use aggregator::{
    assess::PointStatus,
    forecast::{Forecast, ForecastState},
    network::Storage,
    orders::OrderState,
    world::{Effect, Input, Snapshot, Started, World},
};
use shared::{clock::Mode, ids::PointId, time::Timestamp};

use super::{
    EvaluateArgs,
    blame::{Blame, Doubts},
    city::{Known, storage},
    desk::Desk,
    field::Field,
    policy::{Policy, Reckoned},
    troubles::{Crews, seed_of},
    waters::{Depths, Waters},
};
use crate::{fleet::SimTruck, recording::RecordedPoint};

/// The storm's first minute: any will do.
const ORIGIN: Timestamp = Timestamp::from_millis(1_751_342_400_000);

const MINUTE_MS: i64 = 60_000;

/// Longer than any storm.
const NEVER_MS: i64 = 30 * 86_400_000;

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
    pub blame: Blame,
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
    crews: Crews,
    field: Field<'a>,
}

impl<'a> Night<'a> {
    /// A dry city before a storm of this name, which knows what was learnt in another night, and reckons no
    /// further than is looked at.
    pub fn new(
        known: &'a Known,
        args: &EvaluateArgs,
        storm: &str,
        learnt: Option<ForecastState>,
        reckoned: Reckoned,
    ) -> Self {
        let mut world = World::new(known.city.clone());
        if let Some(saved) = learnt {
            world.learn_from(saved);
        }
        let run = Started {
            mode: Mode::Replay,
            speed: 1.0,
            forecast_ms: every(reckoned >= Reckoned::Forecasts),
            replan_ms: every(reckoned >= Reckoned::Plans),
        };
        world.step(ORIGIN, Input::Started(run));
        let seed = seed_of(args.seed, storm);
        Self {
            known,
            stands: Stands::all(known),
            world,
            trucks: known.trucks.clone(),
            crews: Crews::of(&args.troubles, &known.trucks, seed),
            field: Field::of(known, args, ORIGIN, seed),
        }
    }

    /// What was learnt.
    pub fn learnt(&self) -> ForecastState {
        self.world.learnt()
    }

    /// Plays the storm to its end; watched, with what was true, forecast and doubted in every minute.
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
        let (mut desk, mut doubts) = (Desk::new(policy), Doubts::default());
        for minute in 0.. {
            let pumping = self.pumping();
            let Some(depths) = waters.minute(&pumping)? else {
                break;
            };
            let now = ORIGIN.plus_millis(minute * MINUTE_MS);
            let observed = self.field.observe(minute, &depths, waters.rain());
            self.step(now, Input::Observed(observed));
            self.drive(now, &depths);
            self.step(now.plus_millis(1_000), Input::Tick);
            let snapshot = self.world.snapshot();
            for request in desk.requests(minute, &snapshot) {
                let effects = self.step(now.plus_millis(2_000), Input::Request(request));
                watched.orders += effects.iter().filter(|e| is_given(e)).count();
            }
            for stands in &self.stands {
                let depth = depths.get(&stands.point).copied().unwrap_or(0.0);
                *watched.water.entry(stands.point.clone()).or_default() +=
                    stands.cost(depth) / 60.0;
            }
            if is_watched {
                doubts.look(&snapshot);
                watched.minutes.push(moment(depths, &snapshot));
            }
        }
        watched.blame = doubts.blame(self.field.faults(), &self.field.excused());
        Ok(watched)
    }

    fn pumping(&self) -> BTreeMap<PointId, f64> {
        let mut pumping = BTreeMap::new();
        for (point, m3h) in self.trucks.iter().filter_map(SimTruck::pumps) {
            *pumping.entry(point.clone()).or_default() += m3h;
        }
        pumping
    }

    /// Steps the world, and crews do what they are told, as far as they do.
    fn step(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        let effects = self.world.step(now, input);
        for effect in &effects {
            if let Effect::Send(order) = effect {
                let order = order.message(Mode::Replay);
                let truck = self.trucks.iter_mut().find(|t| *t.id() == order.truck);
                if let Some(truck) = truck.filter(|_| !self.crews.ignores(&order)) {
                    truck.obey(&order);
                }
            }
        }
        effects
    }

    /// Crews drive, pump, and tell of it.
    fn drive(&mut self, now: Timestamp, depths: &Depths) {
        for truck in &mut self.trucks {
            for _ in 0..6 {
                truck.step(10.0, |point| depths.get(point).copied().unwrap_or(0.0));
            }
        }
        self.crews.minute(&mut self.trucks);
        let reports: Vec<_> = self.trucks.iter().map(|truck| truck.report(now)).collect();
        for report in reports {
            self.step(now, Input::Truck(report));
        }
    }
}

/// Whether an order was given, not one called back.
fn is_given(effect: &Effect) -> bool {
    matches!(effect, Effect::Answer(answer)
        if answer.outcome.as_ref().is_ok_and(|order| order.state == OrderState::Sent))
}

/// Each minute, or once in the storm.
fn every(is_looked_at: bool) -> i64 {
    if is_looked_at { MINUTE_MS } else { NEVER_MS }
}

fn moment(depths: Depths, snapshot: &Snapshot) -> Moment {
    let points = || snapshot.city.points.iter().zip(&snapshot.points);
    let forecasts = points().filter_map(|(p, facts)| Some((p.id.clone(), facts.forecast.clone()?)));
    let flagged = points()
        .filter(|(_, facts)| facts.status >= PointStatus::Waterlogged)
        .map(|(p, _)| p.id.clone());
    Moment {
        forecasts: forecasts.collect(),
        flagged: flagged.collect(),
        depths,
    }
}
