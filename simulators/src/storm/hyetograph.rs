//! The Chicago hyetograph (Keifer and Chu 1957) over an intensity–duration formula.
//!
//! `q = 1600 (1 + 0.846 lg P) / (t + 7.0)^0.656` L/(s·ha), P in years and t in minutes, is the
//! formula in use for Shanghai; 1 L/(s·ha) is 0.36 mm/h. The hyetograph is integrated, not
//! sampled: at the very peak a sample overshoots what any gauge can collect in a minute.

/// A design storm's intensity in time at one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hyetograph {
    /// Depth in mm that falls within `t` minutes of the most intense part is `a t / (t + b)^n`.
    a: f64,
    duration_min: f64,
    peak_ratio: f64,
}

const B_MINUTES: f64 = 7.0;
const N: f64 = 0.656;

/// A design storm that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub(crate) enum HyetographError {
    #[error("return_period_years is {0}; it must be from 1 to 1000")]
    ReturnPeriod(f64),
    #[error("duration_minutes is {0}; it must be from 10 to 1440")]
    Duration(f64),
    #[error("peak_ratio is {0}; it must be from 0.1 to 0.9")]
    PeakRatio(f64),
}

impl Hyetograph {
    /// # Errors
    /// A return period, duration or peak ratio outside its range.
    pub(crate) fn new(
        return_period_years: f64,
        duration_min: f64,
        peak_ratio: f64,
    ) -> Result<Self, HyetographError> {
        if !(1.0..=1000.0).contains(&return_period_years) {
            return Err(HyetographError::ReturnPeriod(return_period_years));
        }
        if !(10.0..=1440.0).contains(&duration_min) {
            return Err(HyetographError::Duration(duration_min));
        }
        if !(0.1..=0.9).contains(&peak_ratio) {
            return Err(HyetographError::PeakRatio(peak_ratio));
        }
        let q = 1600.0 * (1.0 + 0.846 * return_period_years.log10());
        Ok(Self {
            a: q * 0.006,
            duration_min,
            peak_ratio,
        })
    }

    /// Minutes from beginning to end.
    #[must_use]
    pub(crate) fn duration_min(&self) -> f64 {
        self.duration_min
    }

    /// Rain that has fallen by `minute` of the storm, in mm.
    #[must_use]
    pub(crate) fn depth_mm(&self, minute: f64) -> f64 {
        let minute = minute.clamp(0.0, self.duration_min);
        let (r, whole) = (self.peak_ratio, self.duration_min);
        let most = |t: f64| self.a * t / (t + B_MINUTES).powf(N);
        let peak = r * whole;
        if minute <= peak {
            r * (most(whole) - most((peak - minute) / r))
        } else {
            r * most(whole) + (1.0 - r) * most((minute - peak) / (1.0 - r))
        }
    }

    /// Mean intensity of the minute that ends at `minute`, in mm/h.
    #[must_use]
    pub(crate) fn intensity_mm_per_h(&self, minute: f64) -> f64 {
        (self.depth_mm(minute) - self.depth_mm(minute - 1.0)) * 60.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rain_of_the_formula_falls_and_the_peak_is_where_it_was_asked_for() {
        let storm = Hyetograph::new(5.0, 120.0, 0.4).expect("valid");
        // 1600 (1 + 0.846 lg 5) / 127^0.656 L/(s·ha) for two hours.
        let q = 1600.0 * (1.0 + 0.846 * 5.0_f64.log10()) / 127.0_f64.powf(0.656);
        assert!((storm.depth_mm(120.0) - q * 0.36 * 2.0).abs() < 1e-9);
        assert!((storm.depth_mm(999.0) - storm.depth_mm(120.0)).abs() < f64::EPSILON);
        let minutes = 1..=120;
        let sum: f64 = minutes
            .clone()
            .map(|m| storm.intensity_mm_per_h(f64::from(m)) / 60.0)
            .sum();
        assert!((sum - storm.depth_mm(120.0)).abs() < 1e-9);
        let wettest = minutes.max_by(|a, b| {
            let of = |m: &i32| storm.intensity_mm_per_h(f64::from(*m));
            of(a).total_cmp(&of(b))
        });
        assert!(
            wettest.is_some_and(|m| (48..=49).contains(&m)),
            "{wettest:?}"
        );
        assert!(storm.intensity_mm_per_h(0.0).abs() < f64::EPSILON);
        assert!(storm.intensity_mm_per_h(122.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_rarer_storm_is_heavier_at_every_minute() {
        let of = |years| Hyetograph::new(years, 60.0, 0.4).expect("valid");
        assert!((1..=60).all(|m| {
            let m = f64::from(m);
            of(50.0).intensity_mm_per_h(m) > of(5.0).intensity_mm_per_h(m)
        }));
    }

    #[test]
    fn an_impossible_storm_is_refused_by_name() {
        assert!(matches!(
            Hyetograph::new(0.0, 60.0, 0.4),
            Err(HyetographError::ReturnPeriod(_))
        ));
        assert!(matches!(
            Hyetograph::new(5.0, 0.0, 0.4),
            Err(HyetographError::Duration(_))
        ));
        assert!(matches!(
            Hyetograph::new(5.0, 60.0, f64::NAN),
            Err(HyetographError::PeakRatio(_))
        ));
    }
}
