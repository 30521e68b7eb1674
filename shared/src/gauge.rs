//! Gauges and the parameters they give.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a gauge gives. The unit is fixed per parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    /// Water standing above ground at a point, in metres.
    Depth,
    /// Water level above the gauge's zero, in metres.
    Stage,
    /// Elevation of the water above the city datum, in metres.
    WaterLevel,
    /// Rainfall depth in the gauge's interval, in millimetres.
    RainfallDepth,
    /// Rainfall intensity, in millimetres per hour.
    RainfallIntensity,
}

impl Parameter {
    /// All parameters.
    pub const ALL: [Self; 5] = [
        Self::Depth,
        Self::Stage,
        Self::WaterLevel,
        Self::RainfallDepth,
        Self::RainfallIntensity,
    ];

    /// The unit that values of this parameter have.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Depth | Self::Stage | Self::WaterLevel => "m",
            Self::RainfallDepth => "mm",
            Self::RainfallIntensity => "mm/h",
        }
    }

    /// The name in configuration files, layers and APIs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Depth => "depth",
            Self::Stage => "stage",
            Self::WaterLevel => "water-level",
            Self::RainfallDepth => "rainfall-depth",
            Self::RainfallIntensity => "rainfall-intensity",
        }
    }

    /// Whether the parameter is rain.
    #[must_use]
    pub const fn is_rain(self) -> bool {
        matches!(self, Self::RainfallDepth | Self::RainfallIntensity)
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Parameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|p| p.name() == text)
            .ok_or_else(|| {
                let known = Self::ALL.map(Self::name).join(", ");
                format!("`{text}` is not a parameter; known: {known}")
            })
    }
}
