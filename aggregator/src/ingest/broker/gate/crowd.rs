//! How many connections there may be, in all and from one address. Pure.
//!
//! Who has only just arrived costs a place among few, for a short time; who has shown that he is enrolled
//! has a place of his own; strangers, where they are believed, leave a quarter of all places to those.

use std::{collections::HashMap, hash::Hash};

/// Bounds of a crowd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all.
    pub total: usize,
    /// Connections that have not yet shown who they are, in all and from one address.
    pub arriving: usize,
    pub arriving_from_one: usize,
    /// Connections of strangers from one address.
    pub strangers_from_one: usize,
}

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    #[error("there are as many connections as there may be")]
    Total,
    #[error("too many connections are arriving")]
    Arriving,
    #[error("too many connections are arriving from its address")]
    ArrivingFromOne,
    #[error("too many strangers are connected")]
    Strangers,
    #[error("too many strangers are connected from its address")]
    StrangersFromOne,
}

/// What somebody is as far as places go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Arriving,
    Stranger,
    Enrolled,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    arriving: usize,
    strangers: usize,
}

/// Everybody who is there, by his address.
#[derive(Debug)]
pub struct Crowd<A> {
    limits: Limits,
    total: usize,
    all: Count,
    by_address: HashMap<A, Count>,
}

impl<A: Copy + Eq + Hash> Crowd<A> {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            total: 0,
            all: Count::default(),
            by_address: HashMap::new(),
        }
    }

    /// Takes somebody in who arrives.
    ///
    /// # Errors
    /// There is no room.
    pub fn arrive(&mut self, from: A) -> Result<(), Full> {
        let from_one = self.by_address.get(&from);
        let from_one = from_one.copied().unwrap_or_default();
        if self.total >= self.limits.total {
            return Err(Full::Total);
        }
        if self.all.arriving >= self.limits.arriving {
            return Err(Full::Arriving);
        }
        if from_one.arriving >= self.limits.arriving_from_one {
            return Err(Full::ArrivingFromOne);
        }
        self.total += 1;
        self.count(from, Standing::Arriving, 1);
        Ok(())
    }

    /// Somebody who arrived has shown who he is.
    ///
    /// # Errors
    /// There is no room for one like him; he is still among those who arrive.
    pub fn settle(&mut self, from: A, as_what: Standing) -> Result<(), Full> {
        let from_one = self.by_address.get(&from);
        let from_one = from_one.copied().unwrap_or_default();
        if as_what == Standing::Stranger {
            if self.all.strangers >= self.limits.total - self.limits.total / 4 {
                return Err(Full::Strangers);
            }
            if from_one.strangers >= self.limits.strangers_from_one {
                return Err(Full::StrangersFromOne);
            }
        }
        self.count(from, Standing::Arriving, -1);
        self.count(from, as_what, 1);
        Ok(())
    }

    /// Somebody has gone.
    pub fn leave(&mut self, from: A, was: Standing) {
        self.total = self.total.saturating_sub(1);
        self.count(from, was, -1);
    }

    /// Whether there is clearly room again for somebody who arrives.
    #[must_use]
    pub fn is_roomy(&self) -> bool {
        self.total < self.limits.total / 4 * 3 && self.all.arriving < self.limits.arriving / 4 * 3
    }

    fn count(&mut self, from: A, standing: Standing, change: isize) {
        let one = self.by_address.entry(from).or_default();
        for count in [&mut self.all, one] {
            let counted = match standing {
                Standing::Arriving => &mut count.arriving,
                Standing::Stranger => &mut count.strangers,
                Standing::Enrolled => continue,
            };
            *counted = counted.saturating_add_signed(change);
        }
        let one = self.by_address.get(&from);
        if one.is_some_and(|one| one.arriving == 0 && one.strangers == 0) {
            self.by_address.remove(&from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd() -> Crowd<&'static str> {
        Crowd::new(Limits {
            total: 8,
            arriving: 4,
            arriving_from_one: 2,
            strangers_from_one: 3,
        })
    }

    #[test]
    fn one_address_takes_the_places_of_those_who_arrive_only_for_itself() {
        let (mut crowd, one, other) = (crowd(), "10.0.0.1", "10.0.0.2");
        assert_eq!((crowd.arrive(one), crowd.arrive(one)), (Ok(()), Ok(())));
        assert_eq!(crowd.arrive(one), Err(Full::ArrivingFromOne));
        assert_eq!((crowd.arrive(other), crowd.arrive(other)), (Ok(()), Ok(())));
        assert_eq!(crowd.arrive("10.0.0.3"), Err(Full::Arriving));
        assert!(!crowd.is_roomy());
        for from in [one, one, other, other] {
            crowd.leave(from, Standing::Arriving);
        }
        assert!(crowd.is_roomy() && crowd.by_address.is_empty());
    }

    #[test]
    fn strangers_leave_room_to_those_who_are_enrolled() {
        let mut crowd = crowd();
        let mut enter = |from: &'static str, standing| {
            crowd.arrive(from)?;
            let settled = crowd.settle(from, standing);
            if settled.is_err() {
                crowd.leave(from, Standing::Arriving);
            }
            settled
        };
        let stranger = Standing::Stranger;
        let mut seen = Vec::new();
        for from in ["10.0.0.1", "10.0.0.2"] {
            seen.extend([(); 4].map(|()| enter(from, stranger)));
        }
        let from_one = Err(Full::StrangersFromOne);
        let half = [Ok(()), Ok(()), Ok(()), from_one];
        let (last, rest) = seen.split_last().expect("eight");
        assert_eq!(rest, &[half, half].concat()[..7]);
        assert_eq!(*last, Err(Full::Strangers));
        assert_eq!(enter("10.0.0.3", stranger), Err(Full::Strangers));
        assert_eq!(enter("10.0.0.1", Standing::Enrolled), Ok(()));
        assert_eq!(enter("10.0.0.1", Standing::Enrolled), Ok(()));
        assert_eq!(enter("10.0.0.1", Standing::Enrolled), Err(Full::Total));
    }
}
