//! Whose word has been disowned, and whose is to be: what somebody said for later must not be heard when
//! he does not belong any more, also if he was revoked, and his name given to another, while this program
//! was away.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest as _, Sha256};

use super::{Authority, Enrolled};

/// Under which name it is kept who belonged.
pub const KEPT_AS: &str = "belonging/known";

/// By name, by what somebody's enrolment is known again: nothing that tells his key.
type Known = BTreeMap<String, String>;

/// Who belonged when that was looked at last.
#[derive(Debug, Default)]
pub struct Disowning {
    /// As it is written; `None` where it never was.
    written: Option<Known>,
    /// As it is being written.
    writing: Option<Known>,
    looked_at: Option<Arc<Authority>>,
}

impl Disowning {
    /// With what was kept of who belonged, if anything was.
    #[must_use]
    pub fn recalled(kept: Option<&[u8]>) -> Self {
        Self {
            written: kept.and_then(|kept| serde_json::from_slice(kept).ok()),
            ..Self::default()
        }
    }

    /// Those who do not belong any more, or who have another key, since the last that was written; where
    /// nothing ever was, all who are revoked. `None` where nothing has changed.
    pub fn look(&mut self, now: Arc<Authority>) -> Option<Vec<String>> {
        let looked_at = self.looked_at.replace(now.clone());
        if looked_at.is_some_and(|before| Arc::ptr_eq(&before, &now)) {
            return None;
        }
        let known: Known = now
            .enrolled()
            .iter()
            .map(|(name, enrolled)| (name.clone(), known_by(enrolled)))
            .collect();
        let before = self.writing.as_ref().or(self.written.as_ref());
        if before == Some(&known) {
            return None;
        }
        let names = match before {
            Some(before) => changed(before, &known),
            None => {
                let all = now.enrolled().iter();
                let revoked = all.filter(|(_, enrolled)| enrolled.revoked_at.is_some());
                revoked.map(|(name, _)| name.clone()).collect()
            }
        };
        self.writing = Some(known);
        Some(names)
    }

    /// What is to be kept with what was looked at: its name, and its value.
    #[must_use]
    pub fn record(&self) -> (String, Option<Vec<u8>>) {
        let known = self.writing.as_ref().or(self.written.as_ref());
        let value = known.and_then(|known| serde_json::to_vec(known).ok());
        (KEPT_AS.to_owned(), value)
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
        self.looked_at = None;
    }
}

/// Those whose enrolment is another, or gone, or new.
fn changed(before: &Known, now: &Known) -> Vec<String> {
    let is_other = |(name, known): &(&String, &String)| before.get(*name) != Some(known);
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    let others = now.iter().filter(is_other).map(|(name, _)| name);
    others.chain(gone).cloned().collect()
}

fn known_by(enrolled: &Enrolled) -> String {
    let digest = Sha256::digest(enrolled.key.to_secret_text());
    let end = if enrolled.revoked_at.is_some() {
        " revoked"
    } else {
        ""
    };
    format!(
        "{}{end}",
        BASE64.encode(digest.get(..12).unwrap_or_default())
    )
}

#[cfg(test)]
mod tests {
    use shared::{time::Timestamp, wire::seal::Key};

    use super::*;
    use crate::authority::Role;

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

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn whoever_is_revoked_or_gets_another_key_is_disowned_until_that_is_written() {
        let mut disowning = Disowning::default();
        let first = authority(&[("gw-01", 1, false), ("gw-02", 2, true)]);
        assert_eq!(disowning.look(first.clone()), Some(names(&["gw-02"])));
        assert_eq!(disowning.look(first.clone()), None, "in one group once");
        disowning.failed();
        assert_eq!(disowning.look(first.clone()), Some(names(&["gw-02"])));
        disowning.committed();
        assert_eq!(disowning.look(first), None);
        let replaced = authority(&[("gw-01", 3, false), ("gw-02", 2, true)]);
        assert_eq!(disowning.look(replaced), Some(names(&["gw-01"])));
        disowning.committed();
        let gone = authority(&[("gw-02", 2, true)]);
        assert_eq!(disowning.look(gone), Some(names(&["gw-01"])));
    }

    #[test]
    fn whose_name_was_given_to_another_while_the_program_was_away_is_disowned_all_the_same() {
        let mut before = Disowning::recalled(None);
        let first = authority(&[("gw-01", 1, false), ("gw-02", 2, false)]);
        assert_eq!(before.look(first.clone()), Some(names(&[])));
        let (name, kept) = before.record();
        assert_eq!(name, KEPT_AS);
        let mut same = Disowning::recalled(kept.as_deref());
        assert_eq!(same.look(first), None);
        let mut again = Disowning::recalled(kept.as_deref());
        let other = authority(&[("gw-01", 9, false), ("gw-02", 2, false)]);
        assert_eq!(again.look(other), Some(names(&["gw-01"])));
        let text = String::from_utf8(kept.expect("a value")).expect("text");
        let secret = Key::new([1; 32]).to_secret_text();
        assert!(!text.contains(&secret) && text.contains("gw-01"));
    }
}
