//! Listens to the gauges of one local broker. Shell.
//!
//! The broker keeps what the agent has not acknowledged (a lasting subscription under a fixed
//! client id), and the agent acknowledges a message only when the spool has made its reading
//! durable. A payload that is no reading is counted and acknowledged: it would come again for ever.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, Packet, Publish, QoS, SubscribeFilter,
};
use shared::{clock::Clock, ids::GaugeId, time::Timestamp};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};

use super::{Delivery, Outcome, Reading, Receipt, payload};
use crate::{
    config::{MqttGauge, MqttInput},
    health::{Beat, Health, count},
    random,
    uplink::{
        Backoff, BackoffLimits,
        connection::{Dial, new_client, options},
    },
};

const RECONNECT: BackoffLimits = BackoffLimits {
    least: Duration::from_millis(500),
    most: Duration::from_secs(60),
};
/// Requests to the client that may wait: acknowledgements of what the broker sends ahead.
const CAPACITY: usize = 1_024;
/// A gauge is silent after this many intervals without a message.
const SILENT_INTERVALS: u32 = 3;
const IDLE: Duration = Duration::from_secs(1);

/// Everything that listens to one local broker.
pub struct Listener {
    name: String,
    dial: Dial,
    topics: HashMap<String, GaugeId>,
    expected: Vec<Expected>,
    clock: Clock,
    health: Arc<Health>,
    beat: Arc<Beat>,
    out: mpsc::Sender<Delivery>,
    next_token: u64,
    /// Messages whose readings are not durable yet, of the present connection.
    unacknowledged: HashMap<u64, Publish>,
}

/// When a gauge was last heard.
struct Expected {
    gauge: GaugeId,
    silence_ms: i64,
    heard_at: Timestamp,
}

impl Listener {
    #[must_use]
    pub fn new(
        input: &MqttInput,
        login: Option<(String, String)>,
        clock: Clock,
        health: Arc<Health>,
        beat: Arc<Beat>,
        out: mpsc::Sender<Delivery>,
    ) -> Self {
        let dial = Dial {
            broker: input.broker.clone(),
            client_id: input.client_id.clone(),
            login,
            keep_alive: Duration::from_secs(15),
            window: CAPACITY / 4,
        };
        let now = clock.now();
        let expected = |gauge: &MqttGauge| Expected {
            gauge: gauge.spec.id.clone(),
            silence_ms: i64::try_from((gauge.spec.interval * SILENT_INTERVALS).as_millis())
                .unwrap_or(i64::MAX),
            heard_at: now,
        };
        Self {
            name: input.name.clone(),
            dial,
            topics: input
                .gauges
                .iter()
                .map(|g| (g.topic.clone(), g.spec.id.clone()))
                .collect(),
            expected: input.gauges.iter().map(expected).collect(),
            clock,
            health,
            beat,
            out,
            next_token: 0,
            unacknowledged: HashMap::new(),
        }
    }

    /// Listens until told to stop, or until nobody takes the readings.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let beat = Arc::clone(&self.beat);
        tokio::select! {
            () = self.listen_for_ever() => {}
            _ = stop.changed() => {}
        }
        beat.rest();
    }

    async fn listen_for_ever(&mut self) {
        let mut backoff = Backoff::new(RECONNECT);
        while !self.out.is_closed() {
            let started = Instant::now();
            let error = self.one_connection().await;
            backoff.ended(started.elapsed());
            let wait = backoff.next(random::fraction());
            tracing::warn!(
                input = self.name,
                broker = %self.dial.broker,
                %error,
                retry_in_ms = wait.as_millis(),
                "local broker lost"
            );
            let until = Instant::now() + wait;
            while Instant::now() < until {
                self.beat.mark();
                self.report_silence().await;
                sleep(IDLE.min(until.saturating_duration_since(Instant::now()))).await;
            }
        }
    }

    async fn one_connection(&mut self) -> ConnectionError {
        let mut options = options(&self.dial);
        options.set_clean_session(false).set_manual_acks(true);
        let (client, mut event_loop) = new_client(options, CAPACITY);
        // Receipts of an earlier connection must not acknowledge a packet id of this one.
        self.unacknowledged.clear();
        let (durable, mut receipts) = mpsc::unbounded_channel();
        let (messages_in, mut messages) = mpsc::channel(CAPACITY);
        let polling = poll(&mut event_loop, &messages_in);
        tokio::pin!(polling);
        loop {
            self.beat.mark();
            tokio::select! {
                error = &mut polling => return error,
                Some(packet) = messages.recv() => self.heard(packet, &client, &durable).await,
                Some(token) = receipts.recv() => self.acknowledge(token, &client),
                () = sleep(IDLE) => {}
            }
            self.report_silence().await;
        }
    }

    async fn heard(
        &mut self,
        packet: Packet,
        client: &AsyncClient,
        durable: &mpsc::UnboundedSender<u64>,
    ) {
        match packet {
            Packet::ConnAck(_) => {
                let filters = self
                    .topics
                    .keys()
                    .map(|t| SubscribeFilter::new(t.clone(), QoS::AtLeastOnce));
                match client.try_subscribe_many(filters) {
                    Ok(()) => {
                        tracing::info!(input = self.name, broker = %self.dial.broker, "local broker connected")
                    }
                    Err(error) => tracing::error!(input = self.name, %error, "cannot subscribe"),
                }
            }
            Packet::Publish(message) => self.message(message, client, durable).await,
            _ => {}
        }
    }

    async fn message(
        &mut self,
        message: Publish,
        client: &AsyncClient,
        durable: &mpsc::UnboundedSender<u64>,
    ) {
        let now = self.clock.now();
        let reading = self.topics.get(&message.topic).and_then(|gauge| {
            let decoded = payload::decode(&message.payload);
            decoded
                .map_err(|error| {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(input = self.name, %gauge, error, "payload is no reading");
                })
                .ok()
                .map(|(outcome, at)| Reading {
                    gauge: gauge.clone(),
                    at: at.unwrap_or(now),
                    outcome,
                })
        });
        let Some(reading) = reading else {
            count(&self.health.counters.bad_payloads, 1);
            // Told to the aggregator with all others that gave no reading.
            count(&self.health.counters.failed_readings, 1);
            if let Err(error) = client.try_ack(&message) {
                tracing::debug!(%error, "acknowledgement not queued; the broker delivers again");
            }
            return;
        };
        if reading.outcome == Outcome::Failed {
            count(&self.health.counters.failed_readings, 1);
        } else if let Some(expected) = self.expected.iter_mut().find(|e| e.gauge == reading.gauge) {
            expected.heard_at = now;
        }
        let receipt = (message.qos != QoS::AtMostOnce).then(|| {
            self.next_token += 1;
            self.unacknowledged.insert(self.next_token, message);
            Receipt {
                token: self.next_token,
                durable: durable.clone(),
            }
        });
        self.deliver(vec![reading], receipt).await;
    }

    fn acknowledge(&mut self, token: u64, client: &AsyncClient) {
        if let Some(message) = self.unacknowledged.remove(&token)
            && let Err(error) = client.try_ack(&message)
        {
            tracing::debug!(%error, "acknowledgement not queued; the broker delivers again");
        }
    }

    /// Gauges that have not been heard for too long fail once per such span.
    async fn report_silence(&mut self) {
        let now = self.clock.now();
        let mut readings = Vec::new();
        for expected in &mut self.expected {
            if now.millis_since(expected.heard_at) > expected.silence_ms {
                expected.heard_at = now;
                let gauge = expected.gauge.clone();
                readings.push(Reading {
                    gauge,
                    at: now,
                    outcome: Outcome::Failed,
                });
            }
        }
        if !readings.is_empty() {
            count(&self.health.counters.failed_readings, readings.len() as u64);
            self.deliver(readings, None).await;
        }
    }

    async fn deliver(&mut self, readings: Vec<Reading>, receipt: Option<Receipt>) {
        self.beat.rest();
        // Whoever took the readings has ended; so will this listener.
        let _ = self.out.send(Delivery { readings, receipt }).await;
        self.beat.mark();
    }
}

/// Polls until the first error. The loop must go on while readings wait for the spool, so that
/// the broker keeps seeing a live client.
async fn poll(event_loop: &mut EventLoop, messages: &mpsc::Sender<Packet>) -> ConnectionError {
    loop {
        match event_loop.poll().await {
            Ok(Event::Incoming(packet @ (Packet::ConnAck(_) | Packet::Publish(_)))) => {
                if messages.send(packet).await.is_err() {
                    return ConnectionError::RequestsDone;
                }
            }
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}
