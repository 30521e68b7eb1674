//! How often somebody may try to log in: by where he is, and by whose account it is. Pure.
//!
//! A stranger who guesses must not shut out the one whose account it is. So tries from where he has
//! logged in before are counted apart from all others.

use core::net::IpAddr;
use std::time::Duration;

use super::pace::{Allowance, Pace};
use crate::net::Net;

/// Of one address, for all accounts together to which nobody has logged in from there: a whole shift
/// may come from one.
const OF_ADDRESS: Allowance = Allowance {
    burst: 30,
    every_ms: 2_000,
};

/// For one account, from all addresses together from which nobody has logged in to it.
const BY_STRANGERS: Allowance = Allowance {
    burst: 10,
    every_ms: 30_000,
};

/// For one account, from one address from which its owner has logged in.
const FROM_KNOWN: Allowance = Allowance {
    burst: 10,
    every_ms: 5_000,
};

/// Addresses and accounts that are remembered.
const MOST: usize = 16_384;

/// The tries that still count.
#[derive(Debug)]
pub struct Attempts {
    of_address: Pace<Net>,
    by_strangers: Pace<String>,
    from_known: Pace<(String, Net)>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            of_address: Pace::new(OF_ADDRESS, MOST),
            by_strangers: Pace::new(BY_STRANGERS, MOST),
            from_known: Pace::new(FROM_KNOWN, MOST),
        }
    }
}

impl Attempts {
    /// Counts a try to log in to an account, from an address that is known there or not.
    ///
    /// # Errors
    /// It is one too many; after so long there is room for it.
    pub fn take(
        &mut self,
        account: &str,
        from: IpAddr,
        is_known: bool,
        now_ms: u64,
    ) -> Result<(), Duration> {
        let net = Net::from(from);
        if is_known {
            // Whoever else guesses behind the same address must not shut him out.
            return self.from_known.take(&(account.to_owned(), net), now_ms);
        }
        self.of_address.take(&net, now_ms)?;
        self.by_strangers.take(&account.to_owned(), now_ms)
    }

    /// He has logged in: his tries count no more.
    pub fn succeeded(&mut self, account: &str, from: IpAddr) {
        self.from_known.forgive(&(account.to_owned(), from.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn strangers_who_guess_from_everywhere_do_not_shut_out_the_owner_where_he_is_known() {
        let mut attempts = Attempts::default();
        let tries = (0..200).filter(|n| attempts.take("admin", address(*n), false, 0).is_ok());
        assert_eq!(tries.count(), 10);
        assert_eq!(attempts.take("admin", address(250), true, 0), Ok(()));
        assert!(attempts.take("admin", address(251), false, 0).is_err());
        assert_eq!(attempts.take("wang-li", address(251), false, 0), Ok(()));
    }

    #[test]
    fn one_address_may_not_try_every_account() {
        let mut attempts = Attempts::default();
        let accounts = (0..100).map(|n| format!("person-{n}"));
        let tries = accounts.filter(|a| attempts.take(a, address(1), false, 0).is_ok());
        assert_eq!(tries.count(), 30);
        assert_eq!(attempts.take("wang-li", address(1), true, 0), Ok(()));
    }

    #[test]
    fn who_has_logged_in_begins_anew() {
        let mut attempts = Attempts::default();
        for _ in 0..10 {
            attempts.take("a", address(1), true, 0).expect("room");
        }
        assert!(attempts.take("a", address(1), true, 0).is_err());
        attempts.succeeded("a", address(1));
        assert_eq!(attempts.take("a", address(1), true, 0), Ok(()));
    }
}
