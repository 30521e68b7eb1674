//! The layers a city may have, and how one feature of a layer is read.

use std::{cell::RefCell, fmt};

use geojson::{Feature, GeometryValue, feature::Id};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use shared::{
    findings::{Finding, plain},
    lonlat::LonLat,
    name::Name,
};

use super::bounds::Bounds;

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
    /// Not on the map: it says where a street is and what it is called.
    Streets,
    Roads,
    Canals,
    Sewers,
}

impl LayerName {
    /// All layers of the map that come from files.
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
            Self::Streets => "streets",
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
            Self::Streets => "street",
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

/// Something was wrong, and has been noted.
#[derive(Debug, Clone, Copy)]
pub struct Noted;

/// What was read of a feature.
pub type Read<T> = Result<T, Noted>;

/// One feature being read: gathers everything that is wrong with it, under its file and id.
///
/// Whatever it cannot read is [`Noted`].
pub struct Reader<'a> {
    file: &'a str,
    /// The feature's id, or its position in the file (from 1) where it has none.
    label: String,
    id: Option<String>,
    feature: &'a Feature,
    bounds: Option<Bounds>,
    found: RefCell<Vec<Finding>>,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, index: usize, feature: &'a Feature, bounds: Option<Bounds>) -> Self {
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
            bounds,
            found: RefCell::default(),
        }
    }

    /// Notes what is wrong with the feature, or with one of its properties.
    pub fn wrong<T>(&self, property: Option<&str>, message: impl fmt::Display) -> Read<T> {
        let finding = mistake(self.file, &self.label, property, message);
        self.found.borrow_mut().push(finding);
        Err(Noted)
    }

    fn kept<T, E: fmt::Display>(&self, property: Option<&str>, result: Result<T, E>) -> Read<T> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => self.wrong(property, error),
        }
    }

    /// Everything that was noted.
    pub fn finish(self) -> Vec<Finding> {
        self.found.into_inner()
    }

    /// The feature's id as it stands in the file.
    pub fn text_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The feature's id, parsed.
    pub fn id<T: TryFrom<String>>(&self) -> Read<T>
    where
        T::Error: fmt::Display,
    {
        match &self.id {
            Some(id) => self.kept(None, T::try_from(id.clone())),
            None => self.wrong(
                None,
                "has no `id` (beside `type`, not among the properties)",
            ),
        }
    }

    /// The feature's geometry, with every position checked.
    pub fn geometry(&self) -> Read<&'a GeometryValue> {
        let Some(geometry) = &self.feature.geometry else {
            return self.wrong(None, "has no geometry");
        };
        for at in positions(&geometry.value) {
            let at = self.kept(None, LonLat::try_from(at))?;
            if let Some(complaint) = self.bounds.and_then(|bounds| bounds.complaint(at)) {
                return self.wrong(None, complaint);
            }
        }
        Ok(&geometry.value)
    }

    /// The geometry as one position.
    pub fn point(&self) -> Read<LonLat> {
        let geometry = self.geometry()?;
        let GeometryValue::Point { .. } = geometry else {
            let found = geometry.type_name();
            return self.wrong(None, format!("must be a Point, not a {found}"));
        };
        let at = positions(geometry).next().unwrap_or([f64::NAN; 2]);
        self.kept(None, LonLat::try_from(at))
    }

    /// The geometry as one line of at least two positions.
    pub fn line(&self) -> Read<Vec<LonLat>> {
        let geometry = self.geometry()?;
        let GeometryValue::LineString { .. } = geometry else {
            let found = geometry.type_name();
            return self.wrong(None, format!("must be a LineString, not a {found}"));
        };
        let line: Result<Vec<_>, _> = positions(geometry).map(LonLat::try_from).collect();
        let line = self.kept(None, line)?;
        if line.len() < 2 {
            return self.wrong(None, "a line needs at least two positions");
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
        let value = serde_json::from_value(value.clone()).map_err(|e| plain(&e.to_string()));
        self.kept(Some(name), value.map(Some))
    }

    /// A property that must be there.
    pub fn required<T: DeserializeOwned>(&self, name: &str) -> Read<T> {
        match self.optional(name)? {
            Some(value) => Ok(value),
            None => self.wrong(Some(name), "is missing"),
        }
    }

    /// A number within a span, both ends included.
    pub fn number(&self, name: &str, low: f64, high: f64) -> Read<f64> {
        let number: f64 = self.required(name)?;
        if (low..=high).contains(&number) {
            Ok(number)
        } else {
            let message = format!("is {number}; it must be from {low} to {high}");
            self.wrong(Some(name), message)
        }
    }

    /// All properties, as they stand in the file.
    pub fn properties(&self) -> serde_json::Map<String, Json> {
        self.feature.properties.clone().unwrap_or_default()
    }

    /// `name` and `name_en`; the id where there is no name.
    pub fn name(&self) -> Read<Name> {
        let name = self.optional::<String>("name");
        let name_en = self.optional::<String>("name_en");
        let (name, name_en) = (name?, name_en?);
        let fallback = self.id.as_deref().unwrap_or_default();
        Ok(Name::new(
            name.as_deref().unwrap_or(fallback),
            name_en.as_deref(),
        ))
    }
}

/// What is wrong with a feature of a layer; `label` is its id in quotes, or its number.
pub fn mistake(
    file: &str,
    label: &str,
    property: Option<&str>,
    message: impl fmt::Display,
) -> Finding {
    let property = property.map_or_else(String::new, |p| format!(": property `{p}`"));
    Finding {
        file: file.into(),
        line: None,
        place: format!("feature {label}{property}"),
        message: message.to_string(),
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
