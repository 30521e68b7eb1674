//! One connection to a broker with its subscriptions, from connecting to its first error. Shell.
//!
//! rumqttc 0.25 does not tell which publish a PUBACK is for, forgets queued publishes when a
//! broker has lost a client's state, and delivers acknowledgements of a dead connection after the
//! next one began. So every connection gets a client and an event loop of its own, nothing
//! survives it, and this file is the only one that publishes at QoS 1 on it: the order in which
//! publishes are handed over is the order in which their packet ids appear.
//!
//! The event loop has a task of its own: the broker sees a live client while whoever hears the
//! connection waits for a disk, until [`EVENTS`] wait for him.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, LastWill, Outgoing, Packet, Publish, QoS,
    SubscribeFilter, SubscribeReasonCode,
};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::{
    dial::Dial,
    message::{Message, PacketId},
};

/// Events that may wait to be heard; the broker waits beyond that.
const EVENTS: usize = 1_024;

/// What a connection is for.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    /// Whether the broker keeps messages for this client over connections, until
    /// [`Connection::acknowledge`]. Without that, what comes while nobody is connected is lost.
    pub lasting: bool,
    /// The topics to subscribe to.
    pub topics: Vec<String>,
    /// What the broker publishes when this client vanishes without a farewell.
    pub will: Option<Retained>,
}

/// A retained message.
#[derive(Debug, Clone)]
pub(crate) struct Retained {
    pub topic: String,
    pub payload: Vec<u8>,
}

/// What happened on a connection.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The broker has let us in. Messages may come from now on where the subscriptions of an
    /// earlier connection last: `session_kept` says whether it knows of one.
    Accepted { session_kept: bool },
    /// Subscribed to all topics but these.
    Ready { refused: Vec<String> },
    /// The broker has this batch.
    BrokerHas(u64),
    /// A message on a subscribed topic.
    Message(Message),
    /// The farewell is on the wire, and everything that was handed over before it.
    FarewellSent,
    /// Nothing comes after this.
    Lost(Lost),
}

/// Why a connection is over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("the line failed")]
    Line(#[source] Box<ConnectionError>),
    #[error("the broker allows no subscription to {0}")]
    Refused(String),
    #[error("the connection takes nothing more")]
    Full,
    #[error("the connection is closed")]
    Closed,
}

/// One connection.
pub(crate) struct Connection {
    client: AsyncClient,
    events: mpsc::Receiver<Result<Event, ConnectionError>>,
    poller: JoinHandle<()>,
    topics: Vec<String>,
    qos: QoS,
    handed_over: VecDeque<u64>,
    in_flight: HashMap<u16, u64>,
    ready_at: Option<Instant>,
}

impl Connection {
    /// Begins to connect; [`Heard::Ready`] says when it has.
    #[must_use]
    pub(crate) fn open(dial: &Dial, terms: Terms) -> Self {
        let mut options = dial.options();
        options
            .set_clean_session(!terms.lasting)
            .set_manual_acks(terms.lasting);
        if let Some(will) = terms.will {
            let will = LastWill::new(will.topic, will.payload, QoS::AtLeastOnce, true);
            options.set_last_will(will);
        }
        let (client, event_loop) = dial.client(options);
        let (sender, events) = mpsc::channel(EVENTS);
        let poller = tokio::spawn(poll(event_loop, sender));
        Self {
            client,
            events,
            poller,
            topics: terms.topics,
            qos: if terms.lasting {
                QoS::AtLeastOnce
            } else {
                QoS::AtMostOnce
            },
            handed_over: VecDeque::new(),
            in_flight: HashMap::new(),
            ready_at: None,
        }
    }

    /// The next thing that happens. Safe to abandon.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            let heard = match self.events.recv().await {
                Some(Ok(event)) => self.take(event),
                Some(Err(error)) => Some(Heard::Lost(Lost::Line(Box::new(error)))),
                None => Some(Heard::Lost(Lost::Closed)),
            };
            if let Some(heard) = heard {
                return heard;
            }
        }
    }

    /// Hands a batch over for publishing.
    ///
    /// # Errors
    /// The connection takes nothing more.
    pub(crate) fn publish(&mut self, topic: &str, seq: u64, payload: Vec<u8>) -> Result<(), Lost> {
        self.client
            .try_publish(topic, QoS::AtLeastOnce, false, payload)
            .map_err(|_| Lost::Full)?;
        self.handed_over.push_back(seq);
        Ok(())
    }

    /// Publishes a retained message that nobody acknowledges.
    ///
    /// # Errors
    /// The connection takes nothing more.
    pub(crate) fn retain(&self, message: Retained) -> Result<(), Lost> {
        self.client
            .try_publish(message.topic, QoS::AtMostOnce, true, message.payload)
            .map_err(|_| Lost::Full)
    }

    /// Tells the broker that a message of this connection need not be repeated. Where that fails,
    /// the broker repeats it on the next one.
    pub(crate) fn acknowledge(&self, packet: PacketId) {
        let mut message = Publish::new("", QoS::AtLeastOnce, Bytes::new());
        message.pkid = packet.0;
        if let Err(error) = self.client.try_ack(&message) {
            tracing::debug!(%error, "acknowledgement not queued; the broker delivers again");
        }
    }

    /// How long the connection has been ready.
    #[must_use]
    pub(crate) fn lasted(&self) -> Duration {
        self.ready_at.map_or(Duration::ZERO, |at| at.elapsed())
    }

    #[must_use]
    pub(crate) fn is_ready(&self) -> bool {
        self.ready_at.is_some()
    }

    /// Begins to take leave of the broker, so that it does not publish the last will.
    /// [`Heard::FarewellSent`] says when that is on the wire, [`Heard::Lost`] when the broker has
    /// read all of it and ended the connection, as MQTT asks of it; not all do.
    pub(crate) fn take_leave(&self) {
        if let Err(error) = self.client.try_disconnect() {
            tracing::debug!(%error, "the broker gets no farewell");
        }
    }

    /// Takes leave of the broker and waits until what was handed over is on the wire.
    pub(crate) async fn close(mut self, patience: Duration) {
        self.take_leave();
        let gone = async {
            loop {
                if let Heard::FarewellSent | Heard::Lost(_) = self.hear().await {
                    return;
                }
            }
        };
        if timeout(patience, gone).await.is_err() {
            tracing::debug!("the broker connection did not close in time");
        }
    }

    fn take(&mut self, event: Event) -> Option<Heard> {
        match event {
            Event::Incoming(Packet::ConnAck(accepted)) => {
                let topic = |topic: &String| SubscribeFilter::new(topic.clone(), self.qos);
                let asked = self
                    .client
                    .try_subscribe_many(self.topics.iter().map(topic));
                Some(match asked {
                    Ok(()) => Heard::Accepted {
                        session_kept: accepted.session_present,
                    },
                    Err(_) => Heard::Lost(Lost::Full),
                })
            }
            Event::Incoming(Packet::SubAck(answer)) => Some(self.subscribed(&answer.return_codes)),
            Event::Outgoing(Outgoing::Publish(packet)) if packet != 0 => {
                let seq = self.handed_over.pop_front()?;
                self.in_flight.insert(packet, seq);
                None
            }
            Event::Incoming(Packet::PubAck(ack)) => {
                self.in_flight.remove(&ack.pkid).map(Heard::BrokerHas)
            }
            Event::Incoming(Packet::Publish(message)) => Some(Heard::Message(Message {
                topic: message.topic,
                payload: message.payload,
                is_retained: message.retain,
                is_repetition: message.dup,
                packet: (message.qos != QoS::AtMostOnce).then_some(PacketId(message.pkid)),
            })),
            Event::Outgoing(Outgoing::Disconnect) => Some(Heard::FarewellSent),
            _ => None,
        }
    }

    fn subscribed(&mut self, answers: &[SubscribeReasonCode]) -> Heard {
        match refused(&self.topics, answers) {
            Ok(refused) => {
                self.ready_at = Some(Instant::now());
                Heard::Ready { refused }
            }
            Err(lost) => Heard::Lost(lost),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.poller.abort();
    }
}

/// Polls until the first error: polling on would connect again behind everybody's back.
async fn poll(mut event_loop: EventLoop, sender: mpsc::Sender<Result<Event, ConnectionError>>) {
    loop {
        let event = event_loop.poll().await;
        let is_over = event.is_err();
        if event.as_ref().is_ok_and(concerns_nobody) {
            continue;
        }
        if sender.send(event).await.is_err() || is_over {
            return;
        }
    }
}

fn concerns_nobody(event: &Event) -> bool {
    !matches!(
        event,
        Event::Incoming(
            Packet::ConnAck(_) | Packet::SubAck(_) | Packet::PubAck(_) | Packet::Publish(_)
        ) | Event::Outgoing(Outgoing::Publish(_) | Outgoing::Disconnect)
    )
}

/// The topics that the broker allows no subscription to. A connection on which nothing can ever
/// come is none.
fn refused(topics: &[String], answers: &[SubscribeReasonCode]) -> Result<Vec<String>, Lost> {
    let answered = topics.iter().zip(answers);
    let refused: Vec<String> = answered
        .filter(|(_, answer)| matches!(answer, SubscribeReasonCode::Failure))
        .map(|(topic, _)| topic.clone())
        .collect();
    if !refused.is_empty() && refused.len() == topics.len() {
        Err(Lost::Refused(refused.join(", ")))
    } else {
        Ok(refused)
    }
}

#[cfg(test)]
mod tests {
    use rumqttc::SubscribeReasonCode::{Failure, Success};

    use super::*;

    #[test]
    fn a_refused_subscription_is_told_and_a_connection_without_any_is_lost() {
        let topics = ["a".to_owned(), "b".to_owned()];
        let granted = Success(QoS::AtLeastOnce);
        let of = |answers: &[SubscribeReasonCode]| refused(&topics, answers);
        assert_eq!(of(&[granted, granted]).expect("ready"), [""; 0]);
        assert_eq!(of(&[granted, Failure]).expect("ready"), ["b"]);
        let lost = of(&[Failure, Failure]).expect_err("lost");
        assert_eq!(
            lost.to_string(),
            "the broker allows no subscription to a, b"
        );
    }
}
