//! How often it is told one by one that somebody was refused: a flood of attempts must neither fill the
//! disk nor hide others. Pure.

use std::{collections::HashMap, hash::Hash, time::Duration};

/// So often what was not told one by one is summed up.
pub const SUM_UP_EVERY: Duration = Duration::from_secs(10);

/// Refusals of one network that are told one by one between two sums.
const ONE_BY_ONE: u64 = 10;

/// Networks that are told apart between two sums; all others count as one.
const ADDRESSES: usize = 1_000;

/// Who was refused since the last sum.
#[derive(Debug)]
pub struct Refusals<A> {
    /// Under `None` those who are too many to be told apart.
    by_address: HashMap<Option<A>, u64>,
}

impl<A> Default for Refusals<A> {
    fn default() -> Self {
        Self {
            by_address: HashMap::new(),
        }
    }
}

impl<A: Copy + Eq + Hash> Refusals<A> {
    /// Somebody was refused. Returns whether to tell it.
    pub fn tell(&mut self, from: A) -> bool {
        let is_known = self.by_address.contains_key(&Some(from));
        let is_told_apart = is_known || self.by_address.len() < ADDRESSES;
        let from = is_told_apart.then_some(from);
        let count = self.by_address.entry(from).or_default();
        *count += 1;
        *count <= ONE_BY_ONE
    }

    /// Who was refused more often than was told since the last sum, and how much more.
    pub fn sum_up(&mut self) -> Vec<(Option<A>, u64)> {
        let counted = std::mem::take(&mut self.by_address).into_iter();
        let more = counted.map(|(from, count)| (from, count.saturating_sub(ONE_BY_ONE)));
        more.filter(|(_, more)| *more > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::net::Net;

    #[test]
    fn the_first_are_told_one_by_one_and_the_rest_as_a_sum() {
        let mut refusals = Refusals::default();
        let (one, other) = ("10.0.0.1", "10.0.0.2");
        let told = (0..25).filter(|_| refusals.tell(one)).count();
        assert_eq!((told, refusals.tell(other)), (10, true));
        assert_eq!(refusals.sum_up(), [(Some(one), 15)]);
        assert!(refusals.sum_up().is_empty());
        assert!(refusals.tell(one));
    }

    #[test]
    fn all_addresses_of_one_customer_are_told_as_one() {
        let mut refusals = Refusals::default();
        let addresses = (0..2_000_u16).map(|n| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]));
        let told = addresses.filter(|from| refusals.tell(Net::from(*from)));
        assert_eq!(told.count(), 10);
        let other: IpAddr = "2001:db8:0:2::1".parse().expect("an address");
        assert!(refusals.tell(Net::from(other)));
        assert_eq!(refusals.by_address.len(), 2);
    }

    #[test]
    fn more_addresses_than_can_be_told_apart_are_summed_up_as_one() {
        let mut refusals = Refusals::default();
        for n in 0..ADDRESSES + 20 {
            refusals.tell(n);
        }
        assert_eq!(refusals.by_address.len(), ADDRESSES + 1);
        assert_eq!(refusals.sum_up(), [(None, 10)]);
    }
}
