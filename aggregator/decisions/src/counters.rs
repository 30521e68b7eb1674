//! What was taken and what was refused since the store began; shown on the page and in metrics.

use enum_map::{Enum, EnumMap};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A thing that is counted. New ones come at the end: the store keeps counts by their place.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Enum, strum::IntoStaticStr, Serialize, Deserialize, ToSchema,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
#[schema(description = "A thing that is counted.")]
pub enum Counter {
    /// New observations merged and durable.
    Observations,
    /// Observations that were known already.
    Duplicates,
    /// Batches of agents that were taken.
    Batches,
    /// Group commits of the store.
    Commits,
    /// Observations of gauges that no layer knows. They are kept.
    UnknownGauge,
    /// Observations from the future. Kept as suspect; they show nothing before their time has come.
    Future,
    /// Observations that are older than what is kept, or than the year 2000. In quarantine until a
    /// clock is put right.
    TooOld,
    /// Payloads that cannot be decoded. Refused, kept aside.
    BadPayload,
    /// Topics that are none of ours, or of somebody else.
    BadTopic,
    /// Values that the gauge cannot give (failed the range or sentinel test). Kept, flagged.
    OutOfRange,
    /// Batches of another mode than this program's (an exercise is never actual). Refused.
    WrongMode,
    /// Observations of another parameter than the layer says. Kept in a series of their own, not shown.
    WrongParameter,
    /// Sequence numbers that an agent gave up because its spool was full.
    GivenUp,
    /// Group commits that failed.
    CommitFailures,
    /// Observations that give a known time another value, without being a correction. Kept aside.
    Conflicting,
    /// Batches under a number that was known, with observations that were not: a gateway that went
    /// back, or two with one name.
    NumberReused,
    /// Observations that were kept in quarantine and have entered since.
    Readmitted,
    /// Observations or batches for which the quarantine of their sender had no room. An agent keeps its
    /// own.
    QuarantineFull,
    /// Observations of a gauge that reports far more often or more seldom than the layer says.
    WrongInterval,
    /// Connections, subscriptions and messages that were refused: not for whoever asked, or against the rules
    /// of MQTT.
    Forbidden,
    /// Messages that are not of whom they say: without his seal, or of one who was revoked. Refused.
    Forged,
    /// Reports of trucks that no layer knows. Refused.
    UnknownTruck,
    /// Observations of gauges that the configuration did not grant to their source. Refused.
    NotGranted,
    /// What there was no room for: of strangers beyond those that are known at a time, of more unknown
    /// gauges, or of more days at once, than are taken. Whoever sent it keeps it.
    NoRoom,
}

impl Counter {
    /// Whether it tells of trouble, and not of work done.
    #[must_use]
    pub const fn tells_of_trouble(self) -> bool {
        !matches!(
            self,
            Self::Observations
                | Self::Duplicates
                | Self::Batches
                | Self::Commits
                | Self::Readmitted
        )
    }

    /// What it counts, for those who read the metrics.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Observations => "New observations that were kept",
            Self::Duplicates => "Observations that were known already",
            Self::Batches => "Batches of agents that were taken",
            Self::Commits => "Group commits of the store",
            Self::UnknownGauge => "Observations of gauges that no layer knows",
            Self::Future => "Observations from the future, kept as suspect",
            Self::TooOld => "Observations older than what is kept, in quarantine",
            Self::BadPayload => "Payloads that cannot be decoded, refused",
            Self::BadTopic => "Messages on topics that are none of ours or of somebody else",
            Self::OutOfRange => "Values that the gauge cannot give",
            Self::WrongMode => "Batches of another mode, refused",
            Self::WrongParameter => {
                "Observations of another parameter than the layer says, kept and not shown"
            }
            Self::GivenUp => "Batches that agents gave up because their spool was full",
            Self::CommitFailures => "Group commits that failed",
            Self::Conflicting => "Observations that give a known time another value, refused",
            Self::NumberReused => {
                "Batches under a known number with observations that were not known"
            }
            Self::Readmitted => "Observations that came out of quarantine",
            Self::QuarantineFull => "What a full quarantine had no room for",
            Self::WrongInterval => "Observations far more often or more seldom than the layer says",
            Self::Forbidden => {
                "Connections, subscriptions and messages that were refused to whoever asked"
            }
            Self::Forged => "Messages that are not of whom they say, refused",
            Self::UnknownTruck => "Reports of trucks that no layer knows, refused",
            Self::NotGranted => "Observations of gauges that their source was not granted, refused",
            Self::NoRoom => "What there was no room for: strangers, unknown gauges, days at once",
        }
    }

    /// The name in APIs.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// How often each thing was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(as = Counters, value_type = BTreeMap<Counter, u64>)]
pub struct Counts(EnumMap<Counter, u64>);

impl Counts {
    /// Counts by the places of their counters; what is missing is zero, what is too much is dropped.
    #[must_use]
    pub fn from_places(places: &[u64]) -> Self {
        let mut counts = Self::default();
        for (count, place) in counts.0.values_mut().zip(places) {
            *count = *place;
        }
        counts
    }

    /// All counts by the places of their counters.
    #[must_use]
    pub fn places(&self) -> Vec<u64> {
        self.0.as_slice().to_vec()
    }

    /// Adds `n`.
    pub fn add(&mut self, counter: Counter, n: u64) {
        let count = &mut self.0[counter];
        *count = count.saturating_add(n);
    }

    /// The present count.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        self.0[counter]
    }

    /// The sum of all that tell of trouble.
    #[must_use]
    pub fn trouble(&self) -> u64 {
        let trouble = self.iter().filter(|(c, _)| c.tells_of_trouble());
        trouble.map(|(_, n)| n).sum()
    }

    /// All counters with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Counter, u64)> + '_ {
        self.0.iter().map(|(c, n)| (c, *n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_counter_never_changes() {
        let names: Vec<_> = Counts::default().iter().map(|(c, _)| c.name()).collect();
        assert_eq!(
            names,
            [
                "observations",
                "duplicates",
                "batches",
                "commits",
                "unknown-gauge",
                "future",
                "too-old",
                "bad-payload",
                "bad-topic",
                "out-of-range",
                "wrong-mode",
                "wrong-parameter",
                "given-up",
                "commit-failures",
                "conflicting",
                "number-reused",
                "readmitted",
                "quarantine-full",
                "wrong-interval",
                "forbidden",
                "forged",
                "unknown-truck",
                "not-granted",
                "no-room",
            ]
        );
    }

    #[test]
    fn counts_of_an_older_program_are_read_and_later_ones_are_zero() {
        let counts = Counts::from_places(&[7, 0, 3]);
        assert_eq!(counts.get(Counter::Observations), 7);
        assert_eq!(counts.get(Counter::Batches), 3);
        assert_eq!(counts.get(Counter::CommitFailures), 0);
        assert_eq!(counts.trouble(), 0);
        let mut more = counts;
        more.add(Counter::Future, 2);
        assert_eq!(
            (more.trouble(), Counts::from_places(&more.places())),
            (2, more)
        );
    }
}
