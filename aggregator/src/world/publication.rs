//! When there is something to show, and when the world is to be saved.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use super::{arrival::Started, effect::Effect};

/// A page hears at least this often, even of a city in which nothing changes, in real milliseconds:
/// its clock would stand still.
const ALIVE_REAL_MS: f64 = 5_000.0;

/// A saved world is at most so many ticks old: one minute of two a second.
const SAVED_TICKS: u32 = 120;

/// And at most so many observations: half a second of stepping them again.
const SAVED_OBSERVATIONS: u64 = 1_000_000;

/// What was shown and saved until now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Publication {
    /// Number of the newest publication.
    pub seq: u64,
    /// Time of the newest tick.
    pub ticked_at: Timestamp,
    published_at: Option<Timestamp>,
    /// Whether anything changed since.
    has_news: bool,
    /// The sum of the counts of trouble that was published.
    trouble: u64,
    ticks_unsaved: u32,
    observations_unsaved: u64,
}

impl Publication {
    /// The program was started: it has shown nothing yet.
    pub fn restarted(&mut self) {
        self.has_news = true;
    }

    /// The times that it knows have not come.
    pub fn clock_was_set_back(&mut self) {
        self.published_at = None;
        self.has_news = true;
    }

    pub fn is_of_newest_tick(&self) -> bool {
        self.published_at == Some(self.ticked_at)
    }

    pub fn observed(&mut self) {
        self.observations_unsaved += 1;
    }

    /// Looks for news among what a step told.
    pub fn note(&mut self, effects: &[Effect]) {
        let is_news = |e: &Effect| matches!(e, Effect::Changed(_));
        self.has_news = self.has_news || effects.iter().any(is_news);
    }

    /// A tick is done. `effects` are those of the tick so far.
    pub fn tick(&mut self, now: Timestamp, run: &Started, trouble: u64, effects: &mut Vec<Effect>) {
        self.ticked_at = now;
        self.note(effects);
        // What is refused changes nothing in the world, and still has to be seen.
        if self.has_news || trouble != self.trouble || self.is_silent(now, run) {
            self.seq += 1;
            self.published_at = Some(now);
            self.has_news = false;
            self.trouble = trouble;
            effects.push(Effect::Publish);
        }
        self.ticks_unsaved += 1;
        if self.ticks_unsaved >= SAVED_TICKS || self.observations_unsaved >= SAVED_OBSERVATIONS {
            self.ticks_unsaved = 0;
            self.observations_unsaved = 0;
            effects.push(Effect::Save);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "seconds of storm time")]
    fn is_silent(&self, now: Timestamp, run: &Started) -> bool {
        let limit = (ALIVE_REAL_MS * run.speed) as i64;
        self.published_at
            .is_none_or(|at| now.millis_since(at) >= limit)
    }
}
