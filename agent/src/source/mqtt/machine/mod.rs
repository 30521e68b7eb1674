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
//! The answer to the subscription decides nothing here: messages of an earlier subscription come
//! before it, and a connection without any subscription has been ended for it already.

use std::{collections::HashMap, time::Duration};

use shared::{ids::GaugeId, time::Timestamp};

use super::{
    payload::{self, PayloadError},
    unacknowledged::{Owed, Repeated, Unacknowledged},
};
use crate::{
    config::MqttGauge,
    net::{Message, PacketId},
    source::{Answer, Outcome, Reading},
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
    silence_ms: i64,
    heard_at: Timestamp,
}

/// What is known of one local broker and its gauges.
#[derive(Debug)]
pub(crate) struct ListenerMachine {
    /// By topic.
    gauges: HashMap<String, Expected>,
    unacknowledged: Unacknowledged,
    is_connected: bool,
    phase: Phase,
}

impl ListenerMachine {
    /// Starts unconnected; every gauge counts as heard `now`.
    #[must_use]
    pub(crate) fn new(gauges: &[MqttGauge], now: Timestamp) -> Self {
        let expected = |gauge: &MqttGauge| {
            let silence = (gauge.spec.interval * SILENT_INTERVALS).as_millis();
            let expected = Expected {
                gauge: gauge.spec.id.clone(),
                silence_ms: i64::try_from(silence).unwrap_or(i64::MAX),
                heard_at: now,
            };
            (gauge.topic.clone(), expected)
        };
        Self {
            gauges: gauges.iter().map(expected).collect(),
            unacknowledged: Unacknowledged::default(),
            is_connected: false,
            phase: Phase::Listening,
        }
    }

    /// Takes one event and returns what to do about it.
    pub(crate) fn step(&mut self, now: Now, event: ListenerEvent) -> Vec<ListenerAction> {
        let mut actions = Vec::new();
        match event {
            ListenerEvent::Connected { session_kept } => {
                self.is_connected = true;
                if !session_kept {
                    self.unacknowledged.session_lost();
                }
            }
            ListenerEvent::Message(message) if self.is_listening() => {
                actions.extend(self.message(message, now.storm));
            }
            // Left to the next process.
            ListenerEvent::Message(_) => {}
            ListenerEvent::Answered(answer) => actions.extend(self.answered(answer)),
            ListenerEvent::Lost => self.lost(),
            ListenerEvent::Stop => self.stop(now.line, &mut actions),
            ListenerEvent::Tick => {}
        }
        if self.is_listening() {
            actions.extend(self.silences(now.storm));
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

    fn message(&mut self, message: Message, now: Timestamp) -> Vec<ListenerAction> {
        let first_heard = match self.unacknowledged.repeated(&message) {
            Some(Repeated::Waits) => return Vec::new(),
            Some(Repeated::Durable) => return acknowledge(&message),
            Some(Repeated::Dropped(at)) => at,
            None => now,
        };
        let Some(expected) = self.gauges.get_mut(&message.topic) else {
            return refuse(&message, NoReading::Topic(message.topic.clone()));
        };
        let gauge = expected.gauge.clone();
        let (outcome, at) = match payload::decode(&message.payload) {
            Ok(decoded) => decoded,
            Err(source) => return refuse(&message, NoReading::Payload { gauge, source }),
        };
        if outcome != Outcome::Failed {
            expected.heard_at = now;
        }
        let at = at.unwrap_or(first_heard);
        let token = message
            .packet
            .map(|packet| self.unacknowledged.keep(message, packet, first_heard));
        let readings = vec![Reading { gauge, at, outcome }];
        vec![ListenerAction::Deliver { readings, token }]
    }

    fn answered(&mut self, answer: Answer) -> Option<ListenerAction> {
        match self.unacknowledged.answered(answer) {
            Owed::Acknowledgement(packet) => Some(ListenerAction::Acknowledge(packet)),
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
    fn silences(&mut self, now: Timestamp) -> Option<ListenerAction> {
        let mut readings = Vec::new();
        for expected in self.gauges.values_mut() {
            if now.millis_since(expected.heard_at) > expected.silence_ms {
                expected.heard_at = now;
                readings.push(Reading {
                    gauge: expected.gauge.clone(),
                    at: now,
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
