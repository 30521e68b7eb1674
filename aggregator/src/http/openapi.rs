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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::DOCUMENT;

    #[test]
    fn the_document_describes_exactly_the_routes_of_the_api() {
        let document: serde_json::Value = serde_json::from_str(DOCUMENT).expect("valid JSON");
        let paths = document["paths"].as_object().expect("paths");
        let described: BTreeSet<_> = paths.keys().cloned().collect();
        let router = include_str!("mod.rs");
        let served: BTreeSet<_> = router
            .split(".route(")
            .skip(1)
            .filter_map(|rest| rest.split('"').nth(1))
            .filter(|path| path.starts_with("/api/"))
            .map(ToOwned::to_owned)
            .collect();
        assert_eq!(described, served);
    }
}
