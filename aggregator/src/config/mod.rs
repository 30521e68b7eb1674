//! The configuration file: as written, checked, and as used.

mod http;
mod values;

pub use http::{Access, Http, TlsFiles};

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use shared::{
    broker::BrokerUrl,
    clock::{Clock, ScaledClock},
    findings::{self, Findings, Wrong, line_of},
};
use toml::Spanned;
use values::{address, within};

use crate::grants::{Grants, RawSource};

/// Where MQTT comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broker {
    /// A broker inside this program.
    Embedded(SocketAddr),
    /// Any MQTT 3.1.1 broker with persistent sessions.
    External {
        host: String,
        port: u16,
        client_id: String,
    },
}

impl Broker {
    /// Whether only programs of this machine reach it.
    fn is_on_this_machine(&self) -> bool {
        match self {
            Self::Embedded(listen) => listen.ip().is_loopback(),
            Self::External { host, .. } => {
                let is_loopback = |host: IpAddr| host.is_loopback();
                host == "localhost" || host.parse().is_ok_and(is_loopback)
            }
        }
    }
}

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    pub data_dir: PathBuf,
    pub city: PathBuf,
    /// Where the configuration names the city, for errors: `file:line: city`.
    pub city_key: String,
    pub http: Http,
    pub broker: Broker,
    /// Whether those are believed who are not enrolled.
    pub believes_strangers: bool,
    /// What third parties may speak for.
    pub grants: Grants,
    pub clock: Clock,
    /// Storm time between plans, in seconds.
    pub replan_seconds: u32,
    /// Days of history that are kept.
    pub keep_days: u32,
}

/// Why a file is not a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    data_dir: Spanned<String>,
    city: Spanned<String>,
    #[serde(default)]
    http: http::RawHttp,
    #[serde(default)]
    broker: RawBroker,
    clock: Option<Spanned<ScaledClock>>,
    #[serde(default)]
    dispatch: RawDispatch,
    #[serde(default)]
    store: RawStore,
    #[serde(default)]
    source: Vec<RawSource>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBroker {
    embedded: Option<Spanned<String>>,
    url: Option<Spanned<String>>,
    client_id: Option<Spanned<String>>,
    strangers: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDispatch {
    replan_seconds: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStore {
    keep_days: Option<Spanned<i64>>,
}

const EMBEDDED: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1883);
/// The aggregator's session at another broker.
const CLIENT_ID: &str = "flood-aggregator";
/// More often would only make dispatchers dizzy; less often than hourly is no plan.
const REPLAN_SECONDS: RangeInclusive<i64> = 10..=3_600;
const KEEP_DAYS: RangeInclusive<i64> = 1..=3_660;

/// Reads and checks a configuration file. Paths in it are relative to where the program runs.
///
/// # Errors
/// A file that cannot be read, or everything that is wrong with it, by line.
pub fn read_config(path: &Path) -> Result<Config, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(parse(path, &text)?)
}

fn parse(path: &Path, text: &str) -> Result<Config, Wrong> {
    let raw = findings::read_toml(path, text)?;
    let mut findings = Findings::new(path, text);
    let config = check(&raw, path, text, &mut findings);
    findings.finish(config)
}

fn check(raw: &Raw, path: &Path, text: &str, findings: &mut Findings<'_>) -> Option<Config> {
    for (key, folder) in [("data_dir", &raw.data_dir), ("city", &raw.city)] {
        if folder.get_ref().is_empty() {
            findings.add(Some(folder.span()), key, "is empty; it must name a folder");
        }
    }
    let clock = match &raw.clock {
        None => Clock::Real,
        Some(table) => table
            .get_ref()
            .validate()
            .map_err(|e| findings.add(Some(table.span()), "[clock]", e))
            .unwrap_or_default(),
    };
    let http = http::check(&raw.http, clock.mode(), findings);
    let replan = raw.dispatch.replan_seconds.as_ref();
    let replan = within(
        replan,
        "[dispatch] replan_seconds",
        REPLAN_SECONDS,
        60,
        findings,
    );
    let keep = raw.store.keep_days.as_ref();
    let keep = within(keep, "[store] keep_days", KEEP_DAYS, 30, findings);
    let broker = broker(&raw.broker, findings);
    if let (Some(Http { listen, .. }), Some(Broker::Embedded(embedded))) = (&http, &broker)
        && meet(*listen, *embedded)
    {
        let span = raw.broker.embedded.as_ref().or(raw.http.listen.as_ref());
        let span = span.map(Spanned::span);
        let message = format!(
            "{embedded} is also where [http] listens ({listen}); each needs a port of its own"
        );
        findings.add(span, "[broker] embedded", message);
    }
    let is_on_this_machine = broker.as_ref().is_some_and(Broker::is_on_this_machine);
    let believes_strangers = raw.broker.strangers.unwrap_or(is_on_this_machine);
    Some(Config {
        believes_strangers,
        grants: Grants::check(&raw.source, believes_strangers, findings),
        data_dir: PathBuf::from(raw.data_dir.get_ref()),
        city: PathBuf::from(raw.city.get_ref()),
        city_key: format!(
            "{}:{}: city",
            path.display(),
            line_of(text, raw.city.span().start)
        ),
        http: http?,
        broker: broker?,
        clock,
        replan_seconds: replan,
        keep_days: keep,
    })
}

fn broker(raw: &RawBroker, findings: &mut Findings<'_>) -> Option<Broker> {
    match (&raw.embedded, &raw.url) {
        (Some(_), Some(url)) => {
            let message = "stands beside `embedded`; choose one of the two";
            findings.add(Some(url.span()), "[broker] url", message);
            None
        }
        (None, Some(url)) => {
            let client_id = raw.client_id.as_ref();
            if let Some(empty) = client_id.filter(|id| id.get_ref().is_empty()) {
                let message = "is empty; a session that lasts needs a name";
                findings.add(Some(empty.span()), "[broker] client_id", message);
            }
            let BrokerUrl { host, port } = BrokerUrl::parse(url.get_ref())
                .map_err(|e| findings.add(Some(url.span()), "[broker] url", e))
                .ok()?;
            let client_id =
                client_id.map_or_else(|| CLIENT_ID.to_owned(), |id| id.get_ref().clone());
            Some(Broker::External {
                host,
                port,
                client_id,
            })
        }
        (embedded, None) => {
            if let Some(id) = &raw.client_id {
                let message = "only goes with url: the embedded broker needs none";
                findings.add(Some(id.span()), "[broker] client_id", message);
            }
            address(embedded.as_ref(), "[broker] embedded", EMBEDDED, findings)
                .map(Broker::Embedded)
        }
    }
}

/// Whether two listeners would want the same port.
fn meet(a: SocketAddr, b: SocketAddr) -> bool {
    let any = |s: SocketAddr| s.ip().is_unspecified();
    a.port() == b.port() && a.port() != 0 && (a.ip() == b.ip() || any(a) || any(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Wrong> {
        parse(Path::new("a.toml"), text)
    }

    const LEAST: &str = "data_dir = \"d\"\ncity = \"c\"\n";

    #[test]
    fn the_least_configuration_listens_on_loopback_with_an_embedded_broker() {
        let config = read(LEAST).expect("valid");
        assert!(config.http.listen.ip().is_loopback());
        assert!(matches!(config.broker, Broker::Embedded(a) if a.ip().is_loopback()));
    }

    #[test]
    fn strangers_are_believed_only_on_this_machine_unless_a_key_says_so() {
        let believed = |broker: &str| {
            let text = format!("{LEAST}[broker]\n{broker}\n");
            read(&text).expect("valid").believes_strangers
        };
        let outside = "embedded = \"0.0.0.0:1883\"";
        assert!(believed("") && believed("url = \"mqtt://localhost\""));
        assert!(!believed(outside) && !believed("url = \"mqtt://10.0.0.5\""));
        assert!(believed(&format!("{outside}\nstrangers = true")));
        assert!(!believed("strangers = false"));
    }
}
