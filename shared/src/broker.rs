//! The address of an MQTT broker, as configuration files have it.

use std::fmt;

/// An MQTT broker without TLS.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BrokerUrl {
    pub host: String,
    pub port: u16,
}

/// Why a text is not the address of a broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerUrlError {
    #[error(
        "`{0}`: TLS (mqtts://) is not supported by this release; use mqtt:// inside a VPN or a private network"
    )]
    Tls(String),
    /// Not repeated in the message: it may hold a password, and messages end up in logs.
    #[error("a login does not belong into the address; write mqtt://host or mqtt://host:port")]
    Login,
    #[error("`{0}` is not a broker's address; write mqtt://host or mqtt://host:port")]
    Malformed(String),
}

impl BrokerUrl {
    /// Parses `mqtt://host[:port]`; the port's default is 1883.
    ///
    /// # Errors
    /// Another scheme, TLS, a login, or a host or port that is none.
    pub fn parse(text: &str) -> Result<Self, BrokerUrlError> {
        if text.contains('@') {
            return Err(BrokerUrlError::Login);
        }
        if text.starts_with("mqtts://") || text.starts_with("ssl://") {
            return Err(BrokerUrlError::Tls(text.to_owned()));
        }
        let rest = text
            .strip_prefix("mqtt://")
            .or_else(|| text.strip_prefix("tcp://"));
        let (host, port) = rest
            .and_then(|rest| host_port(rest.trim_end_matches('/'), Some(1883)))
            .ok_or_else(|| BrokerUrlError::Malformed(text.to_owned()))?;
        Ok(Self { host, port })
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mqtt://{}:{}", self.host, self.port)
    }
}

/// Splits `host[:port]`; `None` where the host is no name or address, or the port is missing
/// without a default or out of range.
#[must_use]
pub fn host_port(text: &str, default: Option<u16>) -> Option<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok().filter(|p| *p > 0)?),
        _ => (text, default?),
    };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let plain = !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    (bracketed || plain).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_a_host_and_a_port() {
        let broker = |host: &str, port| {
            Ok(BrokerUrl {
                host: host.to_owned(),
                port,
            })
        };
        assert_eq!(
            BrokerUrl::parse("mqtt://broker.city.example"),
            broker("broker.city.example", 1883)
        );
        assert_eq!(
            BrokerUrl::parse("mqtt://[fd00::1]:4"),
            broker("[fd00::1]", 4)
        );
    }

    #[test]
    fn tls_is_refused_with_the_reason() {
        let refused = BrokerUrl::parse("mqtts://broker:8883")
            .expect_err("TLS")
            .to_string();
        assert!(
            refused.contains("TLS") && refused.contains("not supported"),
            "{refused}"
        );
    }

    #[test]
    fn a_login_is_refused_and_never_repeated() {
        let refused = BrokerUrl::parse("mqtt://city:s3cret@broker")
            .expect_err("a login")
            .to_string();
        assert!(
            refused.contains("login") && !refused.contains("s3cret"),
            "{refused}"
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            "",
            "mqtt://",
            "mqtt://a b",
            "mqtt://h/path",
            "http://x",
            "mqtt://x:0",
            "mqtt://x:99999",
        ] {
            assert!(
                BrokerUrl::parse(bad).is_err(),
                "{bad} was taken for a broker"
            );
        }
    }
}
