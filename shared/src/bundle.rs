//! The bundle: what somebody is given who was enrolled, so that the aggregator knows him. A TOML file for
//! nobody else's eyes.

use serde::Deserialize;

use crate::wire::seal::{Key, KeyError};

/// What is in a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Whom it is for: an agent's, a truck's or a source's id.
    pub name: String,
    /// What he shares with the aggregator.
    pub key: Key,
}

/// Why a text is no bundle. It repeats nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error(
        "it is not a bundle: name and key are expected, as `flood-aggregator enrol` writes them"
    )]
    Form,
    #[error("its key is damaged")]
    Key(#[from] KeyError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    key: String,
    /// It follows from the key.
    #[serde(rename = "password")]
    _password: Option<String>,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// It is none, or damaged.
    pub fn parse(text: &str) -> Result<Self, BundleError> {
        // The parser's own error would quote the line, which may hold the key.
        let raw: Raw = toml::from_str(text).map_err(|_| BundleError::Form)?;
        Ok(Self {
            name: raw.name,
            key: raw.key.parse()?,
        })
    }

    /// As it is written into a file that nobody else may read.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let (name, key) = (&self.name, self.key.to_secret_text());
        let password = self.key.password();
        format!(
            "# Whoever has this file is {name}: keep it from everybody else.\n\
             # An agent needs only this file; others say the password to the broker.\n\
             name = \"{name}\"\nkey = \"{key}\"\npassword = \"{password}\"\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_read_as_it_was_written_and_an_error_quotes_nothing() {
        let bundle = Bundle {
            name: "gw-07".to_owned(),
            key: Key::new([7; 32]),
        };
        let text = bundle.to_secret_text();
        assert_eq!(Bundle::parse(&text), Ok(bundle));
        let damaged = text.replace("key = \"", "key = \"s3cret");
        let error = Bundle::parse(&damaged).expect_err("damaged");
        assert_eq!(error, BundleError::Key(KeyError));
        let none = Bundle::parse("key = s3cret").expect_err("no bundle");
        assert!(!format!("{none} {none:?}").contains("s3cret"));
    }
}
