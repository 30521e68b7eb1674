//! A road and how fast trucks are on it.

use serde::Deserialize;
use shared::lonlat::LonLat;

/// A stretch of road.
#[derive(Debug, Clone)]
pub struct Road {
    pub vertices: Vec<LonLat>,
    pub class: RoadClass,
    /// Driven from the first vertex to the last only.
    pub oneway: bool,
}

/// How fast a road is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoadClass {
    Motorway,
    Arterial,
    Street,
}

impl RoadClass {
    /// Speed of a loaded truck in heavy rain, in km/h: an assumption, about half of a dry day's.
    #[must_use]
    pub const fn storm_kmh(self) -> f64 {
        match self {
            Self::Motorway => 45.0,
            Self::Arterial => 28.0,
            Self::Street => 18.0,
        }
    }
}
