//! Gauges that fall silent or come back.

use shared::time::Timestamp;

use super::super::{
    change::{Change, GaugeNews},
    effect::Effect,
    place::GaugeIndex,
    state::World,
};
use crate::merge::NEWS_MS;

impl World {
    pub(in crate::world) fn tick_gauges(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let mut changed = Vec::new();
        let spans = self.places.silent_after_ms.iter_enumerated();
        for ((gauge, span), facts) in spans.zip(self.gauges.iter()) {
            if facts.silent_at(now, *span) != facts.is_silent {
                changed.push(gauge);
            }
        }
        for gauge in changed {
            let Some(facts) = self.gauges.get_mut(gauge.index()) else {
                continue;
            };
            facts.is_silent = !facts.is_silent;
            let news = if facts.is_silent {
                GaugeNews::FellSilent
            } else {
                GaugeNews::CameBack
            };
            effects.push(Effect::Changed(Change::Gauge { gauge, news }));
        }
    }

    /// The newest trusted rain intensity of a gauge that is not silent, in mm/h.
    pub(in crate::world) fn intensity(&self, gauge: GaugeIndex) -> Option<f64> {
        let (described, facts) = (
            self.city.gauges.get(gauge.index())?,
            self.gauges.get(gauge.index())?,
        );
        let (at, _) = facts.trusted.filter(|_| !facts.is_silent)?;
        let behind = facts.newest?.observed_at.millis_since(at);
        let is_news = described.parameter.is_rain() && behind <= NEWS_MS;
        is_news.then(|| self.outlook.rain_mm_per_h(described))?
    }
}
