//! Scenario files: which city, which storm, what goes wrong.
//!
//! A [`RecordedScenario`] plays a recording in a city whose layers exist; a [`DesignedScenario`]
//! draws its storm from rain cells. Whatever is wrong with either is told with file, line and key.

mod designed;
mod fault;
mod recorded;
mod source;
mod speed;

pub(crate) use designed::{DesignedScenario, find};
pub(crate) use fault::FaultEntry;
pub(crate) use recorded::{RecordedScenario, read as read_recorded};
pub(crate) use speed::{DEFAULT_SPEED, speed_argument};
