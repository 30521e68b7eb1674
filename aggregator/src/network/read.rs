//! From layers to a [`City`]: everything is checked, and every mistake is reported at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use geojson::Feature;
use shared::{
    gauge::Parameter,
    ids::{GaugeId, PointId},
    lonlat::LonLat,
    text::Name,
    units::{CubicMetresPerHour, Hectares, Metres, NotFinite},
    waterlogging::Thresholds,
};

use super::{
    City, District, GaugeSite, LayerError, LayerName, PlainFeature, Point, Road, Truck,
    file::{read_city_toml, read_layer},
    layer::Reader,
};
use crate::forecast::Storage;

/// Rain gauges of a point that names none: this many nearest.
const NEAREST_RAIN_GAUGES: usize = 3;

/// Default for how many trucks find room at one point.
const DEFAULT_MAX_TRUCKS: usize = 3;

/// Why a folder is not a city.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: not valid", path.display())]
    Toml {
        path: PathBuf,
        source: Box<toml::de::Error>,
    },
    #[error("{}: not a GeoJSON FeatureCollection", path.display())]
    GeoJson {
        path: PathBuf,
        source: Box<geojson::Error>,
    },
    #[error("{}: {message}", path.display())]
    Setting { path: PathBuf, message: String },
    #[error("{} mistake(s) in the layers of {}:\n  {}", errors.len(), folder.display(), list(errors))]
    Layers {
        folder: PathBuf,
        errors: Vec<LayerError>,
    },
}

fn list(errors: &[LayerError]) -> String {
    const SHOWN: usize = 20;
    let mut lines: Vec<String> = errors.iter().take(SHOWN).map(ToString::to_string).collect();
    if errors.len() > SHOWN {
        lines.push(format!("… and {} more", errors.len() - SHOWN));
    }
    lines.join("\n  ")
}

/// Reads and checks all layers of a city folder.
///
/// # Errors
/// A file that cannot be read or parsed, or any mistake in a feature (all of them are listed).
pub fn read_city(folder: &Path) -> Result<City, CityError> {
    let toml = read_city_toml(folder)?;
    let setting = |message: String| CityError::Setting {
        path: folder.join("city.toml"),
        message,
    };
    let centre = LonLat::try_from(toml.centre).map_err(|e| setting(format!("centre: {e}")))?;
    let utc_offset = parse_offset(&toml.utc_offset).ok_or_else(|| {
        setting(format!(
            "utc_offset `{}` is not like +08:00",
            toml.utc_offset
        ))
    })?;
    let thresholds = toml.thresholds.unwrap_or_default();
    thresholds
        .check()
        .map_err(|e| setting(format!("[thresholds]: {e}")))?;

    let mut errors = Vec::new();
    let gauges = collect(folder, LayerName::Gauges, &mut errors, gauge)?;
    let at: BTreeMap<GaugeId, (Parameter, LonLat)> = gauges
        .iter()
        .map(|g| (g.id.clone(), (g.parameter, g.position)))
        .collect();
    let points = collect(
        folder,
        LayerName::WaterloggingPoints,
        &mut errors,
        |reader| point(reader, thresholds, &at),
    )?;
    shared_level_gauges(&points, &mut errors);
    let city = City {
        name: Name::new(&toml.name, toml.name_en.as_deref()),
        time_zone: toml.time_zone,
        utc_offset,
        datum: toml.datum,
        centre,
        bounds: toml.bounds,
        gauges,
        points,
        trucks: collect(folder, LayerName::PumpTrucks, &mut errors, truck)?,
        districts: collect(folder, LayerName::Districts, &mut errors, |reader| {
            reader.geometry()?;
            Ok(District {
                id: reader.id()?,
                name: reader.name()?,
            })
        })?,
        roads: collect(folder, LayerName::Roads, &mut errors, road)?,
        shown: shown(folder, &mut errors)?,
    };
    if errors.is_empty() {
        Ok(city)
    } else {
        Err(CityError::Layers {
            folder: folder.to_owned(),
            errors,
        })
    }
}

fn parse_offset(text: &str) -> Option<jiff::tz::Offset> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    jiff::tz::Offset::from_seconds(sign * seconds).ok()
}

/// Reads every feature of a layer, gathering mistakes, and refuses ids that come twice.
fn collect<T>(
    folder: &Path,
    layer: LayerName,
    errors: &mut Vec<LayerError>,
    read: impl Fn(&Reader) -> Result<T, LayerError>,
) -> Result<Vec<T>, CityError> {
    let file = layer.file();
    let features: Vec<Feature> = read_layer(folder, layer)?;
    let mut seen = BTreeSet::new();
    let mut good = Vec::with_capacity(features.len());
    for (index, feature) in features.iter().enumerate() {
        let reader = Reader::new(&file, index, feature);
        match reader.id::<String>() {
            Ok(id) if !seen.insert(id.clone()) => {
                errors.push(reader.error(None, "the id stands twice in this file"));
                continue;
            }
            Ok(_) => {}
            Err(e) => {
                errors.push(e);
                continue;
            }
        }
        match read(&reader) {
            Ok(item) => good.push(item),
            Err(e) => errors.push(e),
        }
    }
    Ok(good)
}

fn quantity<T: TryFrom<f64, Error = NotFinite>>(
    reader: &Reader,
    name: &str,
    low: f64,
    high: f64,
) -> Result<T, LayerError> {
    let number = reader.number(name, low, high)?;
    T::try_from(number).map_err(|e| reader.error(Some(name), e.to_string()))
}

fn gauge(reader: &Reader) -> Result<GaugeSite, LayerError> {
    let interval_s: u32 = reader.required("interval_s")?;
    if !(1..=86_400).contains(&interval_s) {
        let message = format!("is {interval_s}; it must be from 1 to 86400");
        return Err(reader.error(Some("interval_s"), message));
    }
    Ok(GaugeSite {
        id: reader.id()?,
        name: reader.name()?,
        position: reader.point()?,
        parameter: reader.required("parameter")?,
        interval_s,
        station: reader.optional("station")?,
        datum: reader.optional("datum")?,
        alert_m: reader.optional("alert_m")?,
        weather_station: reader.optional("weather_station")?.unwrap_or(false),
    })
}

fn point(
    reader: &Reader,
    city_thresholds: Thresholds,
    gauges: &BTreeMap<GaugeId, (Parameter, LonLat)>,
) -> Result<Point, LayerError> {
    let position = reader.point()?;
    let level_gauge: GaugeId = reader.required("level_gauge")?;
    match gauges.get(&level_gauge) {
        Some((Parameter::Depth, _)) => {}
        Some((other, _)) => {
            let message = format!("gauge {level_gauge} gives {other}, not depth");
            return Err(reader.error(Some("level_gauge"), message));
        }
        None => {
            let message = format!("gauge {level_gauge} is not in gauges.geojson");
            return Err(reader.error(Some("level_gauge"), message));
        }
    }
    let thresholds: Thresholds = reader.optional("thresholds")?.unwrap_or(city_thresholds);
    thresholds
        .check()
        .map_err(|e| reader.error(Some("thresholds"), e.to_string()))?;
    let curve: Vec<(f64, f64)> = reader.required("storage")?;
    let storage = Storage::new(&curve).map_err(|e| reader.error(Some("storage"), e.to_string()))?;
    Ok(Point {
        id: reader.id()?,
        name: reader.name()?,
        position,
        setting: reader.required("type")?,
        district: reader.optional("district")?,
        level_gauge,
        rain_gauges: rain_gauges(reader, position, gauges)?,
        catchment: quantity::<Hectares>(reader, "catchment_ha", 0.01, 10_000.0)?,
        runoff: reader.number("runoff", 0.0, 1.0)?,
        drain: quantity::<CubicMetresPerHour>(reader, "drain_m3h", 0.0, 1.0e6)?,
        storage,
        weight: reader.number("weight", 1.0, 5.0)?,
        thresholds,
        max_trucks: reader.optional("max_trucks")?.unwrap_or(DEFAULT_MAX_TRUCKS),
    })
}

fn rain_gauges(
    reader: &Reader,
    position: LonLat,
    gauges: &BTreeMap<GaugeId, (Parameter, LonLat)>,
) -> Result<Vec<GaugeId>, LayerError> {
    if let Some(named) = reader.optional::<Vec<GaugeId>>("rain_gauges")? {
        for id in &named {
            if !gauges.get(id).is_some_and(|(p, _)| p.is_rain()) {
                let message = format!("{id} is not a rain gauge of gauges.geojson");
                return Err(reader.error(Some("rain_gauges"), message));
            }
        }
        return Ok(named);
    }
    let mut near: Vec<(f64, &GaugeId)> = gauges
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
fn shared_level_gauges(points: &[Point], errors: &mut Vec<LayerError>) {
    let mut owner: BTreeMap<&GaugeId, &PointId> = BTreeMap::new();
    for point in points {
        if let Some(other) = owner.insert(&point.level_gauge, &point.id) {
            errors.push(LayerError {
                file: LayerName::WaterloggingPoints.file(),
                feature: format!("\"{}\"", point.id),
                property: Some("level_gauge".to_owned()),
                message: format!("gauge {} already belongs to {other}", point.level_gauge),
            });
        }
    }
}

fn truck(reader: &Reader) -> Result<Truck, LayerError> {
    Ok(Truck {
        id: reader.id()?,
        name: reader.name()?,
        home: reader.point()?,
        district: reader.optional("district")?,
        capacity: quantity::<CubicMetresPerHour>(reader, "capacity_m3h", 1.0, 20_000.0)?,
        wading: quantity::<Metres>(reader, "wading_m", 0.0, 3.0)?,
    })
}

fn road(reader: &Reader) -> Result<Road, LayerError> {
    Ok(Road {
        vertices: reader.line()?,
        class: reader.required("class")?,
        oneway: reader.optional("oneway")?.unwrap_or(false),
    })
}

/// Every layer as it will be shown, gauges, points and trucks excepted: those carry live values.
fn shown(
    folder: &Path,
    errors: &mut Vec<LayerError>,
) -> Result<BTreeMap<LayerName, Vec<PlainFeature>>, CityError> {
    let live = [
        LayerName::Gauges,
        LayerName::WaterloggingPoints,
        LayerName::PumpTrucks,
    ];
    let mut shown = BTreeMap::new();
    for layer in LayerName::ALL.into_iter().filter(|l| !live.contains(l)) {
        // Mistakes of roads and districts were already reported when they were read for use.
        let mut again = Vec::new();
        let reported = matches!(layer, LayerName::Roads | LayerName::Districts);
        let features = collect(
            folder,
            layer,
            if reported { &mut again } else { errors },
            plain,
        )?;
        shown.insert(layer, features);
    }
    Ok(shown)
}

fn plain(reader: &Reader) -> Result<PlainFeature, LayerError> {
    let name = reader.name()?;
    let mut properties = reader.properties();
    properties.insert("name".to_owned(), name.zh.into());
    properties.insert("name_en".to_owned(), name.en.into());
    Ok(PlainFeature {
        id: reader.id()?,
        geometry: reader.geometry()?.clone(),
        properties,
    })
}
