//! Identifiers: parsed once, safe in topics, URLs and file names for ever after.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};

/// Longest identifier in characters.
pub const MAX_LEN: usize = 63;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("an id must not be empty")]
    Empty,
    #[error("id `{0}` is longer than {MAX_LEN} characters")]
    TooLong(String),
    #[error("id `{id}` contains {found:?}; only a–z, 0–9 and '-' are allowed")]
    Character { id: String, found: char },
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > MAX_LEN {
        return Err(IdError::TooLong(text.chars().take(MAX_LEN).collect()));
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if text.bytes().all(plain) {
        return Ok(());
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match text.chars().find(|c| !allowed(*c)) {
        Some(found) => Err(IdError::Character {
            id: text.to_owned(),
            found,
        }),
        None => Ok(()),
    }
}

/// Reads an identifier from wherever its text lies, without a copy in between: a batch has hundreds.
struct Parsed;

impl Visitor<'_> for Parsed {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an id of 1 to {MAX_LEN} characters of a–z, 0–9 and '-'")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Arc<str>, E> {
        check(text).map_err(E::custom)?;
        Ok(text.into())
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                check(&text)?;
                Ok(Self(text.into()))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Parsed).map(Self)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A field gateway running `flood-agent`.
    AgentId
);
id!(
    /// An instrument: one gauge gives one parameter.
    GaugeId
);
id!(
    /// A named place with one or more gauges.
    StationId
);
id!(
    /// A waterlogging point.
    PointId
);
id!(
    /// A pump truck.
    TruckId
);
id!(
    /// A third party that publishes observations.
    SourceId
);
id!(
    /// A confirmed dispatch of one truck to one point.
    OrderId
);
id!(
    /// Any other mapped thing: a district, a shelter, a pump station, a community.
    FeatureId
);
id!(
    /// Somebody who has an account, by the name that he logs in with.
    PersonId
);
id!(
    /// An API token, by the name that it was given.
    TokenId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_lower_case_digits_and_hyphens_up_to_63_characters() {
        assert!("lg-0001".parse::<GaugeId>().is_ok());
        assert!("a".repeat(63).parse::<GaugeId>().is_ok());
        assert_eq!("".parse::<GaugeId>(), Err(IdError::Empty));
        assert!(matches!(
            "a".repeat(64).parse::<GaugeId>(),
            Err(IdError::TooLong(_))
        ));
        for bad in ["LG1", "a/b", "a+b", "a#", "水", "a b", "../x", "a_b"] {
            assert!(
                matches!(bad.parse::<GaugeId>(), Err(IdError::Character { .. })),
                "{bad} was accepted"
            );
        }
    }

    #[test]
    fn a_bad_id_is_refused_while_deserialising() {
        let wrong = serde_json::from_str::<AgentId>("\"Gateway 1\"");
        assert!(
            wrong
                .expect_err("must be refused")
                .to_string()
                .contains("'G'")
        );
    }
}
