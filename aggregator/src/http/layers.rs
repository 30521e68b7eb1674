//! The flood map and its layers.

use std::convert::Infallible;

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    answers::{BadRequest, NotFound, NotReady},
    extract::{Path, Query},
    geojson::FeatureCollection,
    look::Look,
    negotiate::{codings, has_version},
    problem::Problem,
};
use crate::{
    network::City,
    publish::map::{Document, Selection, Unselectable, part_of},
    schema,
};

const GEOJSON: &str = "application/geo+json";

/// Which part of the flood map is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// West, south, east and north in degrees: only what lies in this box, at least in part.
    #[param(value_type = Option<schema::BoundingBox>, nullable = false)]
    bbox: Option<String>,
    /// The id of a district: only what names it, and of what names none, what lies in it.
    #[param(nullable = false)]
    district: Option<String>,
}

/// The whole flood map.
#[utoipa::path(
    get, path = "/map.geojson", tag = "map",
    params(
        Part,
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "The newest version known"),
    ),
    responses(
        (
            status = 200, description = "All layers in one", body = FeatureCollection,
            content_type = "application/geo+json",
            headers(("etag" = String, description = "Stands for this version")),
        ),
        (status = 304, description = "There is none newer"),
        BadRequest, NotFound, NotReady,
    ),
)]
pub async fn whole_map(
    look: Look,
    Query(part): Query<Part>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let map = look.map().await?;
    if part.is_whole() {
        return Ok(answer(&map.whole, &headers));
    }
    let document = part.of(look, None, map.whole.tag()).await?;
    Ok(answer(&document, &headers))
}

/// One layer of the flood map.
#[utoipa::path(
    get, path = "/layers/{file}", tag = "map",
    params(
        ("file" = String, Path, pattern = r"^[a-z-]+\.geojson$",
            description = "A `LayerName` and `.geojson`"),
        Part,
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "The newest version known"),
    ),
    responses(
        (
            status = 200, description = "The layer by itself", body = FeatureCollection,
            content_type = "application/geo+json",
            headers(("etag" = String, description = "Stands for this version")),
        ),
        (status = 304, description = "There is none newer"),
        BadRequest, NotFound, NotReady,
    ),
)]
pub async fn layer(
    look: Look,
    Path(file): Path<String>,
    Query(part): Query<Part>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let layers = look.map().await?.layers;
    let found = file
        .strip_suffix(".geojson")
        .and_then(|name| layers.get_key_value(name));
    let Some((name, document)) = found else {
        let known: Vec<_> = layers.keys().copied().collect();
        return Err(Problem::not_found(format!(
            "the layers are {}",
            known.join(", ")
        )));
    };
    if part.is_whole() {
        return Ok(answer(document, &headers));
    }
    let document = part.of(look, Some(name), document.tag()).await?;
    Ok(answer(&document, &headers))
}

impl Part {
    /// What is selected of a city that is seen whole.
    pub(super) fn selected(&self, city: &City) -> Result<Selection, Unselectable> {
        let (bbox, district) = (self.bbox.as_deref(), self.district.as_deref());
        Selection::new(city, None, bbox, district)
    }

    fn is_whole(&self) -> bool {
        self.bbox.is_none() && self.district.is_none()
    }

    /// The features that are wanted of the map, or of one of its layers, whose version is `tag`.
    async fn of(
        self,
        look: Look,
        layer: Option<&'static str>,
        tag: &str,
    ) -> Result<Document, Problem> {
        let Self { bbox, district } = self;
        let asked = format!("{bbox:?} {district:?}");
        let tag = format!("{tag}-{}", Document::tag_of(asked.as_bytes()));
        let chosen = tokio::task::spawn_blocking(move || {
            let (bbox, district) = (bbox.as_deref(), district.as_deref());
            let seen = look.seen();
            let own = seen.sight().and_then(|sight| sight.area().district());
            let wanted = Selection::new(&seen.snapshot.city, own, bbox, district)?;
            Ok(part_of(seen, layer, &wanted, tag))
        });
        chosen.await.map_err(|e| Problem::internal(&e))?
    }
}

impl From<Unselectable> for Problem {
    fn from(unselectable: Unselectable) -> Self {
        match unselectable {
            Unselectable::Box(_) => Self::bad_request(unselectable.to_string()),
            Unselectable::District { .. } => Self::not_found(unselectable.to_string()),
        }
    }
}

fn answer(document: &Document, headers: &HeaderMap) -> Response {
    // Weak: the plain and the compressed answer are the same map in other bytes.
    let tag = format!("W/\"{}\"", document.tag());
    let head = [
        (header::CONTENT_TYPE, GEOJSON.to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::VARY, "accept-encoding".to_owned()),
        (header::ETAG, tag.clone()),
    ];
    if has_version(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    if codings(headers, &["gzip"]) == ["gzip"] {
        let encoding = [(header::CONTENT_ENCODING, "gzip")];
        return (head, encoding, body(document.gzip())).into_response();
    }
    (head, body(document.plain())).into_response()
}

/// The chunks as one body of known length; none of them is copied.
fn body(chunks: Vec<Bytes>) -> impl IntoResponse {
    let length: usize = chunks.iter().map(Bytes::len).sum();
    let chunks = chunks.into_iter().map(Ok::<_, Infallible>);
    (
        [(header::CONTENT_LENGTH, length.to_string())],
        Body::from_stream(stream::iter(chunks)),
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_client_that_has_this_version_is_told_so_and_no_other() {
        let document = Document::collection([], "7-3".to_owned());
        for (known, expected) in [
            ("W/\"7-3\"", StatusCode::NOT_MODIFIED),
            ("W/\"7-2\", W/\"7-3\"", StatusCode::NOT_MODIFIED),
            ("W/\"7-2\"", StatusCode::OK),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(known));
            assert_eq!(answer(&document, &headers).status(), expected, "{known}");
        }
    }
}
