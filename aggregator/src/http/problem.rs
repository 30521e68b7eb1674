//! Errors as `application/problem+json` (RFC 9457): a 500 says nothing to the client and
//! everything to the log.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tracing::error;

use crate::{requests::Unmet, store::StoreError, world::Refusal};

/// A refused or failed request.
#[derive(Debug, Serialize)]
pub struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, detail: Option<String>) -> Self {
        Self {
            r#type: "about:blank",
            title,
            status: status.as_u16(),
            detail,
        }
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not found", Some(detail.into()))
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad request", Some(detail.into()))
    }

    pub fn not_ready(detail: impl Into<String>) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "not ready", Some(detail.into()))
    }

    /// Logs the cause and tells the client nothing of it.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        error!(error = cause, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error", None)
    }
}

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Self {
        Self::internal(&e)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, title) = match &refusal {
            Refusal::NoTruck(_) | Refusal::NoPoint(_) | Refusal::NoOrder(_) => {
                (StatusCode::NOT_FOUND, "not found")
            }
            Refusal::Busy { .. } => (StatusCode::CONFLICT, "truck is busy"),
            Refusal::OutOfService(_) => (StatusCode::CONFLICT, "truck is out of service"),
            Refusal::PlanChanged { .. } => (StatusCode::CONFLICT, "the plan has changed"),
            Refusal::Ended(_) => (StatusCode::CONFLICT, "the order has ended"),
        };
        Self::new(status, title, Some(refusal.to_string()))
    }
}

impl From<Unmet> for Problem {
    fn from(unmet: Unmet) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        match unmet {
            Unmet::Refused(refusal) => refusal.into(),
            Unmet::NotKept => Self::new(status, "the order was not kept", Some(unmet.to_string())),
            Unmet::Stopping => Self::new(status, "shutting down", Some(unmet.to_string())),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (
            status,
            [(header::CONTENT_TYPE, "application/problem+json")],
            body,
        )
            .into_response()
    }
}
