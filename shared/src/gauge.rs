//! Gauges and the parameters they give.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray, VariantNames};

/// What a gauge gives. The unit is fixed per parameter.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Parameter {
    /// Water standing above ground at a point, in metres.
    Depth,
    /// Water level above the gauge's zero, in metres.
    Stage,
    /// Elevation of the water above the city datum, in metres.
    WaterLevel,
    /// Rainfall depth: what fell since the gauge's last reading, in millimetres. Never a running total,
    /// which is turned into that where it is read.
    RainfallDepth,
    /// Rainfall intensity between two readings, in millimetres per hour.
    RainfallIntensity,
}

impl Parameter {
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
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether the parameter is rain.
    #[must_use]
    pub const fn is_rain(self) -> bool {
        matches!(self, Self::RainfallDepth | Self::RainfallIntensity)
    }
}

/// A text that names no parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a parameter; known: {known}",
    known = <Parameter as VariantNames>::VARIANTS.join(", ")
)]
pub struct NotAParameter(pub String);

impl FromStr for Parameter {
    type Err = NotAParameter;

    fn from_str(text: &str) -> Result<Self, NotAParameter> {
        let all = <Self as VariantArray>::VARIANTS.iter().copied();
        let mut named = all.filter(|parameter| parameter.name() == text);
        named.next().ok_or_else(|| NotAParameter(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_has_one_name_everywhere() {
        for parameter in <Parameter as VariantArray>::VARIANTS {
            let name = parameter.name();
            assert_eq!(name.parse(), Ok(*parameter));
            assert_eq!(parameter.to_string(), name);
            let json = serde_json::to_value(parameter).expect("JSON");
            assert_eq!(json, serde_json::Value::from(name));
        }
    }

    #[test]
    fn an_unknown_parameter_is_told_with_those_that_are_known() {
        let told = "flow".parse::<Parameter>().expect_err("none").to_string();
        assert_eq!(
            told,
            "`flow` is not a parameter; known: depth, stage, water-level, rainfall-depth, \
             rainfall-intensity"
        );
    }
}
