//! One clock for a program's shell: real, or scaled for exercises and replays.
//!
//! Storm time (observations, holds, forecasts, travel) comes from [`Clock::now`]. Timers of the
//! line (time-outs, keep-alive, backoff, acknowledgement deadlines) use tokio's real time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What the data of a run may be taken for. Only `Actual` may ever reach a public channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The real world, on the real clock.
    #[default]
    Actual,
    /// A drill or demonstration: simulated gauges.
    Exercise,
    /// A recorded storm played again.
    Replay,
}

/// A `[clock]` table of a configuration file that cannot hold.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClockError {
    #[error("clock.speed is {0}; it must be from 0.1 to 3600")]
    Speed(f64),
    #[error("a scaled clock needs mode = \"exercise\" or \"replay\", never \"actual\"")]
    ScaledActual,
}

/// The clock as configuration files describe it.
///
/// ```toml
/// [clock]
/// mode = "replay"
/// origin = "2026-07-21T08:00:00+08:00"   # storm time at the start
/// started = "2026-11-24T01:00:00Z"       # real time at the start
/// speed = 60.0
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaledClock {
    pub mode: Mode,
    pub origin: Timestamp,
    pub started: Timestamp,
    pub speed: f64,
}

impl ScaledClock {
    /// The clock this table describes.
    ///
    /// # Errors
    /// A speed outside 0.1–3600, or `mode = "actual"`.
    pub fn validate(self) -> Result<Clock, ClockError> {
        if !(0.1..=3600.0).contains(&self.speed) {
            return Err(ClockError::Speed(self.speed));
        }
        if self.mode == Mode::Actual {
            return Err(ClockError::ScaledActual);
        }
        Ok(Clock::Scaled(self))
    }
}

/// Where "now" comes from.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Clock {
    /// The system clock.
    #[default]
    Real,
    /// Storm time that runs `speed` times as fast as the system clock.
    Scaled(ScaledClock),
}

impl Clock {
    /// The present instant in storm time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.at(real_now())
    }

    /// The storm time that belongs to a real instant.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a run lasts far less than 2^52 ms"
    )]
    pub fn at(&self, real: Timestamp) -> Timestamp {
        match self {
            Self::Real => real,
            Self::Scaled(c) => {
                let elapsed = real.millis_since(c.started) as f64 * c.speed;
                c.origin.plus_millis(elapsed as i64)
            }
        }
    }

    /// How long a span of storm time takes on the real clock.
    #[must_use]
    pub fn real_span(&self, storm: Duration) -> Duration {
        storm.div_f64(self.speed())
    }

    /// Storm seconds per real second.
    #[must_use]
    pub fn speed(&self) -> f64 {
        match self {
            Self::Real => 1.0,
            Self::Scaled(c) => c.speed,
        }
    }

    /// What data made on this clock may be taken for.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self {
            Self::Real => Mode::Actual,
            Self::Scaled(c) => c.mode,
        }
    }
}

/// The system clock's present instant.
#[must_use]
pub fn real_now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(speed: f64, mode: Mode) -> ScaledClock {
        ScaledClock {
            mode,
            origin: Timestamp::from_millis(1_000_000),
            started: Timestamp::from_millis(5_000),
            speed,
        }
    }

    #[test]
    fn one_real_second_is_speed_storm_seconds() {
        let clock = scaled(60.0, Mode::Exercise).validate().expect("valid");
        assert_eq!(
            clock.at(Timestamp::from_millis(6_000)),
            Timestamp::from_millis(1_060_000)
        );
        assert_eq!(
            clock.real_span(Duration::from_secs(60)),
            Duration::from_secs(1)
        );
    }

    #[test]
    fn a_scaled_clock_can_never_pass_for_actual() {
        assert_eq!(
            scaled(60.0, Mode::Actual).validate(),
            Err(ClockError::ScaledActual)
        );
        assert_eq!(Clock::Real.mode(), Mode::Actual);
        assert!(matches!(
            scaled(0.0, Mode::Replay).validate(),
            Err(ClockError::Speed(_))
        ));
        assert!(matches!(
            scaled(f64::NAN, Mode::Replay).validate(),
            Err(ClockError::Speed(_))
        ));
    }
}
