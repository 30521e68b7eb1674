//! An observation: a reading with its time and quality flag. Its identity is (gauge, observed_at).

use serde::{Deserialize, Serialize};

use crate::{
    gauge::Parameter,
    ids::GaugeId,
    quality::{Quality, Test, TestSet},
    time::Timestamp,
    value::Value,
};

/// One observation. How it travels is written down in [`wire`](crate::wire), apart from this type;
/// its `Serialize` is for stores and snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    pub gauge: GaugeId,
    pub parameter: Parameter,
    /// When the gauge gave the reading.
    pub observed_at: Timestamp,
    /// `None` exactly where the quality is [`Quality::Missing`].
    pub value: Option<Value>,
    pub quality: Quality,
    /// The quality tests that did not pass.
    #[serde(default)]
    pub tests: TestSet,
}

impl Observation {
    /// The value, if a decision may rest on it: present and [`Quality::Pass`] or not evaluated.
    #[must_use]
    pub fn trusted(&self) -> Option<Value> {
        match self.quality {
            Quality::Pass | Quality::NotEvaluated => self.value,
            Quality::Suspect | Quality::Fail | Quality::Missing => None,
        }
    }

    /// Whether it is its source's word on what it said before: a correction, or a retraction.
    #[must_use]
    pub fn is_correction(&self) -> bool {
        self.tests.contains(Test::Corrected)
    }

    /// Which of two observations of the same identity is kept, in whatever order they come: a
    /// correction, then the better quality, then the larger value, then the smaller set of failed
    /// tests. A total order, so that any permutation of duplicates merges to the same state. Of two
    /// corrections whoever merges them takes the one that came last.
    #[must_use]
    pub fn wins_over(&self, other: &Self) -> bool {
        let rank = |o: &Self| {
            (
                o.is_correction(),
                o.quality.rank(),
                o.value,
                std::cmp::Reverse(o.tests),
                o.parameter,
            )
        };
        rank(self) > rank(other)
    }
}
