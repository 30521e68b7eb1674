//! What comes from a broker, and what it is acknowledged by.

use bytes::Bytes;

/// A message on a subscribed topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub topic: String,
    pub payload: Bytes,
    /// The broker kept it from before the subscription.
    pub is_retained: bool,
    /// The broker says that it has sent it before.
    pub is_repetition: bool,
    /// What it is acknowledged by, if the broker waits for that.
    pub packet: Option<PacketId>,
}

/// The broker's number of a message on its way; means nothing on another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacketId(pub u16);
