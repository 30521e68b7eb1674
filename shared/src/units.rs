//! Physical quantities as newtypes: finite by construction, the unit in the name.

use serde::{Deserialize, Serialize};

/// A number that is not finite.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a finite number")]
pub struct NotFinite(pub f64);

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0.0);

            /// A constant known to be finite when it is written down.
            #[must_use]
            pub const fn constant(number: f64) -> Self {
                assert!(number.is_finite(), "a constant quantity must be finite");
                Self(number)
            }

            /// The bare number in this unit.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = NotFinite;

            fn try_from(number: f64) -> Result<Self, NotFinite> {
                if number.is_finite() { Ok(Self(number)) } else { Err(NotFinite(number)) }
            }
        }

        impl From<$name> for f64 {
            fn from(quantity: $name) -> f64 {
                quantity.0
            }
        }
    };
}

quantity!(
    /// A length or a depth in metres.
    Metres
);
quantity!(
    /// A volume in cubic metres.
    CubicMetres
);
quantity!(
    /// A flow or a pumping capacity in cubic metres per hour.
    CubicMetresPerHour
);
quantity!(
    /// A catchment area in hectares (10,000 m²).
    Hectares
);
