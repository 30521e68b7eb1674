//! The line to an MQTT broker, for everything in the agent that has one: sources and uplink.
//!
//! [`dial`] says how a broker is reached and as whom, [`connection`] is one connection to it with
//! its subscriptions, from connecting to the first error. Nothing else knows the MQTT client. The
//! waits between two connections are those of [`shared::backoff`].

pub mod connection;
pub mod dial;
pub mod message;

pub use connection::{Connection, Heard, Lost, Retained, Terms};
pub use dial::{Credentials, CredentialsError, Dial};
pub use message::{Message, PacketId};
