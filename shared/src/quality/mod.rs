//! Quality flags and tests after QARTOD (IOOS, *Manual for Real-Time Quality Control of Water
//! Level Data*, version 2.1, 2021). A test never deletes a reading: it flags it and says why.

mod control;
mod limits;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use strum::{Display, VariantArray};

pub use control::QualityControl;
pub use limits::{Limits, LimitsError, Span};

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

    /// Without one of the tests.
    #[must_use]
    pub const fn without(self, test: Test) -> Self {
        Self(self.0 & !(test as u16))
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

#[cfg(test)]
mod tests {
    use Quality::{Fail, Missing, NotEvaluated, Pass, Suspect};

    use super::*;

    /// Every flag with the standard's number.
    const FLAGS: [(Quality, u8); 5] = [
        (Pass, 1),
        (NotEvaluated, 2),
        (Suspect, 3),
        (Fail, 4),
        (Missing, 9),
    ];

    /// Every test with its bit in stores and its name in JSON.
    const TESTS: [(Test, u16, &str); 7] = [
        (Test::GrossRange, 1, "gross-range"),
        (Test::Spike, 2, "spike"),
        (Test::RateOfChange, 4, "rate-of-change"),
        (Test::FlatLine, 8, "flat-line"),
        (Test::Sentinel, 16, "sentinel"),
        (Test::Clock, 32, "clock"),
        (Test::Corrected, 64, "corrected"),
    ];

    fn json(text: &str) -> Result<TestSet, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn a_flag_is_the_number_of_the_standard_in_every_form() {
        for (flag, number) in FLAGS {
            assert_eq!(flag.number(), number);
            assert_eq!(Quality::from_number(number), Some(flag));
            let text = serde_json::to_string(&flag).expect("JSON");
            assert_eq!(text, number.to_string());
            assert_eq!(serde_json::from_str::<Quality>(&text).expect("JSON"), flag);
            let bytes = postcard::to_allocvec(&flag).expect("bytes");
            assert_eq!(bytes, [number]);
            assert_eq!(postcard::from_bytes(&bytes), Ok(flag));
        }
    }

    #[test]
    fn a_number_that_the_standard_does_not_know_is_no_flag() {
        let known = FLAGS.map(|(_, number)| number);
        for number in (0..=u8::MAX).filter(|number| !known.contains(number)) {
            assert_eq!(Quality::from_number(number), None, "{number}");
        }
        let told = serde_json::from_str::<Quality>("5").expect_err("no flag");
        let told = told.to_string();
        assert!(
            told.contains("5 is not a QARTOD flag (1, 2, 3, 4 or 9)"),
            "{told}"
        );
    }

    #[test]
    fn the_better_of_two_flags_is_preferred_and_nothing_is_worse_than_no_reading() {
        let mut flags = FLAGS.map(|(flag, _)| flag);
        flags.sort_by_key(|flag| flag.rank());
        assert_eq!(flags, [Missing, Fail, Suspect, NotEvaluated, Pass]);
        assert_eq!(flags.map(Quality::rank), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_test_has_one_bit_in_stores_and_one_name_everywhere_else() {
        for (test, bit, name) in TESTS {
            let set = TestSet::NONE.with(test);
            assert_eq!(test.to_string(), name);
            let text = format!("[\"{name}\"]");
            assert_eq!(serde_json::to_string(&set).expect("JSON"), text);
            assert_eq!(json(&text).expect("JSON"), set);
            let bytes = postcard::to_allocvec(&set).expect("bytes");
            assert_eq!(bytes, postcard::to_allocvec(&bit).expect("bytes"));
            assert_eq!(postcard::from_bytes(&bytes), Ok(set));
        }
        assert!(json("[\"spike\", \"wet\"]").is_err(), "a name of no test");
    }

    #[test]
    fn a_set_holds_what_was_put_into_it_and_nothing_else() {
        for (test, ..) in TESTS {
            let set = TestSet::NONE.with(test);
            for (other, ..) in TESTS {
                assert_eq!(set.contains(other), other == test, "{other} in {set:?}");
            }
            assert_eq!(set.with(test), set, "a test fails once");
            assert!(!set.is_empty() && !TestSet::NONE.contains(test));
        }
        assert!(TestSet::NONE.is_empty());
        assert_eq!(TestSet::default(), TestSet::NONE);
    }

    #[test]
    fn a_set_gives_its_tests_in_one_order_whatever_the_order_they_came_in() {
        let set: TestSet = [Test::Clock, Test::Spike, Test::Spike, Test::GrossRange]
            .into_iter()
            .collect();
        let tests: Vec<Test> = set.iter().collect();
        assert_eq!(tests, [Test::GrossRange, Test::Spike, Test::Clock]);
        assert_eq!(format!("{set:?}"), "{GrossRange, Spike, Clock}");
        assert_eq!(format!("{:?}", TestSet::NONE), "{}");
        let text = serde_json::to_string(&set).expect("JSON");
        assert_eq!(text, "[\"gross-range\",\"spike\",\"clock\"]");
        let bytes = postcard::to_allocvec(&set).expect("bytes");
        assert_eq!(bytes, [1 + 2 + 32]);
    }

    #[test]
    fn all_tests_together_are_a_set_like_any_other() {
        let all: TestSet = Test::VARIANTS.iter().copied().collect();
        assert!(all.iter().eq(TESTS.map(|(test, ..)| test)));
        let text = serde_json::to_string(&all).expect("JSON");
        assert_eq!(json(&text).expect("JSON"), all);
    }
}
