//! Finds out who asks, and lets nobody through who may not: before any handler sees the request.

use axum::{
    extract::{FromRequestParts, MatchedPath, Request},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::Problem;
use crate::people::{
    Viewer,
    policy::{self, Denied},
};

/// Puts the [`Viewer`] into the request and asks the policy.
pub async fn admit(route: MatchedPath, mut request: Request, next: Next) -> Response {
    let found = request.extensions().get::<Viewer>().cloned();
    let viewer = found.unwrap_or_else(Viewer::unknown);
    let endpoint = policy::endpoint(request.method().as_str(), route.as_str());
    if let Err(denied) = policy::may(Some(&viewer), endpoint, None) {
        return Problem::from(denied).into_response();
    }
    request.extensions_mut().insert(viewer);
    next.run(request).await
}

impl<S: Send + Sync> FromRequestParts<S> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let viewer = parts.extensions.get::<Self>().cloned();
        viewer.ok_or_else(|| Denied::LogIn.into())
    }
}
