//! The gauges that publish to a local broker.
//!
//! The broker keeps what the agent has not acknowledged (a lasting subscription under a fixed
//! client id), and the agent acknowledges a message only when the spool has made its reading
//! durable. [`machine`] decides, [`listener`] does what it says; what a message says is in
//! [`payload`], what is owed to the broker in [`unacknowledged`].

pub(crate) mod listener;
pub(crate) mod machine;
pub(crate) mod payload;
mod queued;
pub(crate) mod unacknowledged;
