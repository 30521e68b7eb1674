//! Seals: whoever has the key of a sender made this message, for the topic that it is on.
//!
//! A sealed payload is the payload and a last line, `hmac-sha256 ` and 43 characters of base64 (RFC 4648,
//! for URLs, not padded): HMAC-SHA-256 (RFC 2104) over the topic, a zero byte and the payload. A broker
//! between the two can hold a message back, but neither make one nor bring it under another name.
//! Messages say what is, not what changes, so that one that is brought again says nothing new.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::Topic;

/// What stands before the seal itself.
const MARK: &[u8] = b"\nhmac-sha256 ";

/// Bytes of a seal, and characters that write it.
const SEAL: usize = 32;
const WRITTEN: usize = 43;

/// Bytes that a seal adds to a payload.
pub const SEAL_BYTES: usize = MARK.len() + WRITTEN;

/// What two share who believe each other: 256 random bits. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; SEAL]);

/// Why a text is not a key. It does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key: {WRITTEN} characters of base64 (A–Z, a–z, 0–9, - and _) are expected")]
pub struct KeyError;

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("it has no seal, and its sender has a key")]
    Missing,
    #[error("its seal is not its sender's")]
    Wrong,
}

impl Key {
    /// A key of random bytes.
    #[must_use]
    pub const fn new(random: [u8; SEAL]) -> Self {
        Self(random)
    }

    /// Seals a payload for a topic.
    #[must_use]
    pub fn seal(&self, topic: &Topic, mut payload: Vec<u8>) -> Vec<u8> {
        let seal = self.begun(topic, &payload).finalize().into_bytes();
        payload.extend_from_slice(MARK);
        payload.extend_from_slice(BASE64.encode(seal).as_bytes());
        payload
    }

    /// The payload of a sealed message on a topic.
    ///
    /// # Errors
    /// It has no seal, or one that was not made with this key for this topic and payload.
    pub fn open<'a>(&self, topic: &Topic, message: &'a [u8]) -> Result<&'a [u8], SealError> {
        let (payload, seal) = parted(message).ok_or(SealError::Missing)?;
        let seal = BASE64.decode(seal).map_err(|_| SealError::Wrong)?;
        self.begun(topic, payload)
            .verify_slice(&seal)
            .map_err(|_| SealError::Wrong)?;
        Ok(payload)
    }

    /// Whether somebody said the password. It takes as long for a wrong one as for the right one.
    #[must_use]
    pub fn is_password(&self, said: &[u8]) -> bool {
        let mut mac = self.mac();
        mac.update(b"password");
        let said = BASE64.decode(said);
        said.is_ok_and(|said| mac.verify_slice(&said).is_ok())
    }

    /// A password that only who has the key can say, for brokers that ask for one.
    #[must_use]
    pub fn password(&self) -> String {
        let mut mac = self.mac();
        mac.update(b"password");
        BASE64.encode(mac.finalize().into_bytes())
    }

    fn begun(&self, topic: &Topic, payload: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac();
        mac.update(topic.to_string().as_bytes());
        mac.update(&[0]);
        mac.update(payload);
        mac
    }

    fn mac(&self) -> Hmac<Sha256> {
        let Ok(mac) = Hmac::new_from_slice(&self.0) else {
            unreachable!("a key of any length will do");
        };
        mac
    }

    /// As it is written into a file that nobody else may read.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        BASE64.encode(self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(not shown)")
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = BASE64.decode(text).map_err(|_| KeyError)?;
        bytes.try_into().map(Self).map_err(|_| KeyError)
    }
}

/// A message without its seal, whether it has one or not: for whoever has no key to judge it by.
#[must_use]
pub fn unsealed(message: &[u8]) -> &[u8] {
    parted(message).map_or(message, |(payload, _)| payload)
}

/// Payload and seal as it is written, if there is one.
fn parted(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = message.len().checked_sub(SEAL_BYTES)?;
    let (payload, line) = message.split_at(end);
    Some((payload, line.strip_prefix(MARK)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: Key = Key::new([7; SEAL]);

    fn topic(text: &str) -> Topic {
        text.parse().expect("a topic")
    }

    /// By Python: `hmac.new(bytes([7] * 32), b"flood/v1/ack/gw-02\0{}", "sha256")`.
    #[test]
    fn a_seal_is_the_hmac_of_topic_and_payload() {
        let sealed = KEY.seal(&topic("flood/v1/ack/gw-02"), b"{}".to_vec());
        let text = String::from_utf8(sealed).expect("text");
        assert_eq!(
            text,
            "{}\nhmac-sha256 hEsAE-G8qnx4C6t0KJzwzruAVaFGk1dSELqzEwmb_QY"
        );
    }

    #[test]
    fn a_message_of_another_key_topic_or_payload_is_not_believed() {
        let ack = topic("flood/v1/ack/gw-01");
        let sealed = KEY.seal(&ack, b"{}".to_vec());
        assert_eq!(KEY.open(&ack, &sealed), Ok(&b"{}"[..]));
        let other = Key::new([8; SEAL]);
        assert_eq!(other.open(&ack, &sealed), Err(SealError::Wrong));
        let elsewhere = topic("flood/v1/ack/gw-02");
        assert_eq!(KEY.open(&elsewhere, &sealed), Err(SealError::Wrong));
        assert_eq!(KEY.open(&ack, b"{}"), Err(SealError::Missing));
        assert_eq!(KEY.open(&ack, b""), Err(SealError::Missing));
        assert_eq!(unsealed(&sealed), b"{}");
        assert_eq!(unsealed(b"{}"), b"{}");
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_never_shown() {
        let text = KEY.to_secret_text();
        assert_eq!(text.parse(), Ok(KEY));
        assert_eq!("short".parse::<Key>(), Err(KeyError));
        assert_eq!(format!("{text}A").parse::<Key>(), Err(KeyError));
        assert_eq!(format!("{KEY:?}"), "Key(not shown)");
        assert_ne!(KEY.password(), text);
        assert!(KEY.is_password(KEY.password().as_bytes()));
        assert!(!KEY.is_password(text.as_bytes()) && !KEY.is_password(b""));
    }

    proptest! {
        #[test]
        fn one_changed_byte_breaks_a_seal(
            payload in prop::collection::vec(any::<u8>(), 0..200),
            place in any::<prop::sample::Index>(),
            change in 1_u8..,
        ) {
            let obs = topic("flood/v1/in/a");
            let mut sealed = KEY.seal(&obs, payload.clone());
            prop_assert_eq!(KEY.open(&obs, &sealed), Ok(&*payload));
            let place = place.index(sealed.len());
            sealed[place] ^= change;
            prop_assert!(KEY.open(&obs, &sealed).is_err());
        }
    }
}
