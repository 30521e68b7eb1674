//! What is going to happen, in the order in which it will.

use std::collections::BTreeMap;

/// Events by their time in milliseconds; those of one instant keep the order in which they were
/// planned.
pub struct Timeline<E> {
    now_ms: u64,
    planned: u64,
    events: BTreeMap<(u64, u64), E>,
}

impl<E> Timeline<E> {
    pub fn new() -> Self {
        Self {
            now_ms: 0,
            planned: 0,
            events: BTreeMap::new(),
        }
    }

    /// Milliseconds since the beginning.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Plans an event.
    pub fn after_ms(&mut self, delay_ms: u64, event: E) {
        self.planned += 1;
        let at = (self.now_ms + delay_ms, self.planned);
        self.events.insert(at, event);
    }

    /// Goes on to the next event.
    pub fn next(&mut self) -> Option<E> {
        let ((at_ms, _), event) = self.events.pop_first()?;
        self.now_ms = at_ms;
        Some(event)
    }
}
