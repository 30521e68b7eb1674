//! Waterlogging points: what their gauges say, and what is made of it.

use std::{collections::HashMap, sync::Arc};

use shared::{
    ids::{GaugeId, PointId},
    observation::Observation,
    time::Timestamp,
};

use super::{Change, Effect, GaugeIndex, PointFacts, PointIndex, World};
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
    rain_gauges: Vec<GaugeIndex>,
    /// As of the newest tick.
    pub facts: Arc<PointFacts>,
}

impl PointLive {
    /// A point that has given nothing yet.
    pub fn new(
        site: &WaterloggingPoint,
        city: &City,
        gauges: &HashMap<GaugeId, GaugeIndex>,
        now: Timestamp,
    ) -> Self {
        let place = |id: &GaugeId| gauges.get(id).copied();
        let level = place(&site.level_gauge).and_then(|g| city.gauges.get(g.index()));
        let interval_s = level.map_or(0, |g| g.interval_s);
        let assessment = Assessment::new(site.thresholds, interval_s, now);
        Self {
            id: site.id.clone(),
            facts: Arc::new(PointFacts::unknown(&assessment)),
            assessment,
            trend: Trend::default(),
            trend_span: TrendSpan::of_interval(interval_s),
            interval_s,
            rain_gauges: site.rain_gauges.iter().filter_map(place).collect(),
        }
    }

    /// Goes on from what was saved.
    pub fn restore(&mut self, site: &WaterloggingPoint, assessment: AssessmentState, trend: Trend) {
        self.assessment = Assessment::restore(site.thresholds, self.interval_s, assessment);
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

impl World {
    pub(super) fn look_at_points(&mut self, effects: &mut Vec<Effect>) {
        for place in (0..self.points.len()).map(PointIndex::from_usize) {
            let facts = self.point_facts(place);
            let live = &mut self.points[place];
            if *live.facts != facts {
                live.facts = Arc::new(facts);
                effects.push(Effect::Changed(Change::Point { point: place }));
            }
        }
    }

    fn point_facts(&self, place: PointIndex) -> PointFacts {
        let live = &self.points[place];
        let depth = live.assessment.depth();
        let storage = &self.point_site(place).storage;
        PointFacts {
            status: live.assessment.status(),
            since: live.assessment.since(),
            depth,
            quality: live.assessment.quality(),
            cause: live.assessment.cause(),
            suspect_depth_m: live.assessment.suspect_depth_m(),
            rate_m_per_h: live.rate_m_per_h(),
            rain_mm_per_h: self.rain_at(live),
            volume_m3: depth.map(|(_, depth_m)| storage.volume_m3(depth_m.max(0.0))),
            forecast: self.outlook.forecast_of(&live.id),
        }
    }

    /// Rain over a point now, from its rain gauges that are not silent, in mm/h.
    pub(super) fn rain_at(&self, point: &PointLive) -> Option<f64> {
        let gauges = point.rain_gauges.iter();
        let readings: Vec<f64> = gauges.filter_map(|g| self.intensity(*g)).collect();
        (!readings.is_empty()).then(|| readings.iter().sum::<f64>() / readings.len() as f64)
    }
}
