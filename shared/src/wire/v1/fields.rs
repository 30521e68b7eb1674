//! One record of a third party's message, read field by field, so that whatever is wrong with it is
//! told of the field.

use serde_json::{Map, Value as Json};

use crate::wire::FieldError;

/// The fields of a record.
pub struct Fields<'a>(&'a Map<String, Json>);

impl<'a> Fields<'a> {
    /// # Errors
    /// The record is no object.
    pub fn of(record: &'a Json) -> Result<Self, FieldError> {
        let fields = record.as_object().ok_or_else(|| FieldError::NoRecord {
            found: told(record),
        })?;
        Ok(Self(fields))
    }

    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.0.keys().map(String::as_str)
    }

    pub fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// The field; `None` where it is missing or null.
    pub fn get(&self, field: &str) -> Option<&'a Json> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    pub fn text(&self, field: &'static str) -> Result<Option<&'a str>, FieldError> {
        self.read(field, "a text", Json::as_str)
    }

    pub fn yes_or_no(&self, field: &'static str) -> Result<Option<bool>, FieldError> {
        self.read(field, "true or false", Json::as_bool)
    }

    pub fn number(&self, field: &'static str) -> Result<Option<f64>, FieldError> {
        self.read(field, "a number", Json::as_f64)
    }

    pub fn whole(&self, field: &'static str) -> Result<Option<u64>, FieldError> {
        self.read(field, "a whole number", |value| {
            value.as_u64().or_else(|| exactly(value.as_f64()?))
        })
    }

    fn read<T>(
        &self,
        field: &'static str,
        expected: &'static str,
        take: impl Fn(&'a Json) -> Option<T>,
    ) -> Result<Option<T>, FieldError> {
        let value = self.get(field);
        let wrong = |value: &Json| FieldError::Form {
            field,
            expected,
            found: told(value),
        };
        value
            .map(|value| take(value).ok_or_else(|| wrong(value)))
            .transpose()
    }
}

/// A whole number that is written with a point, like 10.0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is whole, not negative and far below the limit"
)]
fn exactly(number: f64) -> Option<u64> {
    let is_whole = number.fract() == 0.0 && (0.0..1.0e15).contains(&number);
    is_whole.then_some(number as u64)
}

/// A value as it is told to a person, cut where it is long.
pub fn told(value: &Json) -> String {
    const MOST: usize = 40;
    let kind = match value {
        Json::Null => return "null".to_owned(),
        Json::Bool(is) => return is.to_string(),
        Json::Number(number) => return number.to_string(),
        Json::String(_) => "the text ",
        Json::Array(_) => "the list ",
        Json::Object(_) => "the object ",
    };
    let text = value.to_string();
    let cut: String = text.chars().take(MOST).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{kind}{cut}{more}")
}
