//! From layers to a [`City`]: everything is checked, and every mistake is reported at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use shared::{
    findings::Finding,
    gauge::Parameter,
    ids::{FeatureId, GaugeId, PointId},
    lonlat::LonLat,
    units::{CubicMetresPerHour, Hectares, NotFinite},
    waterlogging::Thresholds,
};

use super::{
    City, Gauge, Lack, LayerName, PlainFeature, PumpTruck, Road, Storage, WaterloggingPoint,
    bounds::Bounds,
    file::{read_layer, read_settings},
    grounds::Grounds,
    layer::{Noted, Read, Reader, mistake},
    plausible,
    unread::Unread,
};

/// Rain gauges of a point that names none: this many nearest.
const NEAREST_RAIN_GAUGES: usize = 3;

/// Default for how many trucks find room at one point.
const DEFAULT_MAX_TRUCKS: usize = 3;

/// Share of the rain that runs off where a layer does not say: streets, roofs and some green.
const TYPICAL_RUNOFF: f64 = 0.8;

/// Mistakes and warnings that are told; more of them would scroll the first ones away.
pub const TOLD: usize = 20;

/// Why a folder is not a city.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    #[error("there is no folder {}{}", folder.display(), from_where(folder))]
    NoFolder { folder: PathBuf },
    #[error("{} mistake(s) in {}:{}", mistakes.len(), folder.display(), list(mistakes))]
    Wrong {
        folder: PathBuf,
        mistakes: Vec<Finding>,
    },
}

fn list(mistakes: &[Finding]) -> String {
    let told = mistakes.iter().take(TOLD).map(|m| format!("\n  {m}"));
    let more = mistakes.len().saturating_sub(TOLD);
    let more = (more > 0)
        .then(|| format!("\n  … and {more} more (`flood-aggregator check --all` tells all)"));
    told.chain(more).collect()
}

fn from_where(folder: &Path) -> &'static str {
    if folder.is_relative() {
        " below the folder in which the program was started"
    } else {
        ""
    }
}

/// Reads and checks all layers of a city folder.
///
/// # Errors
/// No such folder, or everything that is wrong in its files.
pub fn read_city(folder: &Path) -> Result<City, CityError> {
    let folder = folder.to_owned();
    if !folder.is_dir() {
        return Err(CityError::NoFolder { folder });
    }
    let mut mistakes = Vec::new();
    let settings = read_settings(&folder).map_err(|found| mistakes.extend(found));
    let settings = settings.ok();
    let thresholds = settings.as_ref().map(|s| s.thresholds).unwrap_or_default();
    let mut layers = Layers {
        folder: &folder,
        bounds: settings.as_ref().map(|s| s.bounds),
        mistakes,
        warnings: Vec::new(),
    };
    let districts = layers.read(LayerName::Districts, district);
    let grounds = Grounds::new(&districts.ids);
    let streets = layers.read(LayerName::Streets, |reader| grounds.street(reader));
    let grounds = grounds.with_streets(&streets.good);
    let gauges = layers.read(LayerName::Gauges, |reader| gauge(reader, &grounds));
    let known = Known::new(&gauges, &grounds);
    let points = layers.read(LayerName::WaterloggingPoints, |reader| {
        point(reader, thresholds, &known)
    });
    shared_level_gauges(&points.good, &mut layers.mistakes);
    let trucks = layers.read(LayerName::PumpTrucks, |reader| truck(reader, &known));
    let roads = layers.read(LayerName::Roads, road);
    let shown = shown(&mut layers, &grounds);
    let (mistakes, mut warnings) = (layers.mistakes, layers.warnings);
    warnings.extend(plausible::points(&points.good));
    warnings.extend(plausible::trucks(&trucks.good));
    match settings {
        Some(settings) if mistakes.is_empty() => Ok(City {
            name: settings.name,
            time_zone: settings.time_zone,
            datum: settings.datum,
            centre: settings.centre,
            bounds: settings.bounds.bounds(),
            gauges: gauges.good,
            points: points.good,
            trucks: trucks.good,
            roads: roads.good,
            streets: streets.good,
            shown,
            warnings,
        }),
        _ => Err(CityError::Wrong { folder, mistakes }),
    }
}

/// The layers of a folder being read, with all mistakes so far.
struct Layers<'a> {
    folder: &'a Path,
    bounds: Option<Bounds>,
    mistakes: Vec<Finding>,
    warnings: Vec<Finding>,
}

/// What one file gave.
struct Layer<T> {
    good: Vec<T>,
    /// Of all features, also of those with mistakes.
    ids: BTreeSet<String>,
    /// `false` where the file could not be read at all.
    readable: bool,
}

impl Layers<'_> {
    /// Reads every feature of a layer, gathering mistakes, and refuses ids that come twice.
    fn read<T>(&mut self, layer: LayerName, read: impl Fn(&Reader) -> Read<T>) -> Layer<T> {
        let file = layer.file();
        let features = read_layer(self.folder, layer);
        let readable = features.is_ok();
        let features = features.unwrap_or_else(|mistake| {
            self.mistakes.push(mistake);
            Vec::new()
        });
        let mut ids = BTreeSet::new();
        let mut unread = Unread::of(layer);
        let mut good = Vec::with_capacity(features.len());
        for (index, feature) in features.iter().enumerate() {
            let reader = Reader::new(&file, index, feature, self.bounds);
            unread.look(feature.properties.as_ref());
            let twice = reader
                .text_id()
                .is_some_and(|id| !ids.insert(id.to_owned()));
            if twice {
                let message = format!(
                    "the id stands twice in this file, again as feature number {}",
                    index + 1
                );
                let _ = reader.wrong::<()>(None, message);
            } else {
                good.extend(read(&reader).ok());
            }
            self.mistakes.extend(reader.finish());
        }
        self.warnings.extend(unread.warnings());
        Layer {
            good,
            ids,
            readable,
        }
    }
}

/// What features of later layers may name.
struct Known<'a> {
    gauges: BTreeMap<GaugeId, (Parameter, LonLat)>,
    /// Gauges with mistakes: told once, not again by every point that names them.
    broken: BTreeSet<&'a str>,
    gauges_readable: bool,
    grounds: &'a Grounds,
}

impl<'a> Known<'a> {
    fn new(gauges: &'a Layer<Gauge>, grounds: &'a Grounds) -> Self {
        let good: BTreeMap<_, _> = gauges
            .good
            .iter()
            .map(|g| (g.id.clone(), (g.parameter, g.position)))
            .collect();
        Self {
            broken: gauges
                .ids
                .iter()
                .map(String::as_str)
                .filter(|id| !good.contains_key(*id))
                .collect(),
            gauges: good,
            gauges_readable: gauges.readable,
            grounds,
        }
    }

    /// The parameter of a gauge that a property names.
    fn parameter(&self, reader: &Reader, property: &str, id: &GaugeId) -> Read<Parameter> {
        match self.gauges.get(id) {
            Some((parameter, _)) => Ok(*parameter),
            None if self.broken.contains(id.as_str()) || !self.gauges_readable => Err(Noted),
            None => reader.wrong(
                Some(property),
                format!("gauge {id} is not in gauges.geojson"),
            ),
        }
    }
}

fn quantity<T: TryFrom<f64, Error = NotFinite>>(
    reader: &Reader,
    name: &str,
    low: f64,
    high: f64,
) -> Read<T> {
    let number = reader.number(name, low, high)?;
    match T::try_from(number) {
        Ok(quantity) => Ok(quantity),
        Err(error) => reader.wrong(Some(name), error),
    }
}

fn gauge(reader: &Reader, grounds: &Grounds) -> Read<Gauge> {
    // All are read before the first that is wrong ends it: each notes its own mistake.
    let (id, name, position) = (reader.id(), reader.name(), reader.point());
    let (parameter, interval_s) = (reader.required("parameter"), interval(reader));
    let (alert_m, named) = (reader.optional("alert_m"), grounds.named(reader));
    let named = named?;
    Ok(Gauge {
        id: id?,
        name: name?,
        position: position?,
        district: named.district,
        street: named.street,
        parameter: parameter?,
        interval_s: interval_s?,
        alert_m: alert_m?,
    })
}

fn interval(reader: &Reader) -> Read<u32> {
    let name = "interval_s";
    let interval: u32 = reader.required(name)?;
    if (1..=86_400).contains(&interval) {
        Ok(interval)
    } else {
        let message = format!("is {interval}; it must be from 1 to 86400");
        reader.wrong(Some(name), message)
    }
}

/// A district; other features name it, and the map shows it as it was read.
fn district(reader: &Reader) -> Read<FeatureId> {
    let (id, name, geometry) = (reader.id(), reader.name(), reader.geometry());
    name?;
    geometry?;
    id
}

fn point(reader: &Reader, city_thresholds: Thresholds, known: &Known) -> Read<WaterloggingPoint> {
    let (id, name, position) = (reader.id(), reader.name(), reader.point());
    let (kind, named) = (reader.required("type"), known.grounds.named(reader));
    let level_gauge = level_gauge(reader, known);
    let rain_gauges = rain_gauges(reader, position, known);
    let catchment = if_said(reader, "catchment_ha", |name| {
        quantity::<Hectares>(reader, name, 0.01, 10_000.0)
    });
    let runoff = if_said(reader, "runoff", |name| reader.number(name, 0.0, 1.0));
    let drain = if_said(reader, "drain_m3h", |name| {
        quantity::<CubicMetresPerHour>(reader, name, 0.0, 1.0e6)
    });
    let storage = if_said(reader, "storage", |name| storage(reader, name));
    let weight = reader.number("weight", 1.0, 5.0);
    let thresholds = thresholds(reader, city_thresholds);
    let max_trucks = reader.optional("max_trucks");
    let named = named?;
    let (catchment, runoff, drain, storage) = (catchment?, runoff?, drain?, storage?);
    let lacks = [
        (Lack::Catchment, catchment.is_none()),
        (Lack::Runoff, catchment.is_some() && runoff.is_none()),
        (Lack::Drain, drain.is_none()),
        (Lack::Storage, storage.is_none()),
    ];
    Ok(WaterloggingPoint {
        id: id?,
        name: name?,
        position: position?,
        kind: kind?,
        district: named.district,
        street: named.street,
        level_gauge: level_gauge?,
        rain_gauges: rain_gauges?,
        catchment,
        runoff: runoff.unwrap_or(TYPICAL_RUNOFF),
        drain,
        storage: storage.unwrap_or_else(Storage::typical),
        lacks: lacks
            .into_iter()
            .filter_map(|(lack, is_so)| is_so.then_some(lack))
            .collect(),
        weight: weight?,
        thresholds: thresholds?,
        max_trucks: max_trucks?.unwrap_or(DEFAULT_MAX_TRUCKS),
    })
}

/// Reads a property that a layer may leave unsaid.
fn if_said<'a, T>(
    reader: &Reader,
    name: &'a str,
    read: impl FnOnce(&'a str) -> Read<T>,
) -> Read<Option<T>> {
    match reader.optional::<serde_json::Value>(name)? {
        Some(_) => read(name).map(Some),
        None => Ok(None),
    }
}

fn level_gauge(reader: &Reader, known: &Known) -> Read<GaugeId> {
    let name = "level_gauge";
    let gauge: GaugeId = reader.required(name)?;
    match known.parameter(reader, name, &gauge)? {
        Parameter::Depth => Ok(gauge),
        other => reader.wrong(
            Some(name),
            format!("gauge {gauge} gives {other}, not depth"),
        ),
    }
}

fn storage(reader: &Reader, name: &str) -> Read<Storage> {
    let curve: Vec<(f64, f64)> = reader.required(name)?;
    match Storage::new(&curve) {
        Ok(storage) => Ok(storage),
        Err(error) => reader.wrong(Some(name), error),
    }
}

fn thresholds(reader: &Reader, city: Thresholds) -> Read<Thresholds> {
    let name = "thresholds";
    let thresholds: Thresholds = reader.optional(name)?.unwrap_or(city);
    match thresholds.check() {
        Ok(()) => Ok(thresholds),
        Err(error) => reader.wrong(Some(name), error),
    }
}

fn rain_gauges(reader: &Reader, position: Read<LonLat>, known: &Known) -> Read<Vec<GaugeId>> {
    let name = "rain_gauges";
    if let Some(named) = reader.optional::<Vec<GaugeId>>(name)? {
        for id in &named {
            let parameter = known.parameter(reader, name, id)?;
            if !parameter.is_rain() {
                let message = format!("gauge {id} gives {parameter}, not rain");
                return reader.wrong(Some(name), message);
            }
        }
        return Ok(named);
    }
    let position = position?;
    let mut near: Vec<(f64, &GaugeId)> = known
        .gauges
        .iter()
        .filter(|(_, (parameter, _))| parameter.is_rain())
        .map(|(id, (_, at))| (position.distance_m(*at), id))
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    Ok(near
        .into_iter()
        .take(NEAREST_RAIN_GAUGES)
        .map(|(_, id)| id.clone())
        .collect())
}

/// One depth gauge cannot speak for two places.
fn shared_level_gauges(points: &[WaterloggingPoint], mistakes: &mut Vec<Finding>) {
    let mut owner: BTreeMap<&GaugeId, &PointId> = BTreeMap::new();
    for point in points {
        if let Some(other) = owner.insert(&point.level_gauge, &point.id) {
            let (file, label) = (
                LayerName::WaterloggingPoints.file(),
                format!("\"{}\"", point.id),
            );
            let message = format!("gauge {} already belongs to {other}", point.level_gauge);
            mistakes.push(mistake(&file, &label, Some("level_gauge"), message));
        }
    }
}

fn truck(reader: &Reader, known: &Known) -> Read<PumpTruck> {
    let (id, name, home) = (reader.id(), reader.name(), reader.point());
    let named = known.grounds.named(reader);
    let capacity = quantity::<CubicMetresPerHour>(reader, "capacity_m3h", 1.0, 20_000.0);
    let named = named?;
    Ok(PumpTruck {
        id: id?,
        name: name?,
        home: home?,
        district: named.district,
        street: named.street,
        capacity: capacity?,
    })
}

fn road(reader: &Reader) -> Read<Road> {
    let (id, name, vertices) = (reader.id::<FeatureId>(), reader.name(), reader.line());
    let (class, oneway) = (reader.required("class"), reader.optional("oneway"));
    id?;
    name?;
    Ok(Road {
        vertices: vertices?,
        class: class?,
        oneway: oneway?.unwrap_or(false),
    })
}

/// Every layer as it will be shown, gauges, points and trucks excepted: those carry live values.
fn shown(layers: &mut Layers<'_>, grounds: &Grounds) -> BTreeMap<LayerName, Vec<PlainFeature>> {
    let live = [
        LayerName::Gauges,
        LayerName::WaterloggingPoints,
        LayerName::PumpTrucks,
    ];
    let mut shown = BTreeMap::new();
    for layer in LayerName::ALL.into_iter().filter(|l| !live.contains(l)) {
        let before = (layers.mistakes.len(), layers.warnings.len());
        let features = layers.read(layer, plain).good;
        // Mistakes of roads and districts were already told when they were read for use.
        if matches!(layer, LayerName::Roads | LayerName::Districts) {
            layers.mistakes.truncate(before.0);
            layers.warnings.truncate(before.1);
        }
        for feature in &features {
            if let Some((property, message)) = grounds.complaint(&feature.properties) {
                let label = format!("\"{}\"", feature.id);
                let warning = mistake(&layer.file(), &label, Some(property), message);
                layers.warnings.push(warning);
            }
        }
        shown.insert(layer, features);
    }
    shown
}

fn plain(reader: &Reader) -> Read<PlainFeature> {
    let (id, name, geometry) = (reader.id(), reader.name()?, reader.geometry());
    let mut properties = reader.properties();
    properties.insert("name".to_owned(), name.zh.into());
    properties.insert("name_en".to_owned(), name.en.into());
    Ok(PlainFeature {
        id: id?,
        geometry: geometry?.clone(),
        properties,
    })
}
