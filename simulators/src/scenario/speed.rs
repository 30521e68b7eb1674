//! How fast a storm is played: storm seconds per real second.

use std::ops::RangeInclusive;

/// What a scaled clock takes, and no slower than the storm itself.
pub(super) const SPEEDS: RangeInclusive<f64> = 1.0..=3600.0;

/// A minute in a second: an evening's storm in a few minutes.
pub(crate) const DEFAULT_SPEED: f64 = 60.0;

/// The value of `--speed`.
///
/// # Errors
/// Not a number, or out of bounds.
pub(crate) fn speed_argument(text: &str) -> Result<f64, String> {
    let speed = text.parse();
    let speed: f64 = speed.map_err(|_| format!("`{text}` is not a number"))?;
    if SPEEDS.contains(&speed) {
        Ok(speed)
    } else {
        Err("from 1 to 3600 (more than 120 is much for two cores)".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_within_what_a_clock_takes() {
        assert_eq!(speed_argument("120"), Ok(120.0));
        assert!(speed_argument("0.5").is_err());
        assert!(speed_argument("NaN").is_err());
        assert!(speed_argument("fast").is_err_and(|why| why.contains("`fast`")));
    }
}
