//! Errors as `application/problem+json` (RFC 9457): a 500 says nothing to the client and
//! everything to the log.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tracing::error;
use utoipa::ToSchema;

use crate::{requests::Unmet, store::StoreError, world::Refusal};

/// A refused or failed request (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    r#type: &'static str,
    title: ProblemTitle,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// What was refused or failed, in one of these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub enum ProblemTitle {
    #[serde(rename = "bad request")]
    BadRequest,
    #[serde(rename = "not found")]
    NotFound,
    #[serde(rename = "method not allowed")]
    MethodNotAllowed,
    #[serde(rename = "truck is busy")]
    TruckBusy,
    #[serde(rename = "truck is out of service")]
    TruckOutOfService,
    #[serde(rename = "the plan has changed")]
    PlanChanged,
    #[serde(rename = "the order has ended")]
    OrderEnded,
    #[serde(rename = "the order was not kept")]
    OrderNotKept,
    #[serde(rename = "not ready")]
    NotReady,
    #[serde(rename = "shutting down")]
    ShuttingDown,
    #[serde(rename = "internal error")]
    Internal,
}

impl ProblemTitle {
    const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TruckBusy | Self::TruckOutOfService | Self::PlanChanged | Self::OrderEnded => {
                StatusCode::CONFLICT
            }
            Self::OrderNotKept | Self::NotReady | Self::ShuttingDown => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl Problem {
    fn new(title: ProblemTitle, detail: Option<String>) -> Self {
        Self {
            r#type: "about:blank",
            title,
            status: title.status().as_u16(),
            detail,
        }
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ProblemTitle::NotFound, Some(detail.into()))
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ProblemTitle::BadRequest, Some(detail.into()))
    }

    pub fn method_not_allowed() -> Self {
        Self::new(ProblemTitle::MethodNotAllowed, None)
    }

    pub fn not_ready(detail: impl Into<String>) -> Self {
        Self::new(ProblemTitle::NotReady, Some(detail.into()))
    }

    /// Logs the cause and tells the client nothing of it.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        error!(error = cause, "request failed");
        Self::new(ProblemTitle::Internal, None)
    }
}

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Self {
        Self::internal(&e)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let title = match &refusal {
            Refusal::NoTruck(_) | Refusal::NoPoint(_) | Refusal::NoOrder(_) => {
                ProblemTitle::NotFound
            }
            Refusal::Busy { .. } => ProblemTitle::TruckBusy,
            Refusal::OutOfService(_) => ProblemTitle::TruckOutOfService,
            Refusal::PlanChanged { .. } => ProblemTitle::PlanChanged,
            Refusal::Ended(_) => ProblemTitle::OrderEnded,
        };
        Self::new(title, Some(refusal.to_string()))
    }
}

impl From<Unmet> for Problem {
    fn from(unmet: Unmet) -> Self {
        let title = match unmet {
            Unmet::Refused(refusal) => return refusal.into(),
            Unmet::NotKept => ProblemTitle::OrderNotKept,
            Unmet::Stopping => ProblemTitle::ShuttingDown,
        };
        Self::new(title, Some(unmet.to_string()))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let head = [(header::CONTENT_TYPE, "application/problem+json")];
        let body = serde_json::to_vec(&self).expect("words and numbers are JSON");
        (self.title.status(), head, body).into_response()
    }
}
