//! One simulated agent: what it has published, and what has been acknowledged.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS, TlsConfiguration, Transport,
};
use shared::{
    bundle::Bundle,
    clock::{Mode, real_now},
    gauge::Parameter,
    ids::{AgentId, IdError},
    limits,
    observation::Observation,
    quality::{Quality, TestSet},
    time::Timestamp,
    tls::Tls,
    value::Value,
    wire::{
        Ack, Acknowledgement, Envelope, Topic,
        seal::{Key, unsealed},
    },
};
use tokio::time::Instant;

use super::{LoadArgs, latency::AckLatencies};

/// One simulated agent. All times are given to it.
pub(super) struct Sender {
    client: AsyncClient,
    /// What it shares with the aggregator, if it is enrolled.
    key: Option<Key>,
    acks: Topic,
    topic: Topic,
    window: usize,
    /// The next batch; only its numbers and values change from batch to batch.
    envelope: Envelope,
    due: u64,
    batches: u64,
    pending: VecDeque<(u64, Instant)>,
    /// Published, not yet given a packet id by the client: ids are matched in order.
    unnumbered: VecDeque<Instant>,
    in_flight: HashMap<u16, Instant>,
    ready: bool,
    latencies: Arc<AckLatencies>,
    /// Observations.
    pub published: u64,
    /// Observations.
    pub acknowledged: u64,
    /// Batches of lost connections, which are not repeated.
    pub given_up: u64,
    pub connection_errors: u64,
    pub last_ack: Option<Instant>,
}

/// What an agent is called; `number` counts from 0.
pub(crate) fn agent_name(number: u32) -> String {
    format!("load-{:04}", number + 1)
}

fn bundle_of(folder: &Path, agent: &AgentId) -> anyhow::Result<Bundle> {
    let file = folder.join(format!("{agent}.bundle"));
    let read = std::fs::read_to_string(&file).map_err(anyhow::Error::from);
    let bundle = read.and_then(|text| Ok(Bundle::parse(&text)?));
    bundle.with_context(|| file.display().to_string())
}

impl Sender {
    /// An agent and its connection; `number` counts agents from 0.
    ///
    /// # Errors
    /// Its bundle cannot be read.
    pub(super) fn new(
        broker: SocketAddr,
        args: &LoadArgs,
        number: u32,
        latencies: Arc<AckLatencies>,
    ) -> anyhow::Result<(Self, EventLoop)> {
        let agent: AgentId = agent_name(number).parse()?;
        let mut options = MqttOptions::new(agent.as_str(), broker.ip().to_string(), broker.port());
        options.set_keep_alive(Duration::from_secs(30));
        options.set_max_packet_size(limits::MAX_PAYLOAD + 1024, limits::MAX_PAYLOAD + 1024);
        // Several times the window: packet ids are shared with the subscription.
        let inflight = u16::try_from(args.window * 4).unwrap_or(u16::MAX).max(16);
        options.set_inflight(inflight);
        let bundle = args.bundles.as_deref();
        let bundle = bundle.map(|folder| bundle_of(folder, &agent)).transpose()?;
        if let Some(bundle) = &bundle {
            options.set_credentials(agent.as_str(), bundle.key.password());
        }
        if args.broker.tls {
            let papers = bundle.as_ref().and_then(|bundle| bundle.papers.as_ref());
            let papers = papers.context("mqtts:// needs --bundles with papers")?;
            let tls = TlsConfiguration::Rustls(Tls::by(papers)?.config());
            options.set_transport(Transport::tls_with_config(tls));
        }
        let (client, mut line) = AsyncClient::new(options, args.window * 2 + 8);
        line.network_options.set_tcp_nodelay(true);
        let first = number * args.batch;
        let observations = (first + 1..=first + args.batch).map(observation);
        let observations = observations.collect::<Result<_, _>>()?;
        let envelope = first_batch(agent.clone(), args.mode, observations);
        let sender = Self {
            client,
            key: bundle.map(|bundle| bundle.key),
            acks: Topic::Ack(agent.clone()),
            topic: Topic::Observations { agent, json: false },
            window: args.window,
            envelope,
            due: 0,
            batches: 0,
            pending: VecDeque::new(),
            unnumbered: VecDeque::new(),
            in_flight: HashMap::new(),
            ready: false,
            latencies,
            published: 0,
            acknowledged: 0,
            given_up: 0,
            connection_errors: 0,
            last_ack: None,
        };
        Ok((sender, line))
    }

    /// Whether it is connected and hears acknowledgements.
    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }

    /// Batches without a commit acknowledgement.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Whether it has sent this many batches since the start.
    pub(super) fn has_sent(&self, batches: u64) -> bool {
        self.batches >= batches
    }

    /// Allows this many batches since the start, and sends what the window takes.
    pub(super) fn allow(&mut self, batches: u64, now: Instant) {
        self.due = batches;
        self.fill(now);
    }

    /// Sends nothing more.
    pub(super) fn stop(&mut self) {
        self.due = 0;
    }

    /// An event of the connection.
    pub(super) fn event(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                let _ = self
                    .client
                    .try_subscribe(self.acks.to_string(), QoS::AtMostOnce);
            }
            Event::Incoming(Packet::SubAck(_)) => self.ready = true,
            Event::Outgoing(Outgoing::Publish(id)) => {
                if let Some(sent) = self.unnumbered.pop_front() {
                    self.in_flight.insert(*id, sent);
                }
            }
            Event::Incoming(Packet::PubAck(ack)) => {
                if let Some(sent) = self.in_flight.remove(&ack.pkid) {
                    self.latencies.puback.push(now - sent);
                }
            }
            Event::Incoming(Packet::Publish(message)) => {
                let payload = match &self.key {
                    None => Some(unsealed(&message.payload)),
                    Some(key) => key.open(&self.acks, &message.payload).ok(),
                };
                if let Some(Ok(ack)) = payload.map(Acknowledgement::decode) {
                    self.acknowledge(&ack.ack, now);
                }
            }
            _ => {}
        }
    }

    /// The connection is gone, and with it what was under way.
    pub(super) fn disconnected(&mut self) {
        self.ready = false;
        self.connection_errors += 1;
        self.given_up += self.pending.len() as u64;
        self.pending.clear();
        self.unnumbered.clear();
        self.in_flight.clear();
    }

    fn acknowledge(&mut self, ack: &Ack, now: Instant) {
        if ack.incarnation != self.envelope.incarnation {
            return;
        }
        let (commit, mut released) = (&self.latencies.commit, 0);
        self.pending.retain(|(seq, sent)| {
            let done = ack.releases(*seq);
            if done {
                commit.push(now - *sent);
                released += 1;
            }
            !done
        });
        if released > 0 {
            self.acknowledged += released * self.envelope.observations.len() as u64;
            self.last_ack = Some(now);
            self.fill(now);
        }
    }

    fn fill(&mut self, now: Instant) {
        while self.ready && self.batches < self.due && self.pending.len() < self.window {
            if !self.publish(now) {
                return;
            }
        }
    }

    fn publish(&mut self, now: Instant) -> bool {
        self.next_batch();
        let mut payload = self.envelope.encode();
        if let Some(key) = &self.key {
            payload = key.seal(&self.topic, payload);
        }
        self.unnumbered.push_back(now);
        if self
            .client
            .try_publish(self.topic.to_string(), QoS::AtLeastOnce, false, payload)
            .is_err()
        {
            self.unnumbered.pop_back();
            return false;
        }
        self.pending.push_back((self.envelope.seq, now));
        self.envelope.seq += 1;
        self.batches += 1;
        self.published += self.envelope.observations.len() as u64;
        true
    }

    /// Every gauge has a new reading: later than its last one, and never ahead of the clock by more
    /// than a millisecond per batch.
    fn next_batch(&mut self) {
        let oldest = self
            .pending
            .front()
            .map_or(self.envelope.seq, |(seq, _)| *seq);
        let envelope = &mut self.envelope;
        let at = real_now().max(envelope.sent_at.plus_millis(1));
        (envelope.oldest, envelope.sent_at) = (oldest, at);
        let depth = i64::try_from(envelope.seq % 40).unwrap_or(0);
        for observation in &mut envelope.observations {
            observation.observed_at = at;
            observation.value = Some(Value::from_milli(depth));
        }
    }
}

fn first_batch(agent: AgentId, mode: Mode, observations: Vec<Observation>) -> Envelope {
    let now = real_now();
    Envelope {
        incarnation: now.as_millis().unsigned_abs(),
        seq: 1,
        oldest: 1,
        sent_at: now,
        mode,
        backfill: false,
        observations,
        agent,
    }
}

/// A batch of so many observations, as large as any of a run.
///
/// # Errors
/// Never in practice: ids are made from numbers.
pub(crate) fn example_batch(batch: u32) -> Result<Envelope, IdError> {
    let mut observations = (1..=batch)
        .map(observation)
        .collect::<Result<Vec<_>, _>>()?;
    for observation in &mut observations {
        observation.observed_at = real_now();
        observation.value = Some(Value::from_milli(25));
    }
    Ok(first_batch(
        "load-0001".parse()?,
        Mode::Exercise,
        observations,
    ))
}

fn observation(gauge: u32) -> Result<Observation, IdError> {
    Ok(Observation {
        gauge: format!("lg-{gauge:06}").parse()?,
        parameter: Parameter::Depth,
        observed_at: Timestamp::default(),
        value: None,
        quality: Quality::Pass,
        tests: TestSet::NONE,
    })
}
