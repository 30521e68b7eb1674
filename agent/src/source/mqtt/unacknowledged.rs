//! The messages of a local broker that it has had no acknowledgement for. Pure.
//!
//! They outlive the connection they came on: the broker repeats them on the next one, marked as
//! repetitions, and a message without a time of its own must not get a second time of reception.
//! A repetition is known by topic and payload, with the packet id to choose among equal ones.

use std::collections::BTreeMap;

use shared::time::Timestamp;

use crate::{
    net::{Message, PacketId},
    source::{Answer, Stamp},
};

/// Messages of lost connections that are remembered; the oldest is forgotten beyond that. Brokers
/// have far fewer on the way to one client.
const REMEMBERED: usize = 1_024;

/// What is known of a message that the broker repeats.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// It has been delivered; its receipt is to come.
    Waits,
    /// It is durable and can be acknowledged.
    Durable,
    /// Its delivery was dropped; this is the time it was first given, and where that is from.
    Dropped(Timestamp, Stamp),
}

/// What is owed to the broker after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owed {
    Acknowledgement(PacketId),
    /// A broker repeats nothing on a connection that lives.
    NewConnection,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waits,
    Durable,
    Dropped,
}

#[derive(Debug)]
struct Kept {
    message: Message,
    packet: PacketId,
    at: Timestamp,
    stamp: Stamp,
    state: State,
    /// Whether it came on the present connection, which alone can acknowledge its packet id.
    is_present: bool,
}

/// By token, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Unacknowledged {
    kept: BTreeMap<u64, Kept>,
    last_token: u64,
}

impl Unacknowledged {
    /// Keeps a message that was given a time; the token is for its receipt.
    pub(crate) fn keep(
        &mut self,
        message: Message,
        packet: PacketId,
        (at, stamp): (Timestamp, Stamp),
    ) -> u64 {
        let mut past = self.kept.iter().filter(|(_, kept)| !kept.is_present);
        if self.kept.len() >= REMEMBERED
            && let Some(oldest) = past.next().map(|(token, _)| *token)
        {
            self.kept.remove(&oldest);
        }
        self.last_token += 1;
        let kept = Kept {
            message,
            packet,
            at,
            stamp,
            state: State::Waits,
            is_present: true,
        };
        self.kept.insert(self.last_token, kept);
        self.last_token
    }

    /// What is known of a message, if it repeats one of an earlier connection.
    pub(crate) fn repeated(&mut self, message: &Message) -> Option<Repeated> {
        let packet = message.packet.filter(|_| message.is_repetition)?;
        let is_same = |kept: &Kept| {
            let known = &kept.message;
            !kept.is_present && known.topic == message.topic && known.payload == message.payload
        };
        let same = self.kept.iter_mut().filter(|(_, kept)| is_same(kept));
        let (token, kept) = same.min_by_key(|(_, kept)| kept.packet != packet)?;
        let (token, at, stamp) = (*token, kept.at, kept.stamp);
        let known = match kept.state {
            State::Waits => {
                (kept.packet, kept.is_present) = (packet, true);
                return Some(Repeated::Waits);
            }
            State::Durable => Repeated::Durable,
            State::Dropped => Repeated::Dropped(at, stamp),
        };
        self.kept.remove(&token);
        Some(known)
    }

    /// A delivery has become durable or was dropped.
    pub(crate) fn answered(&mut self, answer: Answer) -> Owed {
        let (token, state) = match answer {
            Answer::Durable(token) => (token, State::Durable),
            Answer::Dropped(token) => (token, State::Dropped),
        };
        let Some(kept) = self.kept.get_mut(&token) else {
            return Owed::Nothing;
        };
        kept.state = state;
        match (state, kept.is_present) {
            (State::Durable, true) => self
                .kept
                .remove(&token)
                .map_or(Owed::Nothing, |kept| Owed::Acknowledgement(kept.packet)),
            (State::Dropped, true) => Owed::NewConnection,
            _ => Owed::Nothing,
        }
    }

    /// Whether a receipt is to come that could still be passed on to the broker.
    #[must_use]
    pub(crate) fn is_waiting(&self) -> bool {
        let mut all = self.kept.values();
        all.any(|kept| kept.is_present && kept.state == State::Waits)
    }

    /// The connection has ended; its packet ids mean nothing on the next one.
    pub(crate) fn connection_ended(&mut self) {
        for kept in self.kept.values_mut() {
            kept.is_present = false;
        }
    }

    /// The broker has forgotten this client and will repeat nothing.
    pub(crate) fn session_lost(&mut self) {
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(packet: u16, is_repetition: bool) -> Message {
        Message {
            topic: "gauges/ws-01".to_owned(),
            payload: "0".into(),
            is_retained: false,
            is_repetition,
            packet: Some(PacketId(packet)),
        }
    }

    /// Keeps a message that came for the first time.
    fn keep(kept: &mut Unacknowledged, packet: u16, at: Timestamp) -> u64 {
        kept.keep(
            message(packet, false),
            PacketId(packet),
            (at, Stamp::Gateway),
        )
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_repetition_takes_the_place_of_its_original_and_is_acknowledged_by_its_own_packet() {
        let mut kept = Unacknowledged::default();
        let token = keep(&mut kept, 1, at(1));
        kept.connection_ended();
        assert_eq!(kept.repeated(&message(7, false)), None, "a new message");
        assert_eq!(kept.repeated(&message(8, true)), Some(Repeated::Waits));
        let owed = kept.answered(Answer::Durable(token));
        assert_eq!(owed, Owed::Acknowledgement(PacketId(8)));
    }

    #[test]
    fn what_became_durable_between_two_connections_is_acknowledged_on_the_second() {
        let mut kept = Unacknowledged::default();
        let token = keep(&mut kept, 1, at(1));
        kept.connection_ended();
        assert_eq!(kept.answered(Answer::Durable(token)), Owed::Nothing);
        assert_eq!(kept.repeated(&message(1, true)), Some(Repeated::Durable));
        assert_eq!(kept.repeated(&message(1, true)), None, "only once");
    }

    #[test]
    fn a_dropped_delivery_ends_the_connection_and_comes_again_with_its_first_time() {
        let mut kept = Unacknowledged::default();
        let _first = keep(&mut kept, 1, at(1));
        let second = keep(&mut kept, 2, at(2));
        assert_eq!(kept.answered(Answer::Dropped(second)), Owed::NewConnection);
        kept.connection_ended();
        let known = kept.repeated(&message(2, true));
        assert_eq!(known, Some(Repeated::Dropped(at(2), Stamp::Gateway)));
        assert_eq!(kept.repeated(&message(1, true)), Some(Repeated::Waits));
    }

    #[test]
    fn messages_of_lost_connections_are_bounded() {
        let mut kept = Unacknowledged::default();
        for _ in 0..2 * REMEMBERED {
            keep(&mut kept, 1, at(1));
            kept.connection_ended();
        }
        assert_eq!(kept.kept.len(), REMEMBERED);
    }
}
