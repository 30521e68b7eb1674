//! A request read as every handler would read it, and answered by none: for those who try it with anything.

use std::hint::black_box;

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    http::header,
};
use futures_util::FutureExt as _;

use super::{
    extract,
    history::{Hours, Span},
    layers::Part,
    negotiate::{codings, has_version},
    orders::DispatchBody,
    question::escapes,
};
use crate::network::City;

/// Reads a path with its query, the value of a header, and a body.
pub fn read(city: &City, target: &str, field: &str, body: &[u8]) {
    let asked = Request::builder()
        .uri(target)
        .header(header::ACCEPT_ENCODING, field)
        .header(header::IF_NONE_MATCH, field)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_vec()));
    // What the HTTP library itself refuses comes to no handler.
    let Ok(request) = asked else { return };
    black_box(escapes(request.uri().path()).is_ok());
    black_box(codings(request.headers(), &["br", "gzip"]));
    black_box(has_version(request.headers(), "W/\"1-1\""));
    let (mut parts, body) = request.into_parts();
    let span = extract::Query::<Span>::from_request_parts(&mut parts, &());
    black_box(span.now_or_never().is_some());
    let hours = extract::Query::<Hours>::from_request_parts(&mut parts, &());
    black_box(hours.now_or_never().is_some());
    let part = extract::Query::<Part>::from_request_parts(&mut parts, &());
    if let Some(Ok(extract::Query(part))) = part.now_or_never() {
        black_box(part.selected(city).is_ok());
    }
    let wish = Request::from_parts(parts, body);
    let wish = extract::Body::<DispatchBody>::from_request(wish, &());
    black_box(wish.now_or_never().is_some());
}
