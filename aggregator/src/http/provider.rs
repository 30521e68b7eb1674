//! `/api/v1/session/provider`: log in by a provider (OpenID Connect).
//!
//! The browser is sent there and comes back to the page, with an answer in its address. The page's
//! script takes it out of there at once and tells it here, so that it is told like everything else that
//! changes something: by this page only, and with an error that the page can say in words.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{AppendHeaders, IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};
use utoipa::ToSchema;

use super::{
    answers::{
        BadRequest, Failed, Foreign, NotFound, NotLoggedIn, NotReady, TooLarge, UnsupportedType,
    },
    app::App,
    extract::Body,
    problem::Problem,
    session::{SessionView, begun},
    viewer::Asking,
};
use crate::{
    people::{DeskError, secret::Secret},
    provider::{Answer, Provider, ProviderError},
};

/// Where to log in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderWay)]
pub struct WayView {
    /// Of the provider. From there the browser comes back to `/` with `state` and `code`, or `error`.
    url: String,
}

/// With what the browser comes back, as it stands in its address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProviderAnswer)]
pub struct AnswerBody {
    state: String,
    #[schema(nullable = false)]
    code: Option<String>,
    #[schema(nullable = false)]
    error: Option<String>,
    #[schema(nullable = false)]
    iss: Option<String>,
}

/// Begin to log in by the provider.
#[utoipa::path(
    post, path = "/api/v1/session/provider", tag = "people",
    responses(
        (status = 200, description = "Where to go, with a cookie", body = WayView),
        Foreign, NotFound, UnsupportedType, Failed, NotReady,
    ),
)]
pub async fn begin(State(app): State<App>, asking: Asking) -> Result<Response, Problem> {
    let provider = provider(&app)?;
    let secret = Secret::new().map_err(|e| Problem::internal(&e))?;
    let text = secret.as_text();
    let url = provider.way(text, &back(&asking)).await.map_err(told)?;
    let given = [
        (
            header::SET_COOKIE,
            asking.cookie.at_provider().given(secret),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((given, Json(WayView { url })).into_response())
}

/// Log in with what the provider has answered.
#[utoipa::path(
    post, path = "/api/v1/session/provider/answer", tag = "people", request_body = AnswerBody,
    responses(
        (status = 200, description = "Logged in, with a cookie", body = SessionView),
        BadRequest, NotLoggedIn, Foreign, NotFound, TooLarge, UnsupportedType, Failed, NotReady,
    ),
)]
pub async fn answer(
    State(app): State<App>,
    asking: Asking,
    Body(body): Body<AnswerBody>,
) -> Result<Response, Problem> {
    let provider = provider(&app)?;
    let brought = asking.at_provider.as_deref();
    let brought = brought.ok_or_else(|| told(ProviderError::NotBegun))?;
    let answer = Answer {
        state: body.state,
        code: body.code,
        error: body.error,
        issuer: body.iss,
    };
    let known = match provider.who(brought, &back(&asking), answer).await {
        Ok(known) => known,
        Err(e) => {
            if matches!(e, ProviderError::Unproven(_)) {
                let from = Some(asking.caller.from);
                app.desk.note_unproven(provider.issuer(), from).await;
            }
            return Err(told(e));
        }
    };
    let subject = known.subject.clone();
    let entered = app.desk.log_in_by_provider(known, asking.browser).await;
    if matches!(entered, Err(DeskError::Stranger)) {
        // Whoever keeps the configuration wants to know whom it does not name.
        info!(
            subject,
            "nobody here: no [[http.oidc.role]] fits who logged in by the provider"
        );
    }
    let taken = [(header::SET_COOKIE, asking.cookie.at_provider().taken())];
    let answered = begun(&app, &asking.cookie, entered?);
    Ok((AppendHeaders(taken), answered).into_response())
}

fn provider(app: &App) -> Result<&Provider, Problem> {
    let provider = app.provider.as_deref();
    provider.ok_or_else(|| Problem::not_found("no provider of log-ins is configured"))
}

/// To where the browser comes back: the page, under the name by which it asks. The provider knows which
/// ones are right.
fn back(asking: &Asking) -> String {
    format!("{}/", asking.base())
}

/// What went wrong: all of it for the log, a word of it for whoever wants in.
fn told(e: ProviderError) -> Problem {
    match &e {
        ProviderError::Down(_) | ProviderError::Unproven(_) => {
            warn!(
                error = shared::error::chain(&e),
                "nobody can log in by the provider"
            );
        }
        ProviderError::Declined(said) => info!(said, "the provider lets somebody not in"),
        _ => {}
    }
    e.into()
}
