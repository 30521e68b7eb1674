//! Waterlogging points: what their gauges say, and what is made of it.

use std::{collections::HashMap, sync::Arc};

use shared::{
    ids::{GaugeId, PointId},
    observation::Observation,
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

    pub fn observe(&mut self, observation: &Observation, effects: &mut Vec<Effect>) {
        self.trend.observe(observation, self.trend_span);
        let from = self.assessment.status();
        self.assessment.observe(observation);
        self.tell(from, effects);
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
            suspect_depth_m: None,
            rate_m_per_h: None,
            rain_mm_per_h: None,
            volume_m3: None,
            forecast: None,
        }
    }
}
