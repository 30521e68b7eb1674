//! The configuration file: as written, checked, and as used.

mod broker;
mod http;
mod oidc;
mod values;

use std::{
    fs, io,
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

pub use self::broker::{Broker, Embedded, External};
pub use self::http::{Access, Http, TlsFiles};
pub use self::oidc::Oidc;
use self::{broker::RawBroker, values::within};
use crate::grants::{Grants, RawSource};

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    pub data_dir: PathBuf,
    pub city: PathBuf,
    /// Where the configuration names the city, for errors: `file:line: city`.
    pub city_key: String,
    pub http: Http,
    pub broker: Broker,
    /// Where those who are enrolled reach the broker, if that is not where it listens.
    pub reached_at: Option<BrokerUrl>,
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
struct RawDispatch {
    replan_seconds: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStore {
    keep_days: Option<Spanned<i64>>,
}

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
    let listen = http.as_ref().map(|http| http.listen);
    let broker = raw.broker.check(listen, raw.http.listen.as_ref(), findings);
    let reached_at = raw.broker.reached_at(findings);
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
        reached_at,
        clock,
        replan_seconds: replan,
        keep_days: keep,
    })
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
        assert!(
            matches!(config.broker, Broker::Embedded(b) if b.listeners().all(|a| a.ip().is_loopback()))
        );
    }

    #[test]
    fn strangers_are_believed_only_on_this_machine_unless_a_key_says_so() {
        let believed = |broker: &str| {
            let text = format!("{LEAST}[broker]\n{broker}\n");
            read(&text).expect("valid").believes_strangers
        };
        let outside = "tls = \"0.0.0.0:8883\"";
        assert!(believed("") && believed("url = \"mqtt://localhost\""));
        assert!(!believed(outside) && !believed("url = \"mqtt://10.0.0.5\""));
        assert!(believed(&format!("{outside}\nstrangers = true")));
        assert!(!believed("strangers = false"));
    }

    #[test]
    fn from_outside_the_broker_is_reached_over_tls_unless_a_key_says_otherwise() {
        let broker = |broker: &str| read(&format!("{LEAST}[broker]\n{broker}\n"));
        let outside = "embedded = \"0.0.0.0:1883\"";
        let refused = broker(outside).expect_err("without TLS").to_string();
        assert!(
            refused.contains("write tls = \"0.0.0.0:1883\" instead"),
            "{refused}"
        );
        assert!(broker(&format!("{outside}\nplain = true")).is_ok());
        let both = "embedded = \"127.0.0.1:1883\"\ntls = \"0.0.0.0:1883\"";
        assert!(broker(both).is_err(), "one port for two");
        let Broker::Embedded(only_tls) = broker("tls = \"0.0.0.0:8883\"").expect("valid").broker
        else {
            panic!("an external broker");
        };
        assert_eq!(only_tls.plain, None);
        assert!(
            broker("ca_file = \"ca.crt\"").is_err(),
            "nothing to believe"
        );
    }

    #[test]
    fn a_port_that_the_page_takes_from_the_broker_is_told_by_its_line() {
        let text = format!("{LEAST}[http]\nlisten = \"127.0.0.1:1883\"\n");
        let said = read(&text).expect_err("one port for two").to_string();
        assert!(said.starts_with("a.toml:4: [broker] embedded"), "{said}");
    }
}
