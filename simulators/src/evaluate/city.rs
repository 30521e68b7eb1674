//! The city as its layers tell it, wrong as layers are.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use aggregator::network::{City, Storage, read_city};
use anyhow::bail;
use shared::ids::{GaugeId, PointId};

use super::EvaluateArgs;
use crate::{
    fleet::{self, SimTruck},
    recording::{CitySource, RecordedPoint, Recording, city_layers, swmm::Tables},
    rng::Rng,
};

/// What the aggregator knows of a city, and what is true of it.
pub(super) struct Known {
    pub city: Arc<City>,
    pub trucks: Vec<SimTruck>,
    pub points: Vec<RecordedPoint>,
    /// Gauges in the order of the recording, with the column's place.
    pub depth_of: BTreeMap<GaugeId, PointId>,
    _folder: tempfile::TempDir,
}

impl Known {
    /// The layers of a recording's city, each area, storage and drain wrong by a share of its own.
    pub fn of(storm: &Recording, args: &EvaluateArgs) -> anyhow::Result<Self> {
        let CitySource::Generated { points, .. } = &storm.city else {
            bail!("{} has no simulated points", storm.name);
        };
        let mut rng = Rng::new(args.seed, 1);
        let mut wrong = || 1.0 + args.layers_wrong * rng.between(-1.0, 1.0);
        let told = |point: &RecordedPoint| RecordedPoint {
            catchment_ha: point.catchment_ha * wrong(),
            drain_m3h: point.drain_m3h * wrong(),
            storage_factor: point.storage_factor * wrong(),
            ..point.clone()
        };
        let told: Vec<RecordedPoint> = points.iter().map(told).collect();
        let folder = tempfile::tempdir()?;
        city_layers::write(storm, &told, args.trucks.into(), folder.path())?;
        let city = read_city(folder.path())?;
        let path: PathBuf = folder.path().into();
        let depth_of = points.iter().map(|p| (p.level_gauge.clone(), p.id.clone()));
        Ok(Self {
            trucks: fleet::read(&path)?,
            city: Arc::new(city),
            depth_of: depth_of.collect(),
            points: points.clone(),
            _folder: folder,
        })
    }
}

/// Rain by gauge and minute.
pub(super) type Rains = BTreeMap<GaugeId, Vec<f64>>;

pub(super) fn rains(storm: &Recording, tables: &Tables) -> Rains {
    let names = tables
        .rain
        .iter()
        .map(|(name, column)| (name.to_lowercase(), column));
    let by_name: BTreeMap<String, _> = names.collect();
    let gauges = storm.gauges.iter().filter(|g| g.parameter.is_rain());
    gauges
        .filter_map(|g| {
            let column = by_name.get(g.id.as_str())?;
            Some((g.id.clone(), column.iter().map(|(_, mm)| *mm).collect()))
        })
        .collect()
}

/// How much truly stands at a depth at a point.
pub(super) fn storage(point: &RecordedPoint) -> Storage {
    Storage::new(&city_layers::told(point)).expect("the curves of settings rise")
}
