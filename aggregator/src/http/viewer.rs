//! Finds out who asks, and lets nobody through who may not: before any handler sees the request.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    app::App,
    caller::{Caller, Peer, names_two},
    cookie::Cookie,
    front::Asker,
    origin::is_foreign,
    problem::Problem,
};
use crate::people::{
    Fingerprint, Viewer,
    acts::Browser,
    book::Credential,
    policy::{self, Denied},
};

/// A request that came over no line: one of a test.
const NOWHERE: Peer = Peer {
    address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    is_tls: false,
};

/// With what somebody shows who he is, if with anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown(pub Option<Credential>);

/// Finds out who asks, and refuses who comes under another's name or asks too often.
pub async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let caller = app
        .front
        .names
        .caller(peer.unwrap_or(NOWHERE), request.headers());
    if names_two(request.uri(), request.headers()) {
        return Problem::bad_request("the request names two hosts").into_response();
    }
    if !app.front.names.knows(caller.host.as_deref()) {
        return Problem::misdirected(caller.host.as_deref().unwrap_or_default()).into_response();
    }
    let cookie = Cookie::new(caller.is_secure, app.front.port);
    let shown = credential(request.headers(), &cookie);
    // Found out already in a test.
    let found = request.extensions().get::<Viewer>().cloned();
    let mut viewer = found.or_else(|| app.desk.viewer(shown.as_ref()));
    if is_foreign(request.headers(), caller.host.as_deref()) {
        // Where nobody logs in, whatever page a dispatcher's browser shows could else read his orders.
        viewer = viewer.map(Viewer::looking_on);
    }
    let asker = Asker::of(viewer.as_ref(), caller.from);
    if let Err(wait) = app.front.take(&asker, caller.from) {
        return Problem::too_many("you ask too often", wait).into_response();
    }
    if let Some(shown) = &shown {
        app.desk.note_use(shown);
    }
    let extensions = request.extensions_mut();
    extensions.insert(cookie);
    extensions.insert(caller);
    extensions.insert(Shown(shown));
    if let Some(viewer) = viewer {
        extensions.insert(viewer);
    }
    next.run(request).await
}

fn credential(headers: &HeaderMap, cookie: &Cookie) -> Option<Credential> {
    let authorization = headers.get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let bearer = authorization.and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match bearer {
        Some(token) => Some(Credential::Token(Fingerprint::of(token))),
        None => {
            let session = cookie.brought(headers)?;
            Some(Credential::Session(Fingerprint::of(session)))
        }
    }
}

/// Asks the policy.
pub async fn admit(
    State(app): State<App>,
    route: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let viewer = request.extensions().get::<Viewer>();
    let endpoint = policy::endpoint(request.method().as_str(), route.as_str());
    match policy::may(viewer, endpoint, None) {
        Ok(()) => next.run(request).await,
        Err(denied) => {
            // Whoever has to log in first is not refused, but asked.
            if let Some(viewer) = viewer.filter(|_| denied != Denied::LogIn) {
                let from = request.extensions().get::<Caller>().map(|c| c.from);
                let asked = format!("{} {}", request.method(), route.as_str());
                app.desk
                    .note_refusal(viewer.principal.clone(), from, asked)
                    .await;
            }
            Problem::from(denied).into_response()
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let viewer = parts.extensions.get::<Self>().cloned();
        viewer.ok_or_else(|| Denied::LogIn.into())
    }
}

/// Everything that is known of who asks, for what he does with his own log-in.
pub struct Asking {
    pub viewer: Option<Viewer>,
    pub shown: Option<Credential>,
    pub caller: Caller,
    pub cookie: Cookie,
    /// By what this browser is known again that was sent to a provider of log-ins.
    pub at_provider: Option<String>,
    pub browser: Browser,
}

impl FromRequestParts<App> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let of = &parts.extensions;
        let found = of
            .get::<Caller>()
            .zip(of.get::<Cookie>())
            .zip(of.get::<Shown>());
        let Some(((caller, cookie), Shown(shown))) = found else {
            return Err(Denied::LogIn.into());
        };
        let name = parts.headers.get(header::USER_AGENT);
        let name = name.and_then(|name| name.to_str().ok()).unwrap_or_default();
        Ok(Self {
            viewer: of.get::<Viewer>().cloned(),
            shown: shown.clone(),
            caller: caller.clone(),
            cookie: cookie.clone(),
            at_provider: cookie
                .at_provider()
                .brought(&parts.headers)
                .map(str::to_owned),
            browser: Browser {
                from: Some(caller.from),
                name: name.to_owned(),
            },
        })
    }
}

impl Asking {
    /// Where the page is, as this browser has it.
    pub fn base(&self) -> String {
        let scheme = if self.caller.is_secure {
            "https"
        } else {
            "http"
        };
        let host = self.caller.host.as_deref().unwrap_or("localhost");
        format!("{scheme}://{host}")
    }
}
