//! The address of an MQTT broker, as configuration files have it.

use std::fmt;

/// An MQTT broker.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BrokerUrl {
    pub host: String,
    pub port: u16,
    /// Whether it is spoken to over TLS.
    pub tls: bool,
}

/// Where brokers listen by convention (IANA), and where with TLS.
const PORT: u16 = 1883;
const TLS_PORT: u16 = 8883;

/// Why a text is not the address of a broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerUrlError {
    /// Not repeated in the message: it may hold a password, and messages end up in logs.
    #[error("a login does not belong into the address; write mqtts://host:port")]
    Login,
    #[error(
        "`{0}` is not a broker's address; write mqtts://host:port, or mqtt://host:port without TLS"
    )]
    Malformed(String),
}

impl BrokerUrl {
    /// Parses `mqtts://host[:port]`, or `mqtt://host[:port]` without TLS; the port's default is 8883 or 1883.
    ///
    /// # Errors
    /// Another scheme, a login, or a host or port that is none.
    pub fn parse(text: &str) -> Result<Self, BrokerUrlError> {
        if text.contains('@') {
            return Err(BrokerUrlError::Login);
        }
        let malformed = || BrokerUrlError::Malformed(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(malformed)?;
        let tls = match scheme {
            "mqtt" | "tcp" => false,
            "mqtts" | "ssl" => true,
            _ => return Err(malformed()),
        };
        let port = if tls { TLS_PORT } else { PORT };
        let (host, port) =
            host_port(rest.trim_end_matches('/'), Some(port)).ok_or_else(malformed)?;
        Ok(Self { host, port, tls })
    }

    /// Whether only programs of this machine hear what is said to it.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        // An address of 127.0.0.0/8 (RFC 1122, 3.2.1.3), and not a name that begins like one.
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let is_loopback = self.host.starts_with("127.") && self.host.chars().all(is_number);
        is_loopback || matches!(&*self.host, "localhost" | "[::1]")
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
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
    fn a_broker_is_a_host_and_a_port_with_tls_or_without() {
        let broker = |host: &str, port, tls| {
            let host = host.to_owned();
            Ok(BrokerUrl { host, port, tls })
        };
        let written = [
            (
                "mqtt://broker.city.example",
                "broker.city.example",
                1883,
                false,
            ),
            (
                "mqtts://broker.city.example",
                "broker.city.example",
                8883,
                true,
            ),
            ("mqtt://[fd00::1]:4", "[fd00::1]", 4, false),
            ("ssl://10.0.0.5:8884/", "10.0.0.5", 8884, true),
        ];
        for (text, host, port, tls) in written {
            assert_eq!(BrokerUrl::parse(text), broker(host, port, tls), "{text}");
        }
        let shown = |text: &str| BrokerUrl::parse(text).map(|broker| broker.to_string());
        assert_eq!(shown("ssl://b"), Ok("mqtts://b:8883".to_owned()));
    }

    #[test]
    fn what_is_said_to_loopback_stays_on_this_machine() {
        let stays = |text: &str| {
            BrokerUrl::parse(text)
                .expect("a broker")
                .is_on_this_machine()
        };
        assert!(stays("mqtt://localhost") && stays("mqtt://127.0.0.7:1") && stays("mqtt://[::1]"));
        assert!(!stays("mqtt://10.0.0.5") && !stays("mqtt://127.example"));
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
