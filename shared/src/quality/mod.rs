//! Quality flags and tests after QARTOD (IOOS, *Manual for Real-Time Quality Control of Water
//! Level Data*, version 2.1, 2021). A test never deletes a reading: it flags it and says why.

mod control;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use strum::{Display, VariantArray};

pub use control::{Limits, LimitsError, QualityControl, Span};

/// QARTOD primary-level flag. The numbers are the standard's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    Pass = 1,
    NotEvaluated = 2,
    Suspect = 3,
    Fail = 4,
    Missing = 9,
}

impl Quality {
    /// The standard's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// From the standard's number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Pass),
            2 => Some(Self::NotEvaluated),
            3 => Some(Self::Suspect),
            4 => Some(Self::Fail),
            9 => Some(Self::Missing),
            _ => None,
        }
    }

    /// How much to prefer an observation with this flag; higher is better.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Pass => 4,
            Self::NotEvaluated => 3,
            Self::Suspect => 2,
            Self::Fail => 1,
            Self::Missing => 0,
        }
    }
}

impl Serialize for Quality {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for Quality {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        Self::from_number(number).ok_or_else(|| {
            D::Error::custom(format!("{number} is not a QARTOD flag (1, 2, 3, 4 or 9)"))
        })
    }
}

/// A quality test, as a bit of a [`TestSet`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Display, VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Test {
    /// Outside the span the instrument can give (fail) or the place is known for (suspect).
    GrossRange = 1,
    /// One reading apart from both its neighbours.
    Spike = 2,
    /// Rose or fell faster than water does. Never worse than suspect: real floods are fast.
    RateOfChange = 4,
    /// The same value for too long while it should move.
    FlatLine = 8,
    /// The instrument gave one of its error values (for example −9999 or 0xFFFF).
    Sentinel = 16,
    /// The reading's own time is in the future or before the year 2000.
    Clock = 32,
    /// No test of the reading: its source has corrected it or taken it back, and this is its word.
    Corrected = 64,
}

/// The tests that a reading did not pass: names in JSON, bits in stores.
///
/// Our own, since a set of enumset or bitflags has one form for both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TestSet(u16);

impl TestSet {
    /// No test failed.
    pub const NONE: Self = Self(0);

    /// With one more test.
    #[must_use]
    pub const fn with(self, test: Test) -> Self {
        Self(self.0 | test as u16)
    }

    /// Whether it holds `test`.
    #[must_use]
    pub const fn contains(self, test: Test) -> bool {
        self.0 & test as u16 != 0
    }

    /// Whether every test passed.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The tests in it.
    pub fn iter(self) -> impl Iterator<Item = Test> {
        let all = Test::VARIANTS.iter().copied();
        all.filter(move |test| self.contains(*test))
    }
}

impl FromIterator<Test> for TestSet {
    fn from_iter<I: IntoIterator<Item = Test>>(tests: I) -> Self {
        tests.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for TestSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for TestSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.iter())
        } else {
            serializer.serialize_u16(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for TestSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return u16::deserialize(deserializer).map(Self);
        }
        let tests = Vec::<Test>::deserialize(deserializer)?;
        Ok(tests.into_iter().collect())
    }
}
