//! `/api/v1/people`: who has an account, and who may have one. And what is everybody's own: his
//! sessions and his tokens.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use shared::{
    ids::{PersonId, TokenId},
    time::Timestamp,
};
use utoipa::ToSchema;

use super::{
    answers::{
        BadRequest, Conflict, Failed, Foreign, NotFound, NotReady, TooLarge, UnsupportedType,
    },
    app::App,
    extract::{Body, Path, Whole},
    problem::Problem,
    viewer::Asking,
};
use crate::{
    people::{
        Area, AreaError, Role, Viewer,
        acts::{self, Planned, Refusal},
        areas,
        book::{Book, Credential},
        policy::Denied,
        record::{Session, Whose},
        secret::Secret,
        set_up,
    },
    schema,
};

/// All whom the asker may appoint, and the links that wait for somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = People)]
pub struct PeopleView {
    people: Vec<PersonView>,
    invitations: Vec<InvitationView>,
}

/// Somebody with an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
struct PersonView {
    #[schema(value_type = schema::Id)]
    name: PersonId,
    shown: String,
    role: Role,
    /// `city`, `district/ID` or `district/ID/street/ID`.
    area: String,
    /// Whether he logs in by a password; else by the provider, which says what he is.
    has_password: bool,
    #[schema(value_type = schema::Instant)]
    made_at: Timestamp,
}

/// A link that waits for somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
struct InvitationView {
    id: String,
    role: Role,
    area: String,
    /// The account that gets another password; null where a new one is made.
    #[schema(value_type = Option<schema::Id>, required)]
    account: Option<PersonId>,
    #[schema(value_type = schema::Instant)]
    expires_at: Timestamp,
}

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Invite)]
pub struct InviteBody {
    role: Role,
    /// `city`, `district/ID` or `district/ID/street/ID`.
    #[schema(value_type = schema::AreaPath)]
    area: String,
    /// An account that gets another password by it, and keeps its role and area.
    #[schema(value_type = Option<schema::Id>)]
    account: Option<PersonId>,
}

/// A link that is told this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewLink)]
pub struct LinkView {
    link: String,
    #[schema(value_type = schema::Instant)]
    expires_at: Timestamp,
}

/// What somebody is from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Appointment)]
pub struct AppointBody {
    role: Role,
    /// `city`, `district/ID` or `district/ID/street/ID`.
    #[schema(value_type = schema::AreaPath)]
    area: String,
}

/// A browser in which somebody has logged in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenSession)]
pub struct OpenSessionView {
    id: String,
    /// Null for the exercise login.
    #[schema(value_type = Option<schema::Id>, required)]
    person: Option<PersonId>,
    #[schema(value_type = schema::Instant)]
    begun_at: Timestamp,
    /// To a minute.
    #[schema(value_type = schema::Instant)]
    seen_at: Timestamp,
    #[schema(required)]
    from: Option<String>,
    browser: String,
    /// Whether it is the one that asks.
    is_this: bool,
}

/// A key for a program.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenView {
    #[schema(value_type = schema::Id)]
    name: TokenId,
    #[schema(value_type = schema::Id)]
    owner: PersonId,
    role: Role,
    area: String,
    #[schema(value_type = schema::Instant)]
    made_at: Timestamp,
    #[schema(value_type = schema::Instant)]
    expires_at: Timestamp,
    /// To a minute; null while it was not used.
    #[schema(value_type = Option<schema::Instant>, required)]
    used_at: Option<Timestamp>,
}

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MakeToken)]
pub struct TokenBody {
    #[schema(value_type = schema::Id)]
    name: TokenId,
    /// At most one's own.
    role: Role,
    /// In one's own: `city`, `district/ID` or `district/ID/street/ID`.
    #[schema(value_type = schema::AreaPath)]
    area: String,
    /// For how long it is good.
    #[schema(value_type = u32, minimum = 1, maximum = 366)]
    days: Whole,
}

/// A key that is told this once: `Authorization: Bearer <secret>`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewToken)]
pub struct NewTokenView {
    secret: String,
}

/// Decides with the book and keeps it, in the asker's name.
async fn act(
    app: &App,
    viewer: Viewer,
    asking: &Asking,
    decide: impl FnOnce(&Book, &Viewer, Timestamp) -> Result<Planned, Refusal> + Send + 'static,
) -> Result<(), Problem> {
    let (by, from) = (viewer.principal.clone(), Some(asking.caller.from));
    let acted = app
        .desk
        .act(by, from, move |book, now| decide(book, &viewer, now));
    Ok(acted.await?)
}

/// Who has an account, and who is invited, as far as they are the asker's to appoint.
#[utoipa::path(
    get, path = "/api/v1/people", tag = "people",
    responses((status = 200, description = "By name", body = PeopleView)),
)]
pub async fn people(State(app): State<App>, viewer: Viewer) -> Json<PeopleView> {
    let book = app.desk.book();
    let accounts = book
        .accounts
        .iter()
        .filter(|(_, a)| viewer.area.covers(&a.area));
    let people = accounts.map(|(name, account)| PersonView {
        name: name.clone(),
        shown: account.shown.clone(),
        role: account.role,
        area: account.area.to_string(),
        has_password: account.password.is_some(),
        made_at: account.made_at,
    });
    let links = book
        .invitations
        .iter()
        .filter(|(_, i)| viewer.area.covers(&i.area));
    let invitations = links.map(|(of, invitation)| InvitationView {
        id: of.short().to_owned(),
        role: invitation.role,
        area: invitation.area.to_string(),
        account: invitation.account.clone(),
        expires_at: invitation.expires_at,
    });
    Json(PeopleView {
        people: people.collect(),
        invitations: invitations.collect(),
    })
}

/// Invite somebody by a link, or let somebody who has an account choose a new password by one.
#[utoipa::path(
    post, path = "/api/v1/people", tag = "people", request_body = InviteBody,
    responses(
        (status = 201, description = "To be given to him", body = LinkView),
        BadRequest, Foreign, NotFound, Conflict, TooLarge, UnsupportedType, Failed, NotReady,
    ),
)]
pub async fn invite(
    State(app): State<App>,
    viewer: Viewer,
    asking: Asking,
    Body(body): Body<InviteBody>,
) -> Result<(StatusCode, Json<LinkView>), Problem> {
    let (area, account) = (area(&app, &viewer, &body.area)?, body.account);
    let secret = Secret::new().map_err(|e| Problem::internal(&e))?;
    let of = secret.fingerprint();
    let base = asking.base();
    act(&app, viewer, &asking, move |book, by, now| {
        book.invite(by, of, (body.role, area), account, now)
    })
    .await?;
    let view = LinkView {
        link: set_up::link(&base, &secret.into_text()),
        expires_at: shared::clock::real_now().plus_millis(acts::INVITED_MS),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Give somebody another role and area.
#[utoipa::path(
    post, path = "/api/v1/people/{name}", tag = "people", request_body = AppointBody,
    params(("name" = schema::Id, Path)),
    responses(
        (status = 204, description = "From now on"),
        BadRequest, Foreign, NotFound, Conflict, TooLarge, UnsupportedType, Failed, NotReady,
    ),
)]
pub async fn appoint(
    State(app): State<App>,
    viewer: Viewer,
    asking: Asking,
    Path(name): Path<String>,
    Body(body): Body<AppointBody>,
) -> Result<StatusCode, Problem> {
    let (name, area) = (person(&name)?, area(&app, &viewer, &body.area)?);
    act(&app, viewer, &asking, move |book, by, _| {
        book.appoint(by, &name, body.role, area)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take somebody's account away; his sessions and tokens end.
#[utoipa::path(
    delete, path = "/api/v1/people/{name}", tag = "people", params(("name" = schema::Id, Path)),
    responses(
        (status = 204, description = "He has none any more"),
        BadRequest, Foreign, NotFound, Conflict, Failed, NotReady,
    ),
)]
pub async fn remove(
    State(app): State<App>,
    viewer: Viewer,
    asking: Asking,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let name = person(&name)?;
    act(&app, viewer, &asking, move |book, by, _| {
        book.remove(by, &name)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take an invitation back.
#[utoipa::path(
    delete, path = "/api/v1/invitations/{id}", tag = "people", params(("id" = schema::Id, Path)),
    responses(
        (status = 204, description = "The link is good for nothing any more"),
        BadRequest, Foreign, NotFound, Failed, NotReady,
    ),
)]
pub async fn withdraw(
    State(app): State<App>,
    viewer: Viewer,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    act(&app, viewer, &asking, move |book, by, _| {
        book.withdraw(by, &id)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own sessions, and of an administrator those of all whom he may appoint.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "people",
    responses((status = 200, description = "The last used first", body = Vec<OpenSessionView>)),
)]
pub async fn sessions(
    State(app): State<App>,
    viewer: Viewer,
    asking: Asking,
) -> Json<Vec<OpenSessionView>> {
    let now = shared::clock::real_now();
    let book = app.desk.book();
    let is_shown = |session: &Session| match &session.whose {
        Whose::Person(owner) => book.is_his(&viewer, owner),
        Whose::Exercise => viewer.role == Role::Administrator,
    };
    let all = book.sessions.iter();
    let mut shown: Vec<_> = all
        .filter(|(_, session)| now < session.ends_at() && is_shown(session))
        .map(|(of, session)| OpenSessionView {
            id: of.short().to_owned(),
            person: match &session.whose {
                Whose::Person(owner) => Some(owner.clone()),
                Whose::Exercise => None,
            },
            begun_at: session.begun_at,
            seen_at: session.seen_at,
            from: session.from.map(|from| from.to_string()),
            browser: session.browser.clone(),
            is_this: asking.shown.as_ref() == Some(&Credential::Session(of.clone())),
        })
        .collect();
    shown.sort_by_key(|session| std::cmp::Reverse(session.seen_at));
    Json(shown)
}

/// End a session.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "people", params(("id" = schema::Id, Path)),
    responses(
        (status = 204, description = "Nobody is logged in by it any more"),
        BadRequest, Foreign, NotFound, Failed, NotReady,
    ),
)]
pub async fn end_session(
    State(app): State<App>,
    viewer: Viewer,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    act(&app, viewer, &asking, move |book, by, _| {
        book.end_session(by, &id)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own tokens, and of an administrator those of all whom he may appoint.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "people",
    responses((status = 200, description = "Without their secrets", body = Vec<TokenView>)),
)]
pub async fn tokens(State(app): State<App>, viewer: Viewer) -> Json<Vec<TokenView>> {
    let book = app.desk.book();
    let all = book
        .tokens
        .values()
        .filter(|t| book.is_his(&viewer, &t.owner));
    let shown = all.map(|token| TokenView {
        name: token.name.clone(),
        owner: token.owner.clone(),
        role: token.role,
        area: token.area.to_string(),
        made_at: token.made_at,
        expires_at: token.expires_at,
        used_at: token.used_at,
    });
    Json(shown.collect())
}

/// Make a token for a program.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "people", request_body = TokenBody,
    responses(
        (status = 201, description = "The secret is told this once", body = NewTokenView),
        BadRequest, Foreign, NotFound, Conflict, TooLarge, UnsupportedType, Failed, NotReady,
    ),
)]
pub async fn make_token(
    State(app): State<App>,
    viewer: Viewer,
    asking: Asking,
    Body(body): Body<TokenBody>,
) -> Result<(StatusCode, Json<NewTokenView>), Problem> {
    let owner = viewer.person().ok_or(Denied::Account)?.clone();
    let area = area(&app, &viewer, &body.area)?;
    let secret = Secret::new().map_err(|e| Problem::internal(&e))?;
    let of = secret.fingerprint();
    // What is more than any number of days is refused as such.
    let days = u32::try_from(body.days.0).unwrap_or(u32::MAX);
    act(&app, viewer, &asking, move |book, by, now| {
        let rights = (body.role, area);
        book.make_token((by, &owner), of, body.name, rights, (days, now))
    })
    .await?;
    let secret = secret.into_text();
    Ok((StatusCode::CREATED, Json(NewTokenView { secret })))
}

/// End a token.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{name}", tag = "people", params(("name" = schema::Id, Path)),
    responses(
        (status = 204, description = "It opens nothing any more"),
        BadRequest, Foreign, NotFound, Failed, NotReady,
    ),
)]
pub async fn end_token(
    State(app): State<App>,
    viewer: Viewer,
    asking: Asking,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    act(&app, viewer, &asking, move |book, by, _| {
        book.end_token(by, &name)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Most areas that are named to who asks for one that is none.
const TOLD: usize = 30;

/// An area that the city has. Of those beyond the asker's own nothing is told: what he asks for there
/// is refused as not his.
fn area(app: &App, viewer: &Viewer, text: &str) -> Result<Area, Problem> {
    let area: Area = text
        .parse()
        .map_err(|e: AreaError| Problem::bad_request(e.to_string()))?;
    let all = areas(&app.city);
    if all.contains_key(&area) || !viewer.area.covers(&area) {
        return Ok(area);
    }
    let own = all.keys().filter(|known| viewer.area.covers(known));
    let own: Vec<String> = own.map(ToString::to_string).take(TOLD).collect();
    let there_are = own.join(", ");
    Err(Problem::not_found(format!(
        "there is no area `{area}`; there are {there_are}"
    )))
}

fn person(name: &str) -> Result<PersonId, Problem> {
    name.parse()
        .map_err(|e| Problem::bad_request(format!("{e}")))
}
