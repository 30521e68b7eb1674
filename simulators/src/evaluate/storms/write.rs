//! The files of generated storms.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use anyhow::Context as _;
use serde_json::{Value, json};
use shared::lonlat::LonLat;

use super::{
    city::{DrainedCity, Placed},
    levels::Levels,
};
use crate::evaluate::input::Sag;

/// The places of a city.
pub(super) fn places(city: &DrainedCity) -> Value {
    let feature = |id: &str, at: LonLat, properties: Value| {
        json!({
            "type": "Feature",
            "id": id,
            "geometry": { "type": "Point", "coordinates": at },
            "properties": properties,
        })
    };
    let sag = |Placed { position, of }: &Placed<Sag>| {
        let properties = json!({
            "kind": of.setting(),
            "name": of.name,
            "gauge": of.rain,
            "area_ha": of.catchment_ha,
            "drain_cap_m3s": of.drain_m3s,
            "paved": of.paved,
            "slope": of.slope,
            "storage_factor": of.storage_factor,
        });
        feature(&of.name, *position, properties)
    };
    let gauge = |Placed { position, of }: &Placed<String>| {
        feature(of, *position, json!({ "kind": "raingauge" }))
    };
    let sags = city.sags.iter().map(sag);
    let features: Vec<Value> = sags.chain(city.gauges.iter().map(gauge)).collect();
    json!({ "type": "FeatureCollection", "features": features })
}

/// A table of minutes: columns by name, rows from a first minute on.
pub(super) fn table<'a>(
    columns: impl Iterator<Item = (&'a String, &'a Vec<f64>)> + Clone,
    first: usize,
    digits: usize,
) -> String {
    let names: Vec<&str> = columns.clone().map(|(name, _)| name.as_str()).collect();
    let mut text = format!("minute,{}\n", names.join(","));
    let rows = columns.clone().map(|(_, column)| column.len()).max();
    for row in 0..rows.unwrap_or(0) {
        let _ = write!(text, "{}", first + row);
        for (_, column) in columns.clone() {
            let value = column.get(row).copied().unwrap_or(0.0);
            let _ = write!(text, ",{value:.digits$}");
        }
        text.push('\n');
    }
    text
}

/// The tables of a storm.
pub(super) fn tables(
    folder: &Path,
    storm: &str,
    rains: &BTreeMap<String, Vec<f64>>,
    city: &DrainedCity,
    levels: &Levels,
) -> anyhow::Result<()> {
    let gauges = city
        .gauges
        .iter()
        .filter_map(|g| rains.get_key_value(&g.of));
    file(
        folder,
        &format!("{storm}_rain_mmph.csv"),
        &table(gauges, 0, 2),
    )?;
    let levels = table(levels.iter(), 1, 3);
    file(folder, &format!("{storm}_level_m.csv"), &levels)
}

/// One file.
///
/// # Errors
/// It cannot be written.
pub(super) fn file(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_every_minute_and_a_column_for_every_place() {
        let columns = BTreeMap::from([
            ("A".to_owned(), vec![0.0, 1.25]),
            ("B".to_owned(), vec![2.0, 3.0]),
        ]);
        assert_eq!(
            table(columns.iter(), 1, 1),
            "minute,A,B\n1,0.0,2.0\n2,1.2,3.0\n"
        );
    }
}
