//! Errors as `application/problem+json` (RFC 9457): a 500 says nothing to the client and
//! everything to the log.

use std::{fmt::Display, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tracing::error;
use utoipa::ToSchema;

use crate::{
    people::{DeskError, HashError, acts, policy::Denied},
    provider::ProviderError,
    requests::Unmet,
    store::StoreError,
    world::Refusal,
};

/// After which it may be tried again to log in where too many do.
const BUSY: Duration = Duration::from_secs(3);

/// A refused or failed request (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    r#type: &'static str,
    title: ProblemTitle,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
    /// Seconds after which it may be asked again.
    #[serde(skip)]
    wait_s: Option<u64>,
}

/// What was refused or failed, in one of these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub enum ProblemTitle {
    #[serde(rename = "bad request")]
    BadRequest,
    #[serde(rename = "not found")]
    NotFound,
    #[serde(rename = "from another web page")]
    Foreign,
    #[serde(rename = "not logged in")]
    NotLoggedIn,
    #[serde(rename = "not allowed")]
    NotAllowed,
    #[serde(rename = "wrong name or password")]
    WrongPassword,
    #[serde(rename = "the provider is down")]
    ProviderDown,
    #[serde(rename = "log-in not begun here")]
    NotBegun,
    #[serde(rename = "not proven by the provider")]
    NotProven,
    #[serde(rename = "nobody here")]
    Stranger,
    #[serde(rename = "of the provider")]
    OfProvider,
    #[serde(rename = "too many requests")]
    TooMany,
    #[serde(rename = "unknown host")]
    UnknownHost,
    #[serde(rename = "name is taken")]
    NameTaken,
    #[serde(rename = "link is spent")]
    LinkSpent,
    #[serde(rename = "last administrator")]
    LastAdministrator,
    #[serde(rename = "no room")]
    NoRoom,
    #[serde(rename = "not kept")]
    NotKept,
    #[serde(rename = "method not allowed")]
    MethodNotAllowed,
    #[serde(rename = "timed out")]
    TimedOut,
    #[serde(rename = "too large")]
    TooLarge,
    #[serde(rename = "unsupported media type")]
    UnsupportedType,
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
            Self::NotLoggedIn | Self::WrongPassword | Self::NotBegun | Self::NotProven => {
                StatusCode::UNAUTHORIZED
            }
            Self::ProviderDown => StatusCode::BAD_GATEWAY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
            Self::Foreign | Self::NotAllowed | Self::Stranger => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TruckBusy
            | Self::TruckOutOfService
            | Self::PlanChanged
            | Self::OrderEnded
            | Self::NameTaken
            | Self::LinkSpent
            | Self::LastAdministrator
            | Self::OfProvider
            | Self::NoRoom => StatusCode::CONFLICT,
            Self::OrderNotKept | Self::NotKept | Self::NotReady | Self::ShuttingDown => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<StatusCode> for ProblemTitle {
    /// The title of what the framework refuses or fails by itself.
    fn from(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::TimedOut,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedType,
            status if status.is_server_error() => Self::Internal,
            _ => Self::BadRequest,
        }
    }
}

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Whatever was refused or failed without a word of ours is a problem too.
pub async fn every_error(mut response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.headers().get(header::CONTENT_TYPE) == Some(&PROBLEM_JSON) {
        return response;
    }
    let allowed = response.headers_mut().remove(header::ALLOW);
    let detail = allowed.as_ref().and_then(|methods| methods.to_str().ok());
    let detail = detail.map(|methods| format!("there is {}", methods.replace(',', ", ")));
    let mut problem = Problem::new(status.into(), detail).into_response();
    if let Some(allowed) = allowed {
        problem.headers_mut().insert(header::ALLOW, allowed);
    }
    problem
}

impl Problem {
    fn new(title: ProblemTitle, detail: Option<String>) -> Self {
        Self {
            r#type: "about:blank",
            title,
            status: title.status().as_u16(),
            detail,
            wait_s: None,
        }
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ProblemTitle::NotFound, Some(detail.into()))
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ProblemTitle::BadRequest, Some(detail.into()))
    }

    pub fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new(ProblemTitle::NotAllowed, Some(detail.into()))
    }

    /// Comes again after a while.
    pub fn too_many(why: impl Display, wait: Duration) -> Self {
        let wait_s = wait.as_secs().max(1);
        let detail = format!("{why}; come again in {wait_s} seconds");
        Self {
            wait_s: Some(wait_s),
            ..Self::new(ProblemTitle::TooMany, Some(detail))
        }
    }

    /// Comes under a name that is not ours.
    pub fn misdirected(host: &str) -> Self {
        let host: String = host.chars().filter(|c| !c.is_control()).take(100).collect();
        let detail = format!(
            "this is not known as `{host}`; [http] hosts in the configuration names what it is known as"
        );
        Self::new(ProblemTitle::UnknownHost, Some(detail))
    }

    pub fn foreign(detail: impl Into<String>) -> Self {
        Self::new(ProblemTitle::Foreign, Some(detail.into()))
    }

    pub fn unsupported_type(detail: impl Into<String>) -> Self {
        Self::new(ProblemTitle::UnsupportedType, Some(detail.into()))
    }

    pub fn busy(detail: impl Into<String>) -> Self {
        Self::new(ProblemTitle::TruckBusy, Some(detail.into()))
    }

    /// What the framework refuses.
    pub fn of(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::new(status.into(), Some(detail.into()))
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

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let title = match denied {
            Denied::LogIn => ProblemTitle::NotLoggedIn,
            Denied::Account | Denied::Role(_) | Denied::Area => ProblemTitle::NotAllowed,
            Denied::Unlisted => ProblemTitle::MethodNotAllowed,
        };
        Self::new(title, Some(denied.to_string()))
    }
}

impl From<acts::Refusal> for Problem {
    fn from(refusal: acts::Refusal) -> Self {
        use acts::Refusal::{
            Beyond, Days, Full, LastAdministrator, Missing, NameTaken, OfProvider, Password, Shown,
            Spent, TokenTaken,
        };
        let title = match refusal {
            NameTaken(_) | TokenTaken(_) => ProblemTitle::NameTaken,
            Missing { .. } => ProblemTitle::NotFound,
            Spent => ProblemTitle::LinkSpent,
            Beyond(_) => ProblemTitle::NotAllowed,
            LastAdministrator(_) => ProblemTitle::LastAdministrator,
            OfProvider(_) => ProblemTitle::OfProvider,
            Full { .. } => ProblemTitle::NoRoom,
            Shown | Password | Days => ProblemTitle::BadRequest,
        };
        Self::new(title, Some(refusal.to_string()))
    }
}

impl From<DeskError> for Problem {
    fn from(e: DeskError) -> Self {
        match e {
            DeskError::Refused(refusal) => refusal.into(),
            DeskError::Wait(wait) => Self::too_many("there were too many tries", wait),
            DeskError::Hash(HashError::Busy) => Self::too_many("too many log in at once", BUSY),
            DeskError::WrongPassword => Self::new(ProblemTitle::WrongPassword, Some(e.to_string())),
            DeskError::Stranger => Self::new(ProblemTitle::Stranger, Some(e.to_string())),
            DeskError::NotKept => Self::new(ProblemTitle::NotKept, Some(e.to_string())),
            DeskError::Hash(_) | DeskError::Random(_) | DeskError::Thread(_) => Self::internal(&e),
        }
    }
}

impl From<ProviderError> for Problem {
    fn from(e: ProviderError) -> Self {
        let title = match &e {
            ProviderError::Down(_) => ProblemTitle::ProviderDown,
            ProviderError::Busy => return Self::too_many(e, BUSY),
            ProviderError::NotBegun => ProblemTitle::NotBegun,
            ProviderError::Declined(_) | ProviderError::Unproven(_) => ProblemTitle::NotProven,
            ProviderError::Secret(_) | ProviderError::Fetcher(_) => return Self::internal(&e),
        };
        Self::new(title, Some(e.to_string()))
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
        let head = [(header::CONTENT_TYPE, PROBLEM_JSON)];
        let body = serde_json::to_vec(&self).expect("words and numbers are JSON");
        let mut response = (self.title.status(), head, body).into_response();
        if let Some(wait_s) = self.wait_s {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
        }
        if self.title == ProblemTitle::NotLoggedIn {
            let how = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
        }
        response
    }
}
