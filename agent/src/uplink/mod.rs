//! The line to the aggregator: what is sent when, and when it counts as delivered.
//!
//! [`machine`] decides, [`backoff`] paces reconnecting, [`mqtt`] does what they say. A batch is
//! delivered when the aggregator's commit acknowledgement names it and not before: a broker's
//! PUBACK frees a place in the window and nothing else.

pub mod backoff;
pub mod connection;
pub mod machine;
pub mod mqtt;

pub use backoff::{Backoff, BackoffLimits};
