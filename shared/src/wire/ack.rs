//! The commit acknowledgement: which batches of an agent are durable at the aggregator, and what is
//! to be said of what was in them.
//!
//! Its ranges are plain data rather than a set of `range-set-blaze`: agent, store and page read
//! prefix and ranges by themselves, and there are at most [`MAX_ACK_RANGES`] of them.

use serde::{Deserialize, Serialize};

use crate::{ids::GaugeId, limits::MAX_ACK_RANGES, time::Timestamp};

/// Released sequence numbers of one incarnation.
///
/// Its `Serialize` is for snapshots and is not the wire, which is
/// [`Acknowledgement::encode`].
///
/// It is a statement of what is durable, not an increment: any one acknowledgement may be lost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ack {
    pub incarnation: u64,
    /// Every sequence number up to and including this one is durable, or was given up by the agent.
    pub through: u64,
    /// Inclusive ranges above `through` that are durable too, rising, not touching.
    #[serde(default)]
    pub ranges: Vec<(u64, u64)>,
}

/// Something about an agent's readings that its technician should know: they are kept, but not
/// shown, or not even taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Whose readings; `None` for all that the agent sends.
    pub gauge: Option<GaugeId>,
    /// Its sort, for example `wrong-parameter`: the name of what the aggregator counts it under.
    pub reason: String,
    /// For people.
    pub cause: String,
}

/// An acknowledgement as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    pub ack: Ack,
    /// When it was sent: an agent whose own clock nobody sets can tell by it that it is wrong.
    pub at: Option<Timestamp>,
    /// All that is to be remarked at present; what is no longer here has ended. `None` where it is as
    /// it was said last. At most [`MAX_REMARKS`](crate::limits::MAX_REMARKS).
    pub remarks: Option<Vec<Remark>>,
}

impl From<Ack> for Acknowledgement {
    fn from(ack: Ack) -> Self {
        Self {
            ack,
            at: None,
            remarks: None,
        }
    }
}

impl Ack {
    /// Nothing yet of an incarnation.
    #[must_use]
    pub fn nothing(incarnation: u64) -> Self {
        Self {
            incarnation,
            through: 0,
            ranges: Vec::new(),
        }
    }

    /// Whether a sequence number is released.
    #[must_use]
    pub fn releases(&self, seq: u64) -> bool {
        seq <= self.through || self.ranges.iter().any(|(a, b)| (*a..=*b).contains(&seq))
    }

    /// Adds one durable sequence number; returns whether it was new.
    ///
    /// Beyond [`MAX_ACK_RANGES`] ranges the highest is forgotten again, which costs a repetition,
    /// never a loss: the agent publishes it again and the merge ignores it.
    pub fn add(&mut self, seq: u64) -> bool {
        if self.releases(seq) {
            return false;
        }
        let at = self.ranges.partition_point(|(_, b)| *b < seq);
        self.ranges.insert(at, (seq, seq));
        self.join();
        self.ranges.truncate(MAX_ACK_RANGES);
        true
    }

    /// The agent holds nothing below `oldest`: what is missing below it will never come.
    /// Returns how many sequence numbers were given up.
    pub fn give_up_below(&mut self, oldest: u64) -> u64 {
        let Some(floor) = oldest.checked_sub(1).filter(|f| *f > self.through) else {
            return 0;
        };
        let had: u64 = self
            .ranges
            .iter()
            .filter(|(a, _)| *a <= floor)
            .map(|(a, b)| (*b).min(floor) - a + 1)
            .sum();
        let missing = floor - self.through - had;
        self.through = floor;
        self.ranges.retain_mut(|(a, b)| {
            *a = (*a).max(floor + 1);
            *a <= *b
        });
        self.join();
        missing
    }

    /// Whether sequence numbers are missing between those that are durable.
    #[must_use]
    pub fn has_hole(&self) -> bool {
        !self.ranges.is_empty()
    }

    fn join(&mut self) {
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(self.ranges.len());
        for (a, b) in self.ranges.drain(..) {
            if a == self.through.saturating_add(1) {
                self.through = b;
            } else if let Some(last) = joined.last_mut().filter(|r| r.1.saturating_add(1) == a) {
                last.1 = b;
            } else {
                joined.push((a, b));
            }
        }
        self.ranges = joined;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// The same as a set of single numbers, 0 among them: slow, and plainly right.
    struct Model(BTreeSet<u64>);

    impl Model {
        fn ranges(&self) -> Vec<(u64, u64)> {
            let mut ranges: Vec<(u64, u64)> = Vec::new();
            for seq in &self.0 {
                match ranges.last_mut() {
                    Some((_, last)) if *last + 1 == *seq => *last = *seq,
                    _ => ranges.push((*seq, *seq)),
                }
            }
            ranges
        }

        fn add(&mut self, seq: u64) -> bool {
            let new = self.0.insert(seq);
            // The prefix is a range of the model, but none of the acknowledgement.
            if let Some((first, _)) = self.ranges().get(1 + MAX_ACK_RANGES) {
                self.0.split_off(first);
            }
            new
        }

        fn give_up_below(&mut self, oldest: u64) -> u64 {
            let given_up = (0..oldest).filter(|seq| self.0.insert(*seq));
            given_up.count() as u64
        }

        fn ack(&self) -> Ack {
            let mut ranges = self.ranges();
            let (_, through) = ranges.remove(0);
            Ack {
                incarnation: 7,
                through,
                ranges,
            }
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Add(u64),
        GiveUpBelow(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            40 => (1..400_u64).prop_map(Step::Add),
            1 => (0..400_u64).prop_map(Step::GiveUpBelow),
        ];
        vec(step, 1..200)
    }

    proptest! {
        #[test]
        fn it_releases_what_was_added_or_given_up_and_forgets_only_the_highest(steps in steps()) {
            let (mut ack, mut model) = (Ack::nothing(7), Model(BTreeSet::from([0])));
            for step in steps {
                match step {
                    Step::Add(seq) => prop_assert_eq!(ack.add(seq), model.add(seq)),
                    Step::GiveUpBelow(oldest) => {
                        prop_assert_eq!(ack.give_up_below(oldest), model.give_up_below(oldest));
                    }
                }
                prop_assert_eq!(&ack, &model.ack());
            }
            for seq in 0..=401 {
                prop_assert_eq!(ack.releases(seq), model.0.contains(&seq), "{}", seq);
            }
            prop_assert_eq!(ack.has_hole(), model.ranges().len() > 1);
        }
    }

    #[test]
    fn the_last_number_there_is_can_be_acknowledged() {
        let mut ack = Ack::nothing(7);
        assert!(ack.add(u64::MAX) && ack.add(u64::MAX - 1));
        assert_eq!(ack.ranges, [(u64::MAX - 1, u64::MAX)]);
        assert_eq!(ack.give_up_below(u64::MAX), u64::MAX - 2);
        assert_eq!((ack.through, ack.has_hole()), (u64::MAX, false));
        assert!(!ack.add(u64::MAX));
    }

    #[test]
    fn in_order_numbers_only_raise_the_prefix() {
        let mut ack = Ack::nothing(7);
        for seq in 1..=5 {
            assert!(ack.add(seq));
        }
        assert_eq!(
            ack,
            Ack {
                incarnation: 7,
                through: 5,
                ranges: vec![]
            }
        );
        assert!(!ack.add(3), "a repetition is not new");
    }

    #[test]
    fn fresh_first_leaves_a_hole_that_the_backlog_closes() {
        let mut ack = Ack::nothing(7);
        for seq in [1, 10, 11, 3, 2] {
            ack.add(seq);
        }
        assert_eq!((ack.through, ack.ranges.clone()), (3, vec![(10, 11)]));
        assert!(ack.has_hole() && ack.releases(11) && !ack.releases(9));
        for seq in 4..=9 {
            ack.add(seq);
        }
        assert_eq!((ack.through, ack.has_hole()), (11, false));
    }

    #[test]
    fn what_the_agent_dropped_is_given_up_and_counted() {
        let mut ack = Ack::nothing(7);
        for seq in [1, 2, 6, 12] {
            ack.add(seq);
        }
        assert_eq!(ack.give_up_below(10), 6, "3 4 5 7 8 9");
        assert_eq!((ack.through, ack.ranges.clone()), (9, vec![(12, 12)]));
        assert_eq!(ack.give_up_below(5), 0, "never goes back");
    }

    #[test]
    fn too_many_holes_forget_the_highest_never_the_lowest() {
        let mut ack = Ack::nothing(7);
        for k in 1..=(MAX_ACK_RANGES as u64 + 5) {
            ack.add(k * 2);
        }
        assert_eq!(ack.ranges.len(), MAX_ACK_RANGES);
        assert!(ack.releases(2));
    }
}
