//! The map page, embedded in the program, and the notices of what both are built from.

use axum::{
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::{
    negotiate::{codings, has_version},
    problem::Problem,
};

/// What the program and its page are built from, under which licences, and their texts.
pub const LICENCES: &str = concat!(
    include_str!("../../licences.txt"),
    "\n",
    include_str!("../../web/licences.txt")
);

/// Everything that is no other route: a file of the page, the notices, or not found.
pub async fn asset(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    if path == "licences" && (method == Method::GET || method == Method::HEAD) {
        let head = [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        return (head, LICENCES).into_response();
    }
    let Some(asset) = web::asset(path, &codings(&headers, &web::CODINGS)) else {
        return Problem::not_found(format!("there is nothing at {}", uri.path())).into_response();
    };
    if method != Method::GET && method != Method::HEAD {
        let allowed = [(header::ALLOW, "GET,HEAD")];
        return (StatusCode::METHOD_NOT_ALLOWED, allowed).into_response();
    }
    let cache = if asset.immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut response = if has_version(&headers, &asset.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        asset.bytes.into_owned().into_response()
    };
    let mut set = |name: header::HeaderName, value: &str| {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, &asset.mime);
    set(header::CACHE_CONTROL, cache);
    set(header::ETAG, &asset.etag);
    set(header::VARY, "accept-encoding");
    if let Some(encoding) = asset.encoding {
        set(header::CONTENT_ENCODING, encoding);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_notices_of_program_page_and_fonts_are_open_to_all() {
        let asked = |method| {
            let uri = Uri::from_static("/licences");
            asset(method, uri, HeaderMap::new())
        };
        let answer = asked(Method::GET).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let kind = answer.headers().get(header::CONTENT_TYPE);
        assert_eq!(
            kind.map(AsRef::as_ref),
            Some(&b"text/plain; charset=utf-8"[..])
        );
        for part in ["* rmqtt ", "* maplibre-gl ", "SIL OPEN FONT LICENSE"] {
            assert!(LICENCES.contains(part), "{part}");
        }
        assert_eq!(asked(Method::POST).await.status(), StatusCode::NOT_FOUND);
    }
}
