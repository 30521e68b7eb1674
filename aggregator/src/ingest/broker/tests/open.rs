//! A broker behind its gate that is open to everybody.

use std::{net::Ipv4Addr, net::SocketAddr, time::Duration};

use async_trait::async_trait;
use rmqtt::{
    codec::v5::SubscribeAckReason,
    hook::{Handler, HookResult, Parameter, ReturnType},
    server::MqttServer,
    types::{AuthResult, PublishAclResult, SubscribeAclResult},
};
use tokio::task::JoinHandle;

use super::super::{
    BYTES_PER_SECOND, LISTENER, context,
    gate::{Door, Limits, Peers, Rate, Standing},
    hooks::{part, said, send_away, unheard},
    inner, manners,
};

/// What nobody may hear, as in the suites.
pub const UNHEARD: &str = "test/nosubscribe";

/// The gate and the broker; both end when it is dropped.
pub struct OpenBroker {
    pub at: SocketAddr,
    running: JoinHandle<()>,
}

impl OpenBroker {
    /// Opens a broker that keeps sessions for so long.
    pub async fn start(sessions: Duration) -> Self {
        let peers = Peers::new(Limits {
            total: 100,
            arriving: 50,
            arriving_from_one: 50,
            strangers_from_one: 50,
        });
        let open = Open {
            peers: peers.clone(),
        };
        let inner = inner(sessions).expect("a listener");
        let broker = inner.local_addr().expect("an address");
        let server = MqttServer::new(context(&open).await)
            .listener_by_id(inner, LISTENER)
            .build();
        let door = Door::open((Ipv4Addr::LOCALHOST, 0).into()).expect("a door");
        let at = door.address().expect("an address");
        let rate = Rate {
            packets_per_second: 1_000.0,
            bytes_per_second: BYTES_PER_SECOND,
        };
        let running = tokio::spawn(async move {
            tokio::select! {
                ended = server.run() => ended.expect("a broker that runs"),
                () = door.serve(broker, rate, peers) => {}
            }
        });
        Self { at, running }
    }
}

impl Drop for OpenBroker {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Lets everybody do everything but what MQTT forbids.
#[derive(Clone)]
struct Open {
    peers: Peers,
}

#[async_trait]
impl Handler for Open {
    async fn hook(&self, parameter: &Parameter, _: Option<HookResult>) -> ReturnType {
        let result = match parameter {
            Parameter::ClientAuthenticate(connect) => {
                let port = connect.ipaddress().map(|from| from.port());
                let settled = port.map(|port| {
                    self.peers
                        .settle(port, connect.client_id(), Standing::Stranger)
                });
                HookResult::AuthResult(match settled {
                    Some(Ok(())) => AuthResult::Allow(false, None),
                    _ => AuthResult::NotAuthorized,
                })
            }
            Parameter::ClientSubscribeCheckAcl(_, subscribe) => {
                let filter: &str = &subscribe.topic_filter;
                HookResult::SubscribeAclResult(if filter == UNHEARD {
                    SubscribeAclResult::new_failure(SubscribeAckReason::UnspecifiedError)
                } else if manners::is_shared(filter) {
                    SubscribeAclResult::new_failure(unheard(filter))
                } else {
                    SubscribeAclResult::new_success(subscribe.opts.qos(), None)
                })
            }
            Parameter::MessagePublishCheckAcl(session, publish) => {
                HookResult::PublishAclResult(match manners::judge(said(publish)) {
                    Ok(()) => PublishAclResult::allow(),
                    Err(breach) => send_away(&self.peers, session, breach),
                })
            }
            Parameter::ClientDisconnected(session, reason) => {
                part(&self.peers, session, reason);
                return (true, None);
            }
            _ => return (true, None),
        };
        (false, Some(result))
    }
}
