//! The `[broker]` table: where MQTT comes from.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
};

use serde::Deserialize;
use shared::{broker::BrokerUrl, findings::Findings};
use toml::Spanned;

use super::values::{address, meet, within};

/// Where MQTT comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broker {
    /// A broker inside this program.
    Embedded(Embedded),
    /// Any MQTT 3.1.1 broker with persistent sessions.
    External(External),
}

/// The broker inside this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// Where it listens without TLS.
    pub plain: Option<SocketAddr>,
    /// Where it listens with TLS.
    pub tls: Option<SocketAddr>,
    /// Connections of strangers from one address.
    pub connections_from_one_address: u32,
    /// Messages that one connection may send, and those of a second at once.
    pub messages_per_second: u32,
}

/// A broker of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    pub url: BrokerUrl,
    pub client_id: String,
    /// Who says over TLS who the broker is, where that is not the aggregator's own authority.
    pub ca_file: Option<PathBuf>,
}

impl Embedded {
    /// All places where it listens.
    pub fn listeners(&self) -> impl Iterator<Item = SocketAddr> {
        self.plain.into_iter().chain(self.tls)
    }
}

impl Broker {
    /// Whether only programs of this machine reach it.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        match self {
            Self::Embedded(embedded) => embedded.listeners().all(|a| a.ip().is_loopback()),
            Self::External(external) => external.url.is_on_this_machine(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBroker {
    embedded: Option<Spanned<String>>,
    tls: Option<Spanned<String>>,
    #[serde(default)]
    plain: bool,
    connections_from_one_address: Option<Spanned<i64>>,
    messages_per_second: Option<Spanned<i64>>,
    url: Option<Spanned<String>>,
    client_id: Option<Spanned<String>>,
    ca_file: Option<Spanned<String>>,
    pub(super) strangers: Option<bool>,
    reached_at: Option<Spanned<String>>,
}

const EMBEDDED: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1883);
const TLS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8883);

/// The aggregator's session at another broker.
const CLIENT_ID: &str = "flood-aggregator";

const CONNECTIONS: RangeInclusive<i64> = 1..=100_000;
const MESSAGES: RangeInclusive<i64> = 1..=100_000;

impl RawBroker {
    pub(super) fn check(
        &self,
        http: Option<SocketAddr>,
        http_written: Option<&Spanned<String>>,
        findings: &mut Findings<'_>,
    ) -> Option<Broker> {
        let Some(url) = &self.url else {
            self.only_with_url(findings);
            return self
                .embedded(http, http_written, findings)
                .map(Broker::Embedded);
        };
        for (key, beside) in [("embedded", &self.embedded), ("tls", &self.tls)] {
            if beside.is_some() {
                let message = format!("stands beside `{key}`; choose one of the two");
                findings.add(Some(url.span()), "[broker] url", message);
                return None;
            }
        }
        let client_id = self.client_id.as_ref();
        if let Some(empty) = client_id.filter(|id| id.get_ref().is_empty()) {
            let message = "is empty; a session that lasts needs a name";
            findings.add(Some(empty.span()), "[broker] client_id", message);
        }
        let url = broker_url(url, "[broker] url", findings)?;
        let client_id = client_id.map_or_else(|| CLIENT_ID.to_owned(), |id| id.get_ref().clone());
        Some(Broker::External(External {
            url,
            client_id,
            ca_file: self.ca_file.as_ref().map(|file| file.get_ref().into()),
        }))
    }

    /// Where those who are enrolled reach the broker, if that is not where it listens.
    pub(super) fn reached_at(&self, findings: &mut Findings<'_>) -> Option<BrokerUrl> {
        let url = self.reached_at.as_ref()?;
        broker_url(url, "[broker] reached_at", findings)
    }

    fn embedded(
        &self,
        http: Option<SocketAddr>,
        http_written: Option<&Spanned<String>>,
        findings: &mut Findings<'_>,
    ) -> Option<Embedded> {
        let key = "[broker] embedded";
        let plain = match (&self.embedded, &self.tls) {
            (None, Some(_)) => None,
            (written, _) => Some(address(written.as_ref(), key, EMBEDDED, findings)?),
        };
        let tls = match &self.tls {
            None => None,
            written => Some(address(written.as_ref(), "[broker] tls", TLS, findings)?),
        };
        if let Some(plain) = plain.filter(|a| !a.ip().is_loopback() && !self.plain) {
            let span = self.embedded.as_ref().map(Spanned::span);
            let message = format!(
                "{plain} is reached from outside, without TLS; write tls = \"{plain}\" instead, or \
                 plain = true where others keep the line private"
            );
            findings.add(span, key, message);
        }
        for (key, written, listen, other, whose) in [
            (key, &self.embedded, plain, http, "[http]"),
            ("[broker] tls", &self.tls, tls, http, "[http]"),
            ("[broker] tls", &self.tls, tls, plain, key),
        ] {
            if let Some((listen, other)) = listen.zip(other)
                && meet(listen, other)
            {
                let message = format!(
                    "{listen} is also where {whose} listens ({other}); each needs a port of its own"
                );
                let span = written.as_ref().or(http_written).map(Spanned::span);
                findings.add(span, key, message);
            }
        }
        let from_one = self.connections_from_one_address.as_ref();
        let messages = self.messages_per_second.as_ref();
        Some(Embedded {
            plain,
            tls,
            connections_from_one_address: within(
                from_one,
                "[broker] connections_from_one_address",
                CONNECTIONS,
                1_000,
                findings,
            ),
            messages_per_second: within(
                messages,
                "[broker] messages_per_second",
                MESSAGES,
                1_000,
                findings,
            ),
        })
    }

    fn only_with_url(&self, findings: &mut Findings<'_>) {
        let keys = [("client_id", &self.client_id), ("ca_file", &self.ca_file)];
        for (key, written) in keys {
            if let Some(written) = written {
                let message = "only goes with url: the embedded broker needs none";
                findings.add(Some(written.span()), &format!("[broker] {key}"), message);
            }
        }
    }
}

fn broker_url(text: &Spanned<String>, key: &str, findings: &mut Findings<'_>) -> Option<BrokerUrl> {
    BrokerUrl::parse(text.get_ref())
        .map_err(|e| findings.add(Some(text.span()), key, e))
        .ok()
}
