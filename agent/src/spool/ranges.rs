//! A set of sequence numbers kept as ranges: a backlog of a million batches is one pair.

use std::collections::BTreeMap;

/// Sequence numbers as inclusive ranges that neither overlap nor touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RangeSet {
    /// First number of a range → its last.
    ranges: BTreeMap<u64, u64>,
    len: u64,
}

impl RangeSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ranges: BTreeMap::new(),
            len: 0,
        }
    }

    /// How many numbers are in it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The lowest number.
    #[must_use]
    pub fn first(&self) -> Option<u64> {
        self.ranges.keys().next().copied()
    }

    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        self.ranges
            .range(..=number)
            .next_back()
            .is_some_and(|(_, last)| number <= *last)
    }

    /// The ranges, rising.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.ranges.iter().map(|(first, last)| (*first, *last))
    }

    /// Adds one number; returns whether it was new.
    pub fn insert(&mut self, number: u64) -> bool {
        if self.contains(number) {
            return false;
        }
        let before = self
            .ranges
            .range(..number)
            .next_back()
            .map(|(first, last)| (*first, *last));
        let joins_before = before.filter(|(_, last)| last.checked_add(1) == Some(number));
        let joins_after = number
            .checked_add(1)
            .and_then(|next| self.ranges.remove(&next));
        let first = joins_before.map_or(number, |(first, _)| first);
        self.ranges.insert(first, joins_after.unwrap_or(number));
        self.len += 1;
        true
    }

    /// Adds every number from `first` to `last`.
    pub fn insert_range(&mut self, first: u64, last: u64) {
        if first > last {
            return;
        }
        self.remove_range(first, last);
        self.len += last - first + 1;
        self.ranges.insert(first, last);
        self.join_around(first, last);
    }

    /// Removes one number; returns whether it was there.
    pub fn remove(&mut self, number: u64) -> bool {
        self.remove_range(number, number) == 1
    }

    /// Removes every number from `first` to `last`; returns how many were there.
    pub fn remove_range(&mut self, first: u64, last: u64) -> u64 {
        if first > last {
            return 0;
        }
        let touched: Vec<(u64, u64)> = self
            .ranges
            .range(..=last)
            .rev()
            .take_while(|(_, end)| **end >= first)
            .map(|(start, end)| (*start, *end))
            .collect();
        let mut removed = 0;
        for (start, end) in touched {
            self.ranges.remove(&start);
            if start < first {
                self.ranges.insert(start, first - 1);
            }
            if end > last {
                self.ranges.insert(last + 1, end);
            }
            removed += end.min(last) - start.max(first) + 1;
        }
        self.len -= removed;
        removed
    }

    /// Takes out the lowest number.
    pub fn pop_first(&mut self) -> Option<u64> {
        let first = self.first()?;
        self.remove(first);
        Some(first)
    }

    fn join_around(&mut self, first: u64, last: u64) {
        let mut range = (first, last);
        if let Some(end) = last
            .checked_add(1)
            .and_then(|next| self.ranges.remove(&next))
        {
            range.1 = end;
            self.ranges.insert(first, end);
        }
        let before = self
            .ranges
            .range(..first)
            .next_back()
            .map(|(start, end)| (*start, *end));
        if let Some((start, end)) = before
            && end.checked_add(1) == Some(first)
        {
            self.ranges.remove(&first);
            self.ranges.insert(start, range.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u64),
        InsertRange(u64, u64),
        RemoveRange(u64, u64),
        Pop,
    }

    fn step() -> impl Strategy<Value = Step> {
        let number = 0_u64..40;
        prop_oneof![
            number.clone().prop_map(Step::Insert),
            (number.clone(), number.clone()).prop_map(|(a, b)| Step::InsertRange(a, b)),
            (number.clone(), number).prop_map(|(a, b)| Step::RemoveRange(a, b)),
            Just(Step::Pop),
        ]
    }

    proptest! {
        #[test]
        fn a_range_set_is_a_set(steps in prop::collection::vec(step(), 0..60)) {
            let (mut ranges, mut model) = (RangeSet::default(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Insert(n) => prop_assert_eq!(ranges.insert(n), model.insert(n)),
                    Step::InsertRange(a, b) => {
                        ranges.insert_range(a, b);
                        model.extend(a..=b);
                    }
                    Step::RemoveRange(a, b) => {
                        let had = model.len() as u64;
                        model.retain(|n| !(a..=b).contains(n));
                        prop_assert_eq!(ranges.remove_range(a, b), had - model.len() as u64);
                    }
                    Step::Pop => prop_assert_eq!(ranges.pop_first(), model.pop_first()),
                }
                prop_assert_eq!(ranges.len(), model.len() as u64);
                prop_assert_eq!(ranges.first(), model.first().copied());
                let all: Vec<u64> = ranges.iter().flat_map(|(a, b)| a..=b).collect();
                prop_assert_eq!(&all, &model.iter().copied().collect::<Vec<_>>());
                let pairs: Vec<_> = ranges.iter().collect();
                let apart = pairs.windows(2).all(|w| matches!(w, [(_, b), (c, _)] if b + 1 < *c));
                prop_assert!(apart, "ranges touch: {:?}", pairs);
            }
        }
    }
}
