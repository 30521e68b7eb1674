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
}

#[derive(Deserialize)]
struct ExportRow {
    gauge: GaugeId,
    observed_at_ms: i64,
    value_milli: Option<i64>,
}

/// Everything in the store, per gauge by time.
pub type StoreExport = BTreeMap<GaugeId, Vec<ExportedObservation>>;

/// Runs the export of a configuration and reads it.
///
/// # Errors
/// The program fails, or its output is not the contract's.
pub(crate) async fn export(aggregator: &Path, config: &Path) -> Result<StoreExport, LabError> {
    read(output(aggregator, config, &["export"]).await?.as_slice())
}

/// What was kept aside, as `flood-aggregator export --aside` prints it.
///
/// # Errors
/// As [`export`].
pub(crate) async fn aside(aggregator: &Path, config: &Path) -> Result<StoreExport, LabError> {
    let command = ["export", "--aside"];
    read(output(aggregator, config, &command).await?.as_slice())
}

/// The state document of a past moment, as `flood-aggregator at` prints it.
///
/// # Errors
/// The program fails: the store does not reach back so far, or cannot be read.
pub(crate) async fn state_at(
    aggregator: &Path,
    config: &Path,
    moment: &str,
) -> Result<Vec<u8>, LabError> {
    output(aggregator, config, &["at", moment]).await
}

/// What a command of the aggregator prints of its store.
async fn output(aggregator: &Path, config: &Path, command: &[&str]) -> Result<Vec<u8>, LabError> {
    let name = format!("flood-aggregator {}", command.join(" "));
    let output = tokio::process::Command::new(aggregator)
        .args(command)
        .arg(config)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(LabError::io(name.clone()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(LabError::Ended {
        name,
        status: output.status.to_string(),
        log: config.to_owned(),
        tail: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
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
