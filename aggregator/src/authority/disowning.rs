//! Whose word has been disowned, and whose is to be: what somebody said for later must not be heard when
//! he does not belong any more. Pure.

use std::sync::Arc;

use super::Authority;

/// Who belonged when that was looked at last.
#[derive(Debug, Default)]
pub struct Disowning {
    /// As it is written; `None` before the first.
    written: Option<Arc<Authority>>,
    /// As it is being written.
    writing: Option<Arc<Authority>>,
}

impl Disowning {
    /// Those who do not belong any more, or who have another key, since the last that was written; at
    /// the first look all who were revoked.
    pub fn look(&mut self, now: Arc<Authority>) -> Vec<String> {
        let known = self.writing.as_ref().or(self.written.as_ref());
        if known.is_some_and(|known| Arc::ptr_eq(known, &now)) {
            return Vec::new();
        }
        let names = match known {
            Some(known) => now.changed_since(known).map(str::to_owned).collect(),
            None => {
                let all = now.enrolled().iter();
                let revoked = all.filter(|(_, enrolled)| enrolled.revoked_at.is_some());
                revoked.map(|(name, _)| name.clone()).collect()
            }
        };
        self.writing = Some(now);
        names
    }

    /// What was looked at is written.
    pub fn committed(&mut self) {
        if let Some(written) = self.writing.take() {
            self.written = Some(written);
        }
    }

    /// It could not be written: it is looked at again.
    pub fn failed(&mut self) {
        self.writing = None;
    }
}

#[cfg(test)]
mod tests {
    use shared::{time::Timestamp, wire::seal::Key};

    use super::*;
    use crate::authority::{Enrolled, Role};

    fn authority(of: &[(&str, u8, bool)]) -> Arc<Authority> {
        let one = |(name, key, is_revoked): &(&str, u8, bool)| {
            let enrolled = Enrolled {
                role: Role::Agent,
                key: Key::new([*key; 32]),
                public_key: None,
                enrolled_at: Timestamp::from_millis(0),
                revoked_at: is_revoked.then(|| Timestamp::from_millis(1)),
            };
            ((*name).to_owned(), enrolled)
        };
        Arc::new(Authority::new(of.iter().map(one).collect(), false))
    }

    #[test]
    fn whoever_is_revoked_or_gets_another_key_is_disowned_until_that_is_written() {
        let mut disowning = Disowning::default();
        let first = authority(&[("gw-01", 1, false), ("gw-02", 2, true)]);
        assert_eq!(disowning.look(first.clone()), ["gw-02"]);
        assert!(
            disowning.look(first.clone()).is_empty(),
            "in one group once"
        );
        disowning.failed();
        assert_eq!(disowning.look(first.clone()), ["gw-02"]);
        disowning.committed();
        assert!(disowning.look(first).is_empty());
        let replaced = authority(&[("gw-01", 3, false), ("gw-02", 2, true)]);
        assert_eq!(disowning.look(replaced), ["gw-01"]);
        disowning.committed();
        let gone = authority(&[("gw-02", 2, true)]);
        assert_eq!(disowning.look(gone), ["gw-01"]);
    }
}
