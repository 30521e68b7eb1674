//! `/api/v1/session`: who I am, log in, log out, choose a password.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{ids::PersonId, time::Timestamp};
use utoipa::ToSchema;

use super::{
    answers::{
        BadRequest, Conflict, Failed, Foreign, NotLoggedIn, NotReady, TooLarge, UnsupportedType,
    },
    app::App,
    cookie::Cookie,
    extract::Body,
    problem::Problem,
    viewer::Asking,
};
use crate::{
    people::{
        Fingerprint, Role, Stance, Viewer, acts::Acceptance, book::Credential, policy,
        record::Session, secret::Secret,
    },
    principal::Principal,
    schema,
};

/// Who asks, and what he may.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    login: LoginKind,
    /// The provider of log-ins, as a button calls it; null where there is none.
    #[schema(required)]
    provider: Option<String>,
    /// Null for whoever has to log in before he may anything.
    #[schema(required)]
    who: Option<WhoView>,
    /// When the session ends unless it is used; null without one.
    #[schema(value_type = Option<schema::Instant>, required)]
    ends_at: Option<Timestamp>,
}

/// What holds for whoever has not logged in.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum LoginKind {
    /// He may everything: no log-in is demanded.
    Open,
    /// He may nothing before he logs in.
    LogIn,
    /// He may look on, and the exercise login lets him act.
    Exercise,
}

/// Somebody, and what he may.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Who)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the answer, and none follows from another"
)]
struct WhoView {
    kind: WhoKind,
    /// Of a person or a token, else null.
    #[schema(required)]
    name: Option<String>,
    /// How others know him; of a person.
    #[schema(required)]
    shown: Option<String>,
    role: Role,
    /// `city`, `district/ID` or `district/ID/street/ID`.
    area: String,
    /// Whether he may give and recall orders.
    may_order: bool,
    /// Whether he may say who may what.
    may_appoint: bool,
    /// Whether he may see what was done by whom.
    may_audit: bool,
    /// Whether he has a password here, which he may change.
    has_password: bool,
}

/// What somebody is known as.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum WhoKind {
    Anonymous,
    Person,
    Token,
    Exercise,
}

/// With what somebody logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LogIn)]
pub struct LogInBody {
    #[schema(max_length = 63)]
    name: String,
    password: String,
}

/// A password in the place of another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPassword)]
pub struct PasswordBody {
    old: String,
    #[schema(min_length = 12, max_length = 512)]
    new: String,
}

/// A link that somebody was given: what stands behind `#join=`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Link)]
pub struct LinkBody {
    link: String,
}

/// What a link is good for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invited)]
pub struct InvitedView {
    role: Role,
    /// `city`, `district/ID` or `district/ID/street/ID`.
    area: String,
    /// The account that gets another password; null where a new one is made.
    #[schema(value_type = Option<schema::Id>, required)]
    account: Option<PersonId>,
    #[schema(value_type = schema::Instant)]
    expires_at: Timestamp,
}

/// With what somebody accepts an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Accept)]
pub struct AcceptBody {
    link: String,
    /// The name to log in with; the account's own where the link is for one.
    #[schema(value_type = schema::Id)]
    name: PersonId,
    /// How others know him.
    #[schema(value_type = schema::ShownName)]
    shown: String,
    #[schema(min_length = 12, max_length = 512)]
    password: String,
}

/// Who asks, and what he may.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "people",
    responses((status = 200, description = "Also for whoever has not logged in", body = SessionView)),
)]
pub async fn session(State(app): State<App>, asking: Asking) -> Json<SessionView> {
    Json(view(&app, asking.viewer.as_ref(), asking.shown.as_ref()))
}

/// Log in.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "people", request_body = LogInBody,
    responses(
        (status = 200, description = "Logged in, with a cookie", body = SessionView),
        BadRequest, NotLoggedIn, Foreign, TooLarge, UnsupportedType, Failed, NotReady,
    ),
)]
pub async fn log_in(
    State(app): State<App>,
    asking: Asking,
    Body(body): Body<LogInBody>,
) -> Result<Response, Problem> {
    let LogInBody { name, password } = body;
    let secret = app
        .desk
        .log_in(name.trim(), password, asking.browser)
        .await?;
    Ok(begun(&app, &asking.cookie, secret))
}

/// Log in to an exercise, as anybody may.
#[utoipa::path(
    post, path = "/api/v1/session/exercise", tag = "people",
    responses(
        (status = 200, description = "Logged in, with a cookie", body = SessionView),
        Foreign, UnsupportedType, Failed, NotReady,
    ),
)]
pub async fn log_in_to_exercise(
    State(app): State<App>,
    asking: Asking,
) -> Result<Response, Problem> {
    let is_exercise = app.clock.mode() == shared::clock::Mode::Exercise;
    if !is_exercise || app.desk.stance() != Stance::Exercise {
        return Err(Problem::not_allowed("there is no exercise login here"));
    }
    let secret = app.desk.log_in_to_exercise(asking.browser).await?;
    Ok(begun(&app, &asking.cookie, secret))
}

/// Log out.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "people",
    responses((status = 204, description = "The session has ended, if there was one"), Foreign, NotReady),
)]
pub async fn log_out(State(app): State<App>, asking: Asking) -> Result<Response, Problem> {
    if let (Some(viewer), Some(Credential::Session(of))) = (asking.viewer, asking.shown) {
        let from = Some(asking.caller.from);
        app.desk.log_out(viewer.principal, of, from).await?;
    }
    let taken = [(header::SET_COOKIE, asking.cookie.taken())];
    Ok((StatusCode::NO_CONTENT, taken).into_response())
}

/// Choose another password; all other sessions end.
#[utoipa::path(
    post, path = "/api/v1/session/password", tag = "people", request_body = PasswordBody,
    responses(
        (status = 204, description = "It is another now"),
        BadRequest, NotLoggedIn, Foreign, TooLarge, UnsupportedType, Failed, NotReady,
    ),
)]
pub async fn change_password(
    State(app): State<App>,
    viewer: Viewer,
    asking: Asking,
    Body(body): Body<PasswordBody>,
) -> Result<StatusCode, Problem> {
    let name = viewer.person().ok_or(policy::Denied::Account)?.clone();
    let but = match asking.shown {
        Some(Credential::Session(of)) => Some(of),
        _ => None,
    };
    let from = Some(asking.caller.from);
    app.desk
        .change_password(name, (body.old, body.new), (but, from))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a link is good for.
#[utoipa::path(
    post, path = "/api/v1/invitation", tag = "people", request_body = LinkBody,
    responses(
        (status = 200, description = "It is still good", body = InvitedView),
        BadRequest, Foreign, Conflict, TooLarge, UnsupportedType,
    ),
)]
pub async fn invitation(
    State(app): State<App>,
    Body(body): Body<LinkBody>,
) -> Result<Json<InvitedView>, Problem> {
    let book = app.desk.book();
    let found = book.invitation(
        &Fingerprint::of(body.link.trim()),
        shared::clock::real_now(),
    )?;
    Ok(Json(InvitedView {
        role: found.role,
        area: found.area.to_string(),
        account: found.account.clone(),
        expires_at: found.expires_at,
    }))
}

/// Make an account by a link, or choose a new password, and log in. The link is spent.
#[utoipa::path(
    post, path = "/api/v1/invitation/accept", tag = "people", request_body = AcceptBody,
    responses(
        (status = 200, description = "Logged in, with a cookie", body = SessionView),
        BadRequest, Foreign, Conflict, TooLarge, UnsupportedType, Failed, NotReady,
    ),
)]
pub async fn accept(
    State(app): State<App>,
    asking: Asking,
    Body(body): Body<AcceptBody>,
) -> Result<Response, Problem> {
    let with = Acceptance {
        name: body.name,
        shown: body.shown,
        password: body.password,
    };
    let secret = app
        .desk
        .accept(body.link.trim(), with, asking.browser)
        .await?;
    Ok(begun(&app, &asking.cookie, secret))
}

/// The answer to whoever has logged in.
pub fn begun(app: &App, cookie: &Cookie, secret: Secret) -> Response {
    let shown = Credential::Session(secret.fingerprint());
    let viewer = app.desk.viewer(Some(&shown));
    let given = [
        (header::SET_COOKIE, cookie.given(secret)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (given, Json(view(app, viewer.as_ref(), Some(&shown)))).into_response()
}

fn view(app: &App, viewer: Option<&Viewer>, shown: Option<&Credential>) -> SessionView {
    let book = app.desk.book();
    let ends_at = shown.and_then(|shown| match shown {
        Credential::Session(of) => book.sessions.get(of).map(Session::ends_at),
        Credential::Token(of) => book.tokens.get(of).map(|t| t.expires_at),
    });
    let who = viewer.map(|viewer| {
        let (kind, name) = match &viewer.principal {
            Principal::Person(name) => (WhoKind::Person, Some(name.to_string())),
            Principal::Token(name) => (WhoKind::Token, Some(name.to_string())),
            Principal::Exercise => (WhoKind::Exercise, None),
            _ => (WhoKind::Anonymous, None),
        };
        let account = viewer.person().and_then(|name| book.accounts.get(name));
        let may = |method, route| {
            policy::may(Some(viewer), policy::endpoint(method, route), None).is_ok()
        };
        WhoView {
            kind,
            name,
            shown: account.map(|account| account.shown.clone()),
            role: viewer.role,
            area: viewer.area.to_string(),
            may_order: may("POST", "/api/v1/orders"),
            may_appoint: may("POST", "/api/v1/people"),
            may_audit: may("GET", "/api/v1/audit"),
            has_password: account.is_some_and(|account| account.password.is_some()),
        }
    });
    drop(book);
    SessionView {
        login: match app.desk.stance() {
            Stance::Open => LoginKind::Open,
            Stance::LogIn => LoginKind::LogIn,
            Stance::Exercise => LoginKind::Exercise,
        },
        provider: app.provider.as_ref().map(|p| p.shown().to_owned()),
        ends_at: who.as_ref().and(ends_at),
        who,
    }
}
