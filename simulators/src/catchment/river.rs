//! A river or canal at a gauge: its usual level, the tide where there is one, and the rain that
//! the polders pump into it.

/// The water of a river at one instant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct River {
    /// Usual level, in metres above the city datum.
    pub base_m: f64,
    /// Half the range of the tide; 0 behind a sluice.
    pub tide_m: f64,
    /// Minute at which the tide is high.
    pub high_at_min: f64,
    risen_m: f64,
}

/// Period of the principal lunar tide (M2) in minutes.
const TIDE_MIN: f64 = 745.2;
/// A millimetre of rain on the polders raises the canals by about this much, in metres.
const RISE_M_PER_MM: f64 = 0.008;
/// The sluices let a rise run off in about this time, in minutes.
const FALL_MIN: f64 = 300.0;

impl River {
    #[must_use]
    pub(crate) fn new(base_m: f64, tide_m: f64, high_at_min: f64) -> Self {
        Self {
            base_m,
            tide_m,
            high_at_min,
            risen_m: 0.0,
        }
    }

    /// Lets time pass under steady rain.
    pub(crate) fn step(&mut self, seconds: f64, rain_mm_per_h: f64) {
        self.risen_m += rain_mm_per_h * seconds / 3600.0 * RISE_M_PER_MM;
        self.risen_m *= (-seconds / 60.0 / FALL_MIN).exp();
    }

    /// Water level in metres above the city datum.
    #[must_use]
    pub(crate) fn level_m(&self, minute: f64) -> f64 {
        let phase = (minute - self.high_at_min) / TIDE_MIN * std::f64::consts::TAU;
        self.base_m + self.tide_m * phase.cos() + self.risen_m
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_river_rises_with_rain_falls_after_it_and_follows_its_tide() {
        let mut canal = River::new(2.6, 0.0, 0.0);
        (0..360).for_each(|_| canal.step(10.0, 60.0));
        let wet = canal.level_m(60.0);
        assert!((2.9..3.1).contains(&wet), "{wet}");
        (0..3600).for_each(|_| canal.step(10.0, 0.0));
        assert!(canal.level_m(660.0) < 2.7);
        let tidal = River::new(2.2, 1.1, 100.0);
        assert!((tidal.level_m(100.0) - 3.3).abs() < 1e-9);
        assert!((tidal.level_m(100.0 + TIDE_MIN / 2.0) - 1.1).abs() < 1e-9);
    }
}
