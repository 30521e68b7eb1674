//! The bundle: what somebody is given who was enrolled, so that the aggregator knows him. A TOML file for
//! nobody else's eyes.

use std::fmt;

use serde::Deserialize;

use crate::{
    time::Timestamp,
    wire::seal::{Key, KeyError},
};

/// What is in a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Whom it is for: an agent's, a truck's or a source's id.
    pub name: String,
    /// What he shares with the aggregator.
    pub key: Key,
    /// By what he shows who he is over TLS, and knows the aggregator.
    pub papers: Option<Papers>,
}

/// The name under which the aggregator's certificate is issued, wherever it is reached.
pub const AGGREGATOR: &str = "flood-aggregator";

/// What TLS needs, in PEM (RFC 7468).
#[derive(Clone, PartialEq, Eq)]
pub struct Papers {
    /// The authority that says who the aggregator is.
    pub authority: String,
    /// His certificate, by the same authority.
    pub certificate: String,
    /// From when on and until when the certificate holds.
    pub since: Timestamp,
    pub until: Timestamp,
    /// The private key of the certificate. It is never shown.
    pub private_key: String,
}

impl fmt::Debug for Papers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Papers")
            .field("since", &self.since)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
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
    #[error(
        "authority, certificate, since, until and private_key belong together, and one is missing"
    )]
    Papers,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    key: String,
    /// It follows from the key.
    #[serde(rename = "password")]
    _password: Option<String>,
    authority: Option<String>,
    certificate: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    private_key: Option<String>,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// It is none, or damaged.
    pub fn parse(text: &str) -> Result<Self, BundleError> {
        // The parser's own error would quote the line, which may hold the key.
        let raw: Raw = toml::from_str(text).map_err(|_| BundleError::Form)?;
        let papers = (raw.authority, raw.certificate, raw.private_key);
        let papers = match (papers, raw.since, raw.until) {
            ((None, None, None), None, None) => None,
            ((Some(authority), Some(certificate), Some(private_key)), Some(since), Some(until)) => {
                Some(Papers {
                    authority,
                    certificate,
                    since,
                    until,
                    private_key,
                })
            }
            _ => return Err(BundleError::Papers),
        };
        Ok(Self {
            name: raw.name,
            key: raw.key.parse()?,
            papers,
        })
    }

    /// As it is written into a file that nobody else may read.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let (name, key) = (&self.name, self.key.to_secret_text());
        let password = self.key.password();
        let mut text = format!(
            "# Whoever has this file is {name}: keep it from everybody else.\n\
             # An agent needs only this file; others say the password to the broker.\n\
             name = \"{name}\"\nkey = \"{key}\"\npassword = \"{password}\"\n"
        );
        if let Some(papers) = &self.papers {
            let Papers {
                authority,
                certificate,
                since,
                until,
                private_key,
            } = papers;
            text += &format!(
                "since = \"{since}\"\nuntil = \"{until}\"\nauthority = \"\"\"\n{authority}\"\"\"\n\
                 certificate = \"\"\"\n{certificate}\"\"\"\nprivate_key = \"\"\"\n{private_key}\"\"\"\n"
            );
        }
        text
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
            papers: Some(Papers {
                authority: "an authority\n".to_owned(),
                certificate: "a certificate\n".to_owned(),
                since: Timestamp::from_millis(1_784_622_000_000),
                until: Timestamp::from_millis(1_784_722_000_000),
                private_key: "s3cret\n".to_owned(),
            }),
        };
        let text = bundle.to_secret_text();
        assert!(!format!("{bundle:?}").contains("s3cret"));
        let partly = text.replace("until", "# until");
        assert_eq!(Bundle::parse(&partly), Err(BundleError::Papers));
        assert_eq!(Bundle::parse(&text), Ok(bundle));
        let damaged = text.replace("\nkey = \"", "\nkey = \"s3cret");
        let error = Bundle::parse(&damaged).expect_err("damaged");
        assert_eq!(error, BundleError::Key(KeyError));
        let none = Bundle::parse("key = s3cret").expect_err("no bundle");
        assert!(!format!("{none} {none:?}").contains("s3cret"));
    }
}
