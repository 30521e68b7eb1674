//! The broker between agents and aggregator: the aggregator's own, a mosquitto of this run, or one
//! that runs elsewhere; with or without a failing link in front of it.

use std::{
    fmt,
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use shared::{broker::BrokerUrl, net::free_address};
use tokio::net::TcpStream;

use super::{LabError, Process, config::AggregatorBroker, find_in_path, until};
use crate::link::{Proxy, Shuffler};

/// Which broker a run uses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BrokerChoice {
    /// The broker inside the aggregator.
    #[default]
    Embedded,
    /// The broker inside the aggregator, reached over TLS only.
    Tls,
    /// A mosquitto process of this run, without persistence: killed, it forgets everything.
    Mosquitto,
    /// A mosquitto that lets in only those who are enrolled, by the rules that the aggregator writes.
    Guarded,
    /// The same, reached over TLS only, by the certificate that the aggregator writes.
    GuardedTls,
    /// A broker that runs elsewhere, as `mqtt://host:port`.
    External(BrokerUrl),
}

impl BrokerChoice {
    /// Whether it is a mosquitto by the rules that the aggregator writes.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        matches!(self, Self::Guarded | Self::GuardedTls)
    }
}

impl FromStr for BrokerChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "tls" => Ok(Self::Tls),
            "mosquitto" => Ok(Self::Mosquitto),
            url if url.contains("://") => BrokerUrl::parse(url)
                .map(Self::External)
                .map_err(|e| e.to_string()),
            _ => Err(format!(
                "`{text}` is none of: embedded, tls, mosquitto, mqtt://host:port"
            )),
        }
    }
}

impl fmt::Display for BrokerChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Tls => f.write_str("tls"),
            Self::Mosquitto => f.write_str("mosquitto"),
            Self::Guarded => f.write_str("guarded"),
            Self::GuardedTls => f.write_str("guarded-tls"),
            Self::External(url) => url.fmt(f),
        }
    }
}

/// The broker of a run. A process or a proxy of it ends when dropped.
pub struct LabBroker {
    /// What the aggregator's configuration says.
    pub aggregator: AggregatorBroker,
    /// The mosquitto process, if this run has one.
    pub process: Option<Process>,
    /// The link in front of the broker, if it can fail.
    pub link: Option<Proxy>,
    /// What shuffles the acknowledgements on that link.
    pub shuffler: Option<Shuffler>,
    address: SocketAddr,
}

impl LabBroker {
    /// Starts what the choice needs; the embedded broker comes with the aggregator.
    ///
    /// # Errors
    /// No mosquitto, no port, or a broker that does not listen.
    pub async fn start(
        choice: &BrokerChoice,
        can_fail: bool,
        shuffled: Option<Duration>,
        work: &Path,
    ) -> Result<Self, LabError> {
        let mut process = None;
        let (aggregator, address) = match choice {
            BrokerChoice::Embedded => {
                let address = free_address().map_err(LabError::io("a port for the broker"))?;
                (AggregatorBroker::Embedded(address), address)
            }
            BrokerChoice::Tls => {
                let address = free_address().map_err(LabError::io("a port for the broker"))?;
                (AggregatorBroker::Tls(address), address)
            }
            BrokerChoice::Mosquitto | BrokerChoice::Guarded | BrokerChoice::GuardedTls => {
                let address = free_address().map_err(LabError::io("a port for the broker"))?;
                process = Some(mosquitto(work)?);
                let has_tls = *choice == BrokerChoice::GuardedTls;
                let scheme = if has_tls { "mqtts" } else { "mqtt" };
                (
                    AggregatorBroker::Url(format!("{scheme}://{address}")),
                    address,
                )
            }
            BrokerChoice::External(url) => (AggregatorBroker::Url(url.to_string()), resolve(url)?),
        };
        let shuffler = match shuffled {
            Some(most) => Some(
                Shuffler::start(address, most)
                    .await
                    .map_err(LabError::io("a shuffler"))?,
            ),
            None => None,
        };
        let link = if can_fail {
            let upstream = shuffler.as_ref().map_or(address, Shuffler::address);
            Some(
                Proxy::start(upstream)
                    .await
                    .map_err(LabError::io("a proxy"))?,
            )
        } else {
            None
        };
        let mut broker = Self {
            aggregator,
            process,
            link,
            shuffler,
            address,
        };
        if *choice == BrokerChoice::Mosquitto {
            broker.configure("allow_anonymous true\n", work)?;
        }
        // By what rules it lets somebody in, an aggregator has yet to say.
        if !choice.is_guarded() {
            broker.restart().await?;
        }
        Ok(broker)
    }

    /// Writes the mosquitto's configuration with rules of who may come in. Its window of messages in
    /// flight is left as it comes, so that a run sees what any site's broker does.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn configure(&self, rules: &str, work: &Path) -> Result<(), LabError> {
        let file = configuration(work);
        let listener = format!("listener {} {}", self.address.port(), self.address.ip());
        let rules: String = match rules.split_once("listener 8883") {
            Some((before, tls)) if self.is_tls() => format!("{before}{listener}{tls}"),
            Some((before, _)) => format!("{before}{listener}\n"),
            None => format!("{listener}\n{rules}"),
        };
        // As one who is not to lose his rights to read his secrets.
        let text = format!(
            "user root\npersistence false\nmax_queued_messages 0\nset_tcp_nodelay true\n{rules}"
        );
        std::fs::write(&file, text).map_err(LabError::io(file.display().to_string()))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is reached.
    #[must_use]
    pub fn url(&self) -> BrokerUrl {
        BrokerUrl {
            host: self.address.ip().to_string(),
            port: self.address.port(),
            tls: self.is_tls(),
        }
    }

    fn is_tls(&self) -> bool {
        match &self.aggregator {
            AggregatorBroker::Tls(_) => true,
            AggregatorBroker::Url(url) => url.starts_with("mqtts://"),
            AggregatorBroker::Embedded(_) => false,
        }
    }

    /// What an agent's configuration says: the broker, or the link in front of it.
    #[must_use]
    pub fn uplink(&self, behind_link: bool) -> String {
        let link = self.link.as_ref().filter(|_| behind_link);
        let scheme = if self.is_tls() { "mqtts" } else { "mqtt" };
        let address = link.map_or(self.address, Proxy::address);
        format!("{scheme}://{address}")
    }

    /// Starts the mosquitto process, if there is one, and waits until it listens.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart(&mut self) -> Result<(), LabError> {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        process.start()?;
        let address = self.address;
        let listens = || async move { TcpStream::connect(address).await.is_ok() };
        until("mosquitto's port", Duration::from_secs(10), listens).await
    }

    /// Lets the mosquitto process read its rules again.
    ///
    /// # Errors
    /// It does not run.
    pub(super) fn reload(&self) -> Result<(), LabError> {
        let id = self.process.as_ref().and_then(Process::id);
        let id = id.and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let id = id.ok_or_else(|| LabError::Setup("no mosquitto runs".to_owned()))?;
        kill(id, Signal::SIGHUP).map_err(|e| LabError::Setup(format!("SIGHUP: {e}")))
    }

    /// Kills the mosquitto process, if there is one.
    pub fn kill(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill();
        }
    }
}

fn mosquitto(work: &Path) -> Result<Process, LabError> {
    let program = find_in_path("mosquitto").ok_or(LabError::MosquittoMissing)?;
    let arguments = vec!["-c".to_owned(), configuration(work).display().to_string()];
    Ok(Process::new("mosquitto", &program, arguments, work))
}

fn configuration(work: &Path) -> PathBuf {
    work.join("mosquitto.conf")
}

/// Where a broker is.
///
/// # Errors
/// Its host cannot be found.
pub(crate) fn resolve(url: &BrokerUrl) -> Result<SocketAddr, LabError> {
    let mut addresses = format!("{}:{}", url.host, url.port)
        .to_socket_addrs()
        .map_err(LabError::io(url.to_string()))?;
    let none = || LabError::Setup(format!("`{url}` has no address"));
    addresses.next().ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_chosen_by_one_word_or_a_url() {
        assert_eq!("embedded".parse(), Ok(BrokerChoice::Embedded));
        assert_eq!(
            "mqtt://h:1".parse(),
            BrokerUrl::parse("mqtt://h:1")
                .map(BrokerChoice::External)
                .map_err(|e| e.to_string())
        );
        for wrong in ["rabbit", "http://x"] {
            assert!(wrong.parse::<BrokerChoice>().is_err(), "{wrong}");
        }
        let local = BrokerUrl::parse("mqtt://127.0.0.1").expect("a broker");
        assert_eq!(resolve(&local).expect("address").port(), 1883);
    }
}
