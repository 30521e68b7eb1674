//! Secrets that are given to somebody once: session cookies, API tokens, links.
//!
//! A secret has 256 random bits, so nothing is gained by trying, and a fast hash of it is enough to
//! know it again: whoever reads the store has nothing to log in with.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::Fingerprint;

const BYTES: usize = 32;

/// A secret as text, which is told once and kept nowhere.
pub struct Secret(String);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }

    /// As long as it is not given away. Neither log nor error may show it.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.0
    }

    /// For the one to whom it is given. Neither log nor error may show it.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_again_by_its_fingerprint_and_shows_itself_to_nobody() {
        let (one, other) = (
            Secret::new().expect("random"),
            Secret::new().expect("random"),
        );
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(format!("{one:?}"), "Secret");
        let fingerprint = one.fingerprint();
        let text = one.into_text();
        assert_eq!(text.len(), 43);
        assert_eq!(Fingerprint::of(&text), fingerprint);
        assert!(!fingerprint.as_str().contains(&text));
    }
}
