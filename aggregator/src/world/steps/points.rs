//! What is known of the points, looked at with every tick.

use std::sync::Arc;

use super::super::{
    change::Change, effect::Effect, place::PointIndex, points::PointLive, snapshot::PointFacts,
    state::World,
};

impl World {
    pub(in crate::world) fn look_at_points(&mut self, effects: &mut Vec<Effect>) {
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
        let storage = &self.described_point(place).storage;
        PointFacts {
            status: live.assessment.status(),
            since: live.assessment.since(),
            depth,
            quality: live.assessment.quality(),
            cause: live.assessment.cause(),
            doubt_tests: live.assessment.doubt_tests(),
            last_class: live.assessment.last_class(),
            is_clearing: live.assessment.is_clearing(),
            suspect_depth_m: live.assessment.suspect_depth_m(),
            rate_m_per_h: live.rate_m_per_h(),
            rain_mm_per_h: self.rain_at(live),
            volume_m3: depth.map(|(_, depth_m)| storage.volume_m3(depth_m.max(0.0))),
            forecast: self.outlook.forecast_of(&live.id),
        }
    }

    /// Rain over a point now, from its rain gauges that are not silent, in mm/h.
    pub(in crate::world) fn rain_at(&self, point: &PointLive) -> Option<f64> {
        let gauges = point.rain_gauges.iter();
        let readings: Vec<f64> = gauges.filter_map(|g| self.intensity(*g)).collect();
        (!readings.is_empty()).then(|| readings.iter().sum::<f64>() / readings.len() as f64)
    }
}
