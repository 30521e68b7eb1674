//! What goes wrong with a gauge, as scenario files say it.

use serde::Deserialize;
use shared::{ids::GaugeId, time::Timestamp};

use crate::gauge::{Fault, FaultKind};

/// One fault of one gauge, in minutes of the storm.
///
/// `by` is how much a `spike` or `offset` adds; `per_hour` is how fast a `drift` creeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultEntry {
    pub gauge: GaugeId,
    pub kind: FaultName,
    #[serde(default)]
    pub by: f64,
    #[serde(default)]
    pub per_hour: f64,
    pub from_minute: i64,
    pub to_minute: i64,
}

/// The kinds of fault by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FaultName {
    Silent,
    Stuck,
    Spike,
    Sentinel,
    Drift,
    Offset,
}

impl FaultEntry {
    /// The fault in a storm whose minute 0 is `origin`.
    #[must_use]
    pub(crate) fn fault(&self, origin: Timestamp) -> Fault {
        let kind = match self.kind {
            FaultName::Silent => FaultKind::Silent,
            FaultName::Stuck => FaultKind::Stuck,
            FaultName::Spike => FaultKind::Spike { by: self.by },
            FaultName::Sentinel => FaultKind::Sentinel,
            FaultName::Drift => FaultKind::Drift {
                per_hour: self.per_hour,
            },
            FaultName::Offset => FaultKind::Offset { by: self.by },
        };
        let at = |minute: i64| origin.plus_millis(minute * 60_000);
        Fault {
            kind,
            from: at(self.from_minute),
            to: at(self.to_minute),
        }
    }
}
