//! Waterlogging points: what their gauges say, and what is made of it.

use std::{collections::HashMap, sync::Arc};

use shared::{
    ids::{GaugeId, PointId},
    observation::Observation,
    quality::TestSet,
    time::Timestamp,
};

use super::{change::Change, effect::Effect, place::GaugeIndex, snapshot::PointFacts};
use crate::{
    assess::{Assessment, AssessmentState, PointStatus},
    merge::{Trend, TrendSpan},
    network::{City, WaterloggingPoint},
};

/// A point and what is known of it.
#[derive(Debug)]
pub(super) struct PointLive {
    pub id: PointId,
    pub level_gauge: GaugeId,
    pub assessment: Assessment,
    /// Of its depth.
    pub trend: Trend,
    trend_span: TrendSpan,
    interval_s: u32,
    pub rain_gauges: Vec<GaugeIndex>,
    /// As of the newest tick.
    pub facts: Arc<PointFacts>,
}

impl PointLive {
    /// A point that has given nothing yet.
    pub fn new(
        point: &WaterloggingPoint,
        city: &City,
        gauges: &HashMap<GaugeId, GaugeIndex>,
        now: Timestamp,
    ) -> Self {
        let place = |id: &GaugeId| gauges.get(id).copied();
        let level = place(&point.level_gauge).and_then(|g| city.gauges.get(g.index()));
        let interval_s = level.map_or(0, |g| g.interval_s);
        let assessment = Assessment::new(point.thresholds, interval_s, now);
        Self {
            id: point.id.clone(),
            level_gauge: point.level_gauge.clone(),
            facts: Arc::new(PointFacts::unknown(&assessment)),
            assessment,
            trend: Trend::default(),
            trend_span: TrendSpan::of_interval(interval_s),
            interval_s,
            rain_gauges: point.rain_gauges.iter().filter_map(place).collect(),
        }
    }

    /// Goes on from what was saved.
    pub fn restore(
        &mut self,
        point: &WaterloggingPoint,
        assessment: AssessmentState,
        trend: Trend,
    ) {
        self.assessment = Assessment::restore(point.thresholds, self.interval_s, assessment);
        self.trend = trend;
    }

    /// Takes observations that came together.
    pub fn observe(&mut self, observations: &[&Observation], effects: &mut Vec<Effect>) {
        for observation in observations {
            self.trend.observe(observation, self.trend_span);
        }
        let from = self.assessment.status();
        self.assessment.observe(observations.iter().copied());
        self.tell(from, effects);
    }

    /// Forgets what is of times after `latest`.
    pub fn clock_was_set_back(&mut self, now: Timestamp, latest: Timestamp) {
        self.assessment.clock_was_set_back(now, latest);
        self.trend.forget_after(latest);
    }

    /// The depth in metres at which an observation is followed, if it is: also a suspect one that
    /// says that the water is still there.
    pub fn followed_at(&self, observation: &Observation) -> Option<f64> {
        let at = observation.observed_at;
        let believed = self.assessment.depth().filter(|(t, _)| *t == at);
        let trusted = observation.trusted().map(shared::value::Value::units);
        trusted.or(believed.map(|(_, depth_m)| depth_m))
    }

    pub fn tick(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let from = self.assessment.status();
        self.assessment.tick(now);
        self.tell(from, effects);
    }

    fn tell(&self, from: PointStatus, effects: &mut Vec<Effect>) {
        let to = self.assessment.status();
        if from != to {
            effects.push(Effect::Changed(Change::PointStatus {
                point: self.id.clone(),
                from,
                to,
                at: self.assessment.since(),
                cause: self.assessment.cause(),
            }));
        }
    }

    /// Change of the depth in metres per hour.
    pub fn rate_m_per_h(&self) -> Option<f64> {
        self.trend.rate_per_hour()
    }
}

impl PointFacts {
    fn unknown(assessment: &Assessment) -> Self {
        Self {
            status: assessment.status(),
            since: assessment.since(),
            depth: None,
            quality: None,
            cause: assessment.cause(),
            doubt_tests: TestSet::NONE,
            last_class: None,
            is_clearing: false,
            suspect_depth_m: None,
            rate_m_per_h: None,
            rain_mm_per_h: None,
            volume_m3: None,
            forecast: None,
        }
    }
}
