//! Properties of features from which nothing is read: told, because one that is misspelt says
//! nothing and looks as if it did.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use shared::findings::Finding;

use super::LayerName;

/// How alike a name must be to one that is read, to be taken for it misspelt (Jaro–Winkler).
const ALIKE: f64 = 0.87;

/// What is read of every feature.
const NAMES: [&str; 2] = ["name", "name_en"];

/// The properties of one layer from which nothing is read.
#[derive(Debug)]
pub struct Unread {
    layer: LayerName,
    read: Option<Known>,
    /// How many features have each.
    found: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    /// What is read.
    read: &'static [&'static str],
    /// What people note beside it, and nothing is decided on.
    noted: &'static [&'static str],
    /// Whether all others are shown, so that only one that is alike is told.
    is_shown: bool,
}

impl Known {
    /// `None` where nothing but names is read, and all is shown.
    const fn of(layer: LayerName) -> Option<Self> {
        let (read, noted, is_shown): (&[&str], &[&str], bool) = match layer {
            LayerName::Gauges => (
                &["parameter", "interval_s", "alert_m", "district", "street"],
                &["station", "weather_station", "datum"],
                false,
            ),
            LayerName::WaterloggingPoints => (
                &[
                    "type",
                    "district",
                    "street",
                    "level_gauge",
                    "rain_gauges",
                    "catchment_ha",
                    "runoff",
                    "drain_m3h",
                    "storage",
                    "weight",
                    "thresholds",
                    "max_trucks",
                ],
                &[],
                false,
            ),
            LayerName::PumpTrucks => (
                &["district", "street", "capacity_m3h"],
                &["wading_m", "team"],
                false,
            ),
            LayerName::Roads => (&["class", "oneway"], &[], true),
            _ => return None,
        };
        Some(Self {
            read,
            noted,
            is_shown,
        })
    }

    fn alike(self, property: &str) -> Option<&'static str> {
        let likeness = |read: &str| strsim::jaro_winkler(&property.to_lowercase(), read);
        let all = self
            .read
            .iter()
            .chain(&NAMES)
            .map(|read| (likeness(read), *read));
        let best = all.max_by(|a, b| a.0.total_cmp(&b.0));
        best.filter(|(likeness, _)| *likeness >= ALIKE)
            .map(|(_, read)| read)
    }
}

impl Unread {
    pub fn of(layer: LayerName) -> Self {
        Self {
            layer,
            read: Known::of(layer),
            found: BTreeMap::new(),
        }
    }

    /// Looks at the properties of one feature.
    pub fn look(&mut self, properties: Option<&Map<String, Json>>) {
        let Some(known) = self.read else { return };
        for property in properties.into_iter().flat_map(Map::keys) {
            let mut expected = known.read.iter().chain(known.noted).chain(&NAMES);
            if !expected.any(|name| name == property) {
                match self.found.get_mut(property) {
                    Some(features) => *features += 1,
                    None => {
                        self.found.insert(property.clone(), 1);
                    }
                }
            }
        }
    }

    /// One warning for each property.
    pub fn warnings(self) -> Vec<Finding> {
        let Some(known) = self.read else {
            return Vec::new();
        };
        let file = self.layer.file();
        let told = self.found.into_iter().filter_map(|(property, features)| {
            let meant = known.alike(&property);
            let meant = match meant {
                Some(read) => format!("; did you mean `{read}`?"),
                None if known.is_shown => return None,
                None => String::new(),
            };
            Some(Finding {
                file: file.clone().into(),
                line: None,
                place: format!("property `{property}`, in {features} feature(s)"),
                message: format!("nothing is read from it{meant}"),
            })
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(layer: LayerName, properties: &[&str]) -> Vec<String> {
        let mut unread = Unread::of(layer);
        let properties: Map<_, _> = properties
            .iter()
            .map(|name| ((*name).to_owned(), Json::Null))
            .collect();
        unread.look(Some(&properties));
        unread.look(Some(&properties));
        unread.look(None);
        unread.warnings().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_property_from_which_nothing_is_read_is_told_once_with_what_may_be_meant() {
        let points = ["name", "level_gauge", "drain", "Weight", "comment"];
        assert_eq!(
            told(LayerName::WaterloggingPoints, &points),
            [
                "waterlogging-points.geojson: property `Weight`, in 2 feature(s): nothing is read \
                 from it; did you mean `weight`?",
                "waterlogging-points.geojson: property `comment`, in 2 feature(s): nothing is \
                 read from it",
                "waterlogging-points.geojson: property `drain`, in 2 feature(s): nothing is read \
                 from it; did you mean `drain_m3h`?",
            ]
        );
    }

    #[test]
    fn of_a_layer_that_is_shown_only_what_may_be_misspelt_is_told() {
        let roads = told(LayerName::Roads, &["one_way", "lanes", "class"]);
        assert_eq!(roads.len(), 1);
        assert!(roads[0].contains("did you mean `oneway`?"), "{roads:?}");
        assert!(told(LayerName::Shelters, &["beds", "keeper"]).is_empty());
        assert!(told(LayerName::PumpTrucks, &["team", "wading_m"]).is_empty());
    }
}
