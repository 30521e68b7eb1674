//! The line to the aggregator: what is sent when, and when it counts as delivered.
//!
//! [`machine`] decides, `driver` does what it says. A batch is delivered when the aggregator's
//! commit acknowledgement names it and not before: a broker's PUBACK frees a place in the window
//! and nothing else.

pub(crate) mod driver;
pub mod machine;
pub(crate) mod papers;
