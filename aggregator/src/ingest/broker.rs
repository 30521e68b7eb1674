//! The embedded MQTT broker: rmqtt as a library, with a hook that awaits the group commit, so that
//! here even a PUBACK means durable.
//!
//! Who may publish what: an agent only below its own id, and only this program acknowledges and
//! orders. Topics outside `flood/v1` pass through untouched.

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use rmqtt::{
    context::ServerContext,
    hook::{Handler, HookResult, Parameter, ReturnType, Type},
    net::Builder,
    server::MqttServer,
    types::{Publish, PublishAclResult},
};
use shared::limits::MAX_PAYLOAD;
use tokio::{sync::oneshot, task::JoinHandle};
use tracing::{error, info};

use super::{CommitterHandle, Inbound, Receipt, topics};

/// Header and topic around the largest payload.
const MAX_PACKET: u32 = 257 * 1024;
const _: () = assert!(
    MAX_PACKET as usize == MAX_PAYLOAD + 1024,
    "one limit, two types"
);

/// Connections waiting to be accepted: a restart brings all gateways back at once.
const BACKLOG: i32 = 1_024;

/// Why the broker cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("the MQTT broker cannot listen on {listen} ([broker] embedded): {message}")]
    Listen { listen: SocketAddr, message: String },
}

/// Starts the broker on `listen`; the handle ends with it. `own_client` is the only client that may acknowledge and order.
///
/// # Errors
/// The address cannot be had.
pub async fn start_broker(
    listen: SocketAddr,
    committer: CommitterHandle,
    own_client: String,
) -> Result<JoinHandle<()>, BrokerError> {
    let cannot = |e: rmqtt::net::Error| BrokerError::Listen {
        listen,
        message: e.to_string(),
    };
    let context = ServerContext::new().mqtt_max_sessions(-1).build().await;
    let register = context.extends.hook_mgr().register();
    let handler = AwaitCommit {
        committer,
        own_client,
    };
    register
        .add(Type::MessagePublishCheckAcl, Box::new(handler))
        .await;
    register.start().await;
    let listener = Builder::new()
        .name("gateways")
        .laddr(listen)
        .backlog(BACKLOG)
        .nodelay(true)
        .reuseaddr(Some(true))
        .allow_anonymous(true)
        .max_packet_size(MAX_PACKET)
        .handshake_timeout(Duration::from_secs(15))
        .bind()
        .map_err(cannot)?
        .tcp()
        .map_err(cannot)?;
    let server = MqttServer::new(context).listener(listener).build();
    let running = tokio::spawn(async move {
        if let Err(e) = server.run().await {
            error!(error = %e, "embedded broker ended");
        }
    });
    info!(%listen, "embedded broker listens");
    Ok(running)
}

struct AwaitCommit {
    committer: CommitterHandle,
    own_client: String,
}

#[async_trait]
impl Handler for AwaitCommit {
    async fn hook(&self, parameter: &Parameter, _: Option<HookResult>) -> ReturnType {
        let Parameter::MessagePublishCheckAcl(session, publish) = parameter else {
            return (true, None);
        };
        let client = session.id.client_id.as_ref();
        let verdict = self.judge(client, publish).await;
        (false, Some(HookResult::PublishAclResult(verdict)))
    }
}

impl AwaitCommit {
    async fn judge(&self, client: &str, publish: &Publish) -> PublishAclResult {
        let topic: &str = publish.topic.as_ref();
        if !topic.starts_with("flood/") || client == self.own_client {
            return PublishAclResult::allow();
        }
        if topics::is_downlink(topic) {
            // Counted by the committer as a bad topic; never passed on.
            self.commit(client, topic, publish.payload.clone()).await;
            return PublishAclResult::rejected(true, None);
        }
        match self.commit(client, topic, publish.payload.clone()).await {
            Receipt::Done => PublishAclResult::allow(),
            // Without a disconnect an MQTT 3.1.1 client would still get its PUBACK.
            Receipt::Failed => PublishAclResult::rejected(true, None),
        }
    }

    async fn commit(&self, client: &str, topic: &str, payload: Bytes) -> Receipt {
        let (tell, told) = oneshot::channel();
        let inbound = Inbound {
            channel: topic.to_owned(),
            claim: topics::claim(topic, Some(client)),
            payload,
            receipt: Box::new(move |receipt| {
                // The connection may be gone; what was committed stays committed.
                let _ = tell.send(receipt);
            }),
        };
        if !self.committer.message(inbound).await {
            return Receipt::Failed;
        }
        told.await.unwrap_or(Receipt::Failed)
    }
}
