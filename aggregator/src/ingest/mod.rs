//! From MQTT to the store: decode, admit, merge, commit once for all, acknowledge.

mod admit;
mod broker;
mod committer;
mod decode;
mod downlink;
mod group;
mod mqtt;

pub use admit::{Admission, Admitter, Origin, Rejection};
pub use broker::{BrokerError, start_broker};
pub use committer::{CommitterEnd, CommitterHandle, CommitterParts, start_committer};
pub use downlink::{Downlink, DownlinkMessage};
pub use mqtt::{ExternalBroker, run_external};

/// What became of a message, told to whoever brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// Durable, or rightly refused and counted: acknowledge it.
    Done,
    /// The store could not write it: do not acknowledge it.
    Failed,
}

/// A message on its way in.
pub struct Inbound {
    pub topic: String,
    pub payload: bytes::Bytes,
    /// The client that published it, where the broker tells.
    pub client: Option<String>,
    /// Called once when the message is durable or has failed.
    pub receipt: Box<dyn FnOnce(Receipt) + Send>,
}
