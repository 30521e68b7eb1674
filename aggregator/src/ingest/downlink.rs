//! Messages down: acknowledgements and orders, by one MQTT client of our own.
//!
//! Everything sent here is a statement that is made again when it is needed again, so a message
//! that finds no connection is dropped, not kept: an agent repeats its batch and is answered anew,
//! an order is repeated until the truck reports it.

use shared::wire::Topic;
use tokio::sync::mpsc;

/// Messages that may wait for the line.
const WAITING: usize = 4_096;

/// One message down.
#[derive(Debug)]
pub struct DownlinkMessage {
    pub topic: Topic,
    pub payload: Vec<u8>,
}

/// Where to bring messages down.
#[derive(Debug, Clone)]
pub struct Downlink(mpsc::Sender<DownlinkMessage>);

impl Downlink {
    /// The sender, and the receiver for the task that owns the MQTT client.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<DownlinkMessage>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), receiver)
    }

    /// Sends without waiting; returns whether there was room.
    pub fn send(&self, message: DownlinkMessage) -> bool {
        self.0.try_send(message).is_ok()
    }
}
