//! The word of those who do not belong any more, as far as it has not been heard: what they dated ahead,
//! and what they had in quarantine. It stays where it is kept, and never becomes water on the map.

use shared::time::Timestamp;

use super::{Group, Ledger, aside::those, giver::Giver};
use crate::{
    store::{Quarantined, Store, StoreError},
    world::Input,
};

/// Why such an observation is in quarantine, and stays there.
const REVOKED: &str = "revoked";

/// Observations that are marked in one group.
const MARKED: usize = 1_000;

impl Ledger {
    /// Whoever had these names does not belong any more, or has shown another key since.
    pub fn disown(&mut self, group: &mut Group, names: Vec<String>, at: Timestamp) {
        self.ahead
            .forget(|giver: &Giver| names.iter().any(|name| name == giver.principal()));
        self.disowned.extend(names.iter().cloned());
        self.input(group, Input::Disowned(names), at);
    }

    /// Whether nobody answers for an observation in quarantine.
    pub(super) fn is_disowned(&self, one: &Quarantined) -> bool {
        one.reason == REVOKED || self.is_to_be_marked(one)
    }

    /// Marks in quarantine what nobody answers for any more: his name may be another's tomorrow.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn mark_disowned(
        &mut self,
        group: &mut Group,
        store: &dyn Store,
    ) -> Result<(), StoreError> {
        if self.disowned.is_empty() || !group.readmitted.is_empty() {
            return Ok(());
        }
        let found = those(store, MARKED, |one| {
            one.reason != REVOKED && self.is_to_be_marked(one)
        })?;
        if found.is_empty() {
            self.disowned.clear();
        }
        for (number, one) in found {
            group.readmitted.push(number);
            group.quarantined.push(Quarantined {
                reason: REVOKED.to_owned(),
                ..one
            });
        }
        Ok(())
    }

    fn is_to_be_marked(&self, one: &Quarantined) -> bool {
        !self.disowned.is_empty()
            && self
                .disowned
                .contains(Giver::named(&one.sender).principal())
    }
}
