//! What a store keeps and what it lets go: decided here for every engine.

use std::collections::BTreeMap;

use shared::time::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// Saved worlds that stay whatever their distance: the newest, and one before it should the newest
/// prove unreadable.
const NEWEST: usize = 2;

/// An hour of the world's own time between older saved worlds: at most that much is stepped to
/// replay a moment.
const APART_MS: i64 = 3_600_000;

/// Arrivals between older saved worlds: in a full storm an hour holds far more than can be stepped
/// while somebody waits.
const APART_ARRIVALS: u64 = 20_000;

/// A UTC day: days since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

/// Decides when an old day may go: one at a time, and never by one look at the clock. A clock that is
/// wrong for the first seconds after a boot, or for an hour, must not cost a city its history.
#[derive(Debug)]
pub struct Forgetting {
    keep_ms: i64,
    looked_at: Option<Timestamp>,
}

impl Forgetting {
    /// Keeps at least this many days.
    #[must_use]
    pub fn after_days(days: u32) -> Self {
        Self {
            keep_ms: i64::from(days) * DAY_MS,
            looked_at: None,
        }
    }

    /// Looks at the clock. `passed_ms` of storm time have passed since the look before, by a timer
    /// that nobody sets; `oldest` is the beginning of the oldest day that is kept. What is older than
    /// the answer may go: at most that one day.
    pub fn look(
        &mut self,
        now: Timestamp,
        passed_ms: i64,
        oldest: Option<Timestamp>,
    ) -> Option<Timestamp> {
        /// A clock may be trimmed, and a machine be late.
        const OFF_BY: i64 = 10;
        let before = self.looked_at.replace(now)?;
        let off_ms = now.millis_since(before) - passed_ms;
        let is_sure = off_ms.saturating_abs() <= passed_ms / OFF_BY;
        let next_day = oldest?.plus_millis(DAY_MS);
        let is_old = next_day <= now.plus_millis(-self.keep_ms);
        (is_sure && is_old).then_some(next_day)
    }
}

impl Day {
    /// Its first instant.
    #[must_use]
    pub const fn begin(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(DAY_MS))
    }

    /// The day that holds `at`.
    pub const fn of(at: Timestamp) -> Self {
        Self(at.as_millis().div_euclid(DAY_MS))
    }

    /// Whether arrivals of `day` go on in a segment that was begun on this day.
    ///
    /// The day before counts too: a clock that is corrected by a second at midnight must not begin
    /// a segment with every correction.
    pub const fn goes_on_with(self, day: Self) -> bool {
        self.0 == day.0 || self.0 - 1 == day.0
    }
}

/// Saved worlds: the number of the last arrival they include, and their time.
pub type Worlds = BTreeMap<u64, Timestamp>;

/// The saved worlds that are too close to the next older one that stays.
pub fn thin(worlds: &Worlds) -> Vec<u64> {
    let mut dropped = Vec::new();
    let mut kept: Option<(u64, Timestamp)> = None;
    for (&after, &at) in worlds.iter().rev().skip(NEWEST).rev() {
        let apart = kept.is_none_or(|(older, then)| {
            at.millis_since(then).saturating_abs() >= APART_MS || after - older >= APART_ARRIVALS
        });
        if apart {
            kept = Some((after, at));
        } else {
            dropped.push(after);
        }
    }
    dropped
}

/// How many segments go, from the oldest on: those of days before `oldest` that end at or before
/// the newest saved world, and never the last one.
///
/// `segments` maps the number of each segment's first arrival to its day. A day later than the last
/// segment's was told by a wrong clock: such a segment is as old as the one after it, so that it
/// does not hold up all that follow.
pub fn outlived(segments: &BTreeMap<u64, Day>, oldest: Day, newest_world: Option<u64>) -> usize {
    let (Some((_, last)), Some(world)) = (segments.last_key_value(), newest_world) else {
        return 0;
    };
    let mut next = *last;
    let mut true_days: Vec<Day> = Vec::with_capacity(segments.len());
    for day in segments.values().rev() {
        next = if day > last { next } else { *day };
        true_days.push(next);
    }
    let begins_next = segments.keys().skip(1);
    let gone = true_days.into_iter().rev().zip(begins_next);
    gone.take_while(|(day, next)| *day < oldest && **next <= world.saturating_add(1))
        .count()
}

/// The saved worlds that go: those of days before `oldest`, and those whose next arrival is gone.
/// Never the newest.
pub fn outlived_worlds(worlds: &Worlds, oldest: Day, first_arrival: Option<u64>) -> Vec<u64> {
    let older = worlds.iter().rev().skip(1);
    let gone = older.filter(|(after, at)| {
        Day::of(**at) < oldest || first_arrival.is_some_and(|first| **after + 1 < first)
    });
    gone.map(|(after, _)| *after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(worlds: &[(u64, i64)]) -> Worlds {
        let at = |minute: i64| Timestamp::from_millis(minute * 60_000);
        worlds.iter().map(|(after, m)| (*after, at(*m))).collect()
    }

    #[test]
    fn days_go_one_at_a_time_and_never_by_one_look_at_the_clock() {
        const HOUR_MS: i64 = DAY_MS / 24;
        let day = |day: i64| Timestamp::from_millis(day * DAY_MS);
        let (now, oldest) = (day(100), Some(day(60)));
        let mut forgetting = Forgetting::after_days(30);
        let mut look = |now, oldest| forgetting.look(now, HOUR_MS, oldest);
        assert_eq!(
            look(now, oldest),
            None,
            "nobody knows yet whether the clock goes right"
        );
        assert_eq!(look(now.plus_millis(HOUR_MS), oldest), Some(day(61)));
        assert_eq!(
            look(now.plus_millis(2 * HOUR_MS), Some(day(70))),
            None,
            "thirty days are kept"
        );
        let ahead = day(140);
        assert_eq!(look(ahead, Some(day(70))), None, "it has jumped");
        let right = now.plus_millis(4 * HOUR_MS);
        assert_eq!(look(right, Some(day(70))), None, "and back");
        assert_eq!(
            look(right.plus_millis(HOUR_MS), Some(day(69))),
            Some(day(70))
        );
        assert_eq!(look(right.plus_millis(2 * HOUR_MS), None), None);
    }

    #[test]
    fn a_world_saved_every_minute_leaves_one_an_hour_and_the_two_newest() {
        let mut worlds = Worlds::new();
        for minute in 0..=200_u32 {
            worlds.extend(minutes(&[(u64::from(minute) * 10, minute.into())]));
            for gone in thin(&worlds) {
                worlds.remove(&gone);
            }
        }
        let left: Vec<i64> = worlds.values().map(|at| at.as_millis() / 60_000).collect();
        assert_eq!(left, [0, 60, 120, 180, 199, 200]);
    }

    #[test]
    fn in_a_storm_a_world_stays_for_every_20_000_arrivals() {
        let worlds = minutes(&[(0, 0), (19_999, 1), (20_000, 2), (30_000, 3), (31_000, 4)]);
        assert_eq!(thin(&worlds), [19_999]);
    }

    #[test]
    fn a_clock_that_jumps_back_parts_worlds_like_one_that_goes_on() {
        let worlds = minutes(&[(1, 600), (2, 10), (3, 11), (4, 12), (5, 13)]);
        assert_eq!(thin(&worlds), [3]);
    }

    fn segments(days: &[(u64, i64)]) -> BTreeMap<u64, Day> {
        days.iter()
            .map(|(first, day)| (*first, Day(*day)))
            .collect()
    }

    #[test]
    fn segments_go_from_the_oldest_on_and_the_last_stays() {
        let kept = segments(&[(1, 10), (100, 11), (200, 12)]);
        assert_eq!(outlived(&kept, Day(11), Some(500)), 1);
        assert_eq!(outlived(&kept, Day(20), Some(500)), 2);
        assert_eq!(outlived(&kept, Day(10), Some(500)), 0);
    }

    #[test]
    fn no_arrival_after_the_newest_saved_world_goes() {
        let kept = segments(&[(1, 10), (100, 11), (200, 12)]);
        assert_eq!(outlived(&kept, Day(20), Some(198)), 1);
        assert_eq!(outlived(&kept, Day(20), Some(199)), 2);
        assert_eq!(outlived(&kept, Day(20), None), 0);
    }

    #[test]
    fn an_hour_in_a_wrong_year_neither_stays_for_ever_nor_takes_others_along() {
        let ahead = segments(&[(1, 10), (100, 40_000), (200, 10), (300, 30)]);
        assert_eq!(outlived(&ahead, Day(11), Some(500)), 3);
        assert_eq!(outlived(&ahead, Day(10), Some(500)), 0);
        let behind = segments(&[(1, 28), (100, 0), (200, 28), (300, 30)]);
        assert_eq!(outlived(&behind, Day(11), Some(500)), 0);
    }

    #[test]
    fn worlds_go_with_their_day_or_their_next_arrival_but_the_newest_stays() {
        let day = 24 * 60;
        let worlds = minutes(&[(5, 0), (50, day), (120, day + 1), (130, day + 2)]);
        assert_eq!(outlived_worlds(&worlds, Day(1), Some(1)), [5]);
        assert_eq!(outlived_worlds(&worlds, Day(0), Some(52)), [50, 5]);
        assert_eq!(outlived_worlds(&worlds, Day(9), Some(999)), [120, 50, 5]);
    }

    #[test]
    fn a_correction_at_midnight_begins_no_segment() {
        assert!(Day(7).goes_on_with(Day(7)) && Day(7).goes_on_with(Day(6)));
        assert!(!Day(7).goes_on_with(Day(8)) && !Day(7).goes_on_with(Day(5)));
        assert_eq!(Day::of(Timestamp::from_millis(-1)), Day(-1));
    }
}
