//! `GET /api/v1/openapi.json`: the API, described.

use axum::response::{IntoResponse, Response};

/// The document is written by hand beside the handlers and checked by a test against the router.
const DOCUMENT: &str = include_str!("openapi.json");

/// `GET /api/v1/openapi.json`
pub async fn document() -> Response {
    (
        [(axum::http::header::CONTENT_TYPE, "application/json")],
        DOCUMENT,
    )
        .into_response()
}
