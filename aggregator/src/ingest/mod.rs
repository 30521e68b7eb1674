//! From a message to the store: decode, admit, merge, commit once for all, acknowledge.
//!
//! A message comes from a source over some channel; what it is and who brought it is said by a
//! [`Claim`], so that one that comes by TCP, HTTP or from a file goes the same way as one by MQTT.
//! Decisions: `admit`, `book`, `decode`, `group`, `topics`. Shells: `broker`, `committer`, `mqtt`.

mod admit;
mod book;
mod broker;
mod committer;
mod decode;
mod downlink;
mod group;
mod handle;
mod line;
mod mqtt;
mod topics;

pub use admit::{Admission, Admitter, Described, Origin, Unfit};
pub use book::{Book, DeskWrite};
pub use broker::{BrokerError, BrokerSetup, start_broker};
pub use committer::Committer;
pub use decode::{Claim, Form, Message, Undecoded, decode};
pub use downlink::{Downlink, DownlinkMessage};
pub use group::{Group, Ledger, Taken};
pub use handle::CommitterHandle;
pub use line::{Line, LineFacts, LineState};
pub use mqtt::{BrokerClient, run_client};
pub use topics::claim;

/// What became of a message, told to whoever brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// Durable, or rightly refused and counted: acknowledge it.
    Done,
    /// There is no room to keep all of it, or it is too large: whoever sent it keeps it. Do not
    /// acknowledge it to him.
    Unkept,
    /// The store could not write it: do not acknowledge it.
    Failed,
}

/// Called once when what was brought is durable or has failed.
pub type Answering = Box<dyn FnOnce(Receipt) + Send>;

/// A message on its way in.
pub struct Inbound {
    /// What it came over, for people: a topic, an address, a file.
    pub channel: String,
    /// What it is and who brought it, or why it is none of ours.
    pub claim: Result<Claim, Undecoded>,
    pub payload: bytes::Bytes,
    pub receipt: Answering,
}
