//! `[http]`: where the page is, who may reach it, and how.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use serde::Deserialize;
use shared::{clock::Mode, findings::Findings};
use toml::Spanned;

use super::{
    oidc::{self, Oidc, RawOidc},
    values::{address, within},
};

/// How the page is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    pub listen: SocketAddr,
    pub access: Access,
    pub tls: Option<TlsFiles>,
    /// Proxies that are believed in what they forward.
    pub behind_proxy: Vec<IpAddr>,
    /// Names under which browsers come, besides addresses and this machine's own.
    pub hosts: Vec<String>,
    /// Connections of one address at a time.
    pub connections_per_address: u32,
    /// Requests of one viewer, or of one address that is nobody's, in the long run; where it is not
    /// given, programs of this machine are spared.
    pub requests_per_second: Option<u32>,
    /// By which people log in besides their passwords.
    pub oidc: Option<Oidc>,
}

impl Http {
    /// Where the page is, as browsers have it: by the first name that it was given, else by address.
    #[must_use]
    pub fn base(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let (ip, port) = (self.listen.ip(), self.listen.port());
        match self.hosts.first() {
            Some(host) if !self.behind_proxy.is_empty() => format!("https://{host}"),
            Some(host) => format!("{scheme}://{host}:{port}"),
            None if ip.is_unspecified() => format!("{scheme}://localhost:{port}"),
            None => format!("{scheme}://{}", self.listen),
        }
    }
}

/// Whether a log-in is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Never.
    Open,
    /// As soon as anybody has an account.
    OnceThereAreAccounts,
    /// Always.
    LogIn,
    /// Everybody may look on, and one button lets him act. For exercises alone.
    Exercise,
}

/// PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub(super) listen: Option<Spanned<String>>,
    login: Option<Spanned<bool>>,
    exercise_login: Option<Spanned<bool>>,
    certificate: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
    #[serde(default)]
    behind_proxy: Vec<Spanned<String>>,
    #[serde(default)]
    hosts: Vec<Spanned<String>>,
    #[serde(default)]
    unprotected: bool,
    connections_per_address: Option<Spanned<i64>>,
    requests_per_second: Option<Spanned<i64>>,
    oidc: Option<Spanned<RawOidc>>,
}

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// A control room behind one address has a few dozen windows, a proxy that is not named all of them.
const CONNECTIONS_PER_ADDRESS: u32 = 512;

pub(super) fn check(raw: &RawHttp, mode: Mode, findings: &mut Findings<'_>) -> Option<Http> {
    let listen = address(raw.listen.as_ref(), "[http] listen", LISTEN, findings);
    let tls = tls(raw, findings);
    let behind_proxy = proxies(raw, findings);
    let hosts = hosts(raw, findings);
    let access = access(raw, listen, mode, findings);
    let connections = raw.connections_per_address.as_ref();
    let connections_per_address = within(
        connections,
        "[http] connections_per_address",
        8..=100_000,
        CONNECTIONS_PER_ADDRESS,
        findings,
    );
    let requests = raw.requests_per_second.as_ref();
    let requests_per_second = requests.map(|requests| {
        let key = "[http] requests_per_second";
        within(Some(requests), key, 1..=1_000, 1, findings)
    });
    let listen = listen?;
    if !listen.ip().is_loopback() && !raw.unprotected {
        is_protected(raw, listen, findings);
    }
    Some(Http {
        listen,
        access,
        tls,
        behind_proxy,
        hosts,
        connections_per_address,
        requests_per_second,
        oidc: raw.oidc.as_ref().map(|raw| oidc::check(raw, findings)),
    })
}

/// Whoever listens to the network on the way must not hear passwords, and nobody may act unknown.
fn is_protected(raw: &RawHttp, listen: SocketAddr, findings: &mut Findings<'_>) {
    let span = raw.listen.as_ref().map(Spanned::span);
    if raw.certificate.is_none() && raw.behind_proxy.is_empty() {
        let message = format!(
            "{listen} is reached from outside without TLS: name `certificate` and `key` beside it, or \
             in `behind_proxy` the address of the proxy that has them; `unprotected = true` leaves \
             passwords to whoever listens on the way"
        );
        findings.add(span, "[http] listen", message);
    }
    if let Some(no) = raw.login.as_ref().filter(|login| !login.get_ref()) {
        let message = format!(
            "is false, and {listen} is reached from outside: whoever reaches it may give orders; leave \
             it out, or write `unprotected = true` beside it"
        );
        findings.add(Some(no.span()), "[http] login", message);
    }
}

fn access(
    raw: &RawHttp,
    listen: Option<SocketAddr>,
    mode: Mode,
    findings: &mut Findings<'_>,
) -> Access {
    if let Some(exercise) = raw.exercise_login.as_ref().filter(|yes| *yes.get_ref()) {
        if mode != Mode::Exercise {
            let message = "is for exercises alone: it lets anybody give orders; [clock] mode is not \"exercise\"";
            findings.add(Some(exercise.span()), "[http] exercise_login", message);
        }
        return Access::Exercise;
    }
    let is_outside =
        listen.is_some_and(|listen| !listen.ip().is_loopback()) || !raw.behind_proxy.is_empty();
    match raw.login.as_ref().map(|login| *login.get_ref()) {
        Some(true) => Access::LogIn,
        Some(false) => Access::Open,
        None if is_outside || raw.oidc.is_some() => Access::LogIn,
        None => Access::OnceThereAreAccounts,
    }
}

fn tls(raw: &RawHttp, findings: &mut Findings<'_>) -> Option<TlsFiles> {
    match (&raw.certificate, &raw.key) {
        (Some(certificate), Some(key)) => Some(TlsFiles {
            certificate: PathBuf::from(certificate.get_ref()),
            key: PathBuf::from(key.get_ref()),
        }),
        (Some(alone), None) => {
            let message = "stands without `key`, the file of its private key";
            findings.add(Some(alone.span()), "[http] certificate", message);
            None
        }
        (None, Some(alone)) => {
            let message = "stands without `certificate`, the file that it belongs to";
            findings.add(Some(alone.span()), "[http] key", message);
            None
        }
        (None, None) => None,
    }
}

fn proxies(raw: &RawHttp, findings: &mut Findings<'_>) -> Vec<IpAddr> {
    let mut proxies = Vec::new();
    for proxy in &raw.behind_proxy {
        match proxy.get_ref().parse() {
            Ok(address) => proxies.push(address),
            Err(_) => {
                let found = proxy.get_ref();
                let message =
                    format!("`{found}` is not an address; write the proxy's own, like 10.0.0.2");
                findings.add(Some(proxy.span()), "[http] behind_proxy", message);
            }
        }
    }
    proxies
}

fn hosts(raw: &RawHttp, findings: &mut Findings<'_>) -> Vec<String> {
    let mut hosts = Vec::new();
    for host in &raw.hosts {
        let found = host.get_ref();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if found.is_empty() || !found.chars().all(is_name) {
            let message =
                format!("`{found}` is not a name alone; write it like flood.city.example");
            findings.add(Some(host.span()), "[http] hosts", message);
        }
        hosts.push(found.to_ascii_lowercase());
    }
    hosts
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{super::parse, *};

    fn read(http: &str) -> Result<Http, String> {
        let text = format!("data_dir = \"d\"\ncity = \"c\"\n{http}\n");
        let parsed = parse(Path::new("a.toml"), &text);
        parsed.map(|c| c.http).map_err(|e| e.to_string())
    }

    const OUTSIDE: &str = "[http]\nlisten = \"0.0.0.0:8080\"\n";
    const EXERCISE: &str = "[clock]\nmode = \"exercise\"\norigin = \"2026-07-21T08:00:00Z\"\n\
                            started = \"2026-11-24T01:00:00Z\"\nspeed = 1.0";

    #[test]
    fn on_this_machine_a_log_in_is_demanded_once_there_are_accounts_and_beyond_it_always() {
        let access = |http: &str| read(http).expect("valid").access;
        let tls = format!("{OUTSIDE}certificate = \"c.pem\"\nkey = \"k.pem\"");
        let proxy = format!("{OUTSIDE}behind_proxy = [\"10.0.0.2\"]");
        assert_eq!(access(""), Access::OnceThereAreAccounts);
        assert_eq!(access("[http]\nlogin = true"), Access::LogIn);
        assert_eq!(access("[http]\nlogin = false"), Access::Open);
        assert_eq!(access(&tls), Access::LogIn);
        assert_eq!(access(&proxy), Access::LogIn);
        let bare = format!("{OUTSIDE}unprotected = true");
        assert_eq!(access(&bare), Access::LogIn);
        assert_eq!(access(&format!("{bare}\nlogin = false")), Access::Open);
        let exercise = format!("[http]\nexercise_login = true\n{EXERCISE}");
        assert_eq!(access(&exercise), Access::Exercise);
    }

    #[test]
    fn what_would_leave_the_desk_open_is_refused_by_line_and_with_the_remedy() {
        for (http, expected) in [
            (
                OUTSIDE.to_owned(),
                "a.toml:4: [http] listen: 0.0.0.0:8080 is reached from outside without TLS",
            ),
            (
                format!("{OUTSIDE}certificate = \"c\"\nkey = \"k\"\nlogin = false"),
                "a.toml:7: [http] login: is false",
            ),
            (
                "[http]\nexercise_login = true".to_owned(),
                "a.toml:4: [http] exercise_login: is for exercises alone",
            ),
            (
                format!("{OUTSIDE}certificate = \"c\""),
                "a.toml:5: [http] certificate: stands without `key`",
            ),
            (
                "[http]\nkey = \"k\"".to_owned(),
                "a.toml:4: [http] key: stands without `certificate`",
            ),
            (
                "[http]\nbehind_proxy = [\"proxy\"]".to_owned(),
                "a.toml:4: [http] behind_proxy: `proxy` is not an address",
            ),
            (
                "[http]\nhosts = [\"https://a\"]".to_owned(),
                "a.toml:4: [http] hosts: `https://a` is not a name",
            ),
        ] {
            let said = read(&http).expect_err(&http);
            assert!(said.contains(expected), "{http}\n{said}");
        }
    }
}
