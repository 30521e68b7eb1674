//! Reading the files of a city folder (shell).

use std::{fs, io, path::Path};

use geojson::{Feature, FeatureCollection};
use serde::Deserialize;
use shared::waterlogging::Thresholds;

use super::{CityError, LayerName};

/// `city.toml`, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CityToml {
    pub name: String,
    pub name_en: Option<String>,
    pub time_zone: String,
    pub utc_offset: String,
    pub datum: String,
    pub centre: [f64; 2],
    pub bounds: [f64; 4],
    #[serde(default)]
    pub thresholds: Option<Thresholds>,
}

/// Reads `city.toml`; the error of the TOML reader names line and column.
pub fn read_city_toml(folder: &Path) -> Result<CityToml, CityError> {
    let path = folder.join("city.toml");
    let text = fs::read_to_string(&path).map_err(|source| CityError::Read {
        path: path.clone(),
        source,
    })?;
    toml::from_str(&text).map_err(|source| CityError::Toml {
        path,
        source: Box::new(source),
    })
}

/// Reads one layer; a layer whose file is missing is empty.
pub fn read_layer(folder: &Path, layer: LayerName) -> Result<Vec<Feature>, CityError> {
    let path = folder.join(layer.file());
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound && !is_required(layer) => {
            return Ok(Vec::new());
        }
        Err(source) => return Err(CityError::Read { path, source }),
    };
    let collection: FeatureCollection = text.parse().map_err(|source| CityError::GeoJson {
        path,
        source: Box::new(source),
    })?;
    Ok(collection.features)
}

fn is_required(layer: LayerName) -> bool {
    matches!(layer, LayerName::Gauges | LayerName::WaterloggingPoints)
}
