//! Messages down: acknowledgements and orders, by the embedded broker from within, or by an MQTT client of
//! our own.
//!
//! Everything sent here is a statement that is made again when it is needed again, so a message
//! that finds no connection is dropped, not kept: an agent repeats its batch and is answered anew,
//! an order is repeated until the truck reports it.

use shared::wire::Topic;
use tokio::sync::mpsc;

use crate::authority::Authorities;

/// Messages that may wait for the line.
const WAITING: usize = 4_096;

/// One message down.
#[derive(Debug)]
pub struct DownlinkMessage {
    pub topic: Topic,
    pub payload: Vec<u8>,
}

/// Where to bring messages down. Each gets the seal that its receiver knows.
#[derive(Debug, Clone)]
pub struct Downlink {
    sender: mpsc::Sender<DownlinkMessage>,
    authorities: Authorities,
}

impl Downlink {
    /// The sender, and the receiver for the task that brings it to the broker.
    #[must_use]
    pub fn new(authorities: Authorities) -> (Self, mpsc::Receiver<DownlinkMessage>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let downlink = Self {
            sender,
            authorities,
        };
        (downlink, receiver)
    }

    /// Sends without waiting; returns whether there was room.
    pub fn send(&self, DownlinkMessage { topic, payload }: DownlinkMessage) -> bool {
        let payload = self.authorities.now().seal(&topic, payload);
        self.sender
            .try_send(DownlinkMessage { topic, payload })
            .is_ok()
    }
}
