//! Listens to one local broker: owns the connection and the machine, and does what the machine
//! says. Shell.

use std::{sync::Arc, time::Duration};

use shared::{
    backoff::{Backoff, BackoffLimits},
    clock::Clock,
    error::chain,
    tls::Tls,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::machine::{ListenerAction, ListenerEvent, ListenerMachine, NoReading, Now, Retentions};
use crate::{
    config::MqttInput,
    counters::{Counters, count},
    faults::{FaultKind, Faults},
    kept::KeptFile,
    net::{Connection, Credentials, Dial, Heard, Lost, Stability, Terms, thrown_cause},
    pulse::Beat,
    source::{Answer, Delivery, Outcome, Reading, Receipt},
    timekeeper::Moment,
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
pub(crate) struct ListenerSetup {
    pub input: MqttInput,
    pub credentials: Option<Credentials>,
    pub tls: Option<Tls>,
    /// What the broker had retained, and where that is kept.
    pub retained: (KeptFile<Retentions>, Retentions),
    pub clock: Clock,
    pub counters: Arc<Counters>,
    pub faults: Arc<Faults>,
    pub beat: Arc<Beat>,
    pub stop: CancellationToken,
}

/// Listens until told to stop, or until nobody takes the readings.
pub(crate) async fn listen(setup: ListenerSetup, out: mpsc::Sender<Delivery>) {
    let clock = setup.clock;
    let mut machine = ListenerMachine::new(&setup.input.gauges, |storm| clock.real_span(storm));
    machine.restore(&setup.retained.1);
    let (answer, answers) = mpsc::unbounded_channel();
    let now = Instant::now();
    let listener = Listener {
        dial: Dial {
            broker: setup.input.broker.clone(),
            tls: setup.tls.clone(),
            client_id: setup.input.client_id.clone(),
            credentials: setup.credentials.clone(),
            keep_alive: KEEP_ALIVE,
            window: WINDOW,
        },
        machine,
        backoff: Backoff::new(RECONNECT),
        stability: Stability::default(),
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
    machine: ListenerMachine,
    backoff: Backoff,
    stability: Stability,
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
enum ListenerEnded {
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
            self.look_at_connection();
            if let Some(event) = self.next().await {
                let now = Now {
                    storm: self.setup.clock.now(),
                    line: self.began.elapsed(),
                };
                for action in self.machine.step(now, event) {
                    self.act(action).await;
                }
                let retained = self.machine.retained();
                self.setup.retained.0.save(retained).await;
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

    fn look_at_connection(&mut self) {
        let lasted = self.connection.as_ref().map(Connection::lasted);
        self.stability.lasts(lasted.unwrap_or_default());
        let cause = thrown_cause(&self.dial.client_id);
        let cause = self.stability.is_thrown().then_some(&*cause);
        let (faults, input) = (&self.setup.faults, &self.setup.input.name);
        faults.set(FaultKind::Thrown, input, cause);
    }

    async fn next(&mut self) -> Option<ListenerEvent> {
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
            Some(answer) = self.answers.recv() => Some(ListenerEvent::Answered(answer)),
            () = no_more(&self.setup.stop, self.out.as_ref()), if is_listening => Some(ListenerEvent::Stop),
            () = sleep_until(wake) => Some(ListenerEvent::Tick),
        }
    }

    fn heard(&mut self, heard: Heard) -> Option<ListenerEvent> {
        let (input, broker) = (&self.setup.input.name, &self.dial.broker);
        match heard {
            Heard::Accepted { session_kept } => Some(ListenerEvent::Connected { session_kept }),
            Heard::Ready { refused } => {
                if self.stability.is_flapping() {
                    tracing::debug!(input, %broker, "local broker connected");
                } else {
                    tracing::info!(input, %broker, "local broker connected");
                }
                let topics = refused.join(" ");
                let cause =
                    format!("it allows no subscription to {topics}; nothing comes from there");
                let cause = (!refused.is_empty()).then_some(cause);
                let faults = &self.setup.faults;
                faults.set(FaultKind::LocalBroker, input, cause.as_deref());
                None
            }
            Heard::Message(message) => Some(ListenerEvent::Message(message)),
            Heard::Lost(why) => {
                self.lost(&why.into());
                Some(ListenerEvent::Lost)
            }
            Heard::BrokerHas(_) | Heard::FarewellSent => None,
        }
    }

    fn lost(&mut self, why: &ListenerEnded) {
        let connection = self.connection.take();
        let lasted = connection.map_or(Duration::ZERO, |c| c.lasted());
        self.stability.ended(lasted);
        self.backoff.ended(lasted);
        let wait = self.backoff.next(fastrand::f64());
        self.retry_at = Instant::now() + wait;
        if self.machine.is_listening() {
            let (input, error) = (&self.setup.input.name, chain(why));
            let retry_in_ms = wait.as_millis();
            tracing::debug!(input, error, retry_in_ms, "local broker lost");
            let faults = &self.setup.faults;
            faults.begin(FaultKind::LocalBroker, input, &error);
        }
    }

    async fn act(&mut self, action: ListenerAction) {
        match action {
            ListenerAction::Deliver { readings, token } => self.deliver(readings, token).await,
            ListenerAction::Refuse(why) => self.refuse(&why),
            ListenerAction::TimeUnreadable { gauge, found } => {
                let cause =
                    format!("its time {found} cannot be read: write RFC 3339 with an offset");
                let faults = &self.setup.faults;
                faults.begin_sort(FaultKind::GaugeClock, gauge.as_str(), "unreadable", &cause);
            }
            ListenerAction::Acknowledge(packet) => {
                if let Some(connection) = &self.connection {
                    connection.acknowledge(packet);
                }
            }
            ListenerAction::Reconnect => self.lost(&ListenerEnded::Dropped),
            ListenerAction::EndReadings => self.out = None,
            ListenerAction::TakeLeave => {
                if let Some(connection) = &self.connection {
                    connection.take_leave();
                }
            }
        }
    }

    async fn deliver(&mut self, readings: Vec<Reading>, token: Option<u64>) {
        let (failed, read): (Vec<_>, Vec<_>) =
            readings.iter().partition(|r| r.outcome == Outcome::Failed);
        for reading in read {
            let gauge = reading.gauge.as_str();
            self.setup.faults.end(FaultKind::Payload, gauge);
        }
        count(&self.setup.counters.failed_readings, failed.len() as u64);
        let Some(out) = &self.out else { return };
        let delivery = Delivery {
            readings,
            moment: Moment::now(),
            receipt: token.map(|token| Receipt::new(token, self.answer.clone())),
        };
        self.setup.beat.rest();
        tokio::select! {
            biased;
            // Whoever took the readings may have ended; so will this listener.
            _ = out.send(delivery) => {}
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
            NoReading::Payload { gauge, source } => {
                tracing::debug!(input, error, "a message is refused");
                let (faults, cause) = (&self.setup.faults, source.to_string());
                faults.begin_sort(FaultKind::Payload, gauge.as_str(), source.sort(), &cause);
            }
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
