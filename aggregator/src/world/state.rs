//! What the world holds.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use oxc_index::IndexVec;
use shared::{
    clock::Mode,
    gauge::Parameter,
    ids::{AgentId, GaugeId, PointId, TruckId},
    observation::Observation,
    time::Timestamp,
};

use super::{
    arrival::Started,
    chunks::Chunks,
    fleet::{Orders, TruckLive},
    gauges,
    outlook::Outlook,
    place::{GaugeIndex, PointIndex, TruckIndex},
    points::PointLive,
    publication::Publication,
    snapshot::{AgentFacts, GaugeFacts, Snapshot},
    whereabouts::Reach,
};
use crate::{
    counters::Counts,
    forecast::ForecastState,
    network::{City, PumpTruck, WaterloggingPoint},
};

/// The live state of one city.
#[derive(Debug)]
pub struct World {
    pub(super) city: Arc<City>,
    /// The settings of the present run; none before the first one.
    pub(super) run: Option<Started>,
    pub(super) gauges: Chunks<GaugeFacts>,
    pub(super) points: IndexVec<PointIndex, PointLive>,
    pub(super) trucks: IndexVec<TruckIndex, TruckLive>,
    pub(super) orders: Orders,
    pub(super) agents: Arc<BTreeMap<AgentId, Arc<AgentFacts>>>,
    /// Gauges that no layer knows, and how many observations each gave.
    pub(super) unknown: Arc<BTreeMap<GaugeId, u64>>,
    /// Gauges that gave another parameter than the city says they give.
    pub(super) unlike: BTreeSet<GaugeId>,
    /// Observations of times that have not come, the newest word of each who gave one.
    pub(super) early: BTreeMap<EarlyPlace, Observation>,
    /// Gauges whose readings may have come before the city knew them so: the series has them.
    pub(super) newcomers: Vec<GaugeIndex>,
    pub(super) counts: Counts,
    pub(super) outlook: Outlook,
    pub(super) publication: Publication,
    pub(super) places: Places,
}

/// Of what time and gauge an observation is that came too early, and whose word it is; empty where that is
/// not known.
pub type EarlyPlace = (Timestamp, GaugeId, Parameter, String);

/// Where in the city's lists things are; made once.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) gauges: HashMap<GaugeId, GaugeIndex>,
    pub(super) points: HashMap<PointId, PointIndex>,
    pub(super) trucks: HashMap<TruckId, TruckIndex>,
    /// The points whose depth a gauge gives.
    pub(super) points_of: IndexVec<GaugeIndex, Vec<PointIndex>>,
    /// After so many milliseconds without an observation a gauge is silent.
    pub(super) silent_after_ms: IndexVec<GaugeIndex, i64>,
    pub(super) reach: Reach,
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
            reach: Reach::of(city),
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
    /// A city in which nothing is known yet. It waits for [`super::Input::Started`].
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
            unlike: BTreeSet::new(),
            early: BTreeMap::new(),
            newcomers: Vec::new(),
            counts: Counts::default(),
            outlook: Outlook::new(&city),
            publication: Publication::default(),
            places,
            city,
        };
        world.look(&mut Vec::new());
        world
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

    /// Gauges whose readings came before the city knew them as what they are, and what they give: the
    /// series has what is to be recalled.
    #[must_use]
    pub fn newcomers(&self) -> Vec<(GaugeId, Parameter)> {
        let described = |gauge: &GaugeIndex| self.city.gauges.get(gauge.index());
        let described = self.newcomers.iter().filter_map(described);
        described.map(|g| (g.id.clone(), g.parameter)).collect()
    }

    /// The agents that are known, and when each was heard last.
    pub fn agents_heard(&self) -> impl Iterator<Item = (AgentId, Timestamp)> + '_ {
        let agents = self.agents.iter();
        agents.map(|(agent, facts)| (agent.clone(), facts.last_seen))
    }

    /// What was learned of the points that outlasts a storm.
    #[must_use]
    pub fn learnt(&self) -> ForecastState {
        self.outlook.forecaster.learnt()
    }

    /// Goes on from what was learned before; it is for a world that has seen nothing yet.
    pub fn learn_from(&mut self, learnt: ForecastState) {
        self.outlook.forecaster.restore(learnt);
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

    /// A point as the city describes it.
    pub(super) fn described_point(&self, place: PointIndex) -> &WaterloggingPoint {
        let described = self.city.points.get(place.index());
        described.expect("places are those of the city's lists")
    }

    /// A truck as the city describes it.
    pub(super) fn described_truck(&self, place: TruckIndex) -> &PumpTruck {
        let described = self.city.trucks.get(place.index());
        described.expect("places are those of the city's lists")
    }

    /// A span of real time in storm milliseconds; a slow clock shortens nothing.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds to hours of real time"
    )]
    pub(super) fn real_to_storm_ms(&self, real_ms: i64) -> i64 {
        let speed = self.run.map_or(1.0, |run| run.speed);
        (real_ms as f64 * speed.max(1.0)) as i64
    }
}
