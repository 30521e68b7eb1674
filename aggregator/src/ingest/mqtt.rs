//! Our MQTT client: the downlink always, and the uplink too where the broker is not embedded.
//!
//! With an external broker the aggregator holds a persistent session (the broker queues for it
//! while it is away) and acknowledges by hand, after the commit. One task polls and does nothing
//! else; each connection is a new client, so that no state of a dead one survives.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, QoS, SubAck, SubscribeFilter,
    SubscribeReasonCode,
};
use shared::{error::chain, limits::MAX_PAYLOAD, wire::subscriptions};
use tokio::{
    sync::{Notify, mpsc},
    time::sleep,
};
use tracing::{info, warn};

use super::{CommitterHandle, DownlinkMessage, Inbound, Line, Receipt, topics};

/// Header and topic around the largest payload.
const MAX_PACKET: usize = MAX_PAYLOAD + 1024;
/// As much as MQTT allows. What the broker took it delivers again and again until it is acknowledged:
/// an oversized message must come in to be refused.
const MAX_INCOMING: usize = 268_435_455 + 5;

/// Requests that may wait inside the client.
const REQUESTS: usize = 8_192;

/// Pause before connecting again, doubled up to the second.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// How to reach a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerClient {
    pub host: String,
    pub port: u16,
    pub client_id: String,
    /// Whether to take the uplink from it (a persistent session) or only send down.
    pub uplink: bool,
}

impl BrokerClient {
    /// A client of the broker inside this program: it only sends down.
    #[must_use]
    pub fn of_embedded(listen: SocketAddr, client_id: String) -> Self {
        let host = if listen.ip().is_unspecified() {
            "127.0.0.1".to_owned()
        } else {
            listen.ip().to_string()
        };
        Self {
            host,
            port: listen.port(),
            client_id,
            uplink: false,
        }
    }
}

/// Runs the client until `downlink` is closed.
pub async fn run_client(
    broker: BrokerClient,
    committer: CommitterHandle,
    mut downlink: mpsc::Receiver<DownlinkMessage>,
    line: Arc<Line>,
) {
    let mut pause = BACKOFF.0;
    loop {
        let mut options = MqttOptions::new(&broker.client_id, &broker.host, broker.port);
        options
            .set_keep_alive(Duration::from_secs(15))
            .set_clean_session(!broker.uplink)
            .set_manual_acks(broker.uplink)
            .set_max_packet_size(MAX_INCOMING, MAX_PACKET)
            .set_inflight(1_000);
        let (client, mut events) = AsyncClient::new(options, REQUESTS);
        // Acknowledgements are small and somebody waits for each.
        events.network_options.set_tcp_nodelay(true);
        let polling = poll(
            events,
            client.clone(),
            broker.clone(),
            committer.clone(),
            line.clone(),
        );
        tokio::pin!(polling);
        let closed = loop {
            tokio::select! {
                connected = &mut polling => {
                    if connected { pause = BACKOFF.0; }
                    break false;
                }
                message = downlink.recv() => match message {
                    Some(message) => send(&client, message),
                    None => break true,
                },
            }
        };
        if closed {
            // Leave politely: flush what was queued, then say goodbye.
            let _ = client.try_disconnect();
            let _ = tokio::time::timeout(Duration::from_secs(2), polling).await;
            return;
        }
        sleep(pause).await;
        pause = (pause * 2).min(BACKOFF.1);
    }
}

fn send(client: &AsyncClient, message: DownlinkMessage) {
    let topic = message.topic.to_string();
    if let Err(e) = client.try_publish(&topic, QoS::AtMostOnce, false, message.payload) {
        warn!(topic, error = %e, "message down was dropped");
    }
}

/// Polls one connection until it fails; returns whether it had been established.
async fn poll(
    mut events: EventLoop,
    client: AsyncClient,
    broker: BrokerClient,
    committer: CommitterHandle,
    line: Arc<Line>,
) -> bool {
    let mut connected = false;
    let address = format!("{}:{}", broker.host, broker.port);
    // Messages are brought to the committer by a task of their own: polling must never wait.
    let (forward, mut forwarded) = mpsc::channel::<Publish>(REQUESTS);
    let unacknowledged = Arc::new(Notify::new());
    let bringer = tokio::spawn({
        let (client, unacknowledged) = (client.clone(), unacknowledged.clone());
        async move {
            while let Some(publish) = forwarded.recv().await {
                let inbound = inbound(publish, client.clone(), unacknowledged.clone());
                if !committer.message(inbound).await {
                    return;
                }
            }
        }
    });
    loop {
        let event = tokio::select! {
            event = events.poll() => event,
            () = unacknowledged.notified() => {
                warn!("a message was not acknowledged; connecting again, the broker resends");
                break;
            }
        };
        match event {
            Ok(Event::Incoming(Packet::ConnAck(ack))) => {
                info!(
                    host = broker.host,
                    port = broker.port,
                    session = ack.session_present,
                    "broker connected"
                );
                connected = true;
                line.connected();
                if broker.uplink {
                    let filters = subscriptions()
                        .map(|f| SubscribeFilter::new(f.to_owned(), QoS::AtLeastOnce));
                    if let Err(e) = client.try_subscribe_many(filters) {
                        warn!(error = %e, "subscription cannot be sent");
                    }
                }
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                if forward.try_send(publish).is_err() {
                    warn!(
                        "more messages wait than can be held; connecting again, the broker resends"
                    );
                    break;
                }
            }
            Ok(Event::Incoming(Packet::SubAck(ack))) => subscribed(&line, &address, &ack),
            Ok(_) => {}
            Err(e) if broker.uplink => {
                line.lost(&address, &broker.client_id, &chain(&e));
                break;
            }
            Err(e) => {
                warn!(host = broker.host, port = broker.port, error = %e, "broker connection lost");
                break;
            }
        }
    }
    drop(forward);
    bringer.abort();
    connected
}

/// What the broker said to each of the subscriptions.
fn subscribed(line: &Line, address: &str, ack: &SubAck) {
    let filters = subscriptions().into_iter().zip(&ack.return_codes);
    let refused = filters.filter(|(_, code)| **code == SubscribeReasonCode::Failure);
    let refused: Vec<&str> = refused.map(|(filter, _)| filter).collect();
    if refused.is_empty() {
        line.subscribed(address);
    } else {
        line.refused(address, &refused.join(", "));
    }
}

/// `unacknowledged` is told of a message that stays without its acknowledgement: the broker would
/// hold its place in the window for as long as the connection lasts.
fn inbound(publish: Publish, client: AsyncClient, unacknowledged: Arc<Notify>) -> Inbound {
    let payload = Bytes::copy_from_slice(&publish.payload);
    let channel = publish.topic.clone();
    let receipt = Box::new(move |receipt| {
        if publish.qos == QoS::AtMostOnce {
            return;
        }
        // What was written and is delivered again is ignored by the merge.
        if receipt == Receipt::Failed || client.try_ack(&publish).is_err() {
            unacknowledged.notify_one();
        }
    });
    Inbound {
        claim: topics::claim(&channel, None),
        channel,
        payload,
        receipt,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// Whether the connection ends after this receipt.
    fn ends_after(receipt: Receipt, is_connected: bool) -> bool {
        let (client, events) = AsyncClient::new(MqttOptions::new("a", "localhost", 1883), 1);
        let events = is_connected.then_some(events);
        let unacknowledged = Arc::new(Notify::new());
        let publish = Publish::new("flood/v1/x", QoS::AtLeastOnce, "{}");
        let inbound = inbound(publish, client, unacknowledged.clone());
        (inbound.receipt)(receipt);
        drop(events);
        unacknowledged.notified().now_or_never().is_some()
    }

    #[test]
    fn a_message_without_its_acknowledgement_ends_the_connection() {
        assert!(!ends_after(Receipt::Done, true));
        assert!(ends_after(Receipt::Failed, true));
        assert!(ends_after(Receipt::Done, false));
    }
}
