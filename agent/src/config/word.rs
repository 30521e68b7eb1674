//! Keys that may have only certain words.

/// A word where the file may have only certain others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} `{found}` is not known; known: {known}")]
pub struct UnknownWord {
    key: &'static str,
    found: String,
    known: &'static str,
}

impl UnknownWord {
    pub(super) fn new(key: &'static str, found: &str, known: &'static str) -> Self {
        let found = found.to_owned();
        Self { key, found, known }
    }
}
