//! Listens to the gauges of one local broker. Shell.
//!
//! The broker keeps what the agent has not acknowledged (a lasting subscription under a fixed
//! client id), and the agent acknowledges a message only when the spool has made its reading
//! durable. A payload that is no reading is counted and acknowledged: it would come again for ever.
//!
//! A stop ends the readings at once, so that the collector closes its batch, and the connection only
//! when the receipts for that batch have been passed on: what the broker would repeat to the next
//! process would be taken for a second reading if it carries no time of its own.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, Packet, Publish, QoS, SubscribeFilter,
};
use shared::{clock::Clock, ids::GaugeId, time::Timestamp};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{
    Answer, Delivery, Outcome, Reading, Receipt, payload,
    unacknowledged::{Repeated, Step, Unacknowledged},
};
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
/// How long a stop waits for the last receipts.
const FAREWELL: Duration = Duration::from_secs(3);
/// How long it then waits for the broker to end the connection, as MQTT asks of it; not all do.
const LEAVE: Duration = Duration::from_millis(500);

/// Why a connection has ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the line failed")]
    Line(#[from] ConnectionError),
    #[error("readings were dropped and the broker must repeat them")]
    Dropped,
    #[error("the agent stops")]
    Stopped,
}

/// Everything that listens to one local broker.
pub struct Listener {
    name: String,
    dial: Dial,
    topics: HashMap<String, GaugeId>,
    expected: Vec<Expected>,
    clock: Clock,
    health: Arc<Health>,
    beat: Arc<Beat>,
    /// `None` once the agent stops: the collector ends when no source can give it anything.
    out: Option<mpsc::Sender<Delivery>>,
    stop: watch::Receiver<bool>,
    answer: mpsc::UnboundedSender<Answer>,
    answers: mpsc::UnboundedReceiver<Answer>,
    unacknowledged: Unacknowledged,
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
        stop: watch::Receiver<bool>,
    ) -> Self {
        let (answer, answers) = mpsc::unbounded_channel();
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
            out: Some(out),
            stop,
            answer,
            answers,
            unacknowledged: Unacknowledged::default(),
        }
    }

    /// Listens until told to stop, or until nobody takes the readings.
    pub async fn run(mut self) {
        let mut backoff = Backoff::new(RECONNECT);
        while self.out.as_ref().is_some_and(|out| !out.is_closed()) {
            let started = Instant::now();
            let ended = self.one_connection().await;
            self.unacknowledged.connection_ended();
            if self.out.is_none() {
                break;
            }
            backoff.ended(started.elapsed());
            let wait = backoff.next(random::fraction());
            self.tell(&ended, wait);
            self.pause(wait).await;
        }
        self.beat.rest();
    }

    fn tell(&self, ended: &Ended, wait: Duration) {
        let error = ended as &dyn std::error::Error;
        tracing::warn!(
            input = self.name,
            broker = %self.dial.broker,
            error,
            retry_in_ms = wait.as_millis(),
            "local broker lost"
        );
    }

    /// Waits, or ends the readings where the agent stops.
    async fn pause(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        while Instant::now() < until {
            self.beat.mark();
            self.report_silence().await;
            tokio::select! {
                () = sleep_until(until.min(Instant::now() + IDLE)) => {}
                () = told(&mut self.stop) => {
                    self.out = None;
                    return;
                }
            }
        }
    }

    async fn one_connection(&mut self) -> Ended {
        let mut options = options(&self.dial);
        options.set_clean_session(false).set_manual_acks(true);
        let (client, mut event_loop) = new_client(options, CAPACITY);
        let (messages_in, mut messages) = mpsc::channel(CAPACITY);
        let polling = poll(&mut event_loop, &messages_in);
        tokio::pin!(polling);
        loop {
            self.beat.mark();
            tokio::select! {
                error = &mut polling => return error.into(),
                () = told(&mut self.stop) => break,
                Some(packet) = messages.recv() => self.heard(packet, &client).await,
                Some(answer) = self.answers.recv() => if self.answered(answer, &client) {
                    return Ended::Dropped;
                },
                () = sleep(IDLE) => {}
            }
            self.report_silence().await;
        }
        self.beat.rest();
        self.out = None;
        // What comes now is left to the next process; taken off, so that polling goes on.
        let discard = async { while messages.recv().await.is_some() {} };
        tokio::select! {
            error = polling => error.into(),
            () = self.take_leave(&client) => Ended::Stopped,
            () = discard => Ended::Stopped,
            () = sleep(FAREWELL) => Ended::Stopped,
        }
    }

    /// Passes the last receipts on and takes leave of the broker, which then ends the connection:
    /// so it has read all of them.
    async fn take_leave(&mut self, client: &AsyncClient) {
        while self.unacknowledged.is_waiting()
            && let Some(answer) = self.answers.recv().await
        {
            self.answered(answer, client);
        }
        if client.try_disconnect().is_ok() {
            sleep(LEAVE).await;
        }
    }

    async fn heard(&mut self, packet: Packet, client: &AsyncClient) {
        match packet {
            Packet::ConnAck(accepted) => {
                if !accepted.session_present {
                    self.unacknowledged.session_lost();
                }
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
            Packet::Publish(message) => self.message(message, client).await,
            _ => {}
        }
    }

    async fn message(&mut self, message: Publish, client: &AsyncClient) {
        let now = self.clock.now();
        let first_heard = match self.unacknowledged.repeated(&message) {
            Some(Repeated::Waits) => return,
            Some(Repeated::Durable) => return acknowledge(client, &message),
            Some(Repeated::Dropped(at)) => at,
            None => now,
        };
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
                    at: at.unwrap_or(first_heard),
                    outcome,
                })
        });
        let Some(reading) = reading else {
            count(&self.health.counters.bad_payloads, 1);
            // Told to the aggregator with all others that gave no reading.
            count(&self.health.counters.failed_readings, 1);
            return acknowledge(client, &message);
        };
        if reading.outcome == Outcome::Failed {
            count(&self.health.counters.failed_readings, 1);
        } else if let Some(expected) = self.expected.iter_mut().find(|e| e.gauge == reading.gauge) {
            expected.heard_at = now;
        }
        let receipt = (message.qos != QoS::AtMostOnce).then(|| {
            let token = self.unacknowledged.keep(message, first_heard);
            Receipt::new(token, self.answer.clone())
        });
        self.deliver(vec![reading], receipt).await;
    }

    /// Whether the connection has to end for the broker to deliver again.
    fn answered(&mut self, answer: Answer, client: &AsyncClient) -> bool {
        match self.unacknowledged.answered(answer) {
            Step::Acknowledge(message) => acknowledge(client, &message),
            Step::EndConnection => return true,
            Step::Nothing => {}
        }
        false
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
        let Some(out) = &self.out else { return };
        self.beat.rest();
        tokio::select! {
            biased;
            // Whoever took the readings may have ended; so will this listener.
            _ = out.send(Delivery { readings, receipt }) => {}
            () = told(&mut self.stop) => {}
        }
        self.beat.mark();
    }
}

async fn told(stop: &mut watch::Receiver<bool>) {
    // Whoever would tell may have ended, which says the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn acknowledge(client: &AsyncClient, message: &Publish) {
    if let Err(error) = client.try_ack(message) {
        tracing::debug!(%error, "acknowledgement not queued; the broker delivers again");
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
