//! The world as GeoJSON (RFC 7946): what never changes is written once, the rest with every tick.

mod document;
mod live;
mod selection;
mod write;

use std::{collections::BTreeMap, sync::Arc};

pub use document::{Document, Part};
pub use live::{ROUTE, RouteView};
pub use selection::{Selection, Unselectable};
pub use write::Head;

use super::state::GaugeTexts;
use crate::{
    network::{City, LayerName, PlainFeature},
    world::Snapshot,
};

/// The flood map, rendered: cheap to share, replaced as a whole.
#[derive(Debug, Clone, Default)]
pub struct RenderedMap {
    /// `/map.geojson`, whole.
    pub whole: Document,
    /// One FeatureCollection per layer, by name.
    pub layers: Arc<BTreeMap<&'static str, Document>>,
}

/// Renders the map: keeps the features that never change as text.
#[derive(Debug)]
pub struct Renderer {
    /// Tells versions of one run of the program from those of another.
    epoch: i64,
    fixed: BTreeMap<&'static str, Document>,
    fixed_parts: Vec<Part>,
}

/// The features that change, by layer; those of gauges are there already.
fn living(
    snapshot: &Snapshot,
    gauges: Vec<u8>,
    wanted: &Selection,
) -> [(&'static str, Vec<u8>); 4] {
    [
        (LayerName::Gauges.name(), gauges),
        (
            LayerName::WaterloggingPoints.name(),
            live::points(snapshot, wanted),
        ),
        (LayerName::PumpTrucks.name(), live::trucks(snapshot, wanted)),
        (ROUTES, live::routes(snapshot, wanted)),
    ]
}

/// A part of the map, or of one layer of it: the features that are wanted, written for this alone.
/// `tag` stands for them.
#[must_use]
pub fn part_of(
    snapshot: &Snapshot,
    layer: Option<&str>,
    wanted: &Selection,
    tag: String,
) -> Document {
    let is_asked = |name: &str| layer.is_none_or(|asked| asked == name);
    let gauges = if is_asked(LayerName::Gauges.name()) {
        live::some_gauges(snapshot, wanted)
    } else {
        Vec::new()
    };
    let mut texts: Vec<Vec<u8>> = living(snapshot, gauges, wanted)
        .into_iter()
        .filter_map(|(name, text)| is_asked(name).then_some(text))
        .collect();
    for (shown, features) in &snapshot.city.shown {
        let mut text = Vec::new();
        let wanted = |feature: &&PlainFeature| wanted.takes_plain(*shown, feature);
        if is_asked(shown.name()) {
            for feature in features.iter().filter(wanted) {
                write::plain(&mut text, shown.kind(), feature);
            }
        }
        texts.push(text);
    }
    Document::collection(texts.into_iter().map(Part::live), tag)
}

/// The layer of recommended and ordered routes.
pub const ROUTES: &str = "routes";

impl Renderer {
    /// Renders what never changes.
    #[must_use]
    pub fn new(city: &City, epoch: i64) -> Self {
        let (mut fixed, mut fixed_parts) = (BTreeMap::new(), Vec::new());
        for (layer, features) in &city.shown {
            let mut text = Vec::new();
            for feature in features {
                write::plain(&mut text, layer.kind(), feature);
            }
            let tag = Document::tag_of(&text);
            let part = Part::fixed(text);
            fixed.insert(layer.name(), Document::collection([part.clone()], tag));
            fixed_parts.push(part);
        }
        Self {
            epoch,
            fixed,
            fixed_parts,
        }
    }

    /// What never changes, to be compressed ahead.
    #[must_use]
    pub fn fixed_parts(&self) -> Vec<Part> {
        self.fixed_parts.clone()
    }

    /// Renders the map; equal versions of one run are equal maps.
    #[must_use]
    pub fn render(&self, snapshot: &Snapshot, texts: &GaugeTexts) -> RenderedMap {
        let version = snapshot.seq;
        let live = living(
            snapshot,
            live::gauges(snapshot, texts),
            &Selection::default(),
        )
        .map(|(name, text)| (name, Part::live(text)));
        let tag = format!("{:x}-{version}", self.epoch);
        let mut layers = self.fixed.clone();
        for (name, part) in &live {
            layers.insert(name, Document::collection([part.clone()], tag.clone()));
        }
        let live = live.into_iter().map(|(_, part)| part);
        RenderedMap {
            whole: Document::collection(live.chain(self.fixed_parts.iter().cloned()), tag),
            layers: Arc::new(layers),
        }
    }
}
