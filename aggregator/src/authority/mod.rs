//! Who belongs: those who were enrolled, with the key that each shares with the aggregator.
//!
//! [`registry`] keeps them in a folder of their own, so that they can be enrolled and revoked while the
//! aggregator runs; what it reads is an [`Authority`], which judges and seals. An agent's and a truck's
//! messages are believed only with their seal once they are enrolled, whatever broker is between. Who is
//! not enrolled is a stranger: the configuration says whether strangers are believed.

mod belonging;
mod ca;
mod disowning;
pub mod mosquitto;
mod part;
pub mod registry;
mod renewal;

pub use belonging::{Authority, Enrolled, PublicKey, Refusal, Role};
pub use ca::{Ca, CaError, LIFETIME, ServerCertificate};
pub use disowning::{Disowning, KEPT_AS};
pub use part::{Authorities, Watch, watch};
pub use renewal::{Renewals, renew};
