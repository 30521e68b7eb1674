//! Rain of the next hours at any place, from the rain gauges' own network.
//!
//! A storm that moves is seen by one gauge before it is felt at the next: what lies upstream comes
//! over a place when it has had time to. Beyond the network's edge nobody has seen what comes; there
//! the newest rain goes on in several ways, and each is a member of the forecast.

mod coming;
mod motion;
mod past;
mod trend;

pub use coming::{Coming, MEMBERS, coming};
pub use motion::{Found, motion};
pub use past::{PAST_MS, Past, Place};
