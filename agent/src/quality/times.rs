//! Which time a reading gets: its own where that can be, none twice. Pure.

use std::collections::{BTreeSet, VecDeque};

use shared::{
    limits::MAX_AHEAD_MS,
    time::{EARLIEST, Timestamp},
};

/// Own times that are remembered per gauge, for a clock that is set back: an hour at one a second.
const REMEMBERED: usize = 4_096;
/// Receivers of GPS count weeks in ten bits: an old one gives times that are 1,024 weeks ago.
const WEEK_ROLLOVER_MS: i64 = 1_024 * 7 * 86_400_000;
/// An own time that is longer ago is no backlog: no logger keeps more than a year.
const LONGEST_BACKLOG_MS: i64 = 366 * 86_400_000;
/// How close to now an own time must be, with the weeks that rolled over, to be one that did: a
/// backlog of a month.
const NEAR_MS: i64 = 31 * 86_400_000;

/// What the gateway's clock says, and what is thought of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayTime {
    pub wall: Timestamp,
    /// The best guess at the present: `wall`, or later where that cannot be.
    pub now: Timestamp,
    pub is_doubted: bool,
}

impl GatewayTime {
    /// A clock that is believed.
    #[must_use]
    pub fn sure(now: Timestamp) -> Self {
        Self {
            wall: now,
            now,
            is_doubted: false,
        }
    }
}

/// The time to use for a reading with a time of its own, and why it is not believed, if it is not.
#[must_use]
pub fn own_time(at: Timestamp, clock: GatewayTime) -> (Timestamp, Option<&'static str>) {
    let age_ms = clock.now.millis_since(at);
    let rolled = at.plus_millis(WEEK_ROLLOVER_MS);
    let rolled_age_ms = clock.now.millis_since(rolled);
    if (-MAX_AHEAD_MS..=NEAR_MS).contains(&rolled_age_ms) {
        let why = "its times are 1,024 weeks ago: a GPS receiver whose week has rolled over";
        (rolled, Some(why))
    } else if at < EARLIEST {
        (clock.now, Some("its times are before the year 2000"))
    } else if clock.is_doubted {
        // The gauge may well know better than the gateway.
        (at, None)
    } else if age_ms < -MAX_AHEAD_MS {
        (clock.now, Some("its times are in the future"))
    } else if age_ms > LONGEST_BACKLOG_MS {
        (clock.now, Some("its times are more than a year ago"))
    } else {
        (at, None)
    }
}

/// The newest times that one gauge has been given.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// In the order in which they were given.
    times: VecDeque<Timestamp>,
    known: BTreeSet<Timestamp>,
}

impl Given {
    /// The time, or the next one that has not been given yet.
    pub(super) fn only_once(&mut self, at: Timestamp) -> Timestamp {
        let mut free = at;
        for known in self.known.range(at..) {
            if *known > free {
                break;
            }
            free = free.plus_millis(1);
        }
        if self.times.len() == REMEMBERED
            && let Some(oldest) = self.times.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.times.push_back(free);
        self.known.insert(free);
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn clock(is_doubted: bool) -> GatewayTime {
        let now = time("2026-07-21T08:20:00Z");
        GatewayTime {
            is_doubted,
            ..GatewayTime::sure(now)
        }
    }

    /// What becomes of an own time: the time that is used, and the reason of the doubt.
    fn used(text: &str, is_doubted: bool) -> (String, &'static str) {
        let (at, doubt) = own_time(time(text), clock(is_doubted));
        (at.to_string(), doubt.unwrap_or_default())
    }

    const NOW: &str = "2026-07-21T08:20:00.000Z";
    const FUTURE: &str = "its times are in the future";
    const LONG_AGO: &str = "its times are more than a year ago";
    const NEVER: &str = "its times are before the year 2000";
    const ROLLED: &str = "its times are 1,024 weeks ago: a GPS receiver whose week has rolled over";

    #[test]
    fn an_own_time_is_believed_from_a_year_ago_to_a_minute_ahead() {
        for believed in [
            "2025-07-20T08:20:00.000Z",
            "2026-07-20T08:20:00.000Z",
            NOW,
            "2026-07-21T08:21:00.000Z",
        ] {
            assert_eq!(used(believed, false), (believed.to_owned(), ""));
        }
        for (doubted, why) in [
            ("2026-07-21T08:21:00.001Z", FUTURE),
            ("2025-07-20T08:19:59.999Z", LONG_AGO),
            ("2000-01-01T00:00:00.000Z", LONG_AGO),
            ("1999-12-31T23:59:59.999Z", NEVER),
            ("1970-01-01T00:00:00.000Z", NEVER),
        ] {
            assert_eq!(used(doubted, false), (NOW.to_owned(), why), "{doubted}");
        }
    }

    #[test]
    fn a_gauge_may_know_better_than_a_gateway_that_is_in_doubt_itself() {
        for believed in [
            "2000-01-01T00:00:00.000Z",
            "2025-07-20T08:19:59.999Z",
            "2026-07-21T08:21:00.001Z",
            "2031-01-01T00:00:00.000Z",
        ] {
            assert_eq!(used(believed, true), (believed.to_owned(), ""));
        }
        let never = "1999-12-31T23:59:59.999Z";
        assert_eq!(used(never, true), (NOW.to_owned(), NEVER));
    }

    #[test]
    fn weeks_that_rolled_over_are_put_right_over_a_backlog_of_a_month() {
        for is_doubted in [false, true] {
            for (told, meant) in [
                ("2006-12-05T08:19:55.000Z", "2026-07-21T08:19:55.000Z"),
                ("2006-12-05T08:21:00.000Z", "2026-07-21T08:21:00.000Z"),
                ("2006-11-04T08:20:00.000Z", "2026-06-20T08:20:00.000Z"),
            ] {
                assert_eq!(used(told, is_doubted), (meant.to_owned(), ROLLED));
            }
        }
        for not_so in ["2006-12-05T08:21:00.001Z", "2006-11-04T08:19:59.999Z"] {
            assert_eq!(used(not_so, false), (NOW.to_owned(), LONG_AGO));
        }
    }

    #[test]
    fn a_believed_clock_says_what_the_present_is() {
        let now = time(NOW);
        let sure = GatewayTime::sure(now);
        assert_eq!((sure.wall, sure.now, sure.is_doubted), (now, now, false));
    }

    #[test]
    fn a_time_that_was_given_is_given_as_the_next_free_millisecond() {
        let mut given = Given::default();
        let mut give = |millis| given.only_once(Timestamp::from_millis(millis)).as_millis();
        assert_eq!([10, 20, 10, 10, 12].map(&mut give), [10, 20, 11, 12, 13]);
        assert_eq!([5, -7].map(&mut give), [5, -7], "older, and never given");
    }

    #[test]
    fn the_newest_times_are_remembered_and_not_more_of_them_than_their_bound() {
        let mut given = Given::default();
        let times = 0..=i64::try_from(REMEMBERED).expect("small");
        for millis in times.map(|n| n * 1_000) {
            given.only_once(Timestamp::from_millis(millis));
        }
        assert_eq!(given.times.len(), REMEMBERED);
        let at = |millis| Timestamp::from_millis(millis);
        assert_eq!(given.only_once(at(1_000)), at(1_001), "still known");
        assert_eq!(given.only_once(at(0)), at(0), "forgotten");
    }

    #[test]
    fn a_clock_that_is_set_back_again_and_again_gives_no_time_twice() {
        let (mut times, mut given) = (Given::default(), BTreeSet::new());
        for _ in 0..4 {
            for second in 0..100 {
                let at = Timestamp::from_millis(second * 1_000);
                let stamp = times.only_once(at);
                assert!(given.insert(stamp), "{stamp} again");
                assert!((0..4).contains(&stamp.millis_since(at)));
            }
        }
        let free = Timestamp::from_millis(0);
        assert_eq!(Given::default().only_once(free), free, "of another gauge");
    }
}
