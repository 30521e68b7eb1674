//! Which gauge hangs on which gateway: neighbours share one. Pure.

use shared::time::Timestamp;

use crate::{gauge::SimGauge, scenario::FaultEntry, truth::Instrument};

/// Splits the gauges, district by district, into so many gateways of about equal size.
#[must_use]
pub(super) fn groups(
    instruments: &[Instrument],
    gateways: usize,
    faults: &[FaultEntry],
    origin: Timestamp,
) -> Vec<Vec<SimGauge>> {
    let mut sorted: Vec<&Instrument> = instruments.iter().collect();
    sorted.sort_by(|a, b| (&a.district, &a.id).cmp(&(&b.district, &b.id)));
    let gauge = |i: &&Instrument| SimGauge {
        id: i.id.clone(),
        parameter: i.parameter,
        interval_s: i.interval_s,
        faults: faults
            .iter()
            .filter(|f| f.gauge == i.id)
            .map(|f| f.fault(origin))
            .collect(),
    };
    let size = sorted.len().div_ceil(gateways.max(1)).max(1);
    sorted
        .chunks(size)
        .map(|own| own.iter().map(gauge).collect())
        .collect()
}
