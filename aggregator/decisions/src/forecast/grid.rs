//! The grid of time that forecasts and plans share: steps of five minutes from the forecast's
//! basis, of which the first two hours are shown and three hours are planned.

use shared::time::Timestamp;

/// Length of a step, in minutes.
const LENGTH: u16 = 5;

/// Steps of the hours that are shown.
const SHOWN: u16 = 24;

/// Steps of the horizon that plans look ahead.
const PLANNED: u16 = 36;

/// Horizons that are told by themselves, in minutes.
pub const HORIZONS: [i64; 5] = [10, 20, 30, 60, 120];

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
    /// The steps whose beginnings make the shown hours, that of their end included.
    pub fn shown() -> impl Iterator<Item = Self> {
        (0..=SHOWN).map(Self)
    }

    /// The steps that plans look ahead.
    pub fn planned() -> impl Iterator<Item = Self> {
        (0..PLANNED).map(Self)
    }

    /// The number of the step.
    pub fn index(self) -> usize {
        self.0.into()
    }

    /// Minutes from the basis to its beginning.
    pub fn minutes(self) -> f64 {
        f64::from(self.0) * STEP_MINUTES
    }

    /// When it begins.
    pub fn at(self, basis: Timestamp) -> Timestamp {
        basis.plus_millis(i64::from(self.0 * LENGTH) * 60_000)
    }
}
