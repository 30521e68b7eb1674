//! Days of the series that observations open: each is a table of the store, which takes its time to
//! make. The admitter bounds how many there can be; here it is bounded how many come at once.

use std::collections::BTreeSet;

use shared::time::Timestamp;

/// Days that one group may open: half a second of the store's time. Yesterday, today and tomorrow
/// are free.
const MAX_OPENED: usize = 16;

const DAY_MS: i64 = 86_400_000;

/// The days that were opened since the start.
#[derive(Debug, Default)]
pub struct Days {
    open: BTreeSet<i64>,
    /// In the group that is being formed.
    opened: usize,
    /// The last one that was asked about, if it is open: neighbours are nearly always of one day.
    last: Option<i64>,
}

impl Days {
    /// Whether an observation of `at` may enter with this group.
    pub fn may_enter(&mut self, at: Timestamp, now: Timestamp) -> bool {
        let of = |at: Timestamp| at.as_millis().div_euclid(DAY_MS);
        let (day, today) = (of(at), of(now));
        if self.last == Some(day) {
            return true;
        }
        let is_near = (today - 1..=today + 1).contains(&day);
        if !is_near && !self.open.contains(&day) {
            if self.opened == MAX_OPENED {
                return false;
            }
            self.opened += 1;
            self.open.insert(day);
        }
        self.last = Some(day);
        true
    }

    /// The group is formed: the next may open as many again.
    pub fn group_closed(&mut self) {
        self.opened = 0;
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_opens_only_so_many_days_and_the_next_goes_on() {
        let (mut days, now) = (Days::default(), Timestamp::from_millis(1_000 * DAY_MS));
        let ago = |day: i64| now.plus_millis(-day * DAY_MS);
        let enter = |days: &mut Days| (-1..40).filter(|k| days.may_enter(ago(*k), now)).count();
        assert_eq!(enter(&mut days), MAX_OPENED + 3);
        assert_eq!(enter(&mut days), MAX_OPENED + 3, "those that are open");
        days.group_closed();
        assert_eq!(enter(&mut days), 2 * MAX_OPENED + 3);
        days.group_closed();
        assert_eq!(enter(&mut days), 41);
    }
}
