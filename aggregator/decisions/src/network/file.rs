//! Reading the files of a city folder (shell).

use std::{fs, io, path::Path};

use geojson::{Feature, FeatureCollection};
use shared::findings::{self, Finding};

use super::{
    LayerName,
    settings::{self, Settings},
};

pub const CITY_TOML: &str = "city.toml";

/// Reads and checks `city.toml`.
pub fn read_settings(folder: &Path) -> Result<Settings, Vec<Finding>> {
    let text = fs::read_to_string(folder.join(CITY_TOML)).map_err(|e| {
        let missing = "is missing; every city needs one";
        vec![unreadable(CITY_TOML, &e, missing)]
    })?;
    settings::parse(Path::new(CITY_TOML), &text).map_err(|wrong| wrong.0)
}

/// Reads one layer; a layer that is not required and whose file is missing is empty.
pub fn read_layer(folder: &Path, layer: LayerName) -> Result<Vec<Feature>, Finding> {
    let file = layer.file();
    let text = match fs::read_to_string(folder.join(&file)) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound && !is_required(layer) => {
            return Ok(Vec::new());
        }
        Err(e) => {
            let missing = "is missing; a city needs gauges.geojson and waterlogging-points.geojson";
            return Err(unreadable(&file, &e, missing));
        }
    };
    // Programs on Windows put a byte-order mark before UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let collection: FeatureCollection =
        findings::read_json(Path::new(&file), text, "a GeoJSON FeatureCollection")?;
    Ok(collection.features)
}

fn unreadable(file: &str, error: &io::Error, missing: &str) -> Finding {
    let message = match error.kind() {
        io::ErrorKind::NotFound => missing.to_owned(),
        io::ErrorKind::InvalidData => "is not UTF-8 text; save it again as UTF-8".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    Finding {
        file: file.into(),
        line: None,
        place: String::new(),
        message,
    }
}

fn is_required(layer: LayerName) -> bool {
    matches!(layer, LayerName::Gauges | LayerName::WaterloggingPoints)
}
