//! What the machine's own people change behind the program's back: its files, and who is enrolled. What
//! was entered last is kept beside the log, so that a change is found whenever it was made.

use std::{collections::BTreeMap, fs, path::PathBuf};

use sha2::{Digest as _, Sha256};

use crate::{
    audit::{Deed, Hash, What},
    authority::Authority,
};

/// What is seen of each thing, by its name.
pub type Map = BTreeMap<String, String>;

/// Bytes of a name that are kept.
const MAX_NAME: usize = 200;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Files,
    Principals,
}

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    pub name: String,
    pub before: Option<String>,
    pub now: Option<String>,
}

impl Seen {
    /// What the keys begin with under which the desk keeps what was entered last.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Files => "seen/file/",
            Self::Principals => "seen/principal/",
        }
    }

    pub fn key(self, name: &str) -> String {
        format!("{}{name}", self.prefix())
    }

    /// The deed that the difference is.
    pub fn deed(self, name: String, before: Option<String>, now: Option<String>) -> Deed {
        let what = match (self, &now) {
            (Self::Files, _) => What::ConfigurationChanged,
            (Self::Principals, Some(now)) if !now.contains(REVOKED) => What::Enrolled,
            (Self::Principals, _) => What::Revoked,
        };
        Deed {
            before,
            ..Deed::of_machine(what, name, now)
        }
    }
}

/// What differs between what was entered last and what is.
pub fn differing(before: &Map, now: &Map) -> Vec<Differing> {
    let mut names: Vec<&String> = before.keys().chain(now.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differs = |name: &&String| before.get(*name) != now.get(*name);
    let found = names.into_iter().filter(differs).map(|name| Differing {
        name: name.clone(),
        before: before.get(name).cloned(),
        now: now.get(name).cloned(),
    });
    found.collect()
}

/// The SHA-256 of each file, or why it cannot be read.
pub fn files(paths: &[PathBuf]) -> Map {
    let seen = paths.iter().map(|path| {
        let name = path.display().to_string().replace(char::is_control, "?");
        let from = name.ceil_char_boundary(name.len().saturating_sub(MAX_NAME));
        let name = name.get(from..).unwrap_or_default();
        let said = match fs::read(path) {
            Ok(bytes) => {
                let hash = Hash::new(Sha256::digest(bytes).into());
                format!("sha256 {hash}")
            }
            Err(e) => e.to_string(),
        };
        (name.to_owned(), said)
    });
    seen.collect()
}

const REVOKED: &str = ", revoked ";

/// What everybody is who was enrolled.
pub fn principals(authority: &Authority) -> Map {
    let enrolled = authority.enrolled().iter();
    let seen = enrolled.map(|(name, enrolled)| {
        let mut said = format!("{}, enrolled {}", enrolled.role, enrolled.enrolled_at);
        if let Some(at) = enrolled.revoked_at {
            said.push_str(REVOKED);
            said.push_str(&at.to_string());
        }
        (name.clone(), said)
    });
    seen.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> Map {
        let pairs = pairs.iter();
        pairs
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn what_came_what_went_and_what_is_another_differs() {
        let before = map(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let now = map(&[("b", "2"), ("c", "4"), ("d", "5")]);
        let found: Vec<_> = differing(&before, &now)
            .into_iter()
            .map(|d| (d.name, d.before, d.now))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        let expected = [
            ("a".to_owned(), some("1"), None),
            ("c".to_owned(), some("3"), some("4")),
            ("d".to_owned(), None, some("5")),
        ];
        assert_eq!(found, expected);
        assert!(differing(&now, &now).is_empty());
    }

    #[test]
    fn who_was_enrolled_who_was_revoked_and_whose_file_is_gone_are_deeds_of_the_machine() {
        let enrolled = "agent, enrolled 2026-07-21T08:20:00.000Z".to_owned();
        let revoked = format!("{enrolled}{REVOKED}2026-07-22T08:20:00.000Z");
        for (before, now, expected) in [
            (None, Some(enrolled.clone()), What::Enrolled),
            (Some(enrolled.clone()), Some(revoked.clone()), What::Revoked),
            (Some(revoked), Some(enrolled.clone()), What::Enrolled),
            (Some(enrolled), None, What::Revoked),
        ] {
            let deed = Seen::Principals.deed("gw-07".to_owned(), before.clone(), now.clone());
            assert_eq!((deed.what, deed.subject.as_str()), (expected, "gw-07"));
            assert_eq!((deed.before, deed.after), (before, now));
        }
    }

    #[test]
    fn a_file_is_seen_by_its_hash() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, gone) = (folder.path().join("a.toml"), folder.path().join("gone"));
        fs::write(&path, "abc").expect("written");
        let seen = files(&[path.clone(), gone]);
        let hash = "sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(
            seen.get(&path.display().to_string()).map(String::as_str),
            Some(hash)
        );
        assert_eq!(seen.len(), 2);
    }
}
