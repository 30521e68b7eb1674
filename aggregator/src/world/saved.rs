//! A world as bytes, to go on from after a restart or to look back from.
//!
//! One byte of version, then MessagePack with named fields: a field that comes later gets a default,
//! so that what was saved before is still read (`tests/golden` holds one of each version). Only what
//! the city does not say is saved; a gauge, point or truck that is no longer in the city is dropped,
//! and a new one starts as one that has given nothing. What a new gauge gave before the city knew it
//! is in the series; [`World::newcomers`] tells whose is to be recalled.
//!
//! A world is saved right after a tick. Its facts are functions of what is saved, so the one that is
//! read again shows the same and goes on the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use shared::{
    fleet::TruckReport,
    gauge::Parameter,
    ids::{AgentId, GaugeId, PointId, TruckId},
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    value::Value,
};

use super::{
    arrival::Started,
    fleet::Orders,
    outlook::OutlookState,
    place::GaugeIndex,
    publication::Publication,
    snapshot::{AgentFacts, GaugeFacts, Newest},
    state::World,
    whereabouts::Whereabouts,
};
use crate::{
    assess::AssessmentState,
    counters::Counts,
    merge::Trend,
    network::{City, Gauge},
    orders::Order,
};

/// So many gauges that have given nothing are looked up in the series at a start. Of more, those whose
/// readings came under another description.
const MAX_LOOKED_UP: usize = 2_000;

/// The version that [`World::save`] writes.
const VERSION: u8 = 1;

/// Why bytes are not a world.
#[derive(Debug, thiserror::Error)]
pub enum SavedFormError {
    #[error("the saved world is empty")]
    Empty,
    #[error("the saved world has version {0}; this program reads version {VERSION}")]
    Version(u8),
    #[error("the saved world is damaged")]
    Damaged(#[from] rmp_serde::decode::Error),
}

#[derive(Debug, Serialize, Deserialize)]
struct Form {
    run: Option<Started>,
    /// Those that have given anything.
    gauges: Vec<GaugeRow>,
    points: BTreeMap<PointId, PointForm>,
    trucks: BTreeMap<TruckId, TruckForm>,
    orders: Vec<Order>,
    agents: BTreeMap<AgentId, AgentFacts>,
    unknown: BTreeMap<GaugeId, u64>,
    #[serde(default)]
    unlike: BTreeSet<GaugeId>,
    #[serde(default)]
    waiting: Vec<(String, Observation)>,
    counts: Vec<u64>,
    outlook: OutlookState,
    publication: Publication,
}

/// A gauge without the names of its fields, for there may be half a million: id, what it gives,
/// newest observation, newest trusted value, whether it is silent.
type GaugeRow = (
    GaugeId,
    Parameter,
    Option<(Timestamp, Option<Value>, Quality, TestSet)>,
    Option<(Timestamp, Value)>,
    bool,
);

fn row(gauge: &Gauge, facts: &GaugeFacts) -> GaugeRow {
    let newest = facts.newest;
    let newest = newest.map(|n| (n.observed_at, n.value, n.quality, n.tests));
    let (id, parameter) = (gauge.id.clone(), gauge.parameter);
    (id, parameter, newest, facts.trusted, facts.is_silent)
}

fn facts((_, _, newest, trusted, is_silent): &GaugeRow) -> GaugeFacts {
    let newest = newest.map(|(observed_at, value, quality, tests)| Newest {
        observed_at,
        value,
        quality,
        tests,
    });
    GaugeFacts {
        newest,
        trusted: *trusted,
        is_silent: *is_silent,
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct PointForm {
    /// The gauge that said all of it.
    gauge: GaugeId,
    assessment: AssessmentState,
    trend: Trend,
}

#[derive(Debug, Serialize, Deserialize)]
struct TruckForm {
    report: Option<TruckReport>,
    #[serde(default)]
    whereabouts: Whereabouts,
    last_sent: Option<Timestamp>,
}

impl World {
    /// The world as bytes. Only right after a tick.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        rmp_serde::encode::write_named(&mut bytes, &self.form())
            .expect("memory takes everything, and all of it is plain data");
        bytes
    }

    /// The world that was saved, in a city that may have changed since.
    ///
    /// # Errors
    /// Another version, or damaged.
    pub fn restore(city: Arc<City>, bytes: &[u8]) -> Result<Self, SavedFormError> {
        let (version, body) = bytes.split_first().ok_or(SavedFormError::Empty)?;
        if *version != VERSION {
            return Err(SavedFormError::Version(*version));
        }
        let mut world = Self::new(city);
        world.fill(rmp_serde::from_slice(body)?);
        Ok(world)
    }

    fn form(&self) -> Form {
        let gauges = self.city.gauges.iter().zip(self.gauges.iter());
        let points = self.points.iter().map(|p| {
            let form = PointForm {
                gauge: p.level_gauge.clone(),
                assessment: p.assessment.state().clone(),
                trend: p.trend.clone(),
            };
            (p.id.clone(), form)
        });
        let trucks = self
            .city
            .trucks
            .iter()
            .zip(&self.trucks)
            .map(|(described, t)| {
                let form = TruckForm {
                    report: t.report.clone(),
                    whereabouts: t.whereabouts,
                    last_sent: t.last_sent,
                };
                (described.id.clone(), form)
            });
        let waiting = self.early.iter();
        let waiting = waiting.map(|((.., by), observation)| (by.clone(), observation.clone()));
        Form {
            run: self.run,
            gauges: gauges
                .filter(|(_, facts)| **facts != GaugeFacts::SILENT)
                .map(|(described, facts)| row(described, facts))
                .collect(),
            points: points.collect(),
            trucks: trucks.collect(),
            orders: self.orders.all().values().map(|o| (**o).clone()).collect(),
            agents: self
                .agents
                .iter()
                .map(|(id, facts)| (id.clone(), (**facts).clone()))
                .collect(),
            unknown: (*self.unknown).clone(),
            unlike: self.unlike.clone(),
            waiting: waiting.collect(),
            counts: self.counts.places(),
            outlook: self.outlook.state(),
            publication: self.publication.clone(),
        }
    }

    fn fill(&mut self, form: Form) {
        self.run = form.run;
        let waiting = form.waiting.into_iter();
        self.early = waiting
            .map(|(by, o)| ((o.observed_at, o.gauge.clone(), o.parameter, by), o))
            .collect();
        let mut before = form.unlike;
        before.extend(form.unknown.keys().cloned());
        for row in form.gauges {
            let (id, parameter, ..) = &row;
            let place = self.places.gauges.get(id).map(|gauge| gauge.index());
            let described = place.and_then(|place| self.city.gauges.get(place));
            // What it gave while it was another instrument says nothing of what it is now.
            if described.is_some_and(|gauge| gauge.parameter == *parameter)
                && let Some(known) = place.and_then(|place| self.gauges.get_mut(place))
            {
                *known = facts(&row);
            } else {
                before.insert(id.clone());
            }
        }
        let mut restored = BTreeSet::new();
        for (id, saved) in form.points {
            if let Some(place) = self.places.points.get(&id) {
                let described = self.city.points.get(place.index());
                let described = described.expect("places are those of the city's lists");
                let point = &mut self.points[*place];
                if point.level_gauge == saved.gauge {
                    point.restore(described, saved.assessment, saved.trend);
                    restored.insert(id);
                }
            }
        }
        for (id, saved) in form.trucks {
            if let Some(place) = self.places.trucks.get(&id) {
                let truck = &mut self.trucks[*place];
                truck.report = saved.report;
                truck.whereabouts = saved.whereabouts;
                truck.last_sent = saved.last_sent;
            }
        }
        self.orders = form.orders.into_iter().collect::<Orders>();
        let agents = form.agents.into_iter();
        self.agents = Arc::new(agents.map(|(id, facts)| (id, Arc::new(facts))).collect());
        let gauges = &self.places.gauges;
        let silent: Vec<GaugeIndex> = (0..self.gauges.len())
            .filter(|place| self.gauges.get(*place) == Some(&GaugeFacts::SILENT))
            .map(GaugeIndex::from_usize)
            .collect();
        let few_silent = silent.len() <= MAX_LOOKED_UP;
        let silent = silent.into_iter().filter(|gauge| {
            let id = self.city.gauges.get(gauge.index()).map(|g| &g.id);
            few_silent || id.is_some_and(|id| before.contains(id))
        });
        let points = self.points.iter().filter(|p| !restored.contains(&p.id));
        let of_points = points.filter_map(|p| gauges.get(&p.level_gauge).copied());
        let newcomers: BTreeSet<GaugeIndex> = silent.chain(of_points).collect();
        self.newcomers = newcomers.into_iter().collect();
        let mut unknown = form.unknown;
        unknown.retain(|id, _| !gauges.contains_key(id));
        self.unknown = Arc::new(unknown);
        self.counts = Counts::from_places(&form.counts);
        self.outlook.restore(form.outlook);
        self.publication = form.publication;
        self.look(&mut Vec::new());
    }
}
