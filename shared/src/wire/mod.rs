//! What travels over MQTT: topics, batches up, acknowledgements down, third parties' messages.
//!
//! A message is a type of the program with an `encode` and a `decode`; what its bytes are is
//! written down by itself in `v1` and pinned by golden files. The `Serialize` and `Deserialize`
//! of these types are for snapshots and logs and are **not** the wire.
//!
//! | message | topic | form |
//! |---|---|---|
//! | [`Envelope`] | [`Topic::Observations`] | binary, or its JSON twin on `…/json` |
//! | [`Acknowledgement`] | [`Topic::Ack`] | JSON |
//! | [`AgentHealth`] | [`Topic::State`] | JSON |
//! | [`Command`] | [`Topic::Command`] | JSON |
//! | third parties' observations ([`decode_intake`]) | [`Topic::Intake`] | plain JSON or SenML |
//! | [`TruckReport`](crate::fleet::TruckReport) | [`Topic::Truck`] | JSON |
//! | [`TruckOrder`](crate::fleet::TruckOrder) | [`Topic::Order`] | JSON |

mod ack;
mod bounds;
mod command;
mod envelope;
mod error;
mod forms;
mod health;
mod intake;
pub mod seal;
mod topic;
mod v1;
mod version;

pub use ack::{Ack, Acknowledgement, Remark};
pub use bounds::bounded_text;
pub use command::Command;
pub use envelope::Envelope;
pub use error::{DecodeError, FieldError, IntakeError};
pub use health::{AgentFault, AgentHealth};
pub use intake::decode_intake;
pub use topic::{DOWNLINKS, Topic, TopicError, all_orders, partition_of, subscriptions};
pub use version::VERSION;
