//! What readers see, rendered from the world's snapshots and changes: the state document and its
//! deltas, the flood map, live events, metrics.
//!
//! Rendering is pure: equal snapshots give equal bytes, live or looked back at. The shells are
//! [`announcer`], which hands what was rendered to those who wait for it, and [`Areas`], which keeps
//! what was rendered for those who see a part of the city.

pub mod announcer;
mod areas;
mod hub;
pub mod map;
pub mod metrics;
mod redraw;
mod seen;
pub mod state;
pub mod view;

use std::sync::Arc;

use bytes::Bytes;

pub use areas::{Areas, Closed, OpenArea, PublishedPart};
pub use hub::{Follow, Hub, reset};
pub use redraw::Redraw;
pub use seen::Seen;

use self::{
    map::{RenderedMap, Renderer},
    state::GaugeTexts,
};
use crate::{
    metrics::{Stage, Stopwatch},
    network::City,
    world::Snapshot,
};

/// What is published at present.
#[derive(Debug, Clone)]
pub struct Published {
    pub snapshot: Arc<Snapshot>,
    /// The whole state as JSON.
    pub state: Bytes,
    pub map: RenderedMap,
    /// What the tick and its rendering took, in milliseconds.
    pub tick_ms: f64,
}

/// Renders one publication after the other; keeps the texts of what did not change.
#[derive(Debug)]
pub struct Publisher {
    renderer: Renderer,
    texts: GaugeTexts,
}

impl Publisher {
    /// `epoch` tells one run of the program from another.
    #[must_use]
    pub fn new(city: &City, epoch: i64) -> Self {
        Self {
            renderer: Renderer::new(city, epoch),
            texts: GaugeTexts::default(),
        }
    }

    /// What never changes, to be compressed ahead.
    #[must_use]
    pub fn fixed_parts(&self) -> Vec<map::Part> {
        self.renderer.fixed_parts()
    }

    /// Renders the delta since the publication before, the whole state and the map.
    pub fn render(
        &mut self,
        snapshot: &Snapshot,
        redraw: &Redraw,
        watch: &mut Stopwatch<'_>,
    ) -> (Vec<u8>, Bytes, RenderedMap) {
        self.texts.write(snapshot, &redraw.gauges);
        let delta = state::delta(snapshot, &self.texts, redraw);
        let whole = state::document(snapshot, &self.texts).into();
        watch.lap(Stage::State);
        let map = self.renderer.render(snapshot, &self.texts);
        watch.lap(Stage::Map);
        (delta, whole, map)
    }
}

/// The state document of a snapshot by itself.
#[must_use]
pub fn state_document(snapshot: &Snapshot) -> Vec<u8> {
    let mut texts = GaugeTexts::default();
    texts.write(snapshot, []);
    state::document(snapshot, &texts)
}

/// A delta by itself: what a page that has the publication before must draw anew.
#[cfg(test)]
pub fn delta_document(snapshot: &Snapshot, redraw: &Redraw) -> Vec<u8> {
    let mut texts = GaugeTexts::default();
    texts.write(snapshot, []);
    state::delta(snapshot, &texts, redraw)
}

#[cfg(test)]
mod tests;
