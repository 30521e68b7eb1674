//! The whole live state of the city, and the one place where it changes: [`World::step`] takes the
//! time and an input and says what changed and what is to be done.
//!
//! No I/O and no clock in here: `driver.rs` drives it, and the same inputs in the same order give
//! the byte-identical world ([`World::save`]). What readers see is a [`Snapshot`], made with every
//! tick that brings news.

mod agents;
pub mod arrival;
mod change;
mod chunks;
mod effect;
mod fleet;
mod gauges;
mod outlook;
mod place;
mod points;
mod publication;
mod saved;
mod snapshot;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, collections::HashMap, sync::Arc};

use oxc_index::IndexVec;
use shared::{
    clock::Mode,
    ids::{AgentId, GaugeId, PointId, TruckId},
    observation::Observation,
    time::Timestamp,
};

pub use arrival::{Arrival, Input, Principal, Request, RequestId, Started, Wish};
pub use change::{Change, GaugeNews};
pub use effect::{Answer, Effect, Refusal};
pub use gauges::intensity_mm_per_h;
pub use place::{GaugeIndex, PointIndex, TruckIndex};
pub use saved::SavedFormError;
pub use snapshot::{AgentFacts, Figures, GaugeFacts, Newest, PointFacts, Snapshot, TruckFacts};

use self::{
    chunks::Chunks,
    fleet::{Orders, TruckLive},
    outlook::Outlook,
    points::PointLive,
    publication::Publication,
};
use crate::{
    counters::Counts,
    network::{City, PumpTruck, WaterloggingPoint},
};

/// The live state of one city.
#[derive(Debug)]
pub struct World {
    city: Arc<City>,
    /// The settings of the present run; none before the first one.
    run: Option<Started>,
    gauges: Chunks<GaugeFacts>,
    points: IndexVec<PointIndex, PointLive>,
    trucks: IndexVec<TruckIndex, TruckLive>,
    orders: Orders,
    agents: Arc<BTreeMap<AgentId, Arc<AgentFacts>>>,
    /// Gauges that no layer knows, and how many observations each gave.
    unknown: Arc<BTreeMap<GaugeId, u64>>,
    counts: Counts,
    outlook: Outlook,
    publication: Publication,
    places: Places,
}

/// Where in the city's lists things are; made once.
#[derive(Debug)]
struct Places {
    gauges: HashMap<GaugeId, GaugeIndex>,
    points: HashMap<PointId, PointIndex>,
    trucks: HashMap<TruckId, TruckIndex>,
    /// The points whose depth a gauge gives.
    points_of: IndexVec<GaugeIndex, Vec<PointIndex>>,
    /// After so many milliseconds without an observation a gauge is silent.
    silent_after_ms: IndexVec<GaugeIndex, i64>,
}

impl Places {
    fn new(city: &City) -> Self {
        let gauges: HashMap<GaugeId, GaugeIndex> = placed(city.gauges.iter().map(|g| &g.id));
        let mut points_of: IndexVec<GaugeIndex, Vec<PointIndex>> =
            city.gauges.iter().map(|_| Vec::new()).collect();
        for (place, point) in city.points.iter().enumerate() {
            if let Some(gauge) = gauges.get(&point.level_gauge) {
                points_of[*gauge].push(PointIndex::from_usize(place));
            }
        }
        Self {
            gauges,
            points: placed(city.points.iter().map(|p| &p.id)),
            trucks: placed(city.trucks.iter().map(|t| &t.id)),
            points_of,
            silent_after_ms: city.gauges.iter().map(gauges::silent_after_ms).collect(),
        }
    }
}

fn placed<'a, Id, Place>(ids: impl Iterator<Item = &'a Id>) -> HashMap<Id, Place>
where
    Id: Clone + Eq + std::hash::Hash + 'a,
    Place: oxc_index::Idx,
{
    ids.enumerate()
        .map(|(place, id)| (id.clone(), Place::from_usize(place)))
        .collect()
}

impl World {
    /// A city in which nothing is known yet. It waits for [`Input::Started`].
    #[must_use]
    pub fn new(city: Arc<City>) -> Self {
        let places = Places::new(&city);
        let unknown_since = Timestamp::default();
        let mut world = Self {
            run: None,
            gauges: city.gauges.iter().map(|_| GaugeFacts::SILENT).collect(),
            points: city
                .points
                .iter()
                .map(|point| PointLive::new(point, &city, &places.gauges, unknown_since))
                .collect(),
            trucks: city.trucks.iter().map(TruckLive::new).collect(),
            orders: Orders::default(),
            agents: Arc::default(),
            unknown: Arc::default(),
            counts: Counts::default(),
            outlook: Outlook::new(&city),
            publication: Publication::default(),
            places,
            city,
        };
        world.look(&mut Vec::new());
        world
    }

    /// Takes one input at `now` (storm time) and says what changed and what is to be done.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Started(run) => self.started(now, run),
            Input::Observed(observations) => {
                effects.reserve(observations.len());
                for observation in observations {
                    self.observe(observation, &mut effects);
                }
            }
            Input::AgentBatch {
                agent,
                backfill,
                has_hole,
            } => self.agent_batch(&agent, now, backfill, has_hole, &mut effects),
            Input::Health(health) => self.agent_health(health, now, &mut effects),
            Input::Truck(report) => self.truck_report(report, now, &mut effects),
            Input::Request(request) => self.request(now, request, &mut effects),
            Input::Counted(places) => self.counts = Counts::from_places(&places),
            // It looks for news itself, before it says whether there is any.
            Input::Tick => {
                self.tick(now, &mut effects);
                return effects;
            }
        }
        self.publication.note(&effects);
        effects
    }

    /// The facts as of the newest tick.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let run = self.run;
        Snapshot {
            seq: self.publication.seq,
            at: self.publication.ticked_at,
            mode: run.map_or(Mode::Actual, |r| r.mode),
            speed: run.map_or(1.0, |r| r.speed),
            city: self.city.clone(),
            gauges: self.gauges.clone(),
            points: self.points.iter().map(|p| p.facts.clone()).collect(),
            trucks: self.trucks.iter().map(|t| t.facts.clone()).collect(),
            plan: self.outlook.plan(),
            orders: self.orders.all(),
            agents: self.agents.clone(),
            unknown_gauges: self.unknown.clone(),
            counts: self.counts,
        }
    }

    /// The facts of the newest tick, if they were published with it.
    #[must_use]
    pub fn published(&self) -> Option<Snapshot> {
        self.publication
            .is_of_newest_tick()
            .then(|| self.snapshot())
    }

    /// Storm time of the newest tick.
    #[must_use]
    pub fn ticked_at(&self) -> Timestamp {
        self.publication.ticked_at
    }

    /// What was counted until now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn started(&mut self, now: Timestamp, run: Started) {
        let is_first = self.run.replace(run).is_none();
        self.publication.restarted();
        if is_first {
            for (place, point) in self.points.iter_mut_enumerated() {
                if let Some(site) = self.city.points.get(place.index()) {
                    *point = PointLive::new(site, &self.city, &self.places.gauges, now);
                }
            }
        }
    }

    fn observe(&mut self, observation: Observation, effects: &mut Vec<Effect>) {
        let Some(gauge) = self.places.gauges.get(&observation.gauge).copied() else {
            self.observe_unknown(observation.gauge, effects);
            return;
        };
        let Some(site) = self.city.gauges.get(gauge.index()) else {
            return;
        };
        self.publication.observed();
        self.outlook.observe(site, &observation);
        for point in &self.places.points_of[gauge] {
            self.points[*point].observe(&observation, effects);
            if let Some(depth) = observation.trusted() {
                let id = &self.points[*point].id;
                self.outlook
                    .observe_depth(id, observation.observed_at, depth.units());
            }
        }
        if let Some(facts) = self.gauges.get_mut(gauge.index())
            && let Some(news) = facts.observe(&observation)
        {
            effects.push(Effect::Changed(Change::Gauge { gauge, news }));
        }
    }

    fn observe_unknown(&mut self, gauge: GaugeId, effects: &mut Vec<Effect>) {
        /// Gauges that are remembered by name; beyond it they are only counted.
        const MAX_UNKNOWN: usize = 1_000;
        if self.unknown.len() < MAX_UNKNOWN || self.unknown.contains_key(&gauge) {
            *Arc::make_mut(&mut self.unknown)
                .entry(gauge.clone())
                .or_default() += 1;
            effects.push(Effect::Changed(Change::UnknownGauge { gauge }));
        }
    }

    fn tick(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        for point in &mut self.points {
            point.tick(now, effects);
        }
        self.tick_gauges(now, effects);
        self.tick_agents(now, effects);
        let Some(run) = self.run else { return };
        if self.outlook.forecast_is_due(now, &run) {
            self.forecast(now);
        }
        if self.outlook.plan_is_due(now, &run) {
            self.plan(now, effects);
        }
        self.repeat_orders(now, effects);
        self.look(effects);
        self.publication
            .tick(now, &run, self.counts.trouble(), effects);
    }

    /// Brings the facts of points and trucks up to date: pure functions of what the world holds, so
    /// that a world which was saved here shows the same when it is read again.
    fn look(&mut self, effects: &mut Vec<Effect>) {
        self.look_at_points(effects);
        self.look_at_trucks(effects);
    }

    /// A point as the city describes it.
    fn point_site(&self, place: PointIndex) -> &WaterloggingPoint {
        let site = self.city.points.get(place.index());
        site.expect("places are those of the city's lists")
    }

    /// A truck as the city describes it.
    fn truck_site(&self, place: TruckIndex) -> &PumpTruck {
        let site = self.city.trucks.get(place.index());
        site.expect("places are those of the city's lists")
    }

    /// A span of real time in storm milliseconds; a slow clock shortens nothing.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds to hours of real time"
    )]
    fn real_to_storm_ms(&self, real_ms: i64) -> i64 {
        let speed = self.run.map_or(1.0, |run| run.speed);
        (real_ms as f64 * speed.max(1.0)) as i64
    }
}
