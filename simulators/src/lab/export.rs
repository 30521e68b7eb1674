//! The store of a stopped aggregator, read through `flood-aggregator export`.

use std::{collections::BTreeMap, io::Read, path::Path, process::Stdio};

use serde::Deserialize;
use shared::{ids::GaugeId, time::Timestamp};

use super::LabError;

/// One stored observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportedObservation {
    pub observed_at: Timestamp,
    /// `None` for a missing reading.
    pub milli: Option<i64>,
    pub quality: u8,
}

#[derive(Deserialize)]
struct ExportRow {
    gauge: GaugeId,
    observed_at_ms: i64,
    value_milli: Option<i64>,
    quality: u8,
}

/// Everything in the store, per gauge by time.
pub type StoreExport = BTreeMap<GaugeId, Vec<ExportedObservation>>;

/// Runs the export of a configuration and reads it.
///
/// # Errors
/// The program fails, or its output is not the contract's.
pub async fn export(aggregator: &Path, config: &Path) -> Result<StoreExport, LabError> {
    let output = tokio::process::Command::new(aggregator)
        .arg("export")
        .arg(config)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(LabError::io("flood-aggregator export"))?;
    if !output.status.success() {
        return Err(LabError::Ended {
            name: "flood-aggregator export".to_owned(),
            status: output.status.to_string(),
            log: config.to_owned(),
            tail: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    read(output.stdout.as_slice())
}

fn read(csv: impl Read) -> Result<StoreExport, LabError> {
    let mut store = StoreExport::new();
    let mut reader = csv::Reader::from_reader(csv);
    for (index, row) in reader.deserialize::<ExportRow>().enumerate() {
        let row = row.map_err(|e| LabError::Export {
            line: index + 2,
            message: e.to_string(),
        })?;
        store
            .entry(row.gauge)
            .or_default()
            .push(ExportedObservation {
                observed_at: Timestamp::from_millis(row.observed_at_ms),
                milli: row.value_milli,
                quality: row.quality,
            });
    }
    for list in store.values_mut() {
        list.sort_by_key(|stored| stored.observed_at);
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_read_by_gauge_and_time() {
        let csv =
            "gauge,observed_at_ms,value_milli,quality\nlg-2,5,213,1\nlg-1,9,,9\nlg-2,3,-5,3\n";
        let store = read(csv.as_bytes()).expect("contract");
        let of = |id: &str| {
            store
                .get(id)
                .map(|l| l.iter().map(|s| s.milli).collect::<Vec<_>>())
        };
        assert_eq!(of("lg-2"), Some(vec![Some(-5), Some(213)]));
        assert_eq!(of("lg-1"), Some(vec![None]));
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = read("gauge,observed_at_ms,value_milli,quality\nlg-1,now,1,1\n".as_bytes());
        assert!(
            error
                .expect_err("not a number")
                .to_string()
                .contains("line 2")
        );
    }
}
