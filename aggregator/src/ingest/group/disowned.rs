//! The word of those who do not belong any more, as far as it has not been heard: what they dated ahead,
//! and what they had in quarantine. It stays where it is kept, and never becomes water on the map.

use std::collections::HashSet;

use shared::time::Timestamp;

use super::{Group, Ledger, aside::those, giver::Giver};
use crate::{
    store::{Quarantined, Store, StoreError},
    world::Input,
};

/// Why such an observation is in quarantine, and stays there.
const REVOKED: &str = "revoked";

impl Ledger {
    /// Whoever had these names does not belong any more, or has another key. All of it is said and marked in
    /// one group: his name may be another's when the next is formed.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn disown(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
        names: Vec<String>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if names.is_empty() {
            return Ok(());
        }
        self.ahead
            .forget(|giver: &Giver| names.iter().any(|name| name == giver.principal()));
        self.disowned.extend(names.iter().cloned());
        self.input(group, Input::Disowned(names), at);
        if self.room(store)?.is_empty() {
            return Ok(());
        }
        let leaving: HashSet<u64> = group.readmitted.iter().copied().collect();
        let found = those(store, usize::MAX, |one| {
            one.reason != REVOKED && self.is_disowned(one)
        })?;
        for (number, one) in found {
            if leaving.contains(&number) {
                continue;
            }
            group.readmitted.push(number);
            group.quarantined.push(Quarantined {
                reason: REVOKED.to_owned(),
                ..one
            });
        }
        Ok(())
    }

    /// Whether nobody answers for an observation in quarantine: it is marked so, or in the group that is being
    /// formed.
    pub(super) fn is_disowned(&self, one: &Quarantined) -> bool {
        one.reason == REVOKED
            || !self.disowned.is_empty()
                && self
                    .disowned
                    .contains(Giver::named(&one.sender).principal())
    }
}
