//! The line to an MQTT broker, for everything in the agent that has one: sources and uplink.
//!
//! [`dial`] says how a broker is reached and as whom, [`connection`] is one connection to it with
//! its subscriptions, from connecting to the first error. Nothing else knows the MQTT client. The
//! waits between two connections are those of [`shared::backoff`].

pub(crate) mod connection;
pub(crate) mod dial;
pub(crate) mod message;
mod stability;

pub(crate) use connection::{Connection, Heard, Lost, Retained, Terms};
pub(crate) use dial::{Credentials, CredentialsError, Dial, read_bundle, tls};
pub(crate) use message::{Message, PacketId};
pub(crate) use stability::{Stability, thrown_cause};
