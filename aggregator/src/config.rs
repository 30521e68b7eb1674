//! The configuration file: as written, checked, and as used.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use shared::clock::{Clock, ClockError, ScaledClock};

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

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    pub data_dir: PathBuf,
    pub city: PathBuf,
    pub listen: SocketAddr,
    pub broker: Broker,
    pub clock: Clock,
    /// Storm time between plans, in seconds.
    pub replan_seconds: u32,
    /// Days of history that are kept.
    pub keep_days: u32,
}

/// Why a file is not a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}:{line}: {message}", path.display())]
    Toml {
        path: PathBuf,
        line: usize,
        message: String,
    },
    #[error("{}: {message}", path.display())]
    Setting { path: PathBuf, message: String },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    data_dir: PathBuf,
    city: PathBuf,
    #[serde(default)]
    http: RawHttp,
    #[serde(default)]
    broker: RawBroker,
    #[serde(default)]
    clock: Option<ScaledClock>,
    #[serde(default)]
    dispatch: RawDispatch,
    #[serde(default)]
    store: RawStore,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawHttp {
    listen: SocketAddr,
}

impl Default for RawHttp {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawBroker {
    embedded: Option<SocketAddr>,
    url: Option<String>,
    client_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawDispatch {
    replan_seconds: u32,
}

impl Default for RawDispatch {
    fn default() -> Self {
        Self { replan_seconds: 60 }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawStore {
    keep_days: u32,
}

impl Default for RawStore {
    fn default() -> Self {
        Self { keep_days: 30 }
    }
}

/// Reads and checks a configuration file. Paths in it are relative to where the program runs.
///
/// # Errors
/// The first thing that is wrong, with file and line where the reader knows them.
pub fn read_config(path: &Path) -> Result<Config, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let raw: Raw = toml::from_str(&text).map_err(|e| {
        let before = e
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ConfigError::Toml {
            path: path.to_owned(),
            line,
            message: e.message().to_owned(),
        }
    })?;
    check(raw).map_err(|message| ConfigError::Setting {
        path: path.to_owned(),
        message,
    })
}

fn check(raw: Raw) -> Result<Config, String> {
    let clock = match raw.clock {
        None => Clock::Real,
        Some(scaled) => scaled
            .validate()
            .map_err(|e: ClockError| format!("[clock]: {e}"))?,
    };
    if !(10..=3600).contains(&raw.dispatch.replan_seconds) {
        let found = raw.dispatch.replan_seconds;
        return Err(format!(
            "dispatch.replan_seconds is {found}; it must be from 10 to 3600"
        ));
    }
    if !(1..=3660).contains(&raw.store.keep_days) {
        let found = raw.store.keep_days;
        return Err(format!(
            "store.keep_days is {found}; it must be from 1 to 3660"
        ));
    }
    Ok(Config {
        data_dir: raw.data_dir,
        city: raw.city,
        listen: raw.http.listen,
        broker: broker(raw.broker)?,
        clock,
        replan_seconds: raw.dispatch.replan_seconds,
        keep_days: raw.store.keep_days,
    })
}

fn broker(raw: RawBroker) -> Result<Broker, String> {
    match (raw.embedded, raw.url) {
        (Some(_), Some(_)) => Err("[broker] has both `embedded` and `url`; choose one".to_owned()),
        (None, Some(url)) => {
            let (host, port) = mqtt_url(&url)?;
            let client_id = raw
                .client_id
                .unwrap_or_else(|| "flood-aggregator".to_owned());
            Ok(Broker::External {
                host,
                port,
                client_id,
            })
        }
        (embedded, None) => {
            if raw.client_id.is_some() {
                return Err("broker.client_id only goes with broker.url".to_owned());
            }
            Ok(Broker::Embedded(
                embedded.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 1883))),
            ))
        }
    }
}

fn mqtt_url(url: &str) -> Result<(String, u16), String> {
    let wrong = || format!("broker.url `{url}` is not like mqtt://host:1883");
    if url.starts_with("mqtts://") {
        return Err(format!(
            "broker.url `{url}`: TLS is not supported by this release"
        ));
    }
    let rest = url
        .strip_prefix("mqtt://")
        .ok_or_else(wrong)?
        .trim_end_matches('/');
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        None => (rest, 1883),
    };
    if host.is_empty() || host.contains('/') {
        return Err(wrong());
    }
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let file = tempfile::NamedTempFile::new().expect("temp file");
        fs::write(file.path(), text).expect("writes");
        read_config(file.path())
    }

    fn error(text: &str) -> String {
        read(text).expect_err("must be refused").to_string()
    }

    const LEAST: &str = "data_dir = \"d\"\ncity = \"c\"\n";

    #[test]
    fn the_least_configuration_listens_on_loopback_with_an_embedded_broker() {
        let config = read(LEAST).expect("valid");
        assert!(config.listen.ip().is_loopback());
        assert!(matches!(config.broker, Broker::Embedded(a) if a.ip().is_loopback()));
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        assert!(error(&format!("{LEAST}[htp]\n")).contains(":3: unknown field `htp`"));
    }

    #[test]
    fn contradictions_are_refused_by_name() {
        let both = format!("{LEAST}[broker]\nembedded = \"127.0.0.1:1\"\nurl = \"mqtt://h\"\n");
        assert!(error(&both).contains("choose one"));
        let tls = format!("{LEAST}[broker]\nurl = \"mqtts://h\"\n");
        assert!(error(&tls).contains("TLS"));
        let replan = format!("{LEAST}[dispatch]\nreplan_seconds = 1\n");
        assert!(error(&replan).contains("replan_seconds"));
    }
}
