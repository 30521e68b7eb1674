//! The layers a city may have, and how one feature of a layer is read.

use std::fmt;

use geojson::{Feature, GeometryValue, feature::Id};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use shared::{lonlat::LonLat, text::Name};

/// A layer of the city, named like its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerName {
    Gauges,
    WaterloggingPoints,
    PumpTrucks,
    PumpStations,
    Shelters,
    Communities,
    Districts,
    Roads,
    Canals,
    Sewers,
}

impl LayerName {
    /// All layers that come from files.
    pub const ALL: [Self; 10] = [
        Self::Gauges,
        Self::WaterloggingPoints,
        Self::PumpTrucks,
        Self::PumpStations,
        Self::Shelters,
        Self::Communities,
        Self::Districts,
        Self::Roads,
        Self::Canals,
        Self::Sewers,
    ];

    /// The name in file names and URLs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gauges => "gauges",
            Self::WaterloggingPoints => "waterlogging-points",
            Self::PumpTrucks => "pump-trucks",
            Self::PumpStations => "pump-stations",
            Self::Shelters => "shelters",
            Self::Communities => "communities",
            Self::Districts => "districts",
            Self::Roads => "roads",
            Self::Canals => "canals",
            Self::Sewers => "sewers",
        }
    }

    /// The property `kind` of its features on the flood map.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Gauges => "gauge",
            Self::WaterloggingPoints => "waterlogging-point",
            Self::PumpTrucks => "pump-truck",
            Self::PumpStations => "pump-station",
            Self::Shelters => "shelter",
            Self::Communities => "community",
            Self::Districts => "district",
            Self::Roads => "road",
            Self::Canals => "canal",
            Self::Sewers => "sewer",
        }
    }

    /// The layer's file in a city folder.
    #[must_use]
    pub fn file(self) -> String {
        format!("{}.geojson", self.name())
    }
}

impl fmt::Display for LayerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is wrong with one feature of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerError {
    pub file: String,
    /// The feature's id, or its position in the file (from 1) where it has none.
    pub feature: String,
    pub property: Option<String>,
    pub message: String,
}

impl fmt::Display for LayerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: feature {}", self.file, self.feature)?;
        if let Some(property) = &self.property {
            write!(f, ": property `{property}`")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// One feature being read: knows its file and id for errors.
pub struct Reader<'a> {
    file: &'a str,
    label: String,
    id: Option<String>,
    feature: &'a Feature,
}

type Read<T> = Result<T, LayerError>;

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, index: usize, feature: &'a Feature) -> Self {
        let id = match &feature.id {
            Some(Id::String(text)) => Some(text.clone()),
            Some(Id::Number(number)) => Some(number.to_string()),
            None => None,
        };
        let label = id
            .as_ref()
            .map_or_else(|| format!("number {}", index + 1), |id| format!("\"{id}\""));
        Self {
            file,
            label,
            id,
            feature,
        }
    }

    pub fn error(&self, property: Option<&str>, message: impl Into<String>) -> LayerError {
        LayerError {
            file: self.file.to_owned(),
            feature: self.label.clone(),
            property: property.map(ToOwned::to_owned),
            message: message.into(),
        }
    }

    /// The feature's id, parsed.
    pub fn id<T: TryFrom<String>>(&self) -> Read<T>
    where
        T::Error: fmt::Display,
    {
        let text = self
            .id
            .clone()
            .ok_or_else(|| self.error(None, "has no `id`"))?;
        T::try_from(text).map_err(|e| self.error(None, e.to_string()))
    }

    /// The feature's geometry, with every position checked.
    pub fn geometry(&self) -> Read<&'a GeometryValue> {
        let geometry = self.feature.geometry.as_ref();
        let value = geometry
            .map(|g| &g.value)
            .ok_or_else(|| self.error(None, "has no geometry"))?;
        for [lon, lat] in positions(value) {
            LonLat::new(lon, lat).map_err(|e| self.error(None, e.to_string()))?;
        }
        Ok(value)
    }

    /// The geometry as one position.
    pub fn point(&self) -> Read<LonLat> {
        let geometry = self.geometry()?;
        let GeometryValue::Point { .. } = geometry else {
            return Err(self.error(
                None,
                format!("must be a Point, not a {}", geometry.type_name()),
            ));
        };
        let at = positions(geometry).next().unwrap_or([f64::NAN; 2]);
        LonLat::try_from(at).map_err(|e| self.error(None, e.to_string()))
    }

    /// The geometry as one line of at least two positions.
    pub fn line(&self) -> Read<Vec<LonLat>> {
        let geometry = self.geometry()?;
        let GeometryValue::LineString { .. } = geometry else {
            let found = geometry.type_name();
            return Err(self.error(None, format!("must be a LineString, not a {found}")));
        };
        let line: Result<Vec<_>, _> = positions(geometry).map(LonLat::try_from).collect();
        let line = line.map_err(|e| self.error(None, e.to_string()))?;
        if line.len() < 2 {
            return Err(self.error(None, "a line needs at least two positions"));
        }
        Ok(line)
    }

    fn property(&self, name: &str) -> Option<&'a Json> {
        self.feature
            .properties
            .as_ref()
            .and_then(|p| p.get(name))
            .filter(|v| !v.is_null())
    }

    /// A property that may be missing.
    pub fn optional<T: DeserializeOwned>(&self, name: &str) -> Read<Option<T>> {
        let Some(value) = self.property(name) else {
            return Ok(None);
        };
        serde_json::from_value(value.clone())
            .map(Some)
            .map_err(|e| self.error(Some(name), e.to_string()))
    }

    /// A property that must be there.
    pub fn required<T: DeserializeOwned>(&self, name: &str) -> Read<T> {
        self.optional(name)?
            .ok_or_else(|| self.error(Some(name), "is missing"))
    }

    /// A number within a span, both ends included.
    pub fn number(&self, name: &str, low: f64, high: f64) -> Read<f64> {
        let number: f64 = self.required(name)?;
        if (low..=high).contains(&number) {
            Ok(number)
        } else {
            Err(self.error(
                Some(name),
                format!("is {number}; it must be from {low} to {high}"),
            ))
        }
    }

    /// All properties, as they stand in the file.
    pub fn properties(&self) -> serde_json::Map<String, Json> {
        self.feature.properties.clone().unwrap_or_default()
    }

    /// `name` and `name_en`; the id where there is no name.
    pub fn name(&self) -> Read<Name> {
        let name: Option<String> = self.optional("name")?;
        let name_en: Option<String> = self.optional("name_en")?;
        let fallback = self.id.as_deref().unwrap_or_default();
        Ok(Name::new(
            name.as_deref().unwrap_or(fallback),
            name_en.as_deref(),
        ))
    }
}

/// All positions of a geometry, as longitude and latitude.
fn positions(geometry: &GeometryValue) -> Box<dyn Iterator<Item = [f64; 2]> + '_> {
    let pair = |p: &geojson::Position| {
        let at = |i| p.as_slice().get(i).copied().unwrap_or(f64::NAN);
        [at(0), at(1)]
    };
    match geometry {
        GeometryValue::Point { coordinates } => Box::new(std::iter::once(pair(coordinates))),
        GeometryValue::MultiPoint { coordinates } | GeometryValue::LineString { coordinates } => {
            Box::new(coordinates.iter().map(pair))
        }
        GeometryValue::MultiLineString { coordinates } | GeometryValue::Polygon { coordinates } => {
            Box::new(coordinates.iter().flatten().map(pair))
        }
        GeometryValue::MultiPolygon { coordinates } => {
            Box::new(coordinates.iter().flatten().flatten().map(pair))
        }
        GeometryValue::GeometryCollection { geometries } => {
            Box::new(geometries.iter().flat_map(|g| positions(&g.value)))
        }
    }
}
