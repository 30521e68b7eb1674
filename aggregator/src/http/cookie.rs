//! The cookie of a session.
//!
//! Over TLS its name begins with `__Host-`: browsers then take it only from this very host over TLS,
//! for every path, and give it to no page of another site. Without TLS, which is for this machine
//! alone, browsers take no such name; there the port is part of it, since programs of one machine
//! share their cookies.

use axum::http::{HeaderMap, header};

use crate::people::secret::Secret;

/// Seconds for which the browser keeps it; the session ends sooner by itself.
const MAX_AGE_S: i64 = crate::people::book::SESSION_MS / 1000;

/// Seconds that somebody has to log in at a provider.
const AT_PROVIDER_S: i64 = 15 * 60;

/// Its name over TLS.
pub const SECURE: &str = "__Host-flood";

/// The cookie's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    name: String,
    is_secure: bool,
    max_age_s: i64,
}

impl Cookie {
    /// The one that goes over such a line.
    pub fn new(is_secure: bool, port: u16) -> Self {
        let name = if is_secure {
            SECURE.to_owned()
        } else {
            format!("flood-{port}")
        };
        Self {
            name,
            is_secure,
            max_age_s: MAX_AGE_S,
        }
    }

    /// Its companion, by which a browser is known again that was sent to a provider of log-ins. It comes
    /// back by a link of another site, but what it brings is told by this page's own script: so this
    /// cookie too goes to no other site's page.
    pub fn at_provider(&self) -> Self {
        Self {
            name: format!("{}-provider", self.name),
            max_age_s: AT_PROVIDER_S,
            ..*self
        }
    }

    /// What the browser brings. Where it brings two, neither is believed.
    pub fn brought<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let lines = headers.get_all(header::COOKIE).into_iter();
        let pairs = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let mut own = pairs.filter(|(name, _)| *name == self.name);
        let (_, value) = own.next()?;
        own.next().is_none().then_some(value)
    }

    /// Gives it to the browser.
    pub fn given(&self, secret: Secret) -> String {
        let secret = secret.into_text();
        self.written(&secret, self.max_age_s)
    }

    /// Takes it back.
    pub fn taken(&self) -> String {
        self.written("", 0)
    }

    fn written(&self, value: &str, max_age_s: i64) -> String {
        let name = &self.name;
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}")
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_for_this_host_alone_and_no_script_reads_it() {
        let secret = Secret::new().expect("random");
        let given = Cookie::new(true, 443).given(secret);
        assert!(given.starts_with("__Host-flood="), "{given}");
        for part in ["Path=/", "HttpOnly", "SameSite=Strict", "Secure"] {
            assert!(given.contains(&format!("; {part}")), "{given}");
        }
        assert!(!given.contains("Domain"));
        let companion = Cookie::new(true, 443).at_provider().taken();
        assert!(
            companion.starts_with("__Host-flood-provider=;"),
            "{companion}"
        );
        let plain = Cookie::new(false, 8080).taken();
        assert_eq!(
            plain,
            "flood-8080=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
        );
    }

    #[test]
    fn what_a_browser_brings_is_found_among_others_and_never_taken_of_two() {
        let cookie = Cookie::new(false, 8080);
        for (lines, expected) in [
            (&["flood-8080=abc"][..], Some("abc")),
            (&["a=b; flood-8080=abc; c=d"], Some("abc")),
            (&["a=b", "flood-8080=abc"], Some("abc")),
            (&["flood-8081=abc"], None),
            (&["flood-8080=abc; flood-8080=def"], None),
            (&["__Host-flood=abc"], None),
            (&[], None),
        ] {
            let lines = lines.iter().map(|line| HeaderValue::from_static(line));
            let headers: HeaderMap = lines.map(|line| (header::COOKIE, line)).collect();
            assert_eq!(cookie.brought(&headers), expected);
        }
    }
}
