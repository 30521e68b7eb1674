//! A waterlogging point beside a river gauge: the street behind the bank, under water as soon as
//! the river's stage is above the bank.

use shared::{gauge::Parameter, ids::IdError};

use super::{RecordedGauge, RecordedPoint};

/// The point and its own depth gauge, for a bank that overflows at `overflow_m` above the gauge's
/// zero.
///
/// # Errors
/// The river gauge's id leaves no room for a longer one.
pub(super) fn street_behind(
    river: &RecordedGauge,
    overflow_m: f64,
) -> Result<(RecordedPoint, RecordedGauge), IdError> {
    let depth = RecordedGauge {
        id: format!("{}-street", river.id).parse()?,
        name: format!("{} (street)", river.name),
        parameter: Parameter::Depth,
        series: river.series.map(|stage| (stage - overflow_m).max(0.0)),
        ..river.clone()
    };
    let point = RecordedPoint {
        id: format!("{}-bank", river.id).parse()?,
        name: river.name.clone(),
        setting: "street",
        position: river.position,
        level_gauge: depth.id.clone(),
        rain_gauges: Vec::new(),
        catchment_ha: 5.0,
        drain_m3h: 1000.0,
        storage_factor: 1.0,
    };
    Ok((point, depth))
}
