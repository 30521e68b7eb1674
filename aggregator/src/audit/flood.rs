//! A flood of refused log-ins must not fill the disk, nor hide what else was done: of what anybody can do
//! as often as he likes only some is entered one by one, and the rest as a sum.
//!
//! Sums are kept in memory for as long as a window is: a kill loses at most those.

use std::collections::BTreeMap;

use shared::time::Timestamp;

use super::{Deed, What, deed::named};
use crate::{net::Net, principal::Principal};

/// How long is summed, in milliseconds.
const WINDOW_MS: i64 = 600_000;

/// Deeds of one kind from one address that are entered one by one in a window.
const OF_ONE: u64 = 5;

/// Deeds that are entered one by one in a window, wherever they come from. With [`ADDRESSES`] this
/// bounds the log at 101 entries in ten minutes: some 6 MB a day at worst.
const OF_ALL: u64 = 50;

/// Addresses that are told apart in the sums of a window.
const ADDRESSES: usize = 50;

/// What was done too often in the present window.
#[derive(Debug, Default)]
pub struct Flood {
    began: Option<Timestamp>,
    entered: u64,
    of: BTreeMap<(What, Option<Net>), Count>,
    elsewhere: u64,
}

#[derive(Debug, Default)]
struct Count {
    entered: u64,
    more: u64,
    /// Who did the last of them.
    by: String,
}

impl What {
    /// Whether anybody can do it as often as he likes.
    #[must_use]
    pub const fn is_anybodys(self) -> bool {
        matches!(self, Self::LogInRefused | Self::AccessRefused)
    }
}

impl Flood {
    /// Whether a deed is entered by itself; if not it goes into a sum.
    #[must_use]
    pub fn lets_in(&mut self, deed: &Deed, now: Timestamp) -> bool {
        if !deed.what.is_anybodys() {
            return true;
        }
        self.began.get_or_insert(now);
        let key = (deed.what, deed.from.map(Net::from));
        if self.of.len() >= ADDRESSES && !self.of.contains_key(&key) {
            self.elsewhere += 1;
            return false;
        }
        let count = self.of.entry(key).or_default();
        if count.entered < OF_ONE && self.entered < OF_ALL {
            count.entered += 1;
            self.entered += 1;
            return true;
        }
        count.more += 1;
        count.by = named(&deed.by);
        false
    }

    /// The sums of a window that is over, or whose end is not known because the clock was set.
    #[must_use]
    pub fn due(&mut self, now: Timestamp) -> Vec<Deed> {
        let is_over = |began: Timestamp| !(0..WINDOW_MS).contains(&now.millis_since(began));
        if self.began.is_some_and(is_over) {
            self.close()
        } else {
            Vec::new()
        }
    }

    /// The sums of the window, which is over.
    #[must_use]
    pub fn close(&mut self) -> Vec<Deed> {
        let Self { of, elsewhere, .. } = std::mem::take(self);
        let many = of.into_iter().filter(|(_, count)| count.more > 0);
        let sum = |from, subject: String, more: u64| Deed {
            by: Principal::Machine,
            from,
            what: What::Repeated,
            subject,
            before: None,
            after: Some(format!("{more} more")),
        };
        let mut sums: Vec<_> = many
            .map(|((what, from), count)| {
                sum(
                    from.map(Net::address),
                    format!("{what} by {}", count.by),
                    count.more,
                )
            })
            .collect();
        if elsewhere > 0 {
            sums.push(sum(
                None,
                "refused, from other addresses".to_owned(),
                elsewhere,
            ));
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: &str) -> Deed {
        Deed {
            by: Principal::Anonymous,
            from: Some(from.parse().expect("an address")),
            what: What::LogInRefused,
            subject: "wang-li".to_owned(),
            before: None,
            after: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    #[test]
    fn five_of_an_address_are_entered_and_the_rest_is_one_sum_when_the_window_is_over() {
        let mut flood = Flood::default();
        let entered = (0..422).filter(|k| flood.lets_in(&refused("10.0.0.9"), at(*k)));
        assert_eq!(entered.count(), 5);
        assert!(flood.lets_in(&refused("10.0.0.8"), at(500)));
        assert!(flood.due(at(599)).is_empty());
        let sums = flood.due(at(600));
        let [sum] = sums.as_slice() else {
            panic!("{sums:?}")
        };
        let said = (sum.what, sum.subject.as_str(), sum.after.as_deref());
        let expected = "log-in-refused by anonymous";
        assert_eq!(said, (What::Repeated, expected, Some("417 more")));
        assert_eq!(sum.from, refused("10.0.0.9").from);
        assert!(flood.due(at(9_999)).is_empty());
        assert!(flood.lets_in(&refused("10.0.0.9"), at(601)), "a new window");
    }

    #[test]
    fn a_flood_from_everywhere_leaves_at_most_a_hundred_entries_a_window_and_counts_all() {
        let mut flood = Flood::default();
        let mut entered: u64 = 0;
        for k in 0..10_000_u32 {
            let from = format!("10.{}.{}.{}", k >> 16, (k >> 8) & 255, k & 255);
            entered += u64::from(flood.lets_in(&refused(&from), at(0)));
            // All of one customer's addresses are one.
            entered += u64::from(flood.lets_in(&refused(&format!("2001:db8::{k:x}")), at(0)));
        }
        let sums = flood.close();
        assert!(entered <= OF_ALL && sums.len() <= ADDRESSES + 1);
        let more = sums.iter().filter_map(|sum| {
            let (count, _) = sum.after.as_deref()?.split_once(' ')?;
            count.parse::<u64>().ok()
        });
        assert_eq!(entered + more.sum::<u64>(), 20_000);
    }

    #[test]
    fn what_not_everybody_can_do_is_always_entered() {
        let mut flood = Flood::default();
        let deed = Deed {
            what: What::LoggedIn,
            ..refused("10.0.0.9")
        };
        assert!((0..1_000).all(|k| flood.lets_in(&deed, at(k))));
        assert!(flood.close().is_empty());
    }

    #[test]
    fn a_clock_that_is_set_back_ends_a_window() {
        let mut flood = Flood::default();
        for _ in 0..9 {
            let _ = flood.lets_in(&refused("10.0.0.9"), at(1_000));
        }
        assert_eq!(flood.due(at(10)).len(), 1);
    }
}
