//! Whether the log is what was written: the first entry that is not is named.

use super::{Chain, Entry, Hash};

/// A place where the log is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {number} {why}")]
pub struct Broken {
    pub number: u64,
    pub why: Why,
}

/// What is wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("is missing or cannot be read")]
    Missing,
    #[error("is not in its place")]
    Misplaced,
    #[error("is not what was entered: its line has the hash {0}")]
    Changed(Hash),
    #[error("is no line of the log")]
    Malformed,
    #[error("says of itself that it is entry {0}")]
    Numbered(u64),
    #[error("does not follow on the entry before: it names the hash {0}")]
    Unchained(Hash),
}

/// Takes entries in their order and remembers the first that is not what was written.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    end: Chain,
    count: u64,
    broken: Option<Broken>,
}

impl Verification {
    /// Takes the next entry.
    pub fn take(&mut self, entry: &Entry) {
        if let Err(broken) = self.look(entry) {
            self.broken.get_or_insert(broken);
        }
        self.count += 1;
        self.end = Chain {
            last: entry.number,
            hash: entry.hash,
        };
    }

    /// How many were taken.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Where what was taken ends.
    #[must_use]
    pub fn end(&self) -> Chain {
        self.end
    }

    /// The first place where the log is not what was written.
    #[must_use]
    pub fn broken(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }

    fn look(&self, entry: &Entry) -> Result<(), Broken> {
        let expected = self.end.last + 1;
        let broken = |number, why| Err(Broken { number, why });
        if entry.number > expected {
            return broken(expected, Why::Missing);
        }
        if entry.number < expected {
            return broken(entry.number, Why::Misplaced);
        }
        let hash = Hash::of_line(&entry.line);
        if hash != entry.hash {
            return broken(expected, Why::Changed(hash));
        }
        let Ok(said) = entry.said() else {
            return broken(expected, Why::Malformed);
        };
        if said.number != expected {
            return broken(expected, Why::Numbered(said.number));
        }
        if said.previous != self.end.hash {
            return broken(expected, Why::Unchained(said.previous));
        }
        Ok(())
    }
}
