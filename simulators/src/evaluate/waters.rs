//! The truth: what rain and water do while trucks pump, minute by minute.

use std::{collections::BTreeMap, path::Path};

use aggregator::network::Storage;
use shared::ids::{GaugeId, PointId};

use super::{
    bridge::Bridge,
    city::{Known, Rains, rains, storage},
    input::{self, Input, Sag},
};
use crate::recording::{Recording, swmm::Tables};

/// Depths at the points, in metres.
pub(super) type Depths = BTreeMap<PointId, f64>;

/// A storm over a city.
pub(super) trait Waters {
    /// Lets a minute pass while so much is pumped, in m³/h; the depths then, none after the end.
    ///
    /// # Errors
    /// A simulation failed.
    fn minute(&mut self, pumped_m3h: &BTreeMap<PointId, f64>) -> anyhow::Result<Option<Depths>>;

    /// What fell in the minute that passed, by gauge, in mm/h.
    fn rain(&self) -> &BTreeMap<GaugeId, f64>;
}

/// A recorded storm. Closed, trucks take from the recorded water what they pump, and what flowed in and off
/// without them goes on as it did.
pub(super) struct Recorded {
    minute: usize,
    minutes: usize,
    levels: BTreeMap<PointId, Vec<f64>>,
    rains: Rains,
    rain: BTreeMap<GaugeId, f64>,
    /// What trucks have taken, in m³, where that is reckoned.
    taken: Option<BTreeMap<PointId, f64>>,
    storages: BTreeMap<PointId, Storage>,
}

impl Recorded {
    pub fn open(known: &Known, tables: &Tables, storm: &Recording) -> Self {
        let by_name: BTreeMap<String, &Vec<(i64, f64)>> = tables
            .level
            .iter()
            .map(|(name, column)| (name.to_lowercase(), column))
            .collect();
        let levels: BTreeMap<PointId, Vec<f64>> = known
            .points
            .iter()
            .filter_map(|p| {
                let column = by_name.get(p.id.as_str())?;
                Some((p.id.clone(), column.iter().map(|(_, m)| *m).collect()))
            })
            .collect();
        Self {
            minute: 0,
            minutes: levels.values().map(Vec::len).max().unwrap_or(0),
            levels,
            rains: rains(storm, tables),
            rain: BTreeMap::new(),
            taken: None,
            storages: known
                .points
                .iter()
                .map(|p| (p.id.clone(), storage(p)))
                .collect(),
        }
    }

    pub fn closed(known: &Known, tables: &Tables, storm: &Recording) -> Self {
        let open = Self::open(known, tables, storm);
        let volumes = open.levels.keys().map(|p| (p.clone(), 0.0)).collect();
        Self {
            taken: Some(volumes),
            ..open
        }
    }
}

impl Waters for Recorded {
    fn minute(&mut self, pumped_m3h: &BTreeMap<PointId, f64>) -> anyhow::Result<Option<Depths>> {
        let minute = self.minute;
        if minute >= self.minutes {
            return Ok(None);
        }
        self.minute += 1;
        self.rain = fallen(&self.rains, minute);
        let mut depths = Depths::new();
        for (point, levels) in &self.levels {
            let recorded = levels.get(minute).copied().unwrap_or(0.0);
            let depth = match (&mut self.taken, self.storages.get(point)) {
                (None, _) | (_, None) => recorded,
                (Some(taken), Some(storage)) => {
                    let there = storage.volume_m3(recorded);
                    let taken = taken.entry(point.clone()).or_default();
                    *taken += pumped_m3h.get(point).copied().unwrap_or(0.0) / 60.0;
                    *taken = taken.min(there);
                    storage.depth_m(there - *taken)
                }
            };
            depths.insert(point.clone(), depth);
        }
        Ok(Some(depths))
    }

    fn rain(&self) -> &BTreeMap<GaugeId, f64> {
        &self.rain
    }
}

/// EPA SWMM, running.
pub(super) struct Swmm {
    bridge: Bridge,
    minute: usize,
    rains: Rains,
    rain: BTreeMap<GaugeId, f64>,
    /// Points by their names in the input.
    names: BTreeMap<String, PointId>,
    off: Vec<input::Outage>,
}

impl Swmm {
    pub fn start(
        python: &str,
        folder: &Path,
        name: &str,
        known: &Known,
        tables: &Tables,
        storm: &Recording,
    ) -> anyhow::Result<Self> {
        let file = folder.join(format!("{name}.inp"));
        let text = if file.is_file() {
            std::fs::read_to_string(&file)?
        } else {
            written(known, tables, storm)
        };
        let names = known
            .points
            .iter()
            .map(|p| (p.id.as_str().to_uppercase(), p.id.clone()));
        Ok(Self {
            bridge: Bridge::start(python, &text)?,
            minute: 0,
            rains: rains(storm, tables),
            rain: BTreeMap::new(),
            names: names.collect(),
            off: input::outages(&folder.join(format!("{name}_truth.json")))?,
        })
    }
}

impl Waters for Swmm {
    fn minute(&mut self, pumped_m3h: &BTreeMap<PointId, f64>) -> anyhow::Result<Option<Depths>> {
        let minute = self.minute;
        self.minute += 1;
        self.rain = fallen(&self.rains, minute);
        let off = self.off.iter().filter(|o| o.holds(minute));
        let off: Vec<&str> = off.map(|o| o.point.as_str()).collect();
        let takes = |(name, point): (&String, &PointId)| {
            let m3h = pumped_m3h.get(point).copied().filter(|m3h| *m3h > 0.0)?;
            Some((name.clone(), m3h / 3600.0))
        };
        let takes: BTreeMap<String, f64> = self.names.iter().filter_map(takes).collect();
        let Some(depths) = self.bridge.minute(&takes, &off)? else {
            return Ok(None);
        };
        let depth = |(name, depth): (String, f64)| Some((self.names.get(&name)?.clone(), depth));
        Ok(Some(depths.into_iter().filter_map(depth).collect()))
    }

    fn rain(&self) -> &BTreeMap<GaugeId, f64> {
        &self.rain
    }
}

/// The input of a storm whose folder has none. Pumps that fail are stopped from outside.
fn written(known: &Known, tables: &Tables, storm: &Recording) -> String {
    let rains = rains(storm, tables).into_iter();
    let rains = rains.map(|(gauge, series)| (gauge.to_string(), series));
    let sags: Vec<Sag> = known.points.iter().map(Sag::of).collect();
    let input = Input {
        sags: &sags,
        rains: &rains.collect(),
        outages: &[],
    };
    input.text()
}

/// What falls at the gauges in a minute; nothing after the end.
fn fallen(rains: &Rains, minute: usize) -> BTreeMap<GaugeId, f64> {
    let fell = |(gauge, series): (&GaugeId, &Vec<f64>)| {
        (gauge.clone(), series.get(minute).copied().unwrap_or(0.0))
    };
    rains.iter().map(fell).collect()
}
