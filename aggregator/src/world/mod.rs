//! The whole live state of the city, and the one place where it changes: [`World::step`] takes the
//! time and an input and says what changed and what is to be done.
//!
//! No I/O and no clock in here: `driver.rs` drives it, and the same inputs in the same order give
//! the byte-identical world ([`World::save`]). What readers see is a [`Snapshot`], made with every
//! tick that brings news.
//!
//! From below: what comes in and what is told (`arrival`, `change`, `effect`), the facts that are
//! shown (`snapshot`), what is held of gauges, points, trucks and the outlook, the `state` as a
//! whole, and on top of it the `steps` and the `saved` form.

#![expect(
    clippy::indexing_slicing,
    reason = "a typed place is one of the list that it indexes"
)]

mod arrival;
mod change;
mod chunks;
mod effect;
mod fleet;
mod gauges;
mod outlook;
mod place;
mod points;
mod publication;
mod saved;
mod snapshot;
mod state;
mod steps;
#[cfg(test)]
pub(crate) mod tests;
mod whereabouts;

pub use arrival::{Arrival, Input, Principal, Request, RequestId, Started, Wish};
pub use change::{Change, GaugeNews};
pub use effect::{Answer, Effect, Refusal};
pub(crate) use gauges::rain_kind;
pub use place::{GaugeIndex, PointIndex, TruckIndex};
pub use saved::SavedFormError;
pub use snapshot::{AgentFacts, Figures, GaugeFacts, Newest, PointFacts, Snapshot, TruckFacts};
pub use state::World;
