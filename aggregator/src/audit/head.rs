//! The head: where the log ended at a moment, signed. Whoever keeps one elsewhere finds later whether the
//! end of the log was cut off or the log written anew: both need the machine's key, and neither can change
//! a head that has left the machine.

use std::{fmt, str::FromStr};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use shared::time::Timestamp;

use super::{Chain, Hash, hex};

/// What the line of a head begins with; in a line of a log something may stand before it.
const MARK: &str = "flood-audit-head";

/// The version of the line.
const VERSION: &str = "1";

/// The key that signs. It is told to nobody.
pub struct Signing(SigningKey);

/// The key that shows who signed. As text it is 64 digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Where the log ended, signed. As text it is one line:
/// `flood-audit-head 1 TIME NUMBER HASH KEY SIGNATURE`. The signature is that of ed25519 over all before
/// it and the space; KEY names the key by the first 16 digits of its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub at: Timestamp,
    pub end: Chain,
    key: [u8; 8],
    signature: [u8; 64],
}

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no ed25519 key: 64 digits from 0 to f are expected")]
pub struct NotAKey;

/// Why a head does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAHead {
    #[error("it is malformed")]
    Malformed,
    #[error("another key than this one has signed it")]
    OtherKey,
    #[error("its signature is wrong")]
    Signature,
}

impl Signing {
    /// The key of 32 random bytes.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// The key in a text that [`Signing::to_secret_text`] gave.
    ///
    /// # Errors
    /// The text is no key.
    pub fn from_secret_text(text: &str) -> Result<Self, NotAKey> {
        hex::read(text.trim())
            .map(|secret| Self::new(&secret))
            .ok_or(NotAKey)
    }

    /// The key as text, for nobody else's eyes.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let digits = self.0.to_bytes().map(|byte| format!("{byte:02x}"));
        digits.concat() + "\n"
    }

    /// The one to show.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs where the log ends.
    #[must_use]
    pub fn sign(&self, end: Chain, at: Timestamp) -> Head {
        let mut head = Head {
            at,
            end,
            key: self.public().name(),
            signature: [0; 64],
        };
        head.signature = self.0.sign(head.signed().as_bytes()).to_bytes();
        head
    }
}

impl PublicKey {
    fn name(&self) -> [u8; 8] {
        let hash: [u8; 32] = Sha256::digest(self.0.as_bytes()).into();
        hash.first_chunk().copied().unwrap_or_default()
    }
}

impl Head {
    /// Reads the head in a line of a log, whatever stands before and behind it; none where there is none.
    ///
    /// # Errors
    /// The line has the mark of one, and is none.
    pub fn find(line: &str) -> Option<Result<Self, NotAHead>> {
        let (_, rest) = line.split_once(MARK)?;
        Some(parse(rest).ok_or(NotAHead::Malformed))
    }

    /// Whether this key signed it.
    ///
    /// # Errors
    /// It did not, and why.
    pub fn is_of(&self, key: &PublicKey) -> Result<(), NotAHead> {
        if self.key != key.name() {
            return Err(NotAHead::OtherKey);
        }
        let signature = Signature::from_bytes(&self.signature);
        key.0
            .verify_strict(self.signed().as_bytes(), &signature)
            .map_err(|_| NotAHead::Signature)
    }

    fn signed(&self) -> String {
        struct Hex<'a>(&'a [u8]);
        impl fmt::Display for Hex<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex::write(self.0, f)
            }
        }
        let Chain { last, hash } = self.end;
        let key = Hex(&self.key);
        format!("{MARK} {VERSION} {} {last} {hash} {key} ", self.at)
    }
}

fn parse(rest: &str) -> Option<Head> {
    // A log may have put the text into quotes.
    let mut words = rest.split(|c: char| c.is_whitespace() || c == '"' || c == '\\');
    let mut next = || words.find(|word| !word.is_empty());
    if next()? != VERSION {
        return None;
    }
    Some(Head {
        at: next()?.parse().ok()?,
        end: Chain {
            last: next()?.parse().ok()?,
            hash: next()?.parse().ok()?,
        },
        key: hex::read(next()?)?,
        signature: hex::read(next()?)?,
    })
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.signed())?;
        hex::write(&self.signature, f)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(self.0.as_bytes(), f)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let bytes = hex::read(text.trim()).ok_or(NotAKey)?;
        VerifyingKey::from_bytes(&bytes)
            .map(Self)
            .map_err(|_| NotAKey)
    }
}

/// What of some heads holds against a log.
#[derive(Debug, Default)]
pub struct Heads {
    /// By the number of the entry that the log ended with.
    waiting: std::collections::BTreeMap<u64, Vec<(Timestamp, Hash)>>,
    agreeing: u64,
    newest: Option<(Timestamp, u64)>,
    against: Option<Against>,
}

/// A head that says something else than the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Against {
    #[error("entry {number} is another than the one whose hash was signed at {at}")]
    Other { number: u64, at: Timestamp },
    #[error(
        "the log ends with entry {last}, and at {at} entry {number} was signed: its end was cut off"
    )]
    CutOff {
        last: u64,
        number: u64,
        at: Timestamp,
    },
}

impl Heads {
    /// Adds one that counts.
    pub fn add(&mut self, head: &Head) {
        let of_number = self.waiting.entry(head.end.last).or_default();
        of_number.push((head.at, head.end.hash));
    }

    /// Takes the entries of a log in their order.
    pub fn take(&mut self, number: u64, hash: Hash) {
        while let Some(first) = self.waiting.first_entry()
            && *first.key() <= number
        {
            let (of, heads) = first.remove_entry();
            for (at, signed) in heads {
                // Before the first entry there is nothing to compare with, and a gap is told by the chain.
                let agrees = (of == number && signed == hash) || (of == 0 && signed == Hash::NONE);
                if agrees {
                    self.agreeing += 1;
                    self.newest = self.newest.max(Some((at, of)));
                } else {
                    let other = Against::Other { number: of, at };
                    self.against.get_or_insert(other);
                }
            }
        }
    }

    /// What all of them came to, when the log has ended: how many agree, and the newest of these by its
    /// time, with the number of its entry.
    ///
    /// # Errors
    /// The first that does not agree.
    pub fn close(mut self, last: u64) -> Result<(u64, Option<(Timestamp, u64)>), Against> {
        self.take(0, Hash::NONE);
        if let Some(against) = self.against {
            return Err(against);
        }
        match self.waiting.last_entry() {
            Some(beyond) => Err(Against::CutOff {
                last,
                number: *beyond.key(),
                at: beyond
                    .get()
                    .first()
                    .map_or(Timestamp::default(), |(at, _)| *at),
            }),
            None => Ok((self.agreeing, self.newest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_784_635_200_000);

    fn end() -> Chain {
        Chain {
            last: 4_711,
            hash: Hash::new([0xab; 32]),
        }
    }

    fn found(line: &str) -> Head {
        Head::find(line).expect("a head").expect("whole")
    }

    #[test]
    fn a_head_is_found_in_any_line_of_a_log_and_is_of_the_key_that_signed_it() {
        let key = Signing::new(&[7; 32]);
        let head = key.sign(end(), NOON);
        let text = head.to_string();
        let quoted = format!("Nov 27 host flood[1]: INFO audit: head=\"{text}\" deeds=7");
        for line in [&text, &quoted, &format!("{{\"head\":\"{text}\"}}")] {
            assert_eq!(found(line), head, "{line}");
            assert_eq!(found(line).is_of(&key.public()), Ok(()));
        }
        assert!(Head::find("INFO ready").is_none());
        let other = Signing::new(&[8; 32]).public();
        assert_eq!(head.is_of(&other), Err(NotAHead::OtherKey));
        let again: PublicKey = key.public().to_string().parse().expect("a key");
        assert_eq!(again, key.public());
    }

    #[test]
    fn a_head_in_which_anything_was_changed_counts_no_more() {
        let key = Signing::new(&[7; 32]);
        let text = key.sign(end(), NOON).to_string();
        for (k, c) in text.char_indices().filter(|(_, c)| *c != ' ') {
            for by in ['0', '1', 'a'] {
                if by == c {
                    continue;
                }
                let mut changed = text.clone();
                changed.replace_range(k..=k, &by.to_string());
                let counts = Head::find(&changed)
                    .is_some_and(|head| head.is_ok_and(|head| head.is_of(&key.public()).is_ok()));
                assert!(!counts, "{changed}");
            }
        }
    }

    #[test]
    fn heads_find_an_end_that_was_cut_off_and_a_log_that_was_written_anew() {
        let key = Signing::new(&[7; 32]);
        let hash = |k: u64| Hash::of_line(&k.to_string());
        let heads = |numbers: &[u64]| {
            let mut heads = Heads::default();
            for last in numbers {
                let hash = if *last == 0 { Hash::NONE } else { hash(*last) };
                let end = Chain { last: *last, hash };
                heads.add(&key.sign(end, NOON.plus_millis(last.cast_signed())));
            }
            heads
        };
        let mut whole = heads(&[0, 2, 4, 4]);
        (1..=5).for_each(|k| whole.take(k, hash(k)));
        let newest = (NOON.plus_millis(4), 4);
        assert_eq!(whole.close(5), Ok((4, Some(newest))));

        let mut cut = heads(&[2, 4]);
        (1..=3).for_each(|k| cut.take(k, hash(k)));
        let told = cut.close(3).expect_err("cut off").to_string();
        assert_eq!(
            told,
            "the log ends with entry 3, and at 2026-07-21T12:00:00.004Z entry 4 was signed: its end was cut off"
        );
        let mut anew = heads(&[2, 4]);
        (1..=5).for_each(|k| anew.take(k, if k == 4 { hash(9) } else { hash(k) }));
        assert!(matches!(
            anew.close(5),
            Err(Against::Other { number: 4, .. })
        ));
        assert!(heads(&[1]).close(0).is_err());
        assert_eq!(heads(&[0]).close(0), Ok((1, Some((NOON, 0)))));
    }
}
