//! The embedded MQTT broker: rmqtt as a library, with a hook that awaits the group commit, so that
//! here even a PUBACK means durable.
//!
//! Who may publish what: an agent only below its own id, and only this program acknowledges and
//! orders. Topics outside `flood/v1` pass through untouched. A message that is too large ends its
//! connection before anything of it is read; that is counted and kept for a look like any other that
//! is refused.

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use rmqtt::{
    context::ServerContext,
    hook::{Handler, HookResult, Parameter, ReturnType, Type},
    net::Builder,
    server::MqttServer,
    types::{Publish, PublishAclResult, QoS, Reason},
};
use shared::limits::MAX_PAYLOAD;
use tokio::{sync::oneshot, task::JoinHandle};
use tracing::{error, info, warn};

use super::{Claim, CommitterHandle, Inbound, Receipt, Undecoded, topics};
use crate::counters::Counter;

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
    for moment in [Type::MessagePublishCheckAcl, Type::ClientDisconnected] {
        register.add(moment, Box::new(handler.clone())).await;
    }
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

#[derive(Clone)]
struct AwaitCommit {
    committer: CommitterHandle,
    own_client: String,
}

#[async_trait]
impl Handler for AwaitCommit {
    async fn hook(&self, parameter: &Parameter, _: Option<HookResult>) -> ReturnType {
        match parameter {
            Parameter::MessagePublishCheckAcl(session, publish) => {
                let client = session.id.client_id.as_ref();
                let verdict = self.judge(client, publish).await;
                (false, Some(HookResult::PublishAclResult(verdict)))
            }
            Parameter::ClientDisconnected(session, reason) => {
                if let Some(how) = oversized(reason) {
                    self.refuse_oversized(session.id.client_id.as_ref(), how)
                        .await;
                }
                (true, None)
            }
            _ => (true, None),
        }
    }
}

impl AwaitCommit {
    async fn judge(&self, client: &str, publish: &Publish) -> PublishAclResult {
        let topic: &str = publish.topic.as_ref();
        if !topic.starts_with("flood/") || client == self.own_client {
            return PublishAclResult::allow();
        }
        let claim = topics::claim(topic, Some(client));
        let receipt = self.commit(topic.to_owned(), claim, publish.payload.clone());
        if topics::is_downlink(topic) {
            // Counted by the committer as a bad topic; never passed on.
            receipt.await;
            return PublishAclResult::rejected(true, None);
        }
        match receipt.await {
            Receipt::Done => PublishAclResult::allow(),
            Receipt::Unkept if publish.qos == QoS::AtMostOnce => PublishAclResult::allow(),
            // Without a disconnect an MQTT 3.1.1 client would still get its PUBACK.
            Receipt::Unkept | Receipt::Failed => PublishAclResult::rejected(true, None),
        }
    }

    /// Tells of a message that was too large to be read.
    async fn refuse_oversized(&self, client: &str, how: &str) {
        let detail = format!(
            "client `{client}` sent a message that is too large and was disconnected: {how} bytes"
        );
        let counter = Counter::BadPayload;
        let claim = Err(Undecoded { counter, detail });
        let channel = format!("client {client}");
        if self.commit(channel, claim, Bytes::new()).await == Receipt::Failed {
            warn!(
                client,
                how, "a message was too large, and that could not be kept"
            );
        }
    }

    async fn commit(
        &self,
        channel: String,
        claim: Result<Claim, Undecoded>,
        payload: Bytes,
    ) -> Receipt {
        let (tell, told) = oneshot::channel();
        let inbound = Inbound {
            channel,
            claim,
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

/// How the library words that a message is too large; it keeps only the text.
const TOO_LARGE: &str = "Max size exceeded: ";

/// How large the message was, and how large it may be, if that ended a connection.
fn oversized(reason: &Reason) -> Option<&str> {
    match reason {
        Reason::Error(text) => text.strip_prefix(TOO_LARGE),
        Reason::Reasons(all) => all.iter().find_map(oversized),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rmqtt::codec::error::DecodeError;

    use super::*;

    #[test]
    fn a_connection_that_a_large_message_ended_is_told_from_others() {
        let (size, max) = (300_023, MAX_PACKET);
        let too_large = DecodeError::MaxSizeExceeded { size, max };
        let of = |error: DecodeError| Reason::from(rmqtt::Error::from(error));
        let among = Reason::Reasons(vec![Reason::ConnectRemoteClose, of(too_large)]);
        assert_eq!(oversized(&among), Some("size=300023, max=263168"));
        assert_eq!(oversized(&of(DecodeError::MalformedPacket)), None);
        assert_eq!(oversized(&Reason::ConnectRemoteClose), None);
    }
}
