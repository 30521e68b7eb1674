//! The embedded MQTT broker: rmqtt as a library, with hooks that say who may do what and await the
//! group commit, so that here even a PUBACK means durable.
//!
//! A message that is too large ends its connection before anything of it is read; that is counted and
//! kept for a look like any other that is refused. Nothing is kept for a client that is away: whatever is
//! sent down is said again while it matters.
//!
//! It listens behind the [`gate`], on a port of loopback that nobody is told.

mod gate;
mod hooks;
mod manners;
mod refusals;
mod terms;
#[cfg(test)]
mod tests;
mod voice;
mod wishes;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use rmqtt::{
    context::ServerContext,
    hook::Handler,
    net::{Builder, Listener},
    server::MqttServer,
};
use shared::limits::MAX_PAYLOAD;
use tokio::{sync::mpsc, task::JoinHandle};
use tracing::{error, info};

use self::gate::{Door, Limits, Peers, Rate, TlsError};
use self::hooks::{Hooks, MOMENTS};
use self::terms::Terms;
use super::{CommitterHandle, DownlinkMessage};
use crate::{
    authority::{Authorities, Ca},
    config::Embedded,
    files,
};

/// Header and topic around the largest payload.
const MAX_PACKET: u32 = 257 * 1024;
const _: () = assert!(
    MAX_PACKET as usize == MAX_PAYLOAD + 1024,
    "one limit, two types"
);

/// A client id is an id of ours, or one that a library made up.
const MAX_CLIENT_ID: usize = 128;

/// Topics that one client may ask for: an agent has two, a truck one.
const MAX_SUBSCRIPTIONS: usize = 1_000;

/// For so long a session is kept whose client asked for that and is away: no longer than it takes to
/// come again.
const SESSION_EXPIRY: Duration = Duration::from_secs(2);

/// Messages down that wait for one client: each says all there is to say.
const MAX_QUEUE: usize = 100;

/// Connections that have not yet shown who they are, in all and from one address.
const ARRIVING: usize = 2_048;
const ARRIVING_FROM_ONE: usize = 512;

/// Files that a connection takes: the gate's two ends and the broker's.
const FILES_OF_ONE: usize = 3;

/// Bytes that one connection may send in a second: a gateway that comes back sends its backlog, which its
/// own pace bounds far below.
const BYTES_PER_SECOND: f64 = 8.0 * 1024.0 * 1024.0;

/// The broker's own listener among those of the library.
const LISTENER: u16 = 1;

/// Why the broker cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("the MQTT broker cannot listen on {listen} ([broker] {key})")]
    Listen {
        key: &'static str,
        listen: SocketAddr,
        source: std::io::Error,
    },
    #[error("the MQTT broker cannot listen behind its gate: {0}")]
    Inner(#[from] rmqtt::net::Error),
    #[error("the MQTT broker cannot have TLS ([broker] tls)")]
    Tls(#[from] TlsError),
}

/// What the broker is started with.
pub struct BrokerSetup {
    pub embedded: Embedded,
    pub ca: Arc<Ca>,
    pub committer: CommitterHandle,
    pub authorities: Authorities,
    /// What is to be brought down.
    pub downlink: mpsc::Receiver<DownlinkMessage>,
}

/// Starts the broker; the handle ends with what is to be brought down.
///
/// # Errors
/// An address cannot be had, or there can be no TLS.
pub async fn start_broker(setup: BrokerSetup) -> Result<JoinHandle<()>, BrokerError> {
    let BrokerSetup {
        embedded,
        ca,
        committer,
        authorities,
        downlink,
    } = setup;
    let doors = doors(&embedded, &ca)?;
    let peers = Peers::new(limits(&embedded));
    let hooks = Hooks::new(committer, authorities.clone(), peers.clone());
    let context = context(&hooks).await;
    let inner = inner(SESSION_EXPIRY)?;
    let broker = inner.local_addr()?;
    let server = MqttServer::new(context.clone())
        .listener_by_id(inner, LISTENER)
        .build();
    let rate = Rate {
        packets_per_second: embedded.messages_per_second.into(),
        bytes_per_second: BYTES_PER_SECOND,
    };
    let running = tokio::spawn(async move {
        let doors = doors
            .into_iter()
            .map(|door| door.serve(broker, rate, peers.clone()));
        tokio::select! {
            ended = server.run() => if let Err(e) = ended {
                error!(error = %e, "embedded broker ended");
            },
            () = voice::speak(context.clone(), downlink) => {}
            _ = join_all(doors) => {}
            () = gate::evict(peers.clone(), authorities) => {}
            () = hooks.sum_up() => {}
        }
    });
    for listen in embedded.listeners() {
        let tls = embedded.tls == Some(listen);
        info!(%listen, tls, "embedded broker listens");
    }
    Ok(running)
}

fn doors(embedded: &Embedded, ca: &Arc<Ca>) -> Result<Vec<Door>, BrokerError> {
    let open = |key, listen| {
        Door::open(listen).map_err(|source| BrokerError::Listen {
            key,
            listen,
            source,
        })
    };
    let plain = embedded.plain.map(|listen| open("embedded", listen));
    let tls = embedded.tls.map(|listen| {
        let door = open("tls", listen)?;
        Ok(door.behind_tls(ca.clone())?)
    });
    plain.into_iter().chain(tls).collect()
}

/// As many as there are files for, with half of them left to the store and the page.
fn limits(embedded: &Embedded) -> Limits {
    let total = files::most_open() / 2 / FILES_OF_ONE;
    Limits {
        total,
        arriving: ARRIVING.min(total / 2),
        arriving_from_one: ARRIVING_FROM_ONE.min(total / 4),
        strangers_from_one: embedded.connections_from_one_address as usize,
    }
}

/// The broker, which asks these hooks.
async fn context(hooks: &(impl Handler + Clone + 'static)) -> ServerContext {
    let context = ServerContext::new()
        .mqtt_max_sessions(-1)
        // Else it lets nobody in while the system's load is above 80, whoever keeps it so.
        .busy_check_enable(false)
        .build()
        .await;
    let register = context.extends.hook_mgr().register();
    for moment in MOMENTS {
        register.add(moment, Box::new(hooks.clone())).await;
    }
    register.start().await;
    *context.extends.fitter_mgr_mut().await = Box::new(Terms);
    context
}

/// The broker's own listener, which keeps sessions for so long at most.
fn inner(sessions: Duration) -> Result<Listener, BrokerError> {
    let listener = Builder::new()
        .name("gateways")
        .laddr((Ipv4Addr::LOCALHOST, 0).into())
        .nodelay(true)
        // Else nobody is asked about a client without a user name.
        .allow_anonymous(false)
        .max_packet_size(MAX_PACKET)
        .max_clientid_len(MAX_CLIENT_ID)
        .max_subscriptions(MAX_SUBSCRIPTIONS)
        .max_mqueue_len(MAX_QUEUE)
        .session_expiry_interval(sessions)
        .max_session_expiry_interval(sessions)
        // Else it makes up an end for every message that has none of its own.
        .message_expiry_interval(Duration::ZERO)
        .handshake_timeout(Duration::from_secs(15))
        .bind()?
        .tcp()?;
    Ok(listener)
}
