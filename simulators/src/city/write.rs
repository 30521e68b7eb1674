//! The files of a generated city.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// Why the city could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CityWriteError {
    #[error("cannot create the folder {}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// Writes a layer; one feature per line, so that two versions can be compared.
pub(super) fn write_layer(
    out: &Path,
    layer: &str,
    features: &[Value],
) -> Result<(), CityWriteError> {
    let lines: Vec<String> = features.iter().map(Value::to_string).collect();
    let text = format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n",
        lines.join(",\n")
    );
    write_text(out, &format!("{layer}.geojson"), &text)
}

/// Writes one file of the city.
pub(super) fn write_text(out: &Path, name: &str, text: &str) -> Result<(), CityWriteError> {
    let path = out.join(name);
    fs::write(&path, text).map_err(|source| CityWriteError::Write { path, source })
}
