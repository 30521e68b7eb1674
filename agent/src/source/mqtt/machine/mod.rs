//! What to do with the messages of one local broker: a state machine without clock, socket or
//! channel. Pure.
//!
//! *Acknowledged means durable.* A reading goes on with a token, and its message is acknowledged
//! when the token comes back as durable. A payload that is no reading is reported and acknowledged:
//! it would come again for ever. A reading that was dropped ends the connection, because a broker
//! repeats nothing on one that lives.
//!
//! *A stop ends the readings at once*, so that the collector closes its batch, and the connection
//! only when the receipts for that batch have been passed on: what the broker would repeat to the
//! next process would be taken for a second reading if it carries no time of its own.
//!
//! *A time that nobody knows is said to be unknown*: a message without a time of its own is a reading
//! of now only if the broker had neither retained it nor kept it in a queue ([`queued`](super::queued)).
//!
//! The answer to the subscription decides nothing here: messages of an earlier subscription come
//! before it, and a connection without any subscription has been ended for it already.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use shared::{ids::GaugeId, time::Timestamp};

use super::{
    payload::{self, OwnTime, PayloadError},
    queued::{BrokersQueue, GaugePace},
    unacknowledged::{Owed, Repeated, Unacknowledged},
};
use crate::{
    config::MqttGauge,
    net::{Message, PacketId},
    source::{Answer, Outcome, Reading, Stamp},
};

/// A gauge is silent after this many intervals without a message.
const SILENT_INTERVALS: u32 = 3;
/// How long a stop waits for the last receipts, and for the broker after them.
pub(crate) const FAREWELL: Duration = Duration::from_secs(3);
/// How long it waits after the last receipt for the broker to end the connection.
pub(crate) const LEAVE: Duration = Duration::from_millis(500);

/// The two clocks: observations are of storm time, waits for the line of line time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    pub storm: Timestamp,
    /// Since the start.
    pub line: Duration,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListenerEvent {
    /// The broker has let us in; where it does not know us any more, it will repeat nothing.
    Connected { session_kept: bool },
    /// A gauge's message.
    Message(Message),
    /// What has become of a delivery.
    Answered(Answer),
    /// The connection has ended.
    Lost,
    /// The agent stops, or nobody takes readings any more.
    Stop,
    /// Time went by.
    Tick,
}

/// What to do.
#[derive(Debug)]
pub(crate) enum ListenerAction {
    /// Pass readings on. What becomes of them is wanted where there is a token.
    Deliver {
        readings: Vec<Reading>,
        token: Option<u64>,
    },
    /// Tell that a message is no reading.
    Refuse(NoReading),
    /// Tell that what a gauge gives as its time is none.
    TimeUnreadable { gauge: GaugeId, found: String },
    /// The broker need not repeat this.
    Acknowledge(PacketId),
    /// End the connection: the broker must deliver again what was dropped.
    Reconnect,
    /// No reading comes after this; what comes from the broker is left to the next process.
    EndReadings,
    /// Every receipt has been passed on: say goodbye.
    TakeLeave,
}

/// Why a message gives no reading.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoReading {
    #[error("no gauge publishes on {0}")]
    Topic(String),
    #[error("what {gauge} published is no reading")]
    Payload {
        gauge: GaugeId,
        source: PayloadError,
    },
}

/// How far a stop has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Listening,
    /// Receipts are to come.
    Closing {
        until: Duration,
    },
    /// The broker is to end the connection.
    Leaving {
        until: Duration,
    },
    Over,
}

/// When a gauge was last heard.
#[derive(Debug)]
struct Expected {
    gauge: GaugeId,
    /// On the real clock, as the line is.
    interval: Duration,
    heard_at: Duration,
    pace: GaugePace,
    /// What the broker has retained of it, by the last delivery.
    retained: Option<u32>,
}

/// Checksums of what a broker had retained, by topic: given again with every connection, it is a
/// reading once, also over a restart.
pub(crate) type Retentions = BTreeMap<String, u32>;

/// What is known of one local broker and its gauges.
#[derive(Debug)]
pub(crate) struct ListenerMachine {
    /// By topic.
    gauges: HashMap<String, Expected>,
    unacknowledged: Unacknowledged,
    queue: BrokersQueue,
    is_connected: bool,
    phase: Phase,
}

impl ListenerMachine {
    /// Starts unconnected; every gauge counts as heard at the start. `real_span` is how long a span
    /// of storm time takes on the line.
    #[must_use]
    pub(crate) fn new(gauges: &[MqttGauge], real_span: impl Fn(Duration) -> Duration) -> Self {
        let expected = |gauge: &MqttGauge| {
            let expected = Expected {
                gauge: gauge.spec.id.clone(),
                interval: real_span(gauge.spec.interval),
                heard_at: Duration::ZERO,
                pace: GaugePace::default(),
                retained: None,
            };
            (gauge.topic.clone(), expected)
        };
        Self {
            gauges: gauges.iter().map(expected).collect(),
            unacknowledged: Unacknowledged::default(),
            queue: BrokersQueue::default(),
            is_connected: false,
            phase: Phase::Listening,
        }
    }

    /// Goes on with what an earlier process knew to be retained.
    pub(crate) fn restore(&mut self, retained: &Retentions) {
        for (topic, expected) in &mut self.gauges {
            expected.retained = retained.get(topic).copied();
        }
    }

    /// What is known to be retained.
    #[must_use]
    pub(crate) fn retained(&self) -> Retentions {
        let of =
            |(topic, expected): (&String, &Expected)| Some((topic.clone(), expected.retained?));
        self.gauges.iter().filter_map(of).collect()
    }

    /// Takes one event and returns what to do about it.
    pub(crate) fn step(&mut self, now: Now, event: ListenerEvent) -> Vec<ListenerAction> {
        let mut actions = Vec::new();
        match event {
            ListenerEvent::Connected { session_kept } => {
                self.is_connected = true;
                self.queue.connected(session_kept, now.line);
                for expected in self.gauges.values_mut() {
                    expected.pace = GaugePace::default();
                }
                if !session_kept {
                    self.unacknowledged.session_lost();
                }
            }
            ListenerEvent::Message(message) if self.is_listening() => {
                actions.extend(self.message(message, now));
            }
            // Left to the next process.
            ListenerEvent::Message(_) => {}
            ListenerEvent::Answered(answer) => actions.extend(self.answered(answer, now.line)),
            ListenerEvent::Lost => self.lost(),
            ListenerEvent::Stop => self.stop(now.line, &mut actions),
            ListenerEvent::Tick => {}
        }
        if self.is_listening() {
            actions.extend(self.silences(now));
        } else {
            self.close(now.line, &mut actions);
        }
        actions
    }

    /// Whether readings are still taken.
    #[must_use]
    pub(crate) fn is_listening(&self) -> bool {
        self.phase == Phase::Listening
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// When [`ListenerEvent::Tick`] is due at the latest for a stop to go on, in line time.
    #[must_use]
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        match self.phase {
            Phase::Listening | Phase::Over => None,
            Phase::Closing { until } | Phase::Leaving { until } => Some(until),
        }
    }

    fn message(&mut self, message: Message, now: Now) -> Vec<ListenerAction> {
        let may_have_waited = self.queue.may_have_waited(now.line);
        let first_heard = match self.unacknowledged.repeated(&message) {
            Some(Repeated::Waits) => return Vec::new(),
            Some(Repeated::Durable) => return acknowledge(&message),
            Some(Repeated::Dropped(at, stamp)) => Some((at, stamp)),
            None => None,
        };
        let Some(expected) = self.gauges.get_mut(&message.topic) else {
            return refuse(&message, NoReading::Topic(message.topic.clone()));
        };
        let gauge = expected.gauge.clone();
        let (outcome, own) = match payload::decode(&message.payload) {
            Ok(decoded) => decoded,
            Err(source) => return refuse(&message, NoReading::Payload { gauge, source }),
        };
        let is_paced = expected.pace.is_kept(expected.interval, now.line);
        let is_late = message.is_retained || (may_have_waited && !is_paced);
        let mut actions = Vec::new();
        let (at, stamp) = match (own, first_heard) {
            (OwnTime::At(at), _) => (at, Stamp::Own),
            (_, Some(first_heard)) => first_heard,
            (OwnTime::None, None) if !is_late => (now.storm, Stamp::Gateway),
            (OwnTime::None, None) => (now.storm, Stamp::Unknown),
            (OwnTime::Unreadable(found), None) => {
                let gauge = gauge.clone();
                actions.push(ListenerAction::TimeUnreadable { gauge, found });
                (now.storm, Stamp::Unknown)
            }
        };
        if message.is_retained {
            // Given again with every connection; the gauge itself has said nothing.
            let checksum = crc32fast::hash(&message.payload);
            let before = expected.retained.replace(checksum);
            if stamp == Stamp::Unknown && before == Some(checksum) {
                return acknowledge(&message);
            }
        } else if outcome != Outcome::Failed {
            expected.heard_at = now.line;
        }
        let token = message
            .packet
            .map(|packet| self.unacknowledged.keep(message, packet, (at, stamp)));
        let readings = vec![Reading {
            gauge,
            at,
            stamp,
            outcome,
        }];
        actions.push(ListenerAction::Deliver { readings, token });
        actions
    }

    fn answered(&mut self, answer: Answer, now: Duration) -> Option<ListenerAction> {
        match self.unacknowledged.answered(answer) {
            Owed::Acknowledgement(packet) => {
                self.queue.acknowledged(now);
                Some(ListenerAction::Acknowledge(packet))
            }
            Owed::NewConnection if self.is_listening() => {
                self.lost();
                Some(ListenerAction::Reconnect)
            }
            // The next process connects anew anyway.
            Owed::NewConnection | Owed::Nothing => None,
        }
    }

    fn lost(&mut self) {
        self.is_connected = false;
        self.unacknowledged.connection_ended();
    }

    fn stop(&mut self, now: Duration, actions: &mut Vec<ListenerAction>) {
        if self.is_listening() {
            self.phase = Phase::Closing {
                until: now + FAREWELL,
            };
            actions.push(ListenerAction::EndReadings);
        }
    }

    /// Goes on with a stop as far as it can.
    fn close(&mut self, now: Duration, actions: &mut Vec<ListenerAction>) {
        match self.phase {
            Phase::Closing { until } | Phase::Leaving { until }
                if !self.is_connected || now >= until =>
            {
                self.phase = Phase::Over;
            }
            Phase::Closing { until } if !self.unacknowledged.is_waiting() => {
                self.phase = Phase::Leaving {
                    until: until.min(now + LEAVE),
                };
                actions.push(ListenerAction::TakeLeave);
            }
            Phase::Listening | Phase::Closing { .. } | Phase::Leaving { .. } | Phase::Over => {}
        }
    }

    /// Gauges that have not been heard for too long fail once per such span.
    fn silences(&mut self, now: Now) -> Option<ListenerAction> {
        let mut readings = Vec::new();
        for expected in self.gauges.values_mut() {
            let silent_for = now.line.saturating_sub(expected.heard_at);
            if silent_for > expected.interval * SILENT_INTERVALS {
                expected.heard_at = now.line;
                readings.push(Reading {
                    gauge: expected.gauge.clone(),
                    at: now.storm,
                    stamp: Stamp::Gateway,
                    outcome: Outcome::Failed,
                });
            }
        }
        readings.sort_by(|a, b| a.gauge.cmp(&b.gauge));
        (!readings.is_empty()).then_some(ListenerAction::Deliver {
            readings,
            token: None,
        })
    }
}

fn acknowledge(message: &Message) -> Vec<ListenerAction> {
    message
        .packet
        .map(ListenerAction::Acknowledge)
        .into_iter()
        .collect()
}

fn refuse(message: &Message, why: NoReading) -> Vec<ListenerAction> {
    let mut actions = vec![ListenerAction::Refuse(why)];
    actions.extend(acknowledge(message));
    actions
}

#[cfg(test)]
mod tests;
