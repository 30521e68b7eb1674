//! `[http.oidc]`: a provider of log-ins (OpenID Connect), and who is what by what it tells of them.

use std::{net::IpAddr, path::PathBuf};

use serde::Deserialize;
use shared::findings::Findings;
use toml::Spanned;

use crate::rights::{Area, Named, Role};

/// A provider of log-ins. Whoever no row of `named` names does not get in by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// As its tokens name it: `https://…`, or `http://` on this machine.
    pub issuer: String,
    pub client_id: String,
    /// The file of the secret, or `credential:NAME`.
    pub client_secret: PathBuf,
    /// In PEM: those who say over TLS who the provider is.
    pub ca_file: PathBuf,
    /// What the button of the page calls it.
    pub shown: String,
    /// What it is asked to tell, besides who somebody is.
    pub scopes: Vec<String>,
    /// The first that fits says what somebody is.
    pub named: Vec<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOidc {
    issuer: Spanned<String>,
    client_id: Spanned<String>,
    client_secret: Spanned<String>,
    ca_file: Option<Spanned<String>>,
    shown: Option<Spanned<String>>,
    scopes: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    role: Vec<RawNamed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNamed {
    claim: Spanned<String>,
    value: Spanned<String>,
    role: Role,
    area: Area,
}

/// Where Debian and those like it keep whom the machine believes.
const CA_FILE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Tells the names under which somebody is known.
const SCOPE: &str = "profile";

/// Characters of what the button says.
const MOST_SHOWN: usize = 40;

pub(super) fn check(raw: &Spanned<RawOidc>, findings: &mut Findings<'_>) -> Oidc {
    let span = raw.span();
    let raw = raw.get_ref();
    let issuer = raw.issuer.get_ref();
    let host = host(issuer);
    if host.is_none() {
        let message = format!(
            "`{issuer}` is not the address of a provider; write it as the provider itself does, like \
             https://login.city.example/realms/water; http:// is for this machine alone"
        );
        findings.add(Some(raw.issuer.span()), "[http.oidc] issuer", message);
    }
    let words = [
        ("client_id", Some(&raw.client_id)),
        ("client_secret", Some(&raw.client_secret)),
        ("ca_file", raw.ca_file.as_ref()),
        ("shown", raw.shown.as_ref()),
    ];
    for (key, word) in words
        .into_iter()
        .filter_map(|(key, word)| Some((key, word?)))
    {
        if word.get_ref().trim().is_empty() {
            findings.add(Some(word.span()), &format!("[http.oidc] {key}"), "is empty");
        }
    }
    if let Some(shown) = raw.shown.as_ref() {
        let too_long = shown.get_ref().chars().count() > MOST_SHOWN;
        if too_long {
            let message =
                format!("has more than {MOST_SHOWN} characters; a button has no room for it");
            findings.add(Some(shown.span()), "[http.oidc] shown", message);
        }
    }
    if raw.role.is_empty() {
        let message = "names nobody, so that nobody gets in by it: add [[http.oidc.role]] with claim, \
                       value, role and area";
        findings.add(Some(span), "[http.oidc]", message);
    }
    let shown = raw.shown.as_ref().map(|shown| shown.get_ref().clone());
    let scopes = raw.scopes.as_ref().map(|scopes| texts(scopes));
    Oidc {
        issuer: issuer.clone(),
        client_id: raw.client_id.get_ref().clone(),
        client_secret: PathBuf::from(raw.client_secret.get_ref()),
        ca_file: raw
            .ca_file
            .as_ref()
            .map_or_else(|| CA_FILE.into(), |file| file.get_ref().into()),
        shown: shown.unwrap_or_else(|| host.unwrap_or_default().to_owned()),
        scopes: scopes.unwrap_or_else(|| vec![SCOPE.to_owned()]),
        named: raw.role.iter().map(|row| named(row, findings)).collect(),
    }
}

fn named(raw: &RawNamed, findings: &mut Findings<'_>) -> Named {
    for (key, word) in [("claim", &raw.claim), ("value", &raw.value)] {
        if word.get_ref().is_empty() {
            let key = format!("[[http.oidc.role]] {key}");
            findings.add(Some(word.span()), &key, "is empty; it would fit nobody");
        }
    }
    Named {
        claim: raw.claim.get_ref().clone(),
        value: raw.value.get_ref().clone(),
        role: raw.role,
        area: raw.area.clone(),
    }
}

fn texts(all: &[Spanned<String>]) -> Vec<String> {
    all.iter().map(|text| text.get_ref().clone()).collect()
}

/// The provider's host, if the address is one that can be believed.
fn host(issuer: &str) -> Option<&str> {
    let (scheme, rest) = issuer.split_once("://")?;
    let authority = rest.split('/').next()?;
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "?#@".contains(c);
    if authority.is_empty() || issuer.contains(is_odd) {
        return None;
    }
    let name = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?.0,
        None => authority.split(':').next()?,
    };
    let is_here = name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    (scheme == "https" || (scheme == "http" && is_here)).then_some(name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{super::parse, *};

    const ROLE: &str =
        "[[http.oidc.role]]\nclaim = \"groups\"\nvalue = \"a\"\nrole = \"crew\"\narea = \"city\"";

    fn read(issuer: &str, more: &str) -> Result<Oidc, String> {
        let text = format!(
            "data_dir = \"d\"\ncity = \"c\"\n[http.oidc]\nissuer = \"{issuer}\"\n\
             client_id = \"flood\"\nclient_secret = \"credential:oidc\"\n{more}\n"
        );
        let parsed = parse(Path::new("a.toml"), &text);
        let oidc = parsed.map(|c| c.http.oidc.expect("a provider"));
        oidc.map_err(|e| e.to_string())
    }

    #[test]
    fn a_provider_is_believed_by_https_and_over_the_loopback_interface() {
        for (issuer, shown) in [
            (
                "https://login.city.example/realms/water",
                "login.city.example",
            ),
            ("https://login.city.example:8443", "login.city.example"),
            ("http://127.0.0.1:9000", "127.0.0.1"),
            ("http://localhost:9000/a", "localhost"),
            ("http://[::1]:9000", "::1"),
        ] {
            let oidc = read(issuer, ROLE).expect(issuer);
            assert_eq!((oidc.issuer.as_str(), oidc.shown.as_str()), (issuer, shown));
            assert_eq!(oidc.scopes, ["profile"]);
        }
        for issuer in [
            "http://login.city.example",
            "http://127.0.0.1.evil.example",
            "https://",
            "login.city.example",
            "https://login.city.example/?a",
            "https://me@login.city.example",
        ] {
            let said = read(issuer, ROLE).expect_err(issuer);
            assert!(said.starts_with("a.toml:4: [http.oidc] issuer: "), "{said}");
        }
    }

    #[test]
    fn a_provider_by_which_nobody_gets_in_is_a_mistake_and_so_is_a_role_that_is_none() {
        let said = read("https://a.example", "").expect_err("nobody");
        assert!(said.contains("[http.oidc]: names nobody"), "{said}");
        let said = read("https://a.example", &ROLE.replace("crew", "chief")).expect_err("a role");
        assert!(
            said.starts_with("a.toml:10: ") && said.contains("dispatcher"),
            "{said}"
        );
        let said = read("https://a.example", &ROLE.replace("city", "town")).expect_err("an area");
        assert!(said.contains("`town` is no area"), "{said}");
    }
}
