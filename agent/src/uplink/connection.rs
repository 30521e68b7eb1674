//! One connection to the broker, from connect to its first error. Shell.
//!
//! rumqttc 0.25 does not tell which publish a PUBACK is for, forgets queued publishes when a
//! broker has lost a client's state, and delivers acknowledgements of a dead connection after the
//! next one began. So every connection gets a client and an event loop of its own, nothing
//! survives it, and this file is the only one that publishes at QoS 1 on it: the order in which
//! publishes are handed over is the order in which their packet ids appear.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use rumqttc::{
    AsyncClient, ClientError, ConnectionError, Event, EventLoop, LastWill, MqttOptions,
    NetworkOptions, Outgoing, Packet, QoS,
};
use shared::limits::MAX_PAYLOAD;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::config::BrokerUrl;

/// Topic, packet id and flags on top of the largest payload.
const PACKET_OVERHEAD: usize = 1024;
/// Events that may wait for the uplink's loop; the broker waits beyond that.
const EVENTS: usize = 256;
/// Covers DNS, TCP and CONNACK over a slow radio link.
const CONNECT_SECONDS: u64 = 20;
/// Packet ids must not run into those that a broker acknowledges late.
const INFLIGHT_PER_WINDOW: usize = 4;

/// How to reach a broker and as whom.
#[derive(Debug, Clone)]
pub struct Dial {
    pub broker: BrokerUrl,
    pub client_id: String,
    /// User name and password.
    pub login: Option<(String, String)>,
    pub keep_alive: Duration,
    pub window: usize,
}

/// What happened on a connection.
#[derive(Debug)]
pub enum Heard {
    /// Connected and subscribed.
    Ready,
    /// The broker has this batch.
    BrokerHas(u64),
    /// A message on a subscribed topic.
    Message { topic: String, payload: Vec<u8> },
    /// Nothing comes after this.
    Lost(ConnectionError),
    /// Something that concerns nobody.
    Nothing,
}

/// One connection.
pub struct Connection {
    client: AsyncClient,
    events: mpsc::Receiver<Result<Event, ConnectionError>>,
    poller: JoinHandle<()>,
    subscribe: String,
    handed_over: VecDeque<u64>,
    in_flight: HashMap<u16, u64>,
    ready_at: Option<Instant>,
}

impl Connection {
    /// Begins to connect; [`Heard::Ready`] says when it has.
    #[must_use]
    pub fn open(dial: &Dial, subscribe: String, will: LastWill) -> Self {
        let mut options = options(dial);
        options.set_clean_session(true).set_last_will(will);
        let capacity = dial.window * INFLIGHT_PER_WINDOW + 16;
        let (client, event_loop) = new_client(options, capacity);
        let (sender, events) = mpsc::channel(EVENTS);
        let poller = tokio::spawn(poll(event_loop, sender));
        Self {
            client,
            events,
            poller,
            subscribe,
            handed_over: VecDeque::new(),
            in_flight: HashMap::new(),
            ready_at: None,
        }
    }

    /// The next thing that happens. Safe to abandon.
    pub async fn hear(&mut self) -> Heard {
        match self.events.recv().await {
            Some(Ok(event)) => self.take(event),
            Some(Err(error)) => Heard::Lost(error),
            None => Heard::Lost(ConnectionError::RequestsDone),
        }
    }

    /// Hands a batch over for publishing.
    ///
    /// # Errors
    /// The connection takes nothing more.
    pub fn publish(&mut self, topic: &str, seq: u64, payload: Vec<u8>) -> Result<(), ClientError> {
        self.handed_over.push_back(seq);
        let published = self
            .client
            .try_publish(topic, QoS::AtLeastOnce, false, payload);
        if published.is_err() {
            self.handed_over.pop_back();
        }
        published
    }

    /// Publishes a retained message that nobody acknowledges.
    ///
    /// # Errors
    /// The connection takes nothing more.
    pub fn retain(&self, topic: &str, payload: Vec<u8>) -> Result<(), ClientError> {
        self.client
            .try_publish(topic, QoS::AtMostOnce, true, payload)
    }

    /// How long the connection has been ready.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        self.ready_at.map_or(Duration::ZERO, |at| at.elapsed())
    }

    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready_at.is_some()
    }

    /// Takes leave of the broker, so that it does not publish the last will, and waits until what
    /// was handed over is on the wire.
    pub async fn close(mut self, patience: Duration) {
        if self.client.try_disconnect().is_err() {
            return;
        }
        let gone = async {
            while let Some(Ok(event)) = self.events.recv().await {
                if matches!(event, Event::Outgoing(Outgoing::Disconnect)) {
                    break;
                }
            }
        };
        if tokio::time::timeout(patience, gone).await.is_err() {
            tracing::debug!("the broker connection did not close in time");
        }
    }

    fn take(&mut self, event: Event) -> Heard {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                let subscribed = self.client.try_subscribe(&self.subscribe, QoS::AtMostOnce);
                subscribed.map_or(Heard::Lost(ConnectionError::RequestsDone), |()| {
                    Heard::Nothing
                })
            }
            Event::Incoming(Packet::SubAck(_)) => {
                self.ready_at = Some(Instant::now());
                Heard::Ready
            }
            Event::Outgoing(Outgoing::Publish(pkid)) if pkid != 0 => {
                if let Some(seq) = self.handed_over.pop_front() {
                    self.in_flight.insert(pkid, seq);
                }
                Heard::Nothing
            }
            Event::Incoming(Packet::PubAck(ack)) => self
                .in_flight
                .remove(&ack.pkid)
                .map_or(Heard::Nothing, Heard::BrokerHas),
            Event::Incoming(Packet::Publish(message)) => Heard::Message {
                topic: message.topic,
                payload: message.payload.to_vec(),
            },
            _ => Heard::Nothing,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.poller.abort();
    }
}

/// A local broker delivers what it took again and again until it is acknowledged: an oversized
/// message must come in to be refused. A quarter of the memory that the unit grants.
const LARGEST_INCOMING: usize = 32 * 1024 * 1024;

/// Options that every connection of the agent shares.
#[must_use]
pub fn options(dial: &Dial) -> MqttOptions {
    let mut options = MqttOptions::new(&dial.client_id, &dial.broker.host, dial.broker.port);
    let inflight = u16::try_from(dial.window * INFLIGHT_PER_WINDOW)
        .unwrap_or(u16::MAX)
        .max(1);
    let largest = MAX_PAYLOAD + PACKET_OVERHEAD;
    options
        .set_keep_alive(dial.keep_alive)
        .set_inflight(inflight)
        .set_max_packet_size(LARGEST_INCOMING, largest);
    if let Some((username, password)) = &dial.login {
        options.set_credentials(username, password);
    }
    options
}

/// A client with patience for slow links.
#[must_use]
pub fn new_client(options: MqttOptions, capacity: usize) -> (AsyncClient, EventLoop) {
    let (client, mut event_loop) = AsyncClient::new(options, capacity);
    let mut network = NetworkOptions::new();
    network
        .set_connection_timeout(CONNECT_SECONDS)
        .set_tcp_nodelay(true);
    event_loop.set_network_options(network);
    (client, event_loop)
}

/// Polls until the first error: polling on would connect again behind everybody's back.
async fn poll(mut event_loop: EventLoop, sender: mpsc::Sender<Result<Event, ConnectionError>>) {
    loop {
        let event = event_loop.poll().await;
        let is_over = event.is_err();
        if sender.send(event).await.is_err() || is_over {
            return;
        }
    }
}
