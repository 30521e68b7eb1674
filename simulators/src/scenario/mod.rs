//! Scenario files: which city, which storm, what goes wrong.
//!
//! A [`RecordedScenario`] plays a recording in a city whose layers exist; a [`DesignedScenario`]
//! draws its storm from rain cells. Whatever is wrong with either is told with file, line and key.

mod designed;
mod fault;
mod recorded;
mod source;
mod speed;

pub use designed::{DesignedScenario, find};
pub use fault::FaultEntry;
pub use recorded::{RecordedScenario, read as read_recorded};
pub use speed::{DEFAULT_SPEED, speed_argument};
