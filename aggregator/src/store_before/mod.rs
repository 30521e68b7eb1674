//! History, cursors, orders and refused messages: what must survive.
//!
//! [`Store`] is the contract; [`Embedded`] keeps it in one fjall database. A server-grade
//! database can implement the same contract later: nothing outside this folder knows which.

mod contract;
mod embedded;
mod record;

pub use contract::{Commit, Refused, Store, StoreError, Stored};
pub use embedded::Embedded;
