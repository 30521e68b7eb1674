//! A list that is cheap to share: clones hold the same chunks until one of them changes.

use std::sync::Arc;

/// Elements that are copied together when one of them changes while a clone is held: few enough
/// that a quiet city copies little, many enough that a clone of 500,000 is a list of 2,000.
const CHUNK: usize = 256;

/// A list of fixed length in shared chunks.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunks<T> {
    chunks: Vec<Arc<Vec<T>>>,
}

impl<T: Clone> Chunks<T> {
    /// The element at a place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&T> {
        self.chunks.get(place / CHUNK)?.get(place % CHUNK)
    }

    /// The element at a place, to be changed; its chunk is copied if a clone holds it.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        Arc::make_mut(self.chunks.get_mut(place / CHUNK)?).get_mut(place % CHUNK)
    }

    /// All elements.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

impl<T: Clone> FromIterator<T> for Chunks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let elements: Vec<T> = elements.into_iter().collect();
        let chunks = elements.chunks(CHUNK).map(|c| Arc::new(c.to_vec()));
        Self {
            chunks: chunks.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_was_and_shares_what_did_not_change() {
        let mut list: Chunks<usize> = (0..1_000).collect();
        let before = list.clone();
        *list.get_mut(700).expect("is there") = 7;
        assert_eq!((before.get(700), list.get(700)), (Some(&700), Some(&7)));
        assert_eq!((list.len(), list.get(1_000)), (1_000, None));
        let shared = |chunk: usize| Arc::ptr_eq(&before.chunks[chunk], &list.chunks[chunk]);
        assert_eq!([0, 1, 2, 3].map(shared), [true, true, false, true]);
        let expected = (0..1_000).map(|n| if n == 700 { 7 } else { n });
        assert!(list.iter().copied().eq(expected));
    }
}
