//! The world as GeoJSON (RFC 7946): what never changes is rendered once, the rest with every tick.

mod live;
mod write;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use shared::time::Timestamp;

use crate::{
    network::{City, LayerName},
    world::World,
};

/// The flood map, rendered: cheap to share, replaced as a whole.
#[derive(Debug, Clone, Default)]
pub struct RenderedMap {
    /// `/map.geojson`, whole.
    pub whole: Bytes,
    /// One FeatureCollection per layer, by name.
    pub layers: Arc<BTreeMap<&'static str, Bytes>>,
}

/// Renders the map: keeps the features that never change as text.
#[derive(Debug)]
pub struct Renderer {
    fixed: BTreeMap<&'static str, Bytes>,
    /// All fixed features, comma separated.
    fixed_features: Vec<u8>,
}

/// The layer of recommended and ordered routes.
pub const ROUTES: &str = "routes";

impl Renderer {
    /// Renders what never changes.
    #[must_use]
    pub fn new(city: &City) -> Self {
        let mut fixed = BTreeMap::new();
        let mut all = Vec::new();
        for (layer, features) in &city.shown {
            let mut text = Vec::new();
            for feature in features {
                write::plain(&mut text, layer.kind(), feature);
            }
            fixed.insert(layer.name(), write::collection(&text));
            write::append(&mut all, &text);
        }
        Self {
            fixed,
            fixed_features: all,
        }
    }

    /// Renders the map as it is at `now`.
    #[must_use]
    pub fn render(&self, world: &World, now: Timestamp) -> RenderedMap {
        let live = [
            (LayerName::Gauges.name(), live::gauges(world, now)),
            (
                LayerName::WaterloggingPoints.name(),
                live::points(world, now),
            ),
            (LayerName::PumpTrucks.name(), live::trucks(world)),
            (ROUTES, live::routes(world)),
        ];
        let mut layers = self.fixed.clone();
        let mut all = Vec::with_capacity(
            self.fixed_features.len() + live.iter().map(|(_, t)| t.len()).sum::<usize>() + 64,
        );
        for (name, text) in &live {
            layers.insert(name, write::collection(text));
            write::append(&mut all, text);
        }
        write::append(&mut all, &self.fixed_features);
        RenderedMap {
            whole: write::collection(&all),
            layers: Arc::new(layers),
        }
    }

    /// Whether a layer never changes.
    #[must_use]
    pub fn is_fixed(&self, layer: &str) -> bool {
        self.fixed.contains_key(layer)
    }
}
