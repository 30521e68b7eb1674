//! Features as text: typed structs straight to bytes, no tree in between.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use shared::lonlat::LonLat;

use crate::network::PlainFeature;

#[derive(Serialize)]
struct Feature<'a, G, P> {
    r#type: &'static str,
    id: &'a str,
    geometry: G,
    properties: P,
}

#[derive(Serialize)]
struct WithKind<'a, P> {
    kind: &'static str,
    #[serde(flatten)]
    rest: &'a P,
}

#[derive(Serialize)]
struct Geometry<C> {
    r#type: &'static str,
    coordinates: C,
}

/// Six decimals of a degree are a decimetre.
fn rounded(at: LonLat) -> [f64; 2] {
    [at.lon(), at.lat()].map(|degrees| (degrees * 1e6).round() / 1e6)
}

fn write<G: Serialize, P: Serialize>(out: &mut Vec<u8>, feature: &Feature<G, P>) {
    if !out.is_empty() {
        out.push(b',');
    }
    serde_json::to_writer(out, feature).expect("plain data without maps of odd keys is JSON");
}

/// Adds a point feature.
pub fn point<P: Serialize>(out: &mut Vec<u8>, kind: &'static str, id: &str, at: LonLat, rest: &P) {
    let geometry = Geometry {
        r#type: "Point",
        coordinates: rounded(at),
    };
    write(
        out,
        &Feature {
            r#type: "Feature",
            id,
            geometry,
            properties: WithKind { kind, rest },
        },
    );
}

/// Adds a line feature.
pub fn line<P: Serialize>(
    out: &mut Vec<u8>,
    kind: &'static str,
    id: &str,
    line: &[LonLat],
    rest: &P,
) {
    let coordinates: Vec<_> = line.iter().copied().map(rounded).collect();
    let geometry = Geometry {
        r#type: "LineString",
        coordinates,
    };
    write(
        out,
        &Feature {
            r#type: "Feature",
            id,
            geometry,
            properties: WithKind { kind, rest },
        },
    );
}

/// Adds a feature as it was read, with its kind.
pub fn plain(out: &mut Vec<u8>, kind: &'static str, feature: &PlainFeature) {
    let mut properties: Map<String, Json> = feature.properties.clone();
    properties.insert("kind".to_owned(), kind.into());
    let (id, geometry) = (feature.id.as_str(), &feature.geometry);
    write(
        out,
        &Feature {
            r#type: "Feature",
            id,
            geometry,
            properties,
        },
    );
}

/// Appends features to features.
pub fn append(out: &mut Vec<u8>, features: &[u8]) {
    if !out.is_empty() && !features.is_empty() {
        out.push(b',');
    }
    out.extend_from_slice(features);
}

/// A FeatureCollection around features.
pub fn collection(features: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(features.len() + 48);
    out.extend_from_slice(br#"{"type":"FeatureCollection","features":["#);
    out.extend_from_slice(features);
    out.extend_from_slice(b"]}");
    out.into()
}
