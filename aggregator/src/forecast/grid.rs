//! The grid of time that forecasts and plans share: steps of five minutes from the forecast's
//! basis, of which the first hour is shown and three hours are planned.

use shared::time::Timestamp;

/// Length of a step, in minutes.
const LENGTH: u16 = 5;

/// Steps of the hour that is shown.
const SHOWN: u16 = 12;

/// Steps of the horizon that plans look ahead.
const PLANNED: u16 = 36;

/// How many steps plans look ahead.
pub const PLANNED_STEPS: usize = PLANNED as usize;

/// The horizon that plans look ahead, in minutes.
pub const PLANNED_MINUTES: u16 = PLANNED * LENGTH;

/// Length of a step, in minutes and in hours.
pub const STEP_MINUTES: f64 = LENGTH as f64;
pub const STEP_HOURS: f64 = STEP_MINUTES / 60.0;

/// What flows in one step, in m³.
pub fn volume_m3(m3h: f64) -> f64 {
    m3h * STEP_MINUTES / 60.0
}

/// A step of the grid. Depths and volumes belong to its beginning; flows are constant within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step(u16);

impl Step {
    /// The steps whose beginnings make the shown hour, that of its end included.
    pub fn shown() -> impl Iterator<Item = Self> {
        (0..=SHOWN).map(Self)
    }

    /// The steps that plans look ahead.
    pub fn planned() -> impl Iterator<Item = Self> {
        (0..PLANNED).map(Self)
    }

    /// Minutes from the basis to its beginning.
    pub fn minutes(self) -> f64 {
        f64::from(self.0) * STEP_MINUTES
    }

    /// Minutes from the basis to its middle.
    pub fn middle_minutes(self) -> f64 {
        (f64::from(self.0) + 0.5) * STEP_MINUTES
    }

    /// Minutes from the basis to its end.
    pub fn end_minutes(self) -> f64 {
        (f64::from(self.0) + 1.0) * STEP_MINUTES
    }

    /// Whether it begins so many minutes after the basis.
    pub fn begins_after(self, minutes: i64) -> bool {
        i64::from(self.0 * LENGTH) == minutes
    }

    /// When it begins.
    pub fn at(self, basis: Timestamp) -> Timestamp {
        basis.plus_millis(i64::from(self.0 * LENGTH) * 60_000)
    }

    /// Its place in the shown hour: 0 at the basis, 1 at the end.
    pub fn share_of_shown(self) -> f64 {
        f64::from(self.0) / f64::from(SHOWN)
    }
}
