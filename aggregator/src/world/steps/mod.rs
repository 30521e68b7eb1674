//! The steps: what each input changes, and what time changes.

mod agents;
mod clock;
mod gauges;
mod orders;
mod planning;
mod points;

use std::{collections::BTreeMap, sync::Arc};

use shared::{ids::GaugeId, observation::Observation, time::Timestamp};

use super::{
    arrival::{Input, Started},
    change::Change,
    effect::Effect,
    place::{GaugeIndex, PointIndex},
    points::PointLive,
    state::{EarlyPlace, World},
};
use crate::{assess::PointStatus, counters::Counts, network::Gauge};

/// A point that went under water, or deeper, is not left without a forecast and a plan for longer,
/// in real milliseconds.
const URGENT_REAL_MS: i64 = 2_000;

impl World {
    /// Takes one input at `now` (storm time) and says what changed and what is to be done.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Started(run) => self.started(now, run),
            Input::Observed(observations) => {
                let latest = self.latest(now);
                self.observe_all(&observations, latest, &mut effects);
                self.wait_for("", observations, latest);
            }
            // The series does not say whose word its future is.
            Input::Recalled(observations) => {
                let latest = self.latest(now);
                self.observe_all(&observations, latest, &mut effects);
            }
            Input::Early { by, observations } => {
                let latest = self.latest(now);
                self.observe_all(&observations, latest, &mut effects);
                self.wait_for(&by, observations, latest);
            }
            Input::Disowned(names) => self.early.retain(|(.., by), _| !names.contains(by)),
            Input::AgentBatch {
                agent,
                backfill,
                has_hole,
            } => self.agent_batch(&agent, now, backfill, has_hole, &mut effects),
            Input::Health(health) => self.agent_health(health, now, &mut effects),
            Input::Forgotten(agent) => self.forget_agent(&agent),
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

    /// Takes those observations whose time has come.
    fn observe_all(
        &mut self,
        observations: &[Observation],
        latest: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        effects.reserve(observations.len());
        let mut of_points: BTreeMap<PointIndex, Vec<&Observation>> = BTreeMap::new();
        for observation in observations.iter().filter(|o| o.observed_at <= latest) {
            if !self.early.is_empty() {
                // It is a better word on what waits.
                self.forget_early(observation);
            }
            if let Some(gauge) = self.observe(observation, effects) {
                for point in &self.places.points_of[gauge] {
                    of_points.entry(*point).or_default().push(observation);
                }
            }
        }
        for (point, observations) in of_points {
            self.observe_depths(point, &observations, effects);
        }
    }

    /// Remembers those of the observations that are of times after `latest` until these have come, and
    /// whose word they are. Of too many, those that are furthest ahead are forgotten here; they are in the
    /// store.
    fn wait_for(&mut self, by: &str, observations: Vec<Observation>, latest: Timestamp) {
        const MAX_EARLY: usize = 10_000;
        for observation in observations {
            if observation.observed_at <= latest {
                continue;
            }
            self.early.insert(place(&observation, by), observation);
            if self.early.len() > MAX_EARLY {
                self.make_room();
            }
        }
    }

    /// Forgets what is furthest ahead of him who said most: nobody crowds out what others said.
    fn make_room(&mut self) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (.., by) in self.early.keys() {
            *counts.entry(by).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let most = most.map(|(by, _)| by.to_owned());
        let mut furthest = self.early.keys().rev();
        let furthest = furthest.find(|(.., by)| Some(by) == most.as_ref()).cloned();
        if let Some(place) = furthest {
            self.early.remove(&place);
        }
    }

    /// Forgets what anybody said too early of the same time of a gauge.
    fn forget_early(&mut self, observation: &Observation) {
        let first = place(observation, "");
        let is_same = |at: &EarlyPlace| (at.0, &at.1, at.2) == (first.0, &first.1, first.2);
        let known = self.early.range(first.clone()..).map(|(place, _)| place);
        let same: Vec<EarlyPlace> = known.take_while(|at| is_same(at)).cloned().collect();
        for place in same {
            self.early.remove(&place);
        }
    }

    /// Takes the observations whose time has come by now.
    fn observe_early(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let latest = self.latest(now);
        let mut due = Vec::new();
        while let Some(first) = self.early.first_entry()
            && first.key().0 <= latest
        {
            due.push(first.remove());
        }
        if !due.is_empty() {
            self.observe_all(&due, latest, effects);
        }
    }

    fn started(&mut self, now: Timestamp, run: Started) {
        let is_first = self.run.replace(run).is_none();
        self.publication.restarted();
        if is_first {
            for (place, point) in self.points.iter_mut_enumerated() {
                if let Some(described) = self.city.points.get(place.index()) {
                    *point = PointLive::new(described, &self.city, &self.places.gauges, now);
                }
            }
        }
    }

    /// Takes an observation; of which gauge it is. What an id gave while it was another instrument
    /// is none of the gauge that it is now.
    fn observe(
        &mut self,
        observation: &Observation,
        effects: &mut Vec<Effect>,
    ) -> Option<GaugeIndex> {
        let gauge = self.places.gauges.get(&observation.gauge).copied();
        let known = gauge.and_then(|gauge| Some((gauge, self.city.gauges.get(gauge.index())?)));
        let of_its_kind = |(_, g): &(GaugeIndex, &Gauge)| g.parameter == observation.parameter;
        let Some((gauge, described)) = known.filter(of_its_kind) else {
            if known.is_none() {
                self.observe_unknown(observation.gauge.clone(), effects);
            } else if !self.unlike.contains(&observation.gauge) {
                self.unlike.insert(observation.gauge.clone());
            }
            return None;
        };
        self.publication.observed();
        self.outlook.observe(described, observation);
        if let Some(facts) = self.gauges.get_mut(gauge.index())
            && let Some(news) = facts.observe(observation)
        {
            effects.push(Effect::Changed(Change::Gauge { gauge, news }));
        }
        Some(gauge)
    }

    /// Takes depths of a point that came together.
    fn observe_depths(
        &mut self,
        point: PointIndex,
        observations: &[&Observation],
        effects: &mut Vec<Effect>,
    ) {
        let point = &mut self.points[point];
        let before = point.assessment.status();
        point.observe(observations, effects);
        let is_wet = point.assessment.status() > PointStatus::Dry;
        self.outlook.is_urgent |= is_wet && point.assessment.status() > before;
        for observation in observations {
            let depth_m = point.followed_at(observation);
            self.outlook
                .observe_depth(&point.id, observation.observed_at, depth_m);
        }
    }

    fn observe_unknown(&mut self, gauge: GaugeId, effects: &mut Vec<Effect>) {
        /// Gauges that are remembered by name. Of more, those that gave least are forgotten: a list
        /// that somebody filled with names has room for one that goes on.
        const MAX_UNKNOWN: usize = 1_000;
        let unknown = Arc::make_mut(&mut self.unknown);
        if unknown.len() >= MAX_UNKNOWN
            && !unknown.contains_key(&gauge)
            && let Some(least) = unknown.iter().min_by_key(|(_, count)| **count)
            && let least = least.0.clone()
        {
            unknown.remove(&least);
        }
        *unknown.entry(gauge.clone()).or_default() += 1;
        effects.push(Effect::Changed(Change::UnknownGauge { gauge }));
    }

    fn tick(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.watch_the_clock(now);
        self.observe_early(now, effects);
        for point in &mut self.points {
            point.tick(now, effects);
        }
        self.tick_gauges(now, effects);
        self.tick_agents(now, effects);
        let Some(run) = self.run else { return };
        let urgent_ms = self.real_to_storm_ms(URGENT_REAL_MS);
        if self.outlook.forecast_is_due(now, &run, urgent_ms) {
            self.forecast(now);
        }
        if self.outlook.plan_is_due(now, &run, urgent_ms) {
            self.outlook.is_urgent = false;
            self.plan(now, effects);
        }
        self.repeat_orders(now, effects);
        self.look(effects);
        self.publication
            .tick(now, &run, self.counts.trouble(), effects);
    }

    /// Brings the facts of points and trucks up to date: pure functions of what the world holds, so
    /// that a world which was saved here shows the same when it is read again.
    pub(in crate::world) fn look(&mut self, effects: &mut Vec<Effect>) {
        self.look_at_points(effects);
        self.look_at_trucks(effects);
    }
}

fn place(observation: &Observation, by: &str) -> EarlyPlace {
    (
        observation.observed_at,
        observation.gauge.clone(),
        observation.parameter,
        by.to_owned(),
    )
}
