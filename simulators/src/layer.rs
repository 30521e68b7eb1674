//! A city's layers as the simulators read them: GeoJSON points with an id and properties.
//!
//! Own types rather than the `geojson` crate's: serde_json's errors then name the line.

use std::{io::Read as _, path::Path};

use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{
    findings::{Wrong, read_json},
    lonlat::LonLat,
};

use crate::files;

/// A point of a layer.
#[derive(Debug, Clone)]
pub(crate) struct PointFeature {
    pub id: String,
    pub position: LonLat,
    pub properties: Map<String, Value>,
}

impl PointFeature {
    /// A text property.
    #[must_use]
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str()
    }

    /// A number property.
    #[must_use]
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.properties.get(name)?.as_f64()
    }

    /// How often a gauge of this place is read, in seconds; once a minute where nothing is said.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped first"
    )]
    pub(crate) fn interval_s(&self) -> u32 {
        let interval_s = self.number("interval_s").unwrap_or(60.0);
        interval_s.clamp(1.0, 86_400.0) as u32
    }

    /// What is wrong with it, for an error.
    pub(crate) fn wrong(&self, file: &Path, why: impl std::fmt::Display) -> Wrong {
        files::wrong(file, format!("feature {}: {why}", self.id))
    }
}

#[derive(Deserialize)]
struct RawCollection {
    features: Vec<RawFeature>,
}

#[derive(Deserialize)]
struct RawFeature {
    id: Value,
    geometry: RawPoint,
    #[serde(default)]
    properties: Map<String, Value>,
}

#[derive(Deserialize)]
struct RawPoint {
    coordinates: LonLat,
}

/// The points of a GeoJSON file.
///
/// # Errors
/// Not readable, or not a collection of points with ids.
pub(crate) fn points(file: &Path) -> Result<Vec<PointFeature>, Wrong> {
    let mut text = String::new();
    files::open(file)?
        .read_to_string(&mut text)
        .map_err(|e| files::wrong(file, e))?;
    let collection: RawCollection = read_json(file, &text, "a collection of points")?;
    let point = |feature: RawFeature| PointFeature {
        id: feature
            .id
            .as_str()
            .map_or_else(|| feature.id.to_string(), ToOwned::to_owned),
        position: feature.geometry.coordinates,
        properties: feature.properties,
    };
    Ok(collection.features.into_iter().map(point).collect())
}
