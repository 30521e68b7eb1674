//! Features as text: typed structs straight to bytes, no tree in between.

use serde::Serialize;
use serde_json::{Map, Value as Json, value::RawValue};
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

/// Adds a point feature whose properties are an object that was written already: the text is put
/// together as it is, without reading it again.
pub fn written_point(
    out: &mut Vec<u8>,
    kind: &'static str,
    id: &str,
    at: LonLat,
    properties: &RawValue,
) {
    if !out.is_empty() {
        out.push(b',');
    }
    let mut add = |text: &str| out.extend_from_slice(text.as_bytes());
    // Neither ids nor kinds hold anything to escape.
    add(r#"{"type":"Feature","id":""#);
    add(id);
    add(r#"","geometry":{"type":"Point","coordinates":"#);
    serde_json::to_writer(&mut *out, &rounded(at)).expect("two numbers are JSON");
    let mut add = |text: &str| out.extend_from_slice(text.as_bytes());
    add(r#"},"properties":{"kind":""#);
    add(kind);
    add(r#"","#);
    add(properties.get().trim_start_matches('{'));
    out.push(b'}');
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

#[cfg(test)]
mod tests {
    use serde_json::value::to_raw_value;

    use super::*;

    #[test]
    fn a_point_that_was_written_already_is_the_same_feature() {
        #[derive(Serialize)]
        struct View {
            id: &'static str,
            value: Option<f64>,
        }
        let view = View {
            id: "lg-1",
            value: Some(0.31),
        };
        let at = LonLat::new(121.0, 31.25).expect("position");
        let (mut anew, mut again) = (Vec::new(), Vec::new());
        let text = to_raw_value(&view).expect("JSON");
        for _ in 0..2 {
            point(&mut anew, "gauge", "lg-1", at, &view);
            written_point(&mut again, "gauge", "lg-1", at, &text);
        }
        let read = |text: &[u8]| {
            let list = [b"[", text, b"]"].concat();
            serde_json::from_slice::<Json>(&list).expect("JSON")
        };
        assert_eq!(read(&anew), read(&again));
    }
}
