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

use super::{seen::Seen, state::GaugeTexts};
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
    /// Tells versions of one run of the program, and of one area, from those of others.
    stem: String,
    fixed: BTreeMap<&'static str, Document>,
    fixed_parts: Vec<Part>,
}

/// The features that change, by layer; those of gauges are there already.
fn living(seen: Seen<'_>, gauges: Vec<u8>, wanted: &Selection) -> [(&'static str, Vec<u8>); 4] {
    [
        (LayerName::Gauges.name(), gauges),
        (
            LayerName::WaterloggingPoints.name(),
            live::points(seen, wanted),
        ),
        (LayerName::PumpTrucks.name(), live::trucks(seen, wanted)),
        (ROUTES, live::routes(seen, wanted)),
    ]
}

/// A part of the map, or of one layer of it: the features that are seen and wanted, written for this
/// alone. `tag` stands for them.
#[must_use]
pub fn part_of(seen: Seen<'_>, layer: Option<&str>, wanted: &Selection, tag: String) -> Document {
    let is_asked = |name: &str| layer.is_none_or(|asked| asked == name);
    let gauges = if is_asked(LayerName::Gauges.name()) {
        live::some_gauges(seen, wanted)
    } else {
        Vec::new()
    };
    let mut texts: Vec<Vec<u8>> = living(seen, gauges, wanted)
        .into_iter()
        .filter_map(|(name, text)| is_asked(name).then_some(text))
        .collect();
    for shown in seen.snapshot.city.shown.keys() {
        let mut text = Vec::new();
        let wanted = |feature: &&PlainFeature| wanted.takes_plain(*shown, feature);
        if is_asked(shown.name()) {
            for feature in seen.shown(*shown).filter(wanted) {
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
        let all = city.shown.iter();
        Self::of(
            all.map(|(layer, features)| (*layer, features.iter())),
            format!("{epoch:x}"),
        )
    }

    /// Renders what never changes of what is seen from an area; `stem` stands for the area, in this run
    /// of the program.
    #[must_use]
    pub fn of_part(seen: Seen<'_>, stem: String) -> Self {
        let layers = seen.snapshot.city.shown.keys();
        Self::of(layers.map(|layer| (*layer, seen.shown(*layer))), stem)
    }

    fn of<'a, Features: Iterator<Item = &'a PlainFeature>>(
        layers: impl Iterator<Item = (LayerName, Features)>,
        stem: String,
    ) -> Self {
        let (mut fixed, mut fixed_parts) = (BTreeMap::new(), Vec::new());
        for (layer, features) in layers {
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
            stem,
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
        self.rendered(Seen::whole(snapshot), live::gauges(snapshot, texts))
    }

    /// Renders what is seen from the area that it is for.
    #[must_use]
    pub fn render_part(&self, seen: Seen<'_>) -> RenderedMap {
        self.rendered(seen, live::some_gauges(seen, &Selection::default()))
    }

    fn rendered(&self, seen: Seen<'_>, gauges: Vec<u8>) -> RenderedMap {
        let version = seen.snapshot.seq;
        let live = living(seen, gauges, &Selection::default())
            .map(|(name, text)| (name, Part::live(text)));
        let tag = format!("{}-{version}", self.stem);
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
