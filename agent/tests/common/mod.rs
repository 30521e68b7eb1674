//! A broker, an aggregator that keeps what it is sent, and a gauge: what an agent needs to live.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod modbus_server;

use std::{
    future::{Ready, ready},
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, Ordering::SeqCst},
    },
    time::Duration,
};

use rmqtt::{context::ServerContext, net::Builder, server::MqttServer};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use shared::wire::{Ack, Acknowledgement, AgentHealth, Envelope, Topic};
use tokio::{runtime::Runtime, sync::watch, time::timeout};
use tokio_modbus::{ExceptionCode, Request, Response, SlaveRequest, server::Service};

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A port that nobody listens on at present.
pub fn free_port() -> u16 {
    shared::net::free_address().unwrap().port()
}

/// A configuration without a gauge, quick in everything but the window of a batch.
pub fn agent_toml(data_dir: &Path, broker: u16, batch_seconds: f64) -> String {
    format!(
        "agent = 'gw-01'\ndata_dir = '{}'\n[uplink]\nbroker = 'mqtt://127.0.0.1:{broker}'\n\
         batch_seconds = {batch_seconds:?}\nack_deadline_seconds = 1\n\
         reconnect_min_seconds = 0.1\nreconnect_max_seconds = 0.5\nbackfill_per_second = 200\n",
        data_dir.display()
    )
}

/// The configuration with a [`LevelGauge`].
pub fn with_gauge(toml: &str, gauge: SocketAddr) -> String {
    format!(
        "{toml}[[modbus]]\nname = 'bus-a'\nconnect = 'tcp://{gauge}'\n[[modbus.gauge]]\n\
         gauge = 'lg-0001'\nparameter = 'depth'\nunit_id = 1\nregister = 0\ntype = 'i16'\n\
         scale = 0.001\ninterval_s = 0.1\n"
    )
}

/// A real broker in threads of its own, so that it can be killed with all its connections.
pub struct Broker {
    pub runtime: Option<Runtime>,
}

impl Broker {
    pub fn start(port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        runtime.spawn(async move {
            let context = ServerContext::new().build().await;
            let listener = Builder::new()
                .name("tcp")
                .laddr(address)
                .reuseaddr(Some(true))
                .bind()
                .unwrap();
            MqttServer::new(context)
                .listener(listener.tcp().unwrap())
                .build()
                .run()
                .await
                .unwrap();
        });
        Self {
            runtime: Some(runtime),
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the aggregator has received.
#[derive(Default)]
pub struct Seen {
    /// In the order of arrival, repetitions included.
    pub envelopes: Vec<Envelope>,
    pub health: Vec<AgentHealth>,
    /// What is durable, of the last incarnation seen.
    pub durable: Ack,
}

/// An aggregator that stores in memory and acknowledges while it is told to.
pub struct Aggregator {
    seen: Arc<Mutex<Seen>>,
    committing: Arc<AtomicBool>,
    changed: watch::Receiver<u64>,
}

impl Aggregator {
    /// Returns when it is subscribed.
    pub async fn start(port: u16) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let committing = Arc::new(AtomicBool::new(true));
        let (change, changed) = watch::channel(0);
        let (subscribed, mut subscriptions) = watch::channel(false);
        tokio::spawn(serve(
            port,
            Arc::clone(&seen),
            Arc::clone(&committing),
            change,
            subscribed,
        ));
        timeout(PATIENCE, subscriptions.wait_for(|s| *s))
            .await
            .unwrap()
            .unwrap();
        Self {
            seen,
            committing,
            changed,
        }
    }

    /// Whether batches are stored and acknowledged, or lost.
    pub fn commit(&self, yes: bool) {
        self.committing.store(yes, SeqCst);
    }

    pub fn look<T>(&self, at: impl FnOnce(&Seen) -> T) -> T {
        at(&self.seen.lock().unwrap())
    }

    /// Waits until what was received satisfies `wanted`.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let seen = Arc::clone(&self.seen);
        let satisfied = self.changed.wait_for(|_| wanted(&seen.lock().unwrap()));
        if timeout(PATIENCE, satisfied).await.is_err() {
            let seen = self.seen.lock().unwrap();
            let batches: Vec<_> = seen.envelopes.iter().map(|e| (e.seq, e.backfill)).collect();
            panic!(
                "{what} did not happen; batches {batches:?}; {:?}",
                seen.health.last()
            );
        }
    }
}

async fn serve(
    port: u16,
    seen: Arc<Mutex<Seen>>,
    committing: Arc<AtomicBool>,
    change: watch::Sender<u64>,
    subscribed: watch::Sender<bool>,
) {
    let mut options = MqttOptions::new("aggregator", "127.0.0.1", port);
    options.set_max_packet_size(300_000, 300_000);
    let (client, mut events) = AsyncClient::new(options, 1_000);
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                client
                    .try_subscribe("flood/v1/obs/+/+", QoS::AtLeastOnce)
                    .unwrap();
                client
                    .try_subscribe("flood/v1/state/+", QoS::AtLeastOnce)
                    .unwrap();
            }
            Ok(Event::Incoming(Packet::SubAck(_))) => {
                subscribed.send_replace(true);
            }
            Ok(Event::Incoming(Packet::Publish(message))) => {
                match message.topic.parse::<Topic>().unwrap() {
                    Topic::Observations { agent, json: false } => {
                        let envelope = Envelope::decode(&message.payload).unwrap();
                        if let Some(ack) = keep(&seen, envelope, committing.load(SeqCst)) {
                            let ack = Acknowledgement::from(ack).encode();
                            let topic = Topic::Ack(agent).to_string();
                            client
                                .try_publish(topic, QoS::AtMostOnce, false, ack)
                                .unwrap();
                        }
                    }
                    Topic::State(_) => {
                        let health = AgentHealth::decode(&message.payload).unwrap();
                        seen.lock().unwrap().health.push(health);
                    }
                    other => panic!("nobody publishes on {other}"),
                }
                change.send_modify(|n| *n += 1);
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn keep(seen: &Mutex<Seen>, envelope: Envelope, commit: bool) -> Option<Ack> {
    let mut seen = seen.lock().unwrap();
    if seen.durable.incarnation != envelope.incarnation {
        seen.durable = Ack::nothing(envelope.incarnation);
    }
    if commit {
        seen.durable.add(envelope.seq);
    }
    seen.envelopes.push(envelope);
    commit.then(|| seen.durable.clone())
}

/// A level gauge on Modbus TCP: register 0 of every unit gives a depth that rises by 1 mm a read.
#[derive(Clone, Default)]
pub struct LevelGauge(Arc<AtomicU16>);

impl LevelGauge {
    pub async fn start() -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        modbus_server::serve(listener, Self::default());
        address
    }
}

impl Service for LevelGauge {
    type Request = SlaveRequest<'static>;
    type Response = Response;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Response, ExceptionCode>>;

    fn call(&self, request: SlaveRequest<'static>) -> Self::Future {
        ready(match request.request {
            Request::ReadHoldingRegisters(0, 1) => Ok(Response::ReadHoldingRegisters(vec![
                self.0.fetch_add(1, SeqCst) % 1_000,
            ])),
            _ => Err(ExceptionCode::IllegalDataAddress),
        })
    }
}
