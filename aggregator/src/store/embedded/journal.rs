//! The arrivals, in segments: a keyspace for the arrivals of about a day, so that retention frees
//! whole segments at once.
//!
//! A segment is named by the number of its first arrival and by the day on which that came; the
//! numbers alone order them. A new one begins when the day changes, so that a clock that jumps
//! costs a segment and disorders nothing.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Mutex};

use fjall::{Keyspace, KeyspaceCreateOptions, OwnedWriteBatch};

use super::{
    damage::{Damage, Read, is_damage, read},
    database::Database,
    engine::{engine, lock},
};
use crate::{
    store::{
        Commit, StoreError,
        record::{Flaw, arrivals},
        retention::{self, Day},
    },
    world::Arrival,
};

pub const PREFIX: &str = "arrivals-v1-";

/// Bytes of a segment that are kept in memory before they are written as a table. Their keys rise,
/// so tables never overlap and are never merged.
const MAX_MEMTABLE_BYTES: u64 = 16 * 1024 * 1024;

/// All that arrived, as far as it is kept.
pub struct Journal {
    db: Database,
    /// By the number of the first arrival.
    segments: Mutex<BTreeMap<u64, Segment>>,
    writer: Mutex<arrivals::Writer>,
}

#[derive(Clone)]
struct Segment {
    day: Day,
    keyspace: Keyspace,
}

impl Journal {
    /// The arrivals of the database. A last segment of which nothing was written is dropped.
    pub fn open(db: &Database) -> Result<Self, StoreError> {
        let mut segments = BTreeMap::new();
        for name in db.list_keyspace_names() {
            let parts = name.strip_prefix(PREFIX).and_then(|s| s.split_once('-'));
            let parts =
                parts.and_then(|(first, day)| Some((first.parse().ok()?, day.parse().ok()?)));
            if let Some((first, day)) = parts {
                let keyspace = db.keyspace(&name, options).map_err(engine)?;
                let day = Day(day);
                segments.insert(first, Segment { day, keyspace });
            }
        }
        let db = db.clone();
        while let Some(last) = segments.last_entry()
            && last.get().keyspace.last_key_value().is_none()
        {
            let empty = last.remove().keyspace;
            db.delete_keyspace(empty).map_err(engine)?;
        }
        Ok(Self {
            db,
            segments: Mutex::new(segments),
            writer: Mutex::default(),
        })
    }

    /// The number of the last arrival; 0 where there is none.
    pub fn last(&self) -> Result<u64, StoreError> {
        let segments = lock(&self.segments);
        let last = segments.last_key_value().map(|(_, s)| s.keyspace.clone());
        let Some(guard) = last.and_then(|keyspace| keyspace.last_key_value()) else {
            return Ok(0);
        };
        let key = guard.key().map_err(engine)?;
        let (last, _) =
            arrivals::decode_key(&key).map_err(|flaw| flaw.of("the last group of arrivals"))?;
        Ok(last)
    }

    /// The number of the first arrival that is kept.
    pub fn first(&self) -> Option<u64> {
        lock(&self.segments)
            .first_key_value()
            .map(|(first, _)| *first)
    }

    /// Adds a commit's arrivals to the batch.
    pub fn write(&self, batch: &mut OwnedWriteBatch, commit: &Commit) -> Result<(), StoreError> {
        let Some(first) = commit.arrivals.first() else {
            return Ok(());
        };
        let keyspace = self.segment(first)?;
        let put = |key: [u8; _], value: &[u8]| batch.insert(&keyspace, key, value);
        let written = lock(&self.writer).write(&commit.arrivals, put);
        written.map_err(|flaw| flaw.of(format!("arrivals from {} on", first.number)))?;
        Ok(())
    }

    fn segment(&self, first: &Arrival) -> Result<Keyspace, StoreError> {
        let mut segments = lock(&self.segments);
        let day = Day::of(first.at);
        if let Some((_, newest)) = segments.last_key_value()
            && newest.day.goes_on_with(day)
        {
            return Ok(newest.keyspace.clone());
        }
        let name = format!("{PREFIX}{:020}-{}", first.number, day.0);
        let keyspace = self.db.keyspace(&name, options).map_err(engine)?;
        let segment = Segment {
            day,
            keyspace: keyspace.clone(),
        };
        segments.insert(first.number, segment);
        Ok(keyspace)
    }

    /// Visits the arrivals from a number on; `last` is the newest that was committed.
    pub fn visit(
        &self,
        damage: &Damage,
        from: u64,
        last: u64,
        visit: &mut dyn FnMut(Arrival) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let kept = self.first().unwrap_or_default();
        let mut walk = Walk {
            damage,
            expected: from.max(kept),
            flaw: None,
            visit,
        };
        for segment in self.from(from) {
            let mut from = Some(walk.expected);
            while let Some(number) = from {
                match walk.through(&segment, number)? {
                    ControlFlow::Break(()) => return Ok(()),
                    ControlFlow::Continue(next) => from = next,
                }
            }
        }
        walk.tell_gap_before(last.saturating_add(1));
        Ok(())
    }

    /// The numbers of the first and the last arrival that segments of some days may hold, where the
    /// newest of all is known.
    pub fn spans(&self, newest: u64, wanted: impl Fn(Day) -> bool) -> Vec<(u64, u64)> {
        let segments = lock(&self.segments);
        let next = segments.keys().skip(1).map(|next| next.saturating_sub(1));
        let ends = next.chain([newest]);
        let all = segments.iter().zip(ends);
        all.filter(|((_, segment), _)| wanted(segment.day))
            .map(|((first, _), last)| (*first, last))
            .collect()
    }

    /// The segments that may hold arrivals from a number on, in order.
    fn from(&self, number: u64) -> Vec<Keyspace> {
        let segments = lock(&self.segments);
        let holder = segments.range(..=number).next_back();
        let from = holder.map_or(0, |(first, _)| *first);
        segments
            .range(from..)
            .map(|(_, s)| s.keyspace.clone())
            .collect()
    }

    /// Drops the segments that nobody needs any more. Returns how many.
    pub fn forget_before(
        &self,
        oldest: Day,
        newest_world: Option<u64>,
    ) -> Result<usize, StoreError> {
        let mut segments = lock(&self.segments);
        let days = segments.iter().map(|(first, s)| (*first, s.day)).collect();
        let count = retention::outlived(&days, oldest, newest_world);
        let mut gone = Vec::with_capacity(count);
        for _ in 0..count {
            gone.extend(segments.pop_first());
        }
        drop(segments);
        for (_, segment) in gone {
            self.db.delete_keyspace(segment.keyspace).map_err(engine)?;
        }
        Ok(count)
    }
}

/// A visitor's way along the segments.
struct Walk<'a> {
    damage: &'a Damage,
    /// The number that comes next where nothing is missing.
    expected: u64,
    /// What was wrong since the last arrival that could be read.
    flaw: Option<Flaw>,
    visit: &'a mut dyn FnMut(Arrival) -> ControlFlow<()>,
}

impl Walk<'_> {
    /// Goes through a segment from a number on. Where a damaged block stands in the way, returns the
    /// number to go on from.
    fn through(
        &mut self,
        segment: &Keyspace,
        from: u64,
    ) -> Result<ControlFlow<(), Option<u64>>, StoreError> {
        let mut reader = arrivals::Reader::default();
        for guard in segment.range(arrivals::key(from, 0)..) {
            match read(guard, |key, value| reader.take(key, value))? {
                Read::Whole(None) => {}
                Read::Whole(Some(group)) => {
                    if self.take(group).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Read::Flawed(_, flaw) => {
                    self.flaw.get_or_insert(flaw);
                }
                Read::NoMore(flaw) => {
                    self.damage.suspect();
                    self.flaw.get_or_insert(flaw);
                    let next = beyond_damage(segment, from.max(self.expected));
                    return Ok(ControlFlow::Continue(next));
                }
            }
        }
        Ok(ControlFlow::Continue(None))
    }

    fn take(&mut self, group: Vec<Arrival>) -> ControlFlow<()> {
        for arrival in group {
            if arrival.number < self.expected {
                continue;
            }
            self.tell_gap_before(arrival.number);
            self.expected = arrival.number.saturating_add(1);
            (self.visit)(arrival)?;
        }
        ControlFlow::Continue(())
    }

    fn tell_gap_before(&mut self, number: u64) {
        let flaw = self.flaw.take();
        if number > self.expected {
            let flaw = flaw.unwrap_or(Flaw::Missing);
            self.damage
                .tell(&flaw.of(format!("arrivals up to {}", number - 1)));
        }
    }
}

/// The lowest number from which a segment can be read again, where a damaged block comes after
/// `damaged`. It is searched for, because the engine does not tell where its blocks end. The groups
/// just before the block are lost with it: the engine reads ahead.
fn beyond_damage(segment: &Keyspace, damaged: u64) -> Option<u64> {
    let is_damaged = |number: u64| {
        let next = segment.range(arrivals::key(number, 0)..).next();
        next.is_some_and(|guard| guard.key().is_err_and(|e| is_damage(&e)))
    };
    let (mut damaged, mut readable) = (damaged, u64::MAX);
    while readable - damaged > 1 {
        let middle = damaged + (readable - damaged) / 2;
        if is_damaged(middle) {
            damaged = middle;
        } else {
            readable = middle;
        }
    }
    (readable < u64::MAX).then_some(readable)
}

pub fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(MAX_MEMTABLE_BYTES)
}
