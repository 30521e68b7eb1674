//! What handlers take from a request. What cannot be taken is a [`Problem`], where axum's own
//! extractors answer with plain text.

use std::fmt;

use axum::{
    Json,
    extract::{self, FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, Unexpected, Visitor},
};

use super::problem::Problem;

/// A part of the path.
pub struct Path<T>(pub T);

/// The query.
pub struct Query<T>(pub T);

/// The body, which is JSON.
pub struct Body<T>(pub T);

/// A whole number that every reader of JSON holds exactly, however it is written: JSON has one kind of
/// numbers, in which 7.0 is 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole(pub u64);

impl Whole {
    /// The greatest: 2⁵³ - 1.
    pub const MOST: u64 = (1 << f64::MANTISSA_DIGITS) - 1;
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;

        impl Visitor<'_> for Numbers {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from 0 to {}", Whole::MOST)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Whole, E> {
                if number <= Whole::MOST {
                    Ok(Whole(number))
                } else {
                    Err(E::invalid_value(Unexpected::Unsigned(number), &self))
                }
            }

            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole, and in bounds"
            )]
            fn visit_f64<E: Error>(self, number: f64) -> Result<Whole, E> {
                let is_within = (0.0..=Whole::MOST as f64).contains(&number);
                if is_within && number.fract() == 0.0 {
                    Ok(Whole(number as u64))
                } else {
                    Err(E::invalid_value(Unexpected::Float(number), &self))
                }
            }
        }

        deserializer.deserialize_u64(Numbers)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let taken = extract::Path::from_request_parts(parts, state).await;
        taken
            .map(|extract::Path(part)| Self(part))
            .map_err(|e| Problem::bad_request(e.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let taken = extract::Query::from_request_parts(parts, state).await;
        taken
            .map(|extract::Query(query)| Self(query))
            .map_err(|e| Problem::bad_request(e.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let taken = Json::from_request(request, state).await;
        taken
            .map(|Json(body)| Self(body))
            .map_err(|e| Problem::of(e.status(), e.body_text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let read = |text: &str| serde_json::from_str::<Whole>(text).ok();
        for (text, expected) in [
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("0.0", Some(0)),
            ("12e1", Some(120)),
            ("9007199254740991", Some(Whole::MOST)),
            ("9007199254740992", None),
            ("1e300", None),
            ("7.5", None),
            ("-1", None),
            ("-1.0", None),
            ("\"7\"", None),
            ("null", None),
        ] {
            assert_eq!(read(text), expected.map(Whole), "{text}");
        }
    }
}
