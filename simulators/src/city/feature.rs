//! GeoJSON as the city's files hold it: rounded coordinates.

use geo::{Area as _, LineString, Polygon};
use serde_json::{Map, Value, json};

/// Longitude, latitude in degrees.
pub(super) type Xy = (f64, f64);

/// Rounds to `digits` decimals; 6 decimals are 0.1 m, 5 are 1 m.
pub(super) fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

fn pair((x, y): Xy, digits: i32) -> Value {
    json!([round(x, digits), round(y, digits)])
}

fn feature(id: &str, geometry: Value, properties: Value) -> Value {
    let members = [
        ("type", "Feature".into()),
        ("id", id.into()),
        ("geometry", geometry),
        ("properties", properties),
    ];
    Value::Object(
        members
            .map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect(),
    )
}

/// A place.
pub(super) fn point(id: &str, at: Xy, properties: Value) -> Value {
    let geometry = json!({"type": "Point", "coordinates": pair(at, 6)});
    feature(id, geometry, properties)
}

/// A way. Five decimals: equal vertices stay equal, and the file stays small.
pub(super) fn line(id: &str, vertices: &[Xy], properties: Value) -> Value {
    let coordinates: Vec<Value> = vertices.iter().map(|v| pair(*v, 5)).collect();
    let geometry = json!({"type": "LineString", "coordinates": coordinates});
    feature(id, geometry, properties)
}

/// An area of one or more exterior rings; they are closed and turned counter-clockwise here.
pub(super) fn area(id: &str, rings: &[Vec<Xy>], properties: Value) -> Value {
    let closed: Vec<Value> = rings.iter().map(|ring| json!([exterior(ring)])).collect();
    let geometry = match closed.as_slice() {
        [only] => json!({"type": "Polygon", "coordinates": only}),
        several => json!({"type": "MultiPolygon", "coordinates": several}),
    };
    feature(id, geometry, properties)
}

/// RFC 7946: the last position repeats the first, and exterior rings run counter-clockwise.
fn exterior(ring: &[Xy]) -> Vec<Value> {
    let mut ring = ring.to_vec();
    if signed_area(&ring) < 0.0 {
        ring.reverse();
    }
    let mut positions: Vec<Value> = ring.iter().map(|v| pair(*v, 6)).collect();
    positions.dedup();
    if positions.first() != positions.last() || positions.len() == 1 {
        positions.extend(positions.first().cloned());
    }
    positions
}

/// Positive for a ring that runs counter-clockwise.
pub(super) fn signed_area(ring: &[Xy]) -> f64 {
    Polygon::new(LineString::from(ring.to_vec()), vec![]).signed_area()
}

/// Name, English name and district: what every placed feature says.
pub(super) fn named(zh: &str, en: &str, district: Option<&str>) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("name".to_owned(), zh.into());
    map.insert("name_en".to_owned(), en.into());
    if let Some(district) = district {
        map.insert("district".to_owned(), district.into());
    }
    map
}

/// `base` with further properties.
pub(super) fn with(mut base: Map<String, Value>, more: &Value) -> Value {
    for (key, value) in more.as_object().into_iter().flatten() {
        base.insert(key.clone(), value.clone());
    }
    Value::Object(base)
}
