//! Who may ask what from a browser: everybody may read what is public, and only pages of this
//! program's own address may give or recall orders.
//!
//! No preflight guards a form: a web page elsewhere can have a dispatcher's browser send one with
//! any of the three types of forms. What tells it apart is what the browser says by itself and no
//! page can change: `Sec-Fetch-Site`, else `Origin`. Programs that are no browser send neither.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{caller::Caller, problem::Problem};

const WHO_FETCHES: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a browser may keep a preflight's answer for, in seconds.
const PREFLIGHT_KEPT: HeaderValue = HeaderValue::from_static("86400");

/// Orders, what was refused, and who is who are for the desk alone.
const NOT_PUBLIC: [&str; 7] = [
    "/api/v1/orders",
    "/api/v1/refused",
    "/api/v1/session",
    "/api/v1/people",
    "/api/v1/invitation",
    "/api/v1/tokens",
    "/api/v1/audit",
];

/// Whether pages of any origin may read what is there.
fn is_public(path: &str) -> bool {
    let is_shown = path == "/map.geojson"
        || path == "/events"
        || path.starts_with("/layers/")
        || path.starts_with("/api/v1/");
    is_shown && !NOT_PUBLIC.iter().any(|kept| path.starts_with(kept))
}

/// Lets pages of any origin read what is public (the CORS protocol of fetch.spec.whatwg.org), by
/// hand: one fixed answer to everybody, without credentials.
pub async fn open_to_readers(request: Request, next: Next) -> Response {
    if !is_public(request.uri().path()) {
        return next.run(request).await;
    }
    let anybody = HeaderValue::from_static("*");
    let is_preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let mut response = if is_preflight {
        let methods = HeaderValue::from_static("GET, HEAD, OPTIONS");
        let allowed = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, methods),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, anybody.clone()),
            (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_KEPT),
        ];
        (StatusCode::NO_CONTENT, allowed).into_response()
    } else {
        next.run(request).await
    };
    if is_preflight || is_read {
        let told = HeaderValue::from_static("etag");
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, told);
    }
    response
}

/// Refuses whatever would change something and comes from another web page.
pub async fn refuse_foreign(request: Request, next: Next) -> Response {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS];
    let changes = !reads.contains(request.method());
    let caller = request.extensions().get::<Caller>();
    let forwarded_host = caller.and_then(|caller| caller.host.clone());
    match request.headers() {
        headers if changes && is_foreign(headers, forwarded_host.as_deref()) => {
            let detail = "orders are given and recalled from this program's own page or by \
                          programs, not from another web page; a proxy in between must pass on \
                          Host as it came";
            Problem::foreign(detail).into_response()
        }
        headers if changes && is_form(headers) => {
            Problem::unsupported_type("a form was sent; JSON is understood").into_response()
        }
        _ => next.run(request).await,
    }
}

/// Whether a browser says that a page of another origin asks.
pub fn is_foreign(headers: &HeaderMap, host: Option<&str>) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or_default());
    if let Some(who) = text(&WHO_FETCHES) {
        return !["same-origin", "none"].contains(&who);
    }
    let Some(origin) = text(&header::ORIGIN) else {
        return false;
    };
    !host.is_some_and(|host| is_of_host(origin, host))
}

/// Whether an origin is one of this host's. A proxy may have taken the port from the host.
fn is_of_host(origin: &str, host: &str) -> bool {
    let (Ok(origin), Ok(host)) = (origin.parse::<Uri>(), host.parse::<Uri>()) else {
        return false;
    };
    let same_port = host.port_u16().is_none_or(|own| own == port(&origin));
    origin.host().is_some() && origin.host() == host.host() && same_port
}

fn port(origin: &Uri) -> u16 {
    let usual = if origin.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    origin.port_u16().unwrap_or(usual)
}

/// Whether the body is of a type that a form can have.
fn is_form(headers: &HeaderMap) -> bool {
    let forms = [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
    ];
    let of_type = headers.get(header::CONTENT_TYPE);
    let of_type = of_type.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = of_type.split(';').next().unwrap_or_default().trim();
    forms.iter().any(|form| essence.eq_ignore_ascii_case(form))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn another_web_page_is_known_by_what_the_browser_says_of_it() {
        let host = ("host", "flood.example:8080");
        for (pairs, expected) in [
            (&[host][..], false),
            (&[host, ("sec-fetch-site", "same-origin")], false),
            (&[host, ("sec-fetch-site", "none")], false),
            (&[host, ("sec-fetch-site", "cross-site")], true),
            (&[host, ("sec-fetch-site", "same-site")], true),
            (&[host, ("origin", "http://flood.example:8080")], false),
            (&[host, ("origin", "http://flood.example")], true),
            (&[host, ("origin", "http://elsewhere.example:8080")], true),
            (&[host, ("origin", "null")], true),
            (&[("origin", "http://flood.example")], true),
            (
                &[
                    ("host", "flood.example"),
                    ("origin", "https://flood.example:8443"),
                ],
                false,
            ),
            (
                &[("host", "[::1]:8080"), ("origin", "http://[::1]:8080")],
                false,
            ),
            (
                // Behind a proxy that changes Host, the browser's word on the site is enough.
                &[
                    ("host", "127.0.0.1:8080"),
                    ("origin", "https://flood.example"),
                    ("sec-fetch-site", "same-origin"),
                ],
                false,
            ),
        ] {
            let headers = headers(pairs);
            let host = headers
                .get(header::HOST)
                .and_then(|host| host.to_str().ok());
            assert_eq!(is_foreign(&headers, host), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_form_is_known_by_its_type() {
        for (of_type, expected) in [
            ("text/plain;charset=UTF-8", true),
            ("application/x-www-form-urlencoded", true),
            ("multipart/form-data; boundary=x", true),
            ("application/json", false),
        ] {
            assert_eq!(is_form(&headers(&[("content-type", of_type)])), expected);
        }
        assert!(!is_form(&HeaderMap::new()));
    }

    #[test]
    fn orders_are_not_public() {
        for path in [
            "/map.geojson",
            "/layers/roads.geojson",
            "/events",
            "/api/v1/points",
        ] {
            assert!(is_public(path), "{path}");
        }
        for path in [
            "/api/v1/orders",
            "/api/v1/orders/o-1/recall",
            "/",
            "/metrics",
        ] {
            assert!(!is_public(path), "{path}");
        }
    }
}
