//! Listens to one local broker: owns the connection and the machine, and does what the machine
//! says. Shell.

use std::{sync::Arc, time::Duration};

use shared::{
    backoff::{Backoff, BackoffLimits},
    clock::Clock,
    error::chain,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::machine::{Action, Event, Machine, NoReading, Now};
use crate::{
    config::MqttInput,
    counters::{Counters, count},
    net::{Connection, Credentials, Dial, Heard, Lost, Terms},
    pulse::Beat,
    source::{Answer, Delivery, Outcome, Reading, Receipt},
};

const RECONNECT: BackoffLimits = BackoffLimits {
    least: Duration::from_millis(500),
    most: Duration::from_secs(60),
};
/// Messages that a broker sends ahead of their acknowledgements at most.
const WINDOW: usize = 256;
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The loop wakes at least this often, so that its pulse and silent gauges show.
const IDLE: Duration = Duration::from_secs(1);

/// What a listener is given.
pub struct ListenerSetup {
    pub input: MqttInput,
    pub credentials: Option<Credentials>,
    pub clock: Clock,
    pub counters: Arc<Counters>,
    pub beat: Arc<Beat>,
    pub stop: CancellationToken,
}

/// Listens until told to stop, or until nobody takes the readings.
pub async fn listen(setup: ListenerSetup, out: mpsc::Sender<Delivery>) {
    let machine = Machine::new(&setup.input.gauges, setup.clock.now());
    let (answer, answers) = mpsc::unbounded_channel();
    let now = Instant::now();
    let listener = Listener {
        dial: Dial {
            broker: setup.input.broker.clone(),
            client_id: setup.input.client_id.clone(),
            credentials: setup.credentials.clone(),
            keep_alive: KEEP_ALIVE,
            window: WINDOW,
        },
        machine,
        backoff: Backoff::new(RECONNECT),
        connection: None,
        retry_at: now,
        began: now,
        out: Some(out),
        answer,
        answers,
        setup,
    };
    listener.run().await;
}

struct Listener {
    setup: ListenerSetup,
    dial: Dial,
    machine: Machine,
    backoff: Backoff,
    connection: Option<Connection>,
    retry_at: Instant,
    began: Instant,
    /// Given up when the readings end: the collector ends when no source can give it anything.
    out: Option<mpsc::Sender<Delivery>>,
    answer: mpsc::UnboundedSender<Answer>,
    answers: mpsc::UnboundedReceiver<Answer>,
}

/// Why a connection has ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Lost(#[from] Lost),
    #[error("readings were dropped and the broker must repeat them")]
    Dropped,
}

impl Listener {
    async fn run(mut self) {
        while !self.machine.is_over() {
            self.setup.beat.mark();
            self.connect_when_due();
            if let Some(event) = self.next().await {
                let now = Now {
                    storm: self.setup.clock.now(),
                    line: self.began.elapsed(),
                };
                for action in self.machine.step(now, event) {
                    self.act(action).await;
                }
            }
        }
        self.setup.beat.rest();
    }

    fn connect_when_due(&mut self) {
        let is_due = self.machine.is_listening() && Instant::now() >= self.retry_at;
        if is_due && self.connection.is_none() {
            let topics = self.setup.input.gauges.iter().map(|g| g.topic.clone());
            let terms = Terms {
                lasting: true,
                topics: topics.collect(),
                will: None,
            };
            self.connection = Some(Connection::open(&self.dial, terms));
        }
    }

    async fn next(&mut self) -> Option<Event> {
        let retry = self.connection.is_none().then_some(self.retry_at);
        let close = self.machine.wake_at().map(|at| self.began + at);
        let idle = Instant::now() + IDLE;
        let wake = [retry, close]
            .into_iter()
            .flatten()
            .fold(idle, Instant::min);
        let is_listening = self.machine.is_listening();
        let heard = async {
            match &mut self.connection {
                Some(connection) => connection.hear().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = heard => self.heard(heard),
            Some(answer) = self.answers.recv() => Some(Event::Answered(answer)),
            () = no_more(&self.setup.stop, self.out.as_ref()), if is_listening => Some(Event::Stop),
            () = sleep_until(wake) => Some(Event::Tick),
        }
    }

    fn heard(&mut self, heard: Heard) -> Option<Event> {
        let (input, broker) = (&self.setup.input.name, &self.dial.broker);
        match heard {
            Heard::Accepted { session_kept } => Some(Event::Connected { session_kept }),
            Heard::Ready { refused } => {
                tracing::info!(input, %broker, "local broker connected");
                if !refused.is_empty() {
                    let topics = refused.join(" ");
                    tracing::warn!(input, %broker, topics, "the local broker allows no subscription");
                }
                None
            }
            Heard::Message(message) => Some(Event::Message(message)),
            Heard::Lost(why) => {
                self.lost(&why.into());
                Some(Event::Lost)
            }
            Heard::BrokerHas(_) | Heard::FarewellSent => None,
        }
    }

    fn lost(&mut self, why: &Ended) {
        let connection = self.connection.take();
        let lasted = connection.map_or(Duration::ZERO, |c| c.lasted());
        self.backoff.ended(lasted);
        let wait = self.backoff.next(fastrand::f64());
        self.retry_at = Instant::now() + wait;
        if self.machine.is_listening() {
            tracing::warn!(
                input = self.setup.input.name,
                broker = %self.dial.broker,
                error = chain(why),
                retry_in_ms = wait.as_millis(),
                "local broker lost"
            );
        }
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Deliver { readings, token } => self.deliver(readings, token).await,
            Action::Refuse(why) => self.refuse(&why),
            Action::Acknowledge(packet) => {
                if let Some(connection) = &self.connection {
                    connection.acknowledge(packet);
                }
            }
            Action::Reconnect => self.lost(&Ended::Dropped),
            Action::EndReadings => self.out = None,
            Action::TakeLeave => {
                if let Some(connection) = &self.connection {
                    connection.take_leave();
                }
            }
        }
    }

    async fn deliver(&mut self, readings: Vec<Reading>, token: Option<u64>) {
        let failed = readings.iter().filter(|r| r.outcome == Outcome::Failed);
        count(&self.setup.counters.failed_readings, failed.count() as u64);
        let Some(out) = &self.out else { return };
        let receipt = token.map(|token| Receipt::new(token, self.answer.clone()));
        self.setup.beat.rest();
        tokio::select! {
            biased;
            // Whoever took the readings may have ended; so will this listener.
            _ = out.send(Delivery { readings, receipt }) => {}
            () = self.setup.stop.cancelled() => {}
        }
        self.setup.beat.mark();
    }

    /// Told to the aggregator with all others that gave no reading.
    fn refuse(&self, why: &NoReading) {
        count(&self.setup.counters.bad_payloads, 1);
        count(&self.setup.counters.failed_readings, 1);
        let (input, error) = (&self.setup.input.name, chain(why));
        match why {
            NoReading::Payload { .. } => tracing::warn!(input, error, "a message is refused"),
            // A broker repeats what an earlier configuration subscribed to.
            NoReading::Topic(_) => tracing::debug!(input, error, "a message is refused"),
        }
    }
}

/// Returns when the agent stops, or when nobody takes readings any more.
async fn no_more(stop: &CancellationToken, out: Option<&mpsc::Sender<Delivery>>) {
    let closed = async {
        match out {
            Some(out) => out.closed().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = closed => {}
    }
}
