//! All accounts, sessions, tokens and invitations as they are, and who each is. Pure: what is to
//! change is decided in [`super::acts`], kept by [`super::Desk`], and then applied here.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    ids::{PersonId, TokenId},
    time::Timestamp,
};

use super::{
    Fingerprint, Role, Viewer,
    record::{Account, Change, Invitation, Session, Token, Whose},
};
use crate::principal::Principal;

const HOUR_MS: i64 = 3_600_000;

/// A session that nobody uses ends after so long.
pub const IDLE_MS: i64 = 12 * HOUR_MS;

/// A session ends after so long, however much it is used.
pub const SESSION_MS: i64 = 7 * 24 * HOUR_MS;

/// With what somebody shows who he is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Credential {
    Session(Fingerprint),
    Token(Fingerprint),
}

/// What is kept of people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    pub accounts: BTreeMap<PersonId, Account>,
    pub sessions: BTreeMap<Fingerprint, Session>,
    pub tokens: BTreeMap<Fingerprint, Token>,
    pub invitations: BTreeMap<Fingerprint, Invitation>,
}

impl Book {
    /// Takes a change in that is kept.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Account(name, kept) => put(&mut self.accounts, name, kept),
            Change::Session(of, kept) => put(&mut self.sessions, of, kept),
            Change::Token(of, kept) => put(&mut self.tokens, of, kept),
            Change::Invitation(of, kept) => put(&mut self.invitations, of, kept),
        }
    }

    /// Who somebody is by what he shows; `None` where it is not, or no longer, anybody's.
    #[must_use]
    pub fn viewer(&self, shown: &Credential, now: Timestamp) -> Option<Viewer> {
        match shown {
            Credential::Session(of) => self.of_session(self.sessions.get(of)?, now),
            Credential::Token(of) => self.of_token(self.tokens.get(of)?, now),
        }
    }

    fn of_session(&self, session: &Session, now: Timestamp) -> Option<Viewer> {
        if now >= session.ends_at() {
            return None;
        }
        match &session.whose {
            Whose::Person(name) => {
                let account = self.accounts.get(name)?;
                Some(Viewer {
                    principal: Principal::Person(name.clone()),
                    role: account.role,
                    area: account.area.clone(),
                })
            }
            Whose::Exercise => Some(Viewer::of_exercise()),
        }
    }

    /// A token can do nothing that its owner cannot, now.
    fn of_token(&self, token: &Token, now: Timestamp) -> Option<Viewer> {
        let owner = self.accounts.get(&token.owner)?;
        let is_good = now < token.expires_at && owner.area.covers(&token.area);
        is_good.then(|| Viewer {
            principal: Principal::Token(token.name.clone()),
            role: token.role.min(owner.role),
            area: token.area.clone(),
        })
    }

    /// When it was last used.
    #[must_use]
    pub fn used_at(&self, shown: &Credential) -> Option<Timestamp> {
        match shown {
            Credential::Session(of) => self.sessions.get(of).map(|s| s.seen_at),
            Credential::Token(of) => self.tokens.get(of).and_then(|t| t.used_at),
        }
    }

    /// Notes that it was used.
    pub fn used(&mut self, shown: &Credential, now: Timestamp) {
        match shown {
            Credential::Session(of) => {
                if let Some(session) = self.sessions.get_mut(of) {
                    session.seen_at = session.seen_at.max(now);
                }
            }
            Credential::Token(of) => {
                if let Some(token) = self.tokens.get_mut(of) {
                    token.used_at = token.used_at.max(Some(now));
                }
            }
        }
    }

    /// The changes that take out what has expired.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> Vec<Change> {
        let sessions = self.sessions.iter().filter(|(_, s)| now >= s.ends_at());
        let tokens = self.tokens.iter().filter(|(_, t)| now >= t.expires_at);
        let invitations = self.invitations.iter();
        let invitations = invitations.filter(|(_, i)| now >= i.expires_at);
        let sessions = sessions.map(|(of, _)| Change::Session(of.clone(), None));
        let tokens = tokens.map(|(of, _)| Change::Token(of.clone(), None));
        let invitations = invitations.map(|(of, _)| Change::Invitation(of.clone(), None));
        sessions.chain(tokens).chain(invitations).collect()
    }

    /// The changes that keep when these were last used.
    #[must_use]
    pub fn uses(&self, of: &BTreeSet<Credential>) -> Vec<Change> {
        let kept = of.iter().filter_map(|shown| match shown {
            Credential::Session(of) => {
                let session = self.sessions.get(of)?.clone();
                Some(Change::Session(of.clone(), Some(session)))
            }
            Credential::Token(of) => {
                let token = self.tokens.get(of)?.clone();
                Some(Change::Token(of.clone(), Some(token)))
            }
        });
        kept.collect()
    }

    /// Those who can say who may what in the whole city.
    pub fn chiefs(&self) -> impl Iterator<Item = &PersonId> {
        let all = self.accounts.iter();
        all.filter(|(_, account)| {
            account.role == Role::Administrator && account.area == super::Area::City
        })
        .map(|(name, _)| name)
    }

    /// The token of this name.
    #[must_use]
    pub fn token(&self, name: &TokenId) -> Option<(&Fingerprint, &Token)> {
        self.tokens.iter().find(|(_, token)| token.name == *name)
    }
}

impl Session {
    /// When it ends, if it is not used until then.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        let idle = self.seen_at.plus_millis(IDLE_MS);
        idle.min(self.begun_at.plus_millis(SESSION_MS))
    }

    #[must_use]
    pub fn is_of(&self, person: &PersonId) -> bool {
        matches!(&self.whose, Whose::Person(name) if name == person)
    }
}

fn put<K: Ord, V>(kept: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => {
            kept.insert(key, value);
        }
        None => {
            kept.remove(&key);
        }
    }
}
