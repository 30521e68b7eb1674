//! By what an answer of the provider is known to belong to the browser that asked. Pure.
//!
//! The browser keeps one secret, in a cookie that no script reads; everything else follows from it. So
//! nothing has to be remembered here, and who brings another's answer, or his own to another's
//! browser, brings one that does not fit.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What is asked with, and must come back.
pub struct Proof {
    /// Comes back with the answer, through the browser.
    pub state: String,
    /// Comes back in the token, from the provider.
    pub nonce: String,
    /// Shown to the provider with the code; its hash was shown before (PKCE).
    pub verifier: String,
}

impl Proof {
    /// That of the browser with this secret.
    pub fn of(secret: &str) -> Self {
        let derived = |of: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
                .expect("a key of any length is one");
            mac.update(of.as_bytes());
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        };
        Self {
            state: derived("flood log-in: state"),
            nonce: derived("flood log-in: nonce"),
            verifier: derived("flood log-in: verifier"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_asks_with_is_its_own_and_the_same_again() {
        let (one, again, other) = (Proof::of("one"), Proof::of("one"), Proof::of("other"));
        assert_eq!(one.state, again.state);
        let all = [
            one.state,
            one.nonce,
            one.verifier,
            other.state,
            other.nonce,
            other.verifier,
        ];
        for (place, text) in all.iter().enumerate() {
            // The least that PKCE takes.
            assert_eq!(text.len(), 43);
            assert!(!all[..place].contains(text));
        }
    }
}
