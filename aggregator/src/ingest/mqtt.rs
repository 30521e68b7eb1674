//! Our MQTT client, where the broker is not embedded: downlink and uplink.
//!
//! The aggregator holds a persistent session (the broker queues for it while it is away) and
//! acknowledges by hand, after the commit. One task polls and does nothing
//! else; each connection is a new client, so that no state of a dead one survives.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, QoS, SubAck, SubscribeFilter,
    SubscribeReasonCode, TlsConfiguration, Transport,
};
use shared::{broker::BrokerUrl, error::chain, limits::MAX_PAYLOAD, tls::Tls, wire::subscriptions};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep},
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

/// A connection that lasted so long was a good one: the next pause is the first again.
const LASTING: Duration = Duration::from_secs(30);

/// A subscription that was refused is asked for again so often: rights are mended while brokers run.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// How to reach a broker.
#[derive(Debug, Clone)]
pub struct BrokerClient {
    pub url: BrokerUrl,
    pub tls: Option<Tls>,
    /// Of its session.
    pub client_id: String,
    /// What it says when the broker asks who it is, under its client id as user name.
    pub password: Option<String>,
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
        let mut options = MqttOptions::new(&broker.client_id, &broker.url.host, broker.url.port);
        options
            .set_keep_alive(Duration::from_secs(15))
            .set_clean_session(false)
            .set_manual_acks(true)
            .set_max_packet_size(MAX_INCOMING, MAX_PACKET)
            .set_inflight(1_000);
        if let Some(tls) = &broker.tls {
            let config = TlsConfiguration::Rustls(tls.config());
            options.set_transport(Transport::tls_with_config(config));
        }
        if let Some(password) = &broker.password {
            options.set_credentials(&broker.client_id, password);
        }
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
                lasted = &mut polling => {
                    if lasted >= LASTING { pause = BACKOFF.0; }
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

/// Polls one connection until it fails; returns for how long it had been established.
async fn poll(
    mut events: EventLoop,
    client: AsyncClient,
    broker: BrokerClient,
    committer: CommitterHandle,
    line: Arc<Line>,
) -> Duration {
    let mut connected: Option<Instant> = None;
    let address = format!("{}:{}", broker.url.host, broker.url.port);
    // Messages are brought to the committer by a task of their own: polling must never wait.
    let (forward, forwarded) = mpsc::channel::<Publish>(REQUESTS);
    let unacknowledged = Arc::new(Notify::new());
    let bringer = bring(forwarded, committer, client.clone(), unacknowledged.clone());
    let bringer = tokio::spawn(bringer);
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
                connected = Some(Instant::now());
                let (host, port, session) =
                    (&broker.url.host, broker.url.port, ack.session_present);
                if !line.is_flapping() {
                    info!(host, port, session, "broker connected");
                }
                subscribe(&client);
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                if forward.try_send(publish).is_err() {
                    warn!(
                        "more messages wait than can be held; connecting again, the broker resends"
                    );
                    break;
                }
            }
            Ok(Event::Incoming(Packet::SubAck(ack))) => {
                if !subscribed(&line, &address, &ack) {
                    tokio::spawn(ask_again(client.clone()));
                }
            }
            Ok(_) => {
                line.lasts(
                    &address,
                    connected.map_or(Duration::ZERO, |at| at.elapsed()),
                );
            }
            Err(e) => {
                let lasted = connected.map(|at| at.elapsed());
                line.lost(&address, &broker.client_id, &chain(&e), lasted);
                break;
            }
        }
    }
    drop(forward);
    bringer.abort();
    connected.map_or(Duration::ZERO, |at| at.elapsed())
}

/// Brings what comes to the committer, until nothing comes or it has ended.
async fn bring(
    mut forwarded: mpsc::Receiver<Publish>,
    committer: CommitterHandle,
    client: AsyncClient,
    unacknowledged: Arc<Notify>,
) {
    while let Some(publish) = forwarded.recv().await {
        let inbound = inbound(publish, client.clone(), unacknowledged.clone());
        if !committer.message(inbound).await {
            return;
        }
    }
}

fn subscribe(client: &AsyncClient) {
    let filters = subscriptions().map(|f| SubscribeFilter::new(f.to_owned(), QoS::AtLeastOnce));
    if let Err(e) = client.try_subscribe_many(filters) {
        warn!(error = %e, "subscription cannot be sent");
    }
}

/// Asks once more for subscriptions that were refused, if the connection is still there then.
async fn ask_again(client: AsyncClient) {
    sleep(ASK_AGAIN).await;
    subscribe(&client);
}

/// What the broker said to each of the subscriptions; returns whether it took all of them.
fn subscribed(line: &Line, address: &str, ack: &SubAck) -> bool {
    let filters = subscriptions().into_iter().zip(&ack.return_codes);
    let refused = filters.filter(|(_, code)| **code == SubscribeReasonCode::Failure);
    let refused: Vec<&str> = refused.map(|(filter, _)| filter).collect();
    if refused.is_empty() {
        line.subscribed(address);
    } else {
        line.refused(address, &refused.join(", "));
    }
    refused.is_empty()
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
        // What was written and is delivered again is ignored by the merge. What was not kept was
        // acknowledged to its sender by the broker: delivered again it would only hold up the rest.
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
