//! A measured value as an exact integer: thousandths of its parameter's unit.
//!
//! Integers are finite by construction, compare and hash equal on every machine, and are small on
//! the wire. A thousandth is 1 mm of level, 0.001 mm of rainfall: finer than any gauge.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Thousandths of the parameter's unit (for depth: millimetres).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(i64);

/// Largest magnitude of a value, in units of its parameter.
pub const MAX_ABS: f64 = 1.0e9;

/// A number that cannot be a measured value.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a finite number within ±1e9")]
pub struct NotAValue(pub f64);

impl Value {
    /// From thousandths.
    #[must_use]
    pub const fn from_milli(milli: i64) -> Self {
        Self(milli)
    }

    /// From a number in the parameter's unit, rounded to the nearest thousandth.
    ///
    /// # Errors
    /// Not a number, infinite, or beyond ±1e9.
    #[expect(clippy::cast_possible_truncation, reason = "bounded by MAX_ABS")]
    pub fn from_units(units: f64) -> Result<Self, NotAValue> {
        if units.is_finite() && units.abs() <= MAX_ABS {
            Ok(Self((units * 1000.0).round() as i64))
        } else {
            Err(NotAValue(units))
        }
    }

    /// The value, if it is one that [`from_units`](Self::from_units) gives: a number of thousandths may
    /// be anything.
    ///
    /// # Errors
    /// Beyond ±1e9.
    pub fn within_bounds(self) -> Result<Self, NotAValue> {
        Self::from_units(self.units()).map(|_| self)
    }

    /// In thousandths of the parameter's unit.
    #[must_use]
    pub const fn milli(self) -> i64 {
        self.0
    }

    /// In the parameter's unit.
    #[must_use]
    pub fn units(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_f64(self.units())
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Self::from_units(f64::deserialize(deserializer)?).map_err(D::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_thousandths_exactly() {
        assert_eq!(Value::from_units(0.253).map(Value::milli), Ok(253));
        assert_eq!(Value::from_units(-0.125).map(Value::milli), Ok(-125));
        assert_eq!(
            serde_json::to_string(&Value::from_milli(253)).expect("json"),
            "0.253"
        );
    }

    #[test]
    fn nan_infinity_and_nonsense_are_not_values() {
        for bad in [f64::NAN, f64::INFINITY, 1.0e10] {
            assert!(Value::from_units(bad).is_err());
        }
    }
}
