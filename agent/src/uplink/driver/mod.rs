//! The uplink's loop: it owns the connection and the machine, and does what the machine says.
//! Shell.

mod told;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use shared::{
    backoff::{Backoff, BackoffLimits},
    clock::Clock,
    error::chain,
    ids::AgentId,
    limits::MAX_PAYLOAD,
    wire::{AgentHealth, Envelope, Topic, seal::Key},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    machine::{Action, Event, Machine, Pace},
    papers::Passport,
};
use crate::{
    counters::count,
    faults::FaultKind,
    health::Health,
    net::{Connection, Dial, Heard, Lost, Retained, Stability, Terms, thrown_cause},
    pulse::Beat,
    spool::{
        keeper::{Keeper, KeeperError, StoredBatch},
        seqs::{self, SeqSet},
    },
    timekeeper::Timekeeper,
};

/// How often health is published.
const HEALTH_EVERY: Duration = Duration::from_secs(10);
/// So long after the broker took a batch its commit is overdue, whatever the deadline.
const UNCOMMITTED: Duration = Duration::from_secs(60);
/// The loop wakes at least this often, so that its pulse shows.
const IDLE: Duration = Duration::from_secs(1);
/// How long a shutdown waits for the spool to empty, and then for the farewell.
const DRAIN: Duration = Duration::from_secs(5);
const FAREWELL: Duration = Duration::from_secs(1);

/// What the uplink is given.
pub(crate) struct UplinkSetup {
    pub agent: AgentId,
    /// What it shares with the aggregator, if it was enrolled.
    pub key: Option<Key>,
    /// By what it shows who it is over TLS.
    pub passport: Option<Passport>,
    pub clock: Clock,
    pub timekeeper: Arc<Timekeeper>,
    pub dial: Dial,
    pub pace: Pace,
    pub reconnect: BackoffLimits,
    pub keeper: Keeper,
    pub health: Arc<Health>,
    pub beat: Arc<Beat>,
    /// Ends when nothing more will be stored.
    pub stored: mpsc::Receiver<StoredBatch>,
    pub stop: CancellationToken,
}

/// Runs until it is told to stop and has drained what it could.
///
/// # Errors
/// The spool's thread has ended.
pub(crate) async fn run(setup: UplinkSetup) -> Result<(), KeeperError> {
    let held = setup.keeper.held();
    let seqs = setup.keeper.seqs().await?;
    let machine = Machine::new(setup.pace, held.incarnation, held.usage.newest, seqs);
    let now = Instant::now();
    let observations = Topic::Observations {
        agent: setup.agent.clone(),
        json: false,
    };
    let mut driver = Driver {
        machine,
        backoff: Backoff::new(setup.reconnect),
        stability: Stability::default(),
        remarked: BTreeSet::new(),
        connection: None,
        retry_at: now,
        health_at: now + HEALTH_EVERY,
        began: now,
        drain_until: None,
        observations,
        acks: Topic::Ack(setup.agent.clone()),
        commands: Topic::Command(setup.agent.clone()),
        state: Topic::State(setup.agent.clone()),
        setup,
    };
    driver.serve().await?;
    driver.farewell().await;
    Ok(())
}

struct Driver {
    setup: UplinkSetup,
    machine: Machine,
    backoff: Backoff,
    stability: Stability,
    /// What the aggregator has remarks on.
    remarked: BTreeSet<String>,
    connection: Option<Connection>,
    retry_at: Instant,
    health_at: Instant,
    began: Instant,
    /// Set while the agent stops: when to give up draining.
    drain_until: Option<Instant>,
    observations: Topic,
    acks: Topic,
    commands: Topic,
    state: Topic,
}

/// Why a connection has ended.
#[derive(Debug, thiserror::Error)]
enum UplinkEnded {
    #[error(transparent)]
    Lost(#[from] Lost),
    #[error("the broker has stopped acknowledging")]
    Unacknowledged,
}

/// What woke the loop.
enum Woke {
    Heard(Heard),
    Stored(Option<StoredBatch>),
    Stop,
    Timer,
}

impl Driver {
    async fn serve(&mut self) -> Result<(), KeeperError> {
        let mut more_to_store = true;
        while !self.is_over(more_to_store) {
            self.setup.beat.mark();
            self.connect_when_due();
            match self.wait(more_to_store).await {
                Woke::Heard(heard) => self.heard(heard).await?,
                Woke::Stored(Some(stored)) => {
                    let StoredBatch {
                        seq,
                        oldest,
                        gauges,
                    } = stored;
                    self.step(Event::Stored {
                        seq,
                        oldest,
                        gauges,
                    })
                    .await?;
                }
                Woke::Stored(None) => more_to_store = false,
                Woke::Stop => self.drain_until = Some(Instant::now() + DRAIN),
                Woke::Timer => self.step(Event::Tick).await?,
            }
            self.look_at_connection();
            if Instant::now() >= self.health_at {
                self.publish_health(true);
            }
        }
        self.setup.beat.rest();
        Ok(())
    }

    fn is_over(&self, more_to_store: bool) -> bool {
        let drained = !more_to_store && self.machine.is_drained();
        self.drain_until
            .is_some_and(|until| drained || Instant::now() >= until)
    }

    async fn wait(&mut self, more_to_store: bool) -> Woke {
        let now = Instant::now();
        let tick = self.machine.wake_at().map(|at| self.began + at);
        let retry = self.connection.is_none().then_some(self.retry_at);
        let times = [
            tick,
            retry,
            self.drain_until,
            Some(self.health_at),
            Some(now + IDLE),
        ];
        let wake = times.into_iter().flatten().min().unwrap_or(now);
        let heard = async {
            match &mut self.connection {
                Some(connection) => connection.hear().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = heard => Woke::Heard(heard),
            stored = self.setup.stored.recv(), if more_to_store => Woke::Stored(stored),
            () = self.setup.stop.cancelled(), if self.drain_until.is_none() => Woke::Stop,
            () = sleep_until(wake) => Woke::Timer,
        }
    }

    fn connect_when_due(&mut self) {
        if self.connection.is_some() || Instant::now() < self.retry_at {
            return;
        }
        let health = self.setup.health.snapshot(false, self.setup.keeper.held());
        let terms = Terms {
            lasting: false,
            topics: self.topics(),
            will: Some(self.retained(&health)),
        };
        self.connection = Some(Connection::open(&self.setup.dial, terms));
    }

    /// Only the papers are told anything by commands yet.
    fn topics(&self) -> Vec<String> {
        let commands = self.setup.passport.is_some().then_some(&self.commands);
        let topics = std::iter::once(&self.acks).chain(commands);
        topics.map(Topic::to_string).collect()
    }

    async fn heard(&mut self, heard: Heard) -> Result<(), KeeperError> {
        match heard {
            Heard::Accepted { .. } | Heard::FarewellSent => Ok(()),
            Heard::Ready { .. } => {
                let broker = self.setup.dial.broker.to_string();
                if self.stability.is_flapping() {
                    tracing::debug!(broker, "uplink connected");
                } else {
                    tracing::info!(broker, "uplink connected");
                }
                self.setup.health.faults.end(FaultKind::Uplink, &broker);
                count(&self.setup.health.counters.connections, 1);
                self.publish_health(true);
                self.step(Event::Connected).await
            }
            Heard::BrokerHas(seq) => self.step(Event::BrokerHas { seq }).await,
            Heard::Message(message) if message.topic == self.acks.to_string() => {
                self.acknowledged(&message.payload).await
            }
            Heard::Message(message) if message.topic == self.commands.to_string() => {
                self.commanded(&message.payload).await;
                Ok(())
            }
            Heard::Message(message) => {
                let topic = message.topic;
                tracing::debug!(topic, "message on a topic that nobody asked for");
                Ok(())
            }
            Heard::Lost(why) => {
                self.lost(&why.into());
                self.step(Event::Disconnected).await
            }
        }
    }

    fn lost(&mut self, why: &UplinkEnded) {
        let lasted = self
            .connection
            .take()
            .map_or(Duration::ZERO, |c| c.lasted());
        if lasted.is_zero() {
            self.setup.dial.failed();
        }
        self.stability.ended(lasted);
        self.backoff.ended(lasted);
        let wait = self.backoff.next(fastrand::f64());
        self.retry_at = Instant::now() + wait;
        let (broker, error) = (self.setup.dial.broker.to_string(), chain(why));
        let (lasted_s, retry_in_ms) = (lasted.as_secs(), wait.as_millis());
        tracing::debug!(broker, error, lasted_s, retry_in_ms, "uplink lost");
        let faults = &self.setup.health.faults;
        faults.begin(FaultKind::Uplink, &broker, &error);
    }

    /// Tells what only time shows: a broker that ends every connection, an aggregator that commits
    /// nothing.
    fn look_at_connection(&mut self) {
        let lasted = self.connection.as_ref().map(Connection::lasted);
        self.stability.lasts(lasted.unwrap_or_default());
        let cause = thrown_cause(&self.setup.dial.client_id);
        let cause = self.stability.is_thrown().then_some(&*cause);
        let broker = self.setup.dial.broker.to_string();
        let faults = &self.setup.health.faults;
        faults.set(FaultKind::Thrown, &broker, cause);
        let waited = self.machine.uncommitted_for(self.line_time());
        let cause = "none has come back for a minute: is an aggregator running on this broker, and \
                     may this login publish its observations?";
        let cause = (waited >= UNCOMMITTED).then_some(cause);
        faults.set(FaultKind::Uncommitted, &broker, cause);
    }

    /// Steps the machine and does what it says; doing may be an event of its own.
    async fn step(&mut self, event: Event) -> Result<(), KeeperError> {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let now = self.line_time();
            for action in self.machine.step(now, event) {
                events.extend(self.act(action).await?);
            }
        }
        Ok(())
    }

    async fn act(&mut self, action: Action) -> Result<Option<Event>, KeeperError> {
        match action {
            Action::Publish { seq, backfill } => self.publish(seq, backfill).await,
            Action::Release(seqs) => {
                count(&self.setup.health.counters.released, seqs::count(&seqs));
                self.setup
                    .keeper
                    .release(seqs)
                    .await
                    .map(drop)
                    .or_else(log_spool)?;
                Ok(None)
            }
            Action::Renew => {
                tracing::error!(
                    agent = %self.setup.agent,
                    "the aggregator has batches under this incarnation that were never sent: another \
                     program goes on with a copy of this one; beginning a new incarnation"
                );
                self.setup.keeper.renew().await.or_else(log_spool)?;
                Ok(Some(Event::Renewed {
                    incarnation: self.setup.keeper.held().incarnation,
                }))
            }
            Action::Reconnect => {
                self.lost(&UplinkEnded::Unacknowledged);
                Ok(None)
            }
        }
    }

    async fn publish(&mut self, seq: u64, backfill: bool) -> Result<Option<Event>, KeeperError> {
        let observations = match self.setup.keeper.read(seq).await {
            Ok(Some(observations)) => observations,
            Ok(None) => return Ok(Some(Event::Gone { seq })),
            Err(error) => {
                log_spool(error)?;
                return Ok(Some(Event::Gone { seq }));
            }
        };
        let held = self.setup.keeper.held();
        let envelope = Envelope {
            agent: self.setup.agent.clone(),
            incarnation: held.incarnation,
            seq,
            oldest: held.usage.oldest,
            sent_at: self.setup.clock.now(),
            mode: self.setup.clock.mode(),
            backfill,
            observations,
        };
        let payload = envelope.encode();
        if payload.len() > MAX_PAYLOAD {
            return self.give_up(seq, envelope.observations.len()).await;
        }
        let payload = self.sealed(&self.observations, payload);
        let Some(connection) = &mut self.connection else {
            return Ok(None);
        };
        match connection.publish(&self.observations.to_string(), seq, payload) {
            Ok(()) => {
                count(&self.setup.health.counters.published, 1);
                let oldest = held.usage.oldest;
                Ok(Some(Event::HeldFrom { oldest }))
            }
            Err(why) => {
                self.lost(&why.into());
                Ok(Some(Event::Disconnected))
            }
        }
    }

    /// A batch that can never be sent would be tried for ever.
    async fn give_up(
        &mut self,
        seq: u64,
        observations: usize,
    ) -> Result<Option<Event>, KeeperError> {
        tracing::error!(
            seq,
            observations,
            "a batch is too large to be sent and was dropped"
        );
        count(
            &self.setup.health.counters.dropped_observations,
            observations as u64,
        );
        self.setup
            .keeper
            .release(SeqSet::from_iter([seq]))
            .await
            .map(drop)
            .or_else(log_spool)?;
        Ok(Some(Event::Gone { seq }))
    }

    fn publish_health(&mut self, online: bool) {
        self.health_at = Instant::now() + HEALTH_EVERY;
        let Some(connection) = self.connection.as_ref().filter(|c| c.is_ready()) else {
            return;
        };
        let health = self.setup.health.snapshot(online, self.setup.keeper.held());
        if let Err(error) = connection.retain(self.retained(&health)) {
            tracing::debug!(%error, "health was not published");
        }
    }

    fn retained(&self, health: &AgentHealth) -> Retained {
        Retained {
            topic: self.state.to_string(),
            payload: self.sealed(&self.state, health.encode()),
        }
    }

    /// As the aggregator believes it.
    fn sealed(&self, topic: &Topic, payload: Vec<u8>) -> Vec<u8> {
        match &self.setup.key {
            Some(key) => key.seal(topic, payload),
            None => payload,
        }
    }

    async fn farewell(mut self) {
        self.publish_health(false);
        if let Some(connection) = self.connection.take().filter(Connection::is_ready) {
            connection.close(FAREWELL).await;
        }
    }

    fn line_time(&self) -> Duration {
        self.began.elapsed()
    }
}

/// A failing spool is logged and lived with; a spool whose thread has ended is not.
fn log_spool(error: KeeperError) -> Result<(), KeeperError> {
    match error {
        KeeperError::Gone => Err(KeeperError::Gone),
        KeeperError::Spool(error) => {
            tracing::error!(error = chain(&error), "the spool failed");
            Ok(())
        }
    }
}
