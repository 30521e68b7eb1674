//! The trucks of a city: its layer `pump-trucks.geojson`.

use std::path::Path;

use shared::{findings::Wrong, units::CubicMetresPerHour};

use super::{SimTruck, TruckShape};
use crate::layer::{self, PointFeature};

/// Reads the trucks of a city; none where there is no such layer.
///
/// # Errors
/// The layer is malformed; file and feature are named.
pub(crate) fn read(city: &Path) -> Result<Vec<SimTruck>, Wrong> {
    let file = city.join("pump-trucks.geojson");
    if !file.is_file() {
        return Ok(Vec::new());
    }
    let truck = |feature: PointFeature| {
        let capacity = feature
            .number("capacity_m3h")
            .and_then(|c| CubicMetresPerHour::try_from(c).ok())
            .ok_or_else(|| feature.wrong(&file, "has no number `capacity_m3h`"))?;
        Ok(SimTruck::new(TruckShape {
            id: feature.id.parse().map_err(|e| feature.wrong(&file, e))?,
            home: feature.position,
            capacity_m3h: capacity.get(),
        }))
    };
    layer::points(&file)?.into_iter().map(truck).collect()
}
