//! The gauges of a city, from its layer `gauges.geojson`.

use std::path::Path;

use shared::{
    findings::Wrong,
    gauge::{NotAParameter, Parameter},
    ids::GaugeId,
};

use crate::layer::{self, PointFeature};

/// The layer of the gauges.
pub(super) const GAUGES: &str = "gauges.geojson";

/// A gauge of the city.
#[derive(Debug, Clone)]
pub(crate) struct Instrument {
    pub id: GaugeId,
    pub parameter: Parameter,
    pub interval_s: u32,
    pub district: String,
}

impl Instrument {
    /// The gauge of a feature.
    ///
    /// # Errors
    /// Its id or its parameter is none; file and feature are named.
    pub(crate) fn of(feature: &PointFeature, file: &Path) -> Result<Self, Wrong> {
        let parameter = feature.text("parameter").unwrap_or_default();
        Ok(Self {
            id: feature.id.parse().map_err(|e| feature.wrong(file, e))?,
            parameter: parameter
                .parse()
                .map_err(|e: NotAParameter| feature.wrong(file, e))?,
            interval_s: feature.interval_s(),
            district: feature.text("district").unwrap_or_default().to_owned(),
        })
    }

    /// All gauges of a city's folder.
    ///
    /// # Errors
    /// The layer cannot be read, or a gauge is malformed.
    pub(crate) fn read_all(city: &Path) -> Result<Vec<Self>, Wrong> {
        let file = city.join(GAUGES);
        let features = layer::points(&file)?;
        features.iter().map(|f| Self::of(f, &file)).collect()
    }
}
