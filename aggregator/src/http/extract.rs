//! What handlers take from a request. What cannot be taken is a [`Problem`], where axum's own
//! extractors answer with plain text.

use axum::{
    Json,
    extract::{self, FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A part of the path.
pub struct Path<T>(pub T);

/// The query.
pub struct Query<T>(pub T);

/// The body, which is JSON.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let taken = extract::Path::from_request_parts(parts, state).await;
        taken
            .map(|extract::Path(part)| Self(part))
            .map_err(|e| Problem::bad_request(e.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let taken = extract::Query::from_request_parts(parts, state).await;
        taken
            .map(|extract::Query(query)| Self(query))
            .map_err(|e| Problem::bad_request(e.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let taken = Json::from_request(request, state).await;
        taken
            .map(|Json(body)| Self(body))
            .map_err(|e| Problem::of(e.status(), e.body_text()))
    }
}
