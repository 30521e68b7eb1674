//! The part of a city that somebody answers for.
//!
//! It is written `city`, `district/d-01` or `district/d-01/street/s-0101`, with the ids of the
//! city's layers. What lies in it is told by [`Area::holds`] of the places that the layers give.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use shared::ids::{FeatureId, IdError};

/// The part of a city that somebody answers for: he sees what lies in it, and acts there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Area {
    /// All of it.
    #[default]
    City,
    /// One district.
    District(FeatureId),
    /// One street of a district, as its offices have it (街道), not a single road.
    Street {
        district: FeatureId,
        street: FeatureId,
    },
}

/// Why a text is not an area.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AreaError {
    #[error("`{0}` is no area: it is `city`, `district/ID` or `district/ID/street/ID`")]
    Form(String),
    #[error("an area names a district or a street by an id that is none")]
    Id(#[from] IdError),
}

impl Area {
    /// The district that it is or lies in; none for the whole city.
    #[must_use]
    pub const fn district(&self) -> Option<&FeatureId> {
        match self {
            Self::City => None,
            Self::District(district) | Self::Street { district, .. } => Some(district),
        }
    }

    /// The street that it is, if it is one.
    #[must_use]
    pub const fn street(&self) -> Option<&FeatureId> {
        match self {
            Self::City | Self::District(_) => None,
            Self::Street { street, .. } => Some(street),
        }
    }

    /// Whether something lies in it that stands in this district and street, as far as these are
    /// known. What is not known to lie in it does not.
    #[must_use]
    pub fn holds(&self, district: Option<&FeatureId>, street: Option<&FeatureId>) -> bool {
        match self {
            Self::City => true,
            Self::District(own) => district == Some(own),
            Self::Street {
                district: own,
                street: own_street,
            } => district == Some(own) && street == Some(own_street),
        }
    }

    /// Whether all of another area lies in it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.holds(other.district(), other.street())
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::City => f.write_str("city"),
            Self::District(district) => write!(f, "district/{district}"),
            Self::Street { district, street } => write!(f, "district/{district}/street/{street}"),
        }
    }
}

impl FromStr for Area {
    type Err = AreaError;

    fn from_str(text: &str) -> Result<Self, AreaError> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            ["city"] => Ok(Self::City),
            ["district", district] => Ok(Self::District(district.parse()?)),
            ["district", district, "street", street] => Ok(Self::Street {
                district: district.parse()?,
                street: street.parse()?,
            }),
            _ => Err(AreaError::Form(text.chars().take(MOST_TOLD).collect())),
        }
    }
}

/// Most characters of a wrong text that are told.
const MOST_TOLD: usize = 150;

impl TryFrom<String> for Area {
    type Error = AreaError;

    fn try_from(text: String) -> Result<Self, AreaError> {
        text.parse()
    }
}

impl From<Area> for String {
    fn from(area: Area) -> Self {
        area.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(text: &str) -> Area {
        text.parse().expect(text)
    }

    fn id(text: &str) -> FeatureId {
        text.parse().expect(text)
    }

    #[test]
    fn an_area_is_written_as_it_is_read() {
        for text in ["city", "district/d-01", "district/d-01/street/s-0101"] {
            assert_eq!(area(text).to_string(), text);
            let json = serde_json::to_string(&area(text)).expect("a text");
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Area>(&json).expect("it"), area(text));
        }
    }

    #[test]
    fn what_is_no_area_is_refused_and_never_taken_for_a_wider_one() {
        for text in [
            "",
            "City",
            "city/",
            "district",
            "district/",
            "district/d-01/",
            "district/d-01/street",
            "district/d-01/street/",
            "district/D-01",
            "district/d-01/street/s/1",
            "street/s-0101",
            " city",
        ] {
            assert!(text.parse::<Area>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_place_lies_in_an_area_only_if_it_is_known_to() {
        let (here, there) = (id("d-01"), id("d-02"));
        let (own, other) = (id("s-1"), id("s-2"));
        let district = area("district/d-01");
        let street = area("district/d-01/street/s-1");
        for (at, in_district, in_street) in [
            ((Some(&here), Some(&own)), true, true),
            ((Some(&here), Some(&other)), true, false),
            ((Some(&here), None), true, false),
            // Streets of two districts may have one name.
            ((Some(&there), Some(&own)), false, false),
            ((None, Some(&own)), false, false),
            ((None, None), false, false),
        ] {
            assert!(Area::City.holds(at.0, at.1));
            assert_eq!(district.holds(at.0, at.1), in_district, "{at:?}");
            assert_eq!(street.holds(at.0, at.1), in_street, "{at:?}");
        }
    }

    #[test]
    fn a_wider_area_covers_a_narrower_one_and_itself() {
        let ordered = [
            area("city"),
            area("district/d-01"),
            area("district/d-01/street/s-1"),
        ];
        for (wide, wider) in ordered.iter().enumerate() {
            for (narrow, narrower) in ordered.iter().enumerate() {
                assert_eq!(wider.covers(narrower), wide <= narrow);
            }
        }
        assert!(!area("district/d-02").covers(&area("district/d-01/street/s-1")));
    }
}
