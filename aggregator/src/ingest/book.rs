//! The log of what was done, and what the desk keeps, while a group commit is formed: pure.

use shared::time::Timestamp;

use super::group::Group;
use crate::audit::{Chain, Deed, Flood};

/// Bytes of a key of the desk.
const MAX_KEY: usize = 256;

/// Bytes of what is kept under one key.
const MAX_KEPT: usize = 64 * 1024;

/// Keys that are changed at once.
const MAX_CHANGES: usize = 1_024;

/// What the desk is to keep, and whose deed it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskWrite {
    /// Text keys without control characters, and what is kept under each from now on; none removes it.
    pub changes: Vec<(String, Option<Vec<u8>>)>,
    /// None for what is nobody's deed: that something was used, or has expired.
    pub deed: Option<Deed>,
}

impl DeskWrite {
    /// A deed that changes nothing of what the desk keeps.
    #[must_use]
    pub fn only(deed: Deed) -> Self {
        Self {
            changes: Vec::new(),
            deed: Some(deed),
        }
    }

    fn fits(&self) -> bool {
        let fits = |(key, kept): &(String, Option<Vec<u8>>)| {
            (1..=MAX_KEY).contains(&key.len())
                && !key.contains(char::is_control)
                && kept.as_ref().is_none_or(|kept| kept.len() <= MAX_KEPT)
        };
        self.changes.len() <= MAX_CHANGES && self.changes.iter().all(fits)
    }
}

/// Where the log ends, from one group to the next.
#[derive(Debug, Default)]
pub struct Book {
    end: Chain,
    /// With the newest durable group.
    settled: Chain,
    flood: Flood,
}

impl Book {
    /// One that goes on where the log ends.
    #[must_use]
    pub fn new(end: Chain) -> Self {
        Self {
            end,
            settled: end,
            flood: Flood::default(),
        }
    }

    /// Enters what the desk is to keep and whose deed it is, which came of an arrival or of none.
    /// `false` when it is too large. A deed that anybody can do as often as he likes may only be counted
    /// in a sum.
    #[must_use]
    pub fn write(
        &mut self,
        group: &mut Group,
        write: DeskWrite,
        arrival: Option<u64>,
        now: Timestamp,
    ) -> bool {
        if !write.fits() {
            return false;
        }
        group.desk.extend(write.changes);
        if let Some(deed) = &write.deed
            && self.flood.lets_in(deed, now)
        {
            self.deed(group, deed, arrival, now);
        }
        true
    }

    /// Enters a deed, which became an arrival or came of one.
    pub fn deed(&mut self, group: &mut Group, deed: &Deed, arrival: Option<u64>, now: Timestamp) {
        group.deeds.push(self.end.enter(deed, now, arrival));
    }

    /// Nothing more comes to the group, or to any when it is the last: sums that are due are entered.
    pub fn close(&mut self, group: &mut Group, now: Timestamp, is_last: bool) {
        let sums = if is_last {
            self.flood.close()
        } else {
            self.flood.due(now)
        };
        for sum in sums {
            self.deed(group, &sum, None, now);
        }
    }

    /// The group is durable.
    pub fn committed(&mut self) {
        self.settled = self.end;
    }

    /// The group could not be formed or written: it is forgotten.
    pub fn failed(&mut self) {
        self.end = self.settled;
    }
}
