//! Reading files of recordings: plain or gzipped text, CSV with line numbers, GeoJSON points.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value};
use shared::lonlat::LonLat;

use super::RecordingError;

/// A file, unpacked if its name ends in `.gz`.
///
/// # Errors
/// It cannot be opened.
pub fn open(file: &Path) -> Result<Box<dyn Read>, RecordingError> {
    let plain = File::open(file).map_err(|e| RecordingError::in_file(file, e))?;
    let plain = BufReader::new(plain);
    Ok(if file.extension().is_some_and(|e| e == "gz") {
        Box::new(flate2::read::MultiGzDecoder::new(plain))
    } else {
        Box::new(plain)
    })
}

/// A point feature.
#[derive(Debug, Clone)]
pub struct Site {
    pub id: String,
    pub position: LonLat,
    pub properties: Map<String, Value>,
}

impl Site {
    /// A text property.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str()
    }

    /// A number property.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.properties.get(name)?.as_f64()
    }

    /// How often a gauge of this place is read, in seconds; once a minute where nothing is said.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped first"
    )]
    pub fn interval_s(&self) -> u32 {
        let interval_s = self.number("interval_s").unwrap_or(60.0);
        interval_s.clamp(1.0, 86_400.0) as u32
    }
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    id: Value,
    geometry: Geometry,
    #[serde(default)]
    properties: Map<String, Value>,
}

#[derive(Deserialize)]
struct Geometry {
    coordinates: LonLat,
}

/// The points of a GeoJSON file.
///
/// # Errors
/// Not readable, or not a collection of points with ids.
pub fn sites(file: &Path) -> Result<Vec<Site>, RecordingError> {
    let mut text = String::new();
    open(file)?
        .read_to_string(&mut text)
        .map_err(|e| RecordingError::in_file(file, e))?;
    let collection: Collection = serde_json::from_str(&text).map_err(|e| {
        RecordingError::at_line(
            file,
            e.line() as u64,
            format!("not a collection of points: {e}"),
        )
    })?;
    let site = |feature: Feature| Site {
        id: feature
            .id
            .as_str()
            .map_or_else(|| feature.id.to_string(), ToOwned::to_owned),
        position: feature.geometry.coordinates,
        properties: feature.properties,
    };
    Ok(collection.features.into_iter().map(site).collect())
}

/// Files of a folder whose name ends so, in order.
///
/// # Errors
/// The folder cannot be read.
pub fn ending(folder: &Path, end: &str) -> Result<Vec<PathBuf>, RecordingError> {
    let entries = std::fs::read_dir(folder).map_err(|e| RecordingError::in_file(folder, e))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|n| n.to_string_lossy().ends_with(end))
        })
        .collect();
    files.sort();
    Ok(files)
}

/// A table of minutes: the names of its columns, and every column as (minute, value).
pub type MinuteTable = Vec<(String, Vec<(i64, f64)>)>;

/// Reads `minute,A,B,…`.
///
/// # Errors
/// A cell that is not a number, named by file and line.
pub fn minutes(file: &Path) -> Result<MinuteTable, RecordingError> {
    let mut reader = csv::Reader::from_reader(open(file)?);
    let headers = reader
        .headers()
        .map_err(|e| RecordingError::csv(file, &e))?;
    if headers.get(0) != Some("minute") {
        return Err(RecordingError::at_line(
            file,
            1,
            "the first column must be `minute`",
        ));
    }
    let mut table: MinuteTable = headers
        .iter()
        .skip(1)
        .map(|h| (h.to_owned(), vec![]))
        .collect();
    for record in reader.records() {
        let record = record.map_err(|e| RecordingError::csv(file, &e))?;
        let line = record.position().map_or(0, csv::Position::line);
        let number = |cell: &str| {
            let number = cell.trim().parse::<f64>().ok().filter(|n| n.is_finite());
            number.ok_or_else(|| {
                RecordingError::at_line(file, line, format!("`{cell}` is not a number"))
            })
        };
        let minute = record.get(0).unwrap_or_default();
        let minute: i64 = minute.parse().map_err(|_| {
            RecordingError::at_line(file, line, format!("`{minute}` is not a whole minute"))
        })?;
        for ((_, column), cell) in table.iter_mut().zip(record.iter().skip(1)) {
            column.push((minute, number(cell)?));
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_cell_is_named_by_file_and_line() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("s_level_m.csv");
        std::fs::write(&file, "minute,A\n1,0.0\n2,wet\n").expect("written");
        let error = minutes(&file).expect_err("wet is not a number").to_string();
        assert!(
            error.ends_with("s_level_m.csv:3: `wet` is not a number"),
            "{error}"
        );
        std::fs::write(&file, "minute,A,B\n1,0.0\n").expect("written");
        assert!(
            minutes(&file)
                .expect_err("too short")
                .to_string()
                .contains("s_level_m.csv:2")
        );
    }
}
