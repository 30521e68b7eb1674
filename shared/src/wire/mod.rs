//! What travels over MQTT: topics, batches up, acknowledgements down, third parties' messages.

mod ack;
mod envelope;
mod health;
mod intake;
mod topic;

pub use ack::Ack;
pub use envelope::{DecodeError, Envelope, VERSION};
pub use health::AgentHealth;
pub use intake::{IntakeError, decode_intake};
pub use topic::{Topic, TopicError, all_orders, partition_of, subscriptions};
