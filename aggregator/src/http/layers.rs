//! The flood map and its layers.

use std::convert::Infallible;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;

use super::{
    answers::{BadRequest, NotFound, NotReady},
    app::App,
    extract::Path,
    geojson::FeatureCollection,
    problem::Problem,
};
use crate::publish::map::Document;

const GEOJSON: &str = "application/geo+json";

/// The whole flood map.
#[utoipa::path(
    get, path = "/map.geojson", tag = "map",
    params(("If-None-Match" = Option<String>, Header, nullable = false, description = "The newest version known")),
    responses(
        (
            status = 200, description = "All layers in one", body = FeatureCollection,
            content_type = "application/geo+json",
            headers(("etag" = String, description = "Stands for this version")),
        ),
        (status = 304, description = "There is none newer"),
        NotReady,
    ),
)]
pub async fn whole_map(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let now = app.current()?;
    Ok(answer(&now.map.whole, &headers))
}

/// One layer of the flood map.
#[utoipa::path(
    get, path = "/layers/{file}", tag = "map",
    params(
        ("file" = String, Path, pattern = r"^[a-z-]+\.geojson$",
            description = "A `LayerName` and `.geojson`"),
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
    State(app): State<App>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = app.current()?;
    let layers = &now.map.layers;
    let found = file
        .strip_suffix(".geojson")
        .and_then(|name| layers.get(name));
    let Some(document) = found else {
        let known: Vec<_> = layers.keys().copied().collect();
        return Err(Problem::not_found(format!(
            "the layers are {}",
            known.join(", ")
        )));
    };
    Ok(answer(document, &headers))
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
    if lists(headers, &header::IF_NONE_MATCH, |known| known == tag) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    if lists(headers, &header::ACCEPT_ENCODING, accepts_gzip) {
        let encoding = [(header::CONTENT_ENCODING, "gzip")];
        return (head, encoding, body(document.gzip())).into_response();
    }
    (head, body(document.plain())).into_response()
}

/// Whether one of a header's comma-separated members is as wanted.
fn lists(headers: &HeaderMap, name: &HeaderName, wanted: impl Fn(&str) -> bool) -> bool {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|member| wanted(member.trim()))
}

fn accepts_gzip(coding: &str) -> bool {
    let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
    let refused = quality
        .trim()
        .strip_prefix("q=")
        .and_then(|q| q.parse::<f64>().ok())
        .is_some_and(|q| q <= 0.0);
    name.trim() == "gzip" && !refused
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
    fn gzip_is_sent_to_those_who_accept_it() {
        for (header, expected) in [
            ("gzip", true),
            ("br, gzip;q=0.5", true),
            ("gzip;q=0, br", false),
            ("identity", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(header));
            let accepted = lists(&headers, &header::ACCEPT_ENCODING, accepts_gzip);
            assert_eq!(accepted, expected, "{header}");
        }
    }

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
