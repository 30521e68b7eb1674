//! The newest of several sources of items: pure.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, binary_heap::PeekMut},
};

/// An item of a keyspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<B> {
    pub key: B,
    pub seqno: u64,
    /// None where the key was removed.
    pub value: Option<B>,
}

/// Entries by key, and of one key the newest first.
pub type Source<'a, B> = Box<dyn Iterator<Item = Entry<B>> + 'a>;

struct Head<'a, B> {
    entry: Entry<B>,
    source: usize,
    rest: Source<'a, B>,
}

/// The newest entry of every key that was not removed, by key. Where two are equally new, that of the
/// later source is taken.
pub struct Newest<'a, B> {
    heads: BinaryHeap<Head<'a, B>>,
    last: Option<B>,
}

impl<'a, B: Ord> Newest<'a, B> {
    pub fn of(sources: Vec<Source<'a, B>>) -> Self {
        let heads = sources.into_iter().enumerate();
        let heads = heads.filter_map(|(source, mut rest)| {
            let entry = rest.next()?;
            Some(Head {
                entry,
                source,
                rest,
            })
        });
        Self {
            heads: heads.collect(),
            last: None,
        }
    }
}

impl<B: Ord + Clone> Iterator for Newest<'_, B> {
    type Item = (B, B);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut head = self.heads.peek_mut()?;
            let entry = match head.rest.next() {
                Some(next) => std::mem::replace(&mut head.entry, next),
                None => PeekMut::pop(head).entry,
            };
            if self.last.as_ref() == Some(&entry.key) {
                continue;
            }
            self.last = Some(entry.key.clone());
            if let Some(value) = entry.value {
                return Some((entry.key, value));
            }
        }
    }
}

/// The greatest is that which comes first.
impl<B: Ord> Ord for Head<'_, B> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = other.entry.key.cmp(&self.entry.key);
        by_key
            .then(self.entry.seqno.cmp(&other.entry.seqno))
            .then(self.source.cmp(&other.source))
    }
}

impl<B: Ord> PartialOrd for Head<'_, B> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<B: Ord> PartialEq for Head<'_, B> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<B: Ord> Eq for Head<'_, B> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(
        entries: &[(&'static str, u64, Option<&'static str>)],
    ) -> Source<'static, &'static str> {
        let entry = |(key, seqno, value): &(&'static str, u64, Option<&'static str>)| Entry {
            key: *key,
            seqno: *seqno,
            value: *value,
        };
        let entries: Vec<_> = entries.iter().map(entry).collect();
        Box::new(entries.into_iter())
    }

    #[test]
    fn the_newest_of_each_key_is_given_once_and_a_removed_key_never() {
        let merged = Newest::of(vec![
            source(&[
                ("a", 1, Some("old")),
                ("c", 5, Some("new")),
                ("c", 4, Some("old")),
            ]),
            source(&[
                ("a", 2, Some("new")),
                ("b", 2, Some("only")),
                ("d", 3, Some("gone")),
            ]),
            source(&[("b", 2, Some("equally new")), ("d", 9, None)]),
            source(&[]),
        ]);
        let merged: Vec<_> = merged.collect();
        let expected = [("a", "new"), ("b", "equally new"), ("c", "new")];
        assert_eq!(merged, expected);
    }
}
