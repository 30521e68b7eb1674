//! Where each pump truck should go: an assignment of pumping capacity over time to leaking,
//! draining reservoirs. A plan is complete, explained, bounded, and only a proposal.
//!
//! The cost of a set of trucks at a point is supermodular (each further truck helps less), so lazy
//! greedy takes at least half of what can be avoided, and one marginal per truck bounds what the
//! best plan could avoid: every plan carries that bound.

mod drive;
mod plan;
mod planner;
mod probable;
mod reservoir;
mod routing;
mod situation;

pub use drive::{Drive, Route, RoutedBy};
pub use plan::{Against, Alternative, Plan, Reason, Recommendation, Unserved, UnservedCode};
pub use planner::{SEND_HOURS2, plan};
pub use routing::Roads;
pub use situation::{AssignableTruck, Assigned, Heard, Reservoir, SETUP_MINUTES, Situation};
