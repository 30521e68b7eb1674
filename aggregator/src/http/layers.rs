//! The flood map and its layers.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;

use super::{App, problem::Problem};

const GEOJSON: &str = "application/geo+json";

/// `GET /map.geojson`
pub async fn whole_map(State(app): State<App>) -> Response {
    let whole = app.published.borrow().map.whole.clone();
    (
        [
            (header::CONTENT_TYPE, GEOJSON),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        whole,
    )
        .into_response()
}

/// `GET /layers/{layer}.geojson`
pub async fn layer(
    State(app): State<App>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let layers = app.published.borrow().map.layers.clone();
    let found = file
        .strip_suffix(".geojson")
        .and_then(|name| layers.get(name));
    let Some(body) = found else {
        let known: Vec<_> = layers.keys().copied().collect();
        return Err(Problem::not_found(format!(
            "the layers are {}",
            known.join(", ")
        )));
    };
    let tag = etag(body);
    let same = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|h| h.as_bytes() == tag.as_bytes());
    let head = [
        (header::CONTENT_TYPE, GEOJSON.to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::ETAG, tag),
    ];
    if same {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    Ok((head, body.clone()).into_response())
}

/// FNV-1a over the length and a sample of words would miss a change; over all bytes it costs
/// a few milliseconds for the largest layer, once per conditional request.
fn etag(body: &Bytes) -> String {
    let hash = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}
