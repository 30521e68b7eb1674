//! The embedded MQTT broker: rmqtt as a library, with hooks that say who may do what and await the
//! group commit, so that here even a PUBACK means durable.
//!
//! A message that is too large ends its connection before anything of it is read; that is counted and
//! kept for a look like any other that is refused. Nothing is kept for a client that is away: whatever is
//! sent down is said again while it matters.

mod eviction;
mod hooks;
mod voice;
mod wishes;

use std::{net::SocketAddr, time::Duration};

use rmqtt::{context::ServerContext, net::Builder, server::MqttServer};
use shared::limits::MAX_PAYLOAD;
use tokio::{sync::mpsc, task::JoinHandle};
use tracing::{error, info};

use self::hooks::{Hooks, MOMENTS};
use super::{CommitterHandle, DownlinkMessage};
use crate::authority::Authorities;

/// Header and topic around the largest payload.
const MAX_PACKET: u32 = 257 * 1024;
const _: () = assert!(
    MAX_PACKET as usize == MAX_PAYLOAD + 1024,
    "one limit, two types"
);

/// Connections waiting to be accepted: a restart brings all gateways back at once.
const BACKLOG: i32 = 1_024;

/// A client id is an id of ours, or one that a library made up.
const MAX_CLIENT_ID: usize = 128;

/// Topics that one client may ask for: an agent has two, a truck one.
const MAX_SUBSCRIPTIONS: usize = 1_000;

/// For so long a session is kept whose client asked for that and is away: no longer than it takes to
/// come again.
const SESSION_EXPIRY: Duration = Duration::from_secs(2);

/// Messages down that wait for one client: each says all there is to say.
const MAX_QUEUE: usize = 100;

/// Why the broker cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("the MQTT broker cannot listen on {listen} ([broker] embedded): {message}")]
    Listen { listen: SocketAddr, message: String },
}

/// Starts the broker on `listen`, which brings down what comes from `downlink`; the handle ends with it.
///
/// # Errors
/// The address cannot be had.
pub async fn start_broker(
    listen: SocketAddr,
    committer: CommitterHandle,
    authorities: Authorities,
    downlink: mpsc::Receiver<DownlinkMessage>,
) -> Result<JoinHandle<()>, BrokerError> {
    let cannot = |e: rmqtt::net::Error| BrokerError::Listen {
        listen,
        message: e.to_string(),
    };
    let context = ServerContext::new()
        .mqtt_max_sessions(-1)
        // Else it lets nobody in while the system's load is above 80, whoever keeps it so.
        .busy_check_enable(false)
        .build()
        .await;
    let register = context.extends.hook_mgr().register();
    let hooks = Hooks {
        committer,
        authorities: authorities.clone(),
    };
    for moment in MOMENTS {
        register.add(moment, Box::new(hooks.clone())).await;
    }
    register.start().await;
    let listener = Builder::new()
        .name("gateways")
        .laddr(listen)
        .backlog(BACKLOG)
        .nodelay(true)
        .reuseaddr(Some(true))
        // Else nobody is asked about a client without a user name.
        .allow_anonymous(false)
        .max_packet_size(MAX_PACKET)
        .max_clientid_len(MAX_CLIENT_ID)
        .max_subscriptions(MAX_SUBSCRIPTIONS)
        .max_mqueue_len(MAX_QUEUE)
        .session_expiry_interval(SESSION_EXPIRY)
        .max_session_expiry_interval(SESSION_EXPIRY)
        .handshake_timeout(Duration::from_secs(15))
        .bind()
        .map_err(cannot)?
        .tcp()
        .map_err(cannot)?;
    let server = MqttServer::new(context.clone()).listener(listener).build();
    let running = tokio::spawn(async move {
        tokio::select! {
            ended = server.run() => if let Err(e) = ended {
                error!(error = %e, "embedded broker ended");
            },
            () = voice::speak(context.clone(), downlink) => {}
            () = eviction::evict(context, authorities) => {}
        }
    });
    info!(%listen, "embedded broker listens");
    Ok(running)
}
