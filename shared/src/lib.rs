//! The words and contracts that the agent, the aggregator and the simulators share.
//!
//! Nothing here performs I/O except [`logging`] (which writes to standard error),
//! [`clock::Clock::now`] (which reads the system clock), [`net`] (which asks for a free port) and
//! [`secret`] (which reads files).
//! Everything else is plain data and plain functions, so that the same bytes mean the same thing
//! in every program.

pub mod backoff;
pub mod broker;
pub mod bundle;
pub mod clock;
pub mod error;
pub mod findings;
pub mod fleet;
pub mod gauge;
pub mod ids;
pub mod limits;
pub mod logging;
pub mod lonlat;
pub mod name;
pub mod net;
pub mod observation;
pub mod quality;
pub mod secret;
pub mod time;
#[cfg(feature = "tls")]
pub mod tls;
pub mod units;
pub mod value;
pub mod waterlogging;
pub mod wire;
