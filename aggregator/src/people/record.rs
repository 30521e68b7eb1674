//! What the desk keeps of people: accounts, sessions, API tokens, invitations. Pure.
//!
//! Each is JSON under a key of its own, in a form that lasts: a field that comes later gets a
//! default, and `tests/golden/desk` holds one of each.

use core::net::IpAddr;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared::{
    ids::{PersonId, TokenId},
    time::Timestamp,
};

use super::{Area, Fingerprint, Role};
use crate::principal::Principal;

/// Somebody who may log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// How others know him.
    pub shown: String,
    pub role: Role,
    pub area: Area,
    /// The argon2 hash of his password, as a PHC string; none where he logs in by a provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    pub made_at: Timestamp,
    /// From where he logged in, the newest last: whoever guesses from elsewhere does not lock him
    /// out there.
    #[serde(default)]
    pub known_from: Vec<IpAddr>,
    /// As whom a provider knows him, where he logs in by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
}

/// Whom a provider of log-ins means, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub issuer: String,
    pub subject: String,
}

/// For whom a session is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    Person(PersonId),
    /// Of the exercise login.
    Exercise,
}

/// A browser in which somebody has logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub whose: Whose,
    pub begun_at: Timestamp,
    /// When it was last used, roughly.
    pub seen_at: Timestamp,
    pub from: Option<IpAddr>,
    /// What the browser says that it is.
    pub browser: String,
}

/// A key for a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub name: TokenId,
    /// Who made it. It can do nothing that he cannot, and ends with his account.
    pub owner: PersonId,
    pub role: Role,
    pub area: Area,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
    /// Roughly.
    #[serde(default)]
    pub used_at: Option<Timestamp>,
}

/// A link with which somebody makes his account, or chooses a new password for the one he has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub role: Role,
    pub area: Area,
    /// The account that it is for; without one, a new account is made.
    #[serde(default)]
    pub account: Option<PersonId>,
    pub by: Principal,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Invitation {
    /// Whether who has the machine made it.
    #[must_use]
    pub fn is_of_machine(&self) -> bool {
        self.by == Principal::Machine
    }
}

/// One thing that is kept, or no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Account(PersonId, Option<Account>),
    Session(Fingerprint, Option<Session>),
    Token(Fingerprint, Option<Token>),
    Invitation(Fingerprint, Option<Invitation>),
}

/// Before every key, so that others can keep what is theirs beside it.
pub const PREFIX: &str = "people/";

const ACCOUNT: &str = "people/account/";
const SESSION: &str = "people/session/";
const TOKEN: &str = "people/token/";
const INVITATION: &str = "people/invitation/";

impl Change {
    /// The key, and what is kept under it from now on.
    #[must_use]
    pub fn written(&self) -> (String, Option<Vec<u8>>) {
        match self {
            Self::Account(name, kept) => (format!("{ACCOUNT}{name}"), json(kept.as_ref())),
            Self::Session(of, kept) => (format!("{SESSION}{}", of.as_str()), json(kept.as_ref())),
            Self::Token(of, kept) => (format!("{TOKEN}{}", of.as_str()), json(kept.as_ref())),
            Self::Invitation(of, kept) => {
                (format!("{INVITATION}{}", of.as_str()), json(kept.as_ref()))
            }
        }
    }

    /// What is kept under a key; `None` where it is not what it should be.
    #[must_use]
    pub fn read(key: &str, kept: &[u8]) -> Option<Self> {
        if let Some(name) = key.strip_prefix(ACCOUNT) {
            Some(Self::Account(name.parse().ok()?, Some(read(kept)?)))
        } else if let Some(of) = key.strip_prefix(SESSION) {
            Some(Self::Session(of.parse().ok()?, Some(read(kept)?)))
        } else if let Some(of) = key.strip_prefix(TOKEN) {
            Some(Self::Token(of.parse().ok()?, Some(read(kept)?)))
        } else if let Some(of) = key.strip_prefix(INVITATION) {
            Some(Self::Invitation(of.parse().ok()?, Some(read(kept)?)))
        } else {
            None
        }
    }
}

fn json<T: Serialize>(kept: Option<&T>) -> Option<Vec<u8>> {
    kept.map(|kept| serde_json::to_vec(kept).expect("records have no maps of odd keys"))
}

fn read<T: DeserializeOwned>(kept: &[u8]) -> Option<T> {
    serde_json::from_slice(kept).ok()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + millis)
    }

    fn all() -> [(&'static str, Change); 6] {
        let of = Fingerprint::of("a secret");
        let area: Area = "district/d-01".parse().expect("an area");
        let account = Account {
            shown: "王丽".to_owned(),
            role: Role::Dispatcher,
            area: area.clone(),
            password: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
            made_at: at(0),
            known_from: vec!["10.0.0.7".parse().expect("an address")],
            subject: None,
        };
        let provided = Account {
            password: None,
            subject: Some(Subject {
                issuer: "https://login.city.example".to_owned(),
                subject: "8f14e45f".to_owned(),
            }),
            ..account.clone()
        };
        let session = |whose| Session {
            whose,
            begun_at: at(1),
            seen_at: at(2),
            from: None,
            browser: "Firefox".to_owned(),
        };
        let person: PersonId = "wang-li".parse().expect("id");
        let token = Token {
            name: "wall".parse().expect("id"),
            owner: person.clone(),
            role: Role::Viewer,
            area,
            made_at: at(3),
            expires_at: at(4),
            used_at: Some(at(5)),
        };
        let invitation = Invitation {
            role: Role::Administrator,
            area: Area::City,
            account: None,
            by: Principal::Machine,
            made_at: at(6),
            expires_at: at(7),
        };
        [
            ("account", Change::Account(person.clone(), Some(account))),
            (
                "account-of-provider",
                Change::Account(person.clone(), Some(provided)),
            ),
            (
                "session",
                Change::Session(of.clone(), Some(session(Whose::Person(person)))),
            ),
            (
                "session-exercise",
                Change::Session(of.clone(), Some(session(Whose::Exercise))),
            ),
            ("token", Change::Token(of.clone(), Some(token))),
            ("invitation", Change::Invitation(of, Some(invitation))),
        ]
    }

    #[test]
    fn what_is_kept_of_people_keeps_its_form() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/desk");
        for (name, change) in all() {
            let (key, kept) = change.written();
            let kept = String::from_utf8(kept.expect("kept")).expect("JSON");
            let written = format!("{key}\n{kept}\n");
            let golden = fs::read_to_string(folder.join(format!("{name}.txt")));
            assert_eq!(golden.unwrap_or_default(), written, "{name}");
            let (key, kept) = written.split_once('\n').expect("two lines");
            assert!(key.starts_with(PREFIX));
            assert_eq!(Change::read(key, kept.as_bytes()), Some(change), "{name}");
        }
    }

    #[test]
    fn what_is_damaged_or_not_ours_is_not_taken_for_something() {
        for (key, kept) in [
            ("people/account/wang-li", "{}"),
            ("people/account/Wang Li", "{}"),
            ("people/session/12", "{}"),
            ("people/other/12", "{}"),
            ("audit/1", "{}"),
        ] {
            assert_eq!(Change::read(key, kept.as_bytes()), None, "{key}");
        }
    }
}
