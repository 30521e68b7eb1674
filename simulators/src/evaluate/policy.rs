//! Who sends the trucks.

use serde::Serialize;

/// A way to decide where trucks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// No truck leaves its place
    Nobody,
    /// The nearest idle truck goes to each point that is waterlogged: common practice
    Nearest,
    /// The same, but by the forecast: to each point that is warned of
    NearestForecast,
    /// The aggregator's plans, each recommendation confirmed after four minutes
    Plan,
}

/// How far a night reckons: what stands here, and all above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reckoned {
    Flags,
    Forecasts,
    Plans,
}

impl Policy {
    pub const ALL: [Self; 4] = [
        Self::Nobody,
        Self::Nearest,
        Self::NearestForecast,
        Self::Plan,
    ];

    /// What it looks at.
    pub fn looks_at(self) -> Reckoned {
        match self {
            Self::Nobody | Self::Nearest => Reckoned::Flags,
            Self::NearestForecast => Reckoned::Forecasts,
            Self::Plan => Reckoned::Plans,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Nearest => "nearest",
            Self::NearestForecast => "nearest by forecast",
            Self::Plan => "plan",
        }
    }
}
