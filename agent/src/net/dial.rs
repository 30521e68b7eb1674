//! How a broker is reached and as whom: address, login, bounds of packets and waits. Shell.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rumqttc::{AsyncClient, EventLoop, MqttOptions, NetworkOptions, TlsConfiguration, Transport};
use shared::{
    broker::BrokerUrl,
    bundle::{Bundle, BundleError},
    ids::AgentId,
    limits::MAX_PAYLOAD,
    secret::{self, SecretError},
    tls::{Tls, TlsError},
};

use crate::config::Login;

/// Topic, packet id and flags on top of the largest payload.
const PACKET_OVERHEAD: usize = 1024;
/// A local broker delivers what it took again and again until it is acknowledged: an oversized
/// message must come in to be refused. A quarter of the memory that the unit grants.
const LARGEST_INCOMING: usize = 32 * 1024 * 1024;
/// Covers DNS, TCP and CONNACK over a slow radio link.
const CONNECT_SECONDS: u64 = 20;
/// Packet ids must not run into those that a broker acknowledges late.
const INFLIGHT_PER_WINDOW: usize = 4;
/// Requests beyond a full window that may wait: subscriptions, health, a farewell.
const SPARE_REQUESTS: usize = 16;

/// How to reach a broker and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Dial {
    pub broker: BrokerUrl,
    pub tls: Option<Tls>,
    pub client_id: String,
    pub credentials: Option<Credentials>,
    pub keep_alive: Duration,
    /// Messages on their way in one direction, without the broker's or our acknowledgement.
    pub window: usize,
}

/// A user name and its password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    username: String,
    password: String,
}

/// A secret that cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    #[error("the {what} is not taken")]
    Secret {
        what: &'static str,
        source: SecretError,
    },
    #[error("{}", file.display())]
    Bundle { file: PathBuf, source: BundleError },
    #[error("the ca_file {} cannot be read", file.display())]
    Ca { file: PathBuf, source: io::Error },
    #[error("{}", file.display())]
    Tls { file: PathBuf, source: TlsError },
    #[error(
        "{broker}: TLS needs somebody to believe; give it the bundle by `flood-aggregator enrol`, or a ca_file"
    )]
    NobodyToBelieve { broker: BrokerUrl },
    #[error(
        "{broker}: the bundle has a certificate, and mqtt:// would speak without TLS; write mqtts://, or \
         plain = true where others keep the line private"
    )]
    Downgrade { broker: BrokerUrl },
    #[error("{} is the bundle of `{name}`, and this is agent `{agent}`", file.display())]
    Other {
        file: PathBuf,
        name: String,
        agent: AgentId,
    },
}

fn of(what: &'static str) -> impl FnOnce(SecretError) -> CredentialsError {
    move |source| CredentialsError::Secret { what, source }
}

/// TLS to a broker whose authority is in a file, if its address asks for TLS.
///
/// # Errors
/// There is no file, or nobody in it to believe.
pub(crate) fn tls(
    broker: &BrokerUrl,
    ca_file: Option<&Path>,
) -> Result<Option<Tls>, CredentialsError> {
    if !broker.tls {
        return Ok(None);
    }
    let Some(file) = ca_file else {
        let broker = broker.clone();
        return Err(CredentialsError::NobodyToBelieve { broker });
    };
    let text = std::fs::read_to_string(file).map_err(|source| CredentialsError::Ca {
        file: file.to_owned(),
        source,
    })?;
    let tls = Tls::believing(&text).map_err(|source| CredentialsError::Tls {
        file: file.to_owned(),
        source,
    })?;
    Ok(Some(tls))
}

/// The bundle of an agent, from a file that nobody else may read.
///
/// # Errors
/// It cannot be read, others may, it is damaged, or it is somebody else's.
pub(crate) fn read_bundle(file: &Path, agent: &AgentId) -> Result<Bundle, CredentialsError> {
    let text = secret::read(file).map_err(of("bundle"))?;
    let bundle = Bundle::parse(&text).map_err(|source| CredentialsError::Bundle {
        file: file.to_owned(),
        source,
    })?;
    if bundle.name == agent.as_str() {
        Ok(bundle)
    } else {
        Err(CredentialsError::Other {
            file: file.to_owned(),
            name: bundle.name,
            agent: agent.clone(),
        })
    }
}

impl Credentials {
    /// What who was enrolled says to a broker.
    pub(crate) fn of(bundle: &Bundle) -> Self {
        Self {
            username: bundle.name.clone(),
            password: bundle.key.password(),
        }
    }

    /// Reads the password of a login; without a file it is empty.
    ///
    /// # Errors
    /// The file cannot be read, or others may.
    pub(crate) fn read(login: &Login) -> Result<Self, CredentialsError> {
        let read = |file: &Path| secret::read(file).map_err(of("password file"));
        let file = login.password_file.as_deref();
        let password = file.map(read).transpose()?.unwrap_or_default();
        Ok(Self {
            username: login.username.clone(),
            password: password.trim_end().to_owned(),
        })
    }
}

/// Without the password: what is debugged ends up in logs.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl Dial {
    /// Options that every connection of the agent shares.
    pub(super) fn options(&self) -> MqttOptions {
        let mut options = MqttOptions::new(&self.client_id, &self.broker.host, self.broker.port);
        let inflight = u16::try_from(self.window * INFLIGHT_PER_WINDOW)
            .unwrap_or(u16::MAX)
            .max(1);
        options
            .set_keep_alive(self.keep_alive)
            .set_inflight(inflight)
            .set_max_packet_size(LARGEST_INCOMING, MAX_PAYLOAD + PACKET_OVERHEAD);
        if let Some(tls) = &self.tls {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(
                tls.config(),
            )));
        }
        if let Some(credentials) = &self.credentials {
            options.set_credentials(&credentials.username, &credentials.password);
        }
        options
    }

    /// The last connection ended before it was one.
    pub(crate) fn failed(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.alternate();
        }
    }

    /// A client with patience for slow links.
    pub(super) fn client(&self, options: MqttOptions) -> (AsyncClient, EventLoop) {
        let capacity = self.window * INFLIGHT_PER_WINDOW + SPARE_REQUESTS;
        let (client, mut event_loop) = AsyncClient::new(options, capacity);
        let mut network = NetworkOptions::new();
        network
            .set_connection_timeout(CONNECT_SECONDS)
            .set_tcp_nodelay(true);
        event_loop.set_network_options(network);
        (client, event_loop)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use shared::{error::chain, wire::seal::Key};

    use super::*;

    #[test]
    fn a_bundle_is_read_by_whom_it_is_for_and_from_where_nobody_else_reads() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("gw-01.bundle");
        let agent: AgentId = "gw-01".parse().expect("id");
        let told = |agent: &AgentId| match read_bundle(&file, agent) {
            Ok(bundle) => bundle.name,
            Err(error) => chain(&error),
        };
        assert!(told(&agent).ends_with("No such file or directory (os error 2)"));
        let bundle = Bundle {
            name: "gw-01".to_owned(),
            key: Key::new([7; 32]),
            papers: None,
        };
        std::fs::write(&file, bundle.to_secret_text()).expect("written");
        let allow = |mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&file, permissions).expect("set");
        };
        allow(0o640);
        assert!(told(&agent).contains("others than its owner may use"));
        allow(0o600);
        assert_eq!(told(&agent), "gw-01");
        let other = told(&"gw-02".parse().expect("id"));
        assert!(other.ends_with("is the bundle of `gw-01`, and this is agent `gw-02`"));
        std::fs::write(&file, "name = 1").expect("written");
        assert!(told(&agent).contains("it is not a bundle"));
    }

    #[test]
    fn a_password_is_never_debugged() {
        let credentials = Credentials {
            username: "gw-01".to_owned(),
            password: "s3cret".to_owned(),
        };
        let debugged = format!("{credentials:?}");
        assert!(debugged.contains("gw-01") && !debugged.contains("s3cret"));
    }
}
