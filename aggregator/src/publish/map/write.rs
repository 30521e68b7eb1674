//! Features as text: typed structs straight to bytes, no tree in between.
//!
//! Names are texts here, in every layer: `name` in the city's own language and `name_en`. A program
//! for maps has one type for each property, and an object of both it cannot show.

use serde::Serialize;
use serde_json::{Map, Value as Json};
use shared::{lonlat::LonLat, name::Name};

use crate::network::PlainFeature;

#[derive(Serialize)]
struct Feature<'a, G, P> {
    r#type: &'static str,
    id: &'a str,
    geometry: G,
    properties: P,
}

/// What the views of gauges, points and trucks begin with.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Head<'a> {
    pub id: &'a str,
    pub key: usize,
    pub name: &'a Name,
}

impl Head<'_> {
    /// Where in the text of a view that begins with this the rest of it begins.
    #[must_use]
    pub fn length(&self) -> usize {
        // A comma stands where here the brace ends it.
        text(self).len()
    }
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

/// Adds a point feature of a gauge, point or truck; `rest` is what its view holds after the head,
/// written already and put in as it is.
pub fn point(out: &mut Vec<u8>, kind: &'static str, at: LonLat, head: &Head, rest: &str) {
    if !out.is_empty() {
        out.push(b',');
    }
    let Head { id, key, name } = head;
    // Neither ids nor kinds hold anything to escape.
    add(out, r#"{"type":"Feature","id":""#);
    add(out, id);
    add(out, r#"","geometry":{"type":"Point","coordinates":"#);
    json(out, &rounded(at));
    add(out, r#"},"properties":{"kind":""#);
    add(out, kind);
    add(out, r#"","id":""#);
    add(out, id);
    add(out, r#"","key":"#);
    json(out, key);
    add(out, r#","name":"#);
    json(out, &name.zh);
    add(out, r#","name_en":"#);
    json(out, &name.en);
    add(out, ",");
    add(out, rest);
    out.push(b'}');
}

fn add(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn json(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("numbers and texts are JSON");
}

/// Adds a point feature of what has a view.
pub fn viewed<P: Serialize>(
    out: &mut Vec<u8>,
    kind: &'static str,
    at: LonLat,
    head: &Head,
    view: &P,
) {
    let text = text(view);
    let rest = text.get(head.length()..).unwrap_or_default();
    point(out, kind, at, head, rest);
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data without maps of odd keys is JSON")
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
    use super::*;

    #[test]
    fn a_view_on_the_map_is_the_view_with_a_kind_and_both_names_as_texts() {
        #[derive(Serialize)]
        struct View<'a> {
            #[serde(flatten)]
            head: Head<'a>,
            value: Option<f64>,
            tests: Vec<&'a str>,
        }
        let name = Name::new("\u{6c34}\"\u{4f4d}", Some("Dock \\ road"));
        let head = Head {
            id: "lg-1",
            key: 7,
            name: &name,
        };
        let view = View {
            head,
            value: Some(0.31),
            tests: vec!["spike"],
        };
        let at = LonLat::new(121.0, 31.25).expect("position");
        let mut out = Vec::new();
        viewed(&mut out, "gauge", at, &head, &view);
        viewed(&mut out, "gauge", at, &head, &view);
        let list = [b"[", &out[..], b"]"].concat();
        let features: Vec<Json> = serde_json::from_slice(&list).expect("JSON");
        let expected = serde_json::json!({
            "type": "Feature", "id": "lg-1",
            "geometry": {"type": "Point", "coordinates": [121.0, 31.25]},
            "properties": {
                "kind": "gauge", "id": "lg-1", "key": 7,
                "name": "\u{6c34}\"\u{4f4d}", "name_en": "Dock \\ road",
                "value": 0.31, "tests": ["spike"],
            },
        });
        assert_eq!(features, [expected.clone(), expected]);
    }
}
