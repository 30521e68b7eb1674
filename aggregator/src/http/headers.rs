//! What every answer tells browsers, so that a page cannot be made to do what it was not made for.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::{app::App, caller::Peer};

/// The page runs its own files only: no script and no style stands in a text. The map makes pictures
/// of its own (`blob:`, `data:`), and nobody may put the page into a frame.
pub const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; \
    worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// A browser that came over TLS comes over nothing else for half a year.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=15768000");

/// What stands on every answer.
pub const ALWAYS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Sets them.
pub async fn protect(State(app): State<App>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let is_secure =
        peer.is_some_and(|peer| app.front.names.caller(peer, request.headers()).is_secure);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
    response
}
