//! What the embedded broker asks before it does something: who may do what, and when a message is
//! durable.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use rmqtt::{
    codec::v5::{PublishAckReason, SubscribeAckReason, ToReasonCode as _},
    hook::{Handler, HookResult, Parameter, ReturnType, Type},
    net::MqttError,
    session::Session,
    types::{
        AuthResult, ConnectInfo, FromType, LastWill, Publish, PublishAclResult, QoS, Reason,
        SubscribeAclResult,
    },
};
use shared::error::chain;
use tokio::sync::oneshot;
use tracing::warn;

use super::{
    gate::{Peers, Standing, farewell::Farewell},
    manners::{self, Breach, Said},
    refusals::{Refusals, SUM_UP_EVERY},
    wishes::{self, Asked},
};
use crate::{
    authority::Authorities,
    counters::Counter,
    ingest::{Claim, CommitterHandle, Inbound, Receipt, Undecoded, topics},
    net::Net,
};

/// The moments at which the broker asks.
pub const MOMENTS: [Type; 5] = [
    Type::ClientAuthenticate,
    Type::ClientSubscribeCheckAcl,
    Type::MessagePublishCheckAcl,
    Type::MessagePublish,
    Type::ClientDisconnected,
];

/// Answers the broker.
#[derive(Clone)]
pub struct Hooks {
    committer: CommitterHandle,
    authorities: Authorities,
    peers: Peers,
    refusals: Arc<Mutex<Refusals<Net>>>,
}

#[async_trait]
impl Handler for Hooks {
    async fn hook(&self, parameter: &Parameter, _: Option<HookResult>) -> ReturnType {
        match parameter {
            Parameter::ClientAuthenticate(connect) => {
                let result = self.connects(connect).await;
                (false, Some(HookResult::AuthResult(result)))
            }
            Parameter::ClientSubscribeCheckAcl(session, subscribe) => {
                let (client, filter) = (session.id.client_id.as_ref(), &*subscribe.topic_filter);
                let authority = self.authorities.now();
                let judged = wishes::judge(client, Asked::Subscription(filter), &authority);
                let result = match judged {
                    Ok(()) => SubscribeAclResult::new_success(subscribe.opts.qos(), None),
                    Err(why) => {
                        self.forbid(client, self.address(session), why).await;
                        SubscribeAclResult::new_failure(unheard(filter))
                    }
                };
                (false, Some(HookResult::SubscribeAclResult(result)))
            }
            Parameter::MessagePublishCheckAcl(session, publish) => {
                let verdict = self.publishes(session, publish).await;
                (false, Some(HookResult::PublishAclResult(verdict)))
            }
            Parameter::MessagePublish(Some(session), from, publish)
                if matches!(from.typ(), FromType::LastWill) =>
            {
                self.is_gone(session, publish).await;
                (true, None)
            }
            Parameter::ClientDisconnected(session, reason) => {
                if let Some(how) = oversized(reason) {
                    self.refuse_oversized(session.id.client_id.as_ref(), how)
                        .await;
                }
                part(&self.peers, session, reason);
                (true, None)
            }
            _ => (true, None),
        }
    }
}

impl Hooks {
    #[must_use]
    pub fn new(committer: CommitterHandle, authorities: Authorities, peers: Peers) -> Self {
        Self {
            committer,
            authorities,
            peers,
            refusals: Arc::default(),
        }
    }

    /// Tells from time to time of those who were refused more often than is told one by one.
    pub async fn sum_up(&self) {
        let mut looks = tokio::time::interval(SUM_UP_EVERY);
        loop {
            looks.tick().await;
            let summed = self.refusals().sum_up();
            for (from, more) in summed {
                let why = format!("refused {more} times more");
                let from =
                    from.map_or_else(|| "others".to_owned(), |from| from.address().to_string());
                self.refuse(&from, Counter::Forbidden, &why).await;
            }
        }
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals<Net>> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody may come in. What he asks for beforehand, his will, is judged now: the broker
    /// asks nobody any more when it comes to that.
    async fn connects(&self, connect: &ConnectInfo) -> AuthResult {
        let client: &str = connect.client_id();
        let port = connect.ipaddress().map(|from| from.port());
        let Some((port, peer)) = port.and_then(|port| Some((port, self.peers.at(port)?))) else {
            warn!(client, "a client did not come through the gate");
            return AuthResult::NotAuthorized;
        };
        let from = peer.from.ip();
        if !manners::is_name(client) {
            self.forbid(client, from, "a name with a control character".to_owned())
                .await;
            return AuthResult::NotAuthorized;
        }
        let password = connect.password().map(|said| &**said);
        let authority = self.authorities.now();
        if let Err(why) = authority.admit(client, password, peer.shown.as_deref()) {
            self.forbid(client, from, chain(&why)).await;
            return AuthResult::NotAuthorized;
        }
        let will = connect.last_will();
        let topic = will.as_ref().map(|will| match will {
            LastWill::V3(will) => &*will.topic,
            LastWill::V5(will) => &*will.topic,
        });
        if let Some(topic) = topic
            && let Err(why) = wishes::judge(client, Asked::Will(topic), &self.authorities.now())
        {
            self.forbid(client, from, why).await;
            return AuthResult::NotAuthorized;
        }
        let is_enrolled = authority.enrolled().contains_key(client);
        let standing = if is_enrolled {
            Standing::Enrolled
        } else {
            Standing::Stranger
        };
        if let Err(full) = self.peers.settle(port, client, standing) {
            self.forbid(client, from, full.to_string()).await;
            return AuthResult::NotAuthorized;
        }
        AuthResult::Allow(false, None)
    }

    async fn publishes(&self, session: &Session, publish: &Publish) -> PublishAclResult {
        let client = session.id.client_id.as_ref();
        let topic: &str = publish.topic.as_ref();
        if let Err(breach) = manners::judge(said(publish)) {
            let why = breach.to_string();
            self.forbid(client, self.address(session), why).await;
            return send_away(&self.peers, session, breach);
        }
        let claim = topics::claim(topic, Some(client)).and_then(|claim| self.owned(client, claim));
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

    /// A claim that this client may make.
    fn owned(&self, client: &str, claim: Claim) -> Result<Claim, Undecoded> {
        let may = self.authorities.now().may_speak(client, &claim.topic());
        may.map_err(|why| Undecoded {
            counter: Counter::Forged,
            detail: chain(&why),
        })?;
        Ok(claim)
    }

    /// A connection was lost, and its will says so.
    async fn is_gone(&self, session: &Session, will: &Publish) {
        let reason = session.disconnected_reason().await.unwrap_or_default();
        if is_taken_over(&reason) {
            // The next connection of the same client speaks for itself, and may have spoken already.
            return;
        }
        let (client, topic) = (session.id.client_id.as_ref(), will.topic.to_string());
        let claim = topics::claim(&topic, Some(client)).map(|claim| match claim {
            Claim::Health(agent) => Claim::Gone(agent),
            other => other,
        });
        if self.commit(topic, claim, will.payload.clone()).await == Receipt::Failed {
            warn!(client, "that it is gone could not be kept");
        }
    }

    /// Tells of a message that was too large to be read.
    async fn refuse_oversized(&self, client: &str, how: &str) {
        let why = format!("sent a message that is too large and was disconnected: {how} bytes");
        self.refuse(client, Counter::BadPayload, &why).await;
    }

    /// Where a client is connected from.
    fn address(&self, session: &Session) -> IpAddr {
        let peer = port(session).and_then(|port| self.peers.at(port));
        peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.from.ip())
    }

    async fn forbid(&self, client: &str, from: IpAddr, why: String) {
        if self.refusals().tell(Net::from(from)) {
            let why = format!("{why} (from {from})");
            self.refuse(client, Counter::Forbidden, &why).await;
        }
    }

    async fn refuse(&self, client: &str, counter: Counter, why: &str) {
        let detail = format!("client `{}`: {why}", client.escape_debug());
        let claim = Err(Undecoded { counter, detail });
        let channel = format!("client {}", client.escape_debug());
        if self.commit(channel, claim, Bytes::new()).await == Receipt::Failed {
            warn!(client, why, "refused, and that could not be kept");
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

/// Why a subscription is refused.
pub fn unheard(filter: &str) -> SubscribeAckReason {
    if manners::is_shared(filter) {
        SubscribeAckReason::SharedSubscriptionNotSupported
    } else {
        SubscribeAckReason::NotAuthorized
    }
}

/// What a client says, as far as MQTT has rules for it.
pub fn said(publish: &Publish) -> Said<'_> {
    let of_5 = publish.properties.as_ref();
    Said {
        topic: publish.topic.as_ref(),
        is_of_5: of_5.is_some(),
        has_alias: of_5.is_some_and(|of_5| of_5.topic_alias.is_some()),
        is_to_be_kept: publish.retain,
    }
}

/// Has the gate end a connection whose client breaks a rule.
pub fn send_away(peers: &Peers, session: &Session, breach: Breach) -> PublishAclResult {
    if let Some(port) = port(session) {
        peers.part(port, breach.farewell());
    }
    PublishAclResult::rejected(true, None)
}

/// Has the gate tell a client why the broker ended its connection.
pub fn part(peers: &Peers, session: &Session, reason: &Reason) {
    if let (Some(port), Some(farewell)) = (port(session), farewell(reason)) {
        peers.part(port, farewell);
    }
}

/// At which port the broker sees a client.
fn port(session: &Session) -> Option<u16> {
    session.id.remote_addr.map(|from| from.port())
}

/// How a client is told why the broker ended its connection; `None` where it ended that itself.
fn farewell(reason: &Reason) -> Option<Farewell> {
    match reason {
        Reason::Reasons(all) => all.iter().find_map(farewell),
        Reason::ConnectDisconnect(_) | Reason::ConnectRemoteClose => None,
        one if is_taken_over(one) => Some(Farewell::TAKEN_OVER),
        one if oversized(one).is_some() => Some(Farewell::TOO_LARGE),
        Reason::MqttError(MqttError::PublishAckReason(PublishAckReason::NotAuthorized, _)) => {
            Some(Farewell::NOT_AUTHORIZED)
        }
        one => Some(Farewell::of(one.to_reason_code().into())),
    }
}

/// Whether another connection of the same client ended this one.
fn is_taken_over(reason: &Reason) -> bool {
    match reason {
        Reason::Reasons(all) => all.iter().any(is_taken_over),
        one => one.is_kicked(false),
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
    use crate::ingest::broker::MAX_PACKET;

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
