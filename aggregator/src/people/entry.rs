//! Sessions and tokens, decided: how they begin, and how they end. Pure.

use core::net::IpAddr;

use shared::{
    ids::{PersonId, TokenId},
    time::Timestamp,
};

use super::{
    Area, Fingerprint, Role, Viewer,
    acts::{Browser, DAY_MS, MOST_DAYS, Planned, Refusal, full, may_give, missing, rights},
    book::Book,
    record::{Change, Session, Token, Whose},
};
use crate::audit::What;

/// Sessions of one person, and of the exercise login: the one that was not used longest ends.
const MOST_SESSIONS: usize = 20;
const MOST_OF_EXERCISE: usize = 500;

/// Addresses from which somebody is known.
const MOST_KNOWN: usize = 8;

/// Characters of what a browser says that it is.
const MOST_BROWSER: usize = 200;

const MOST_TOKENS: usize = 1_000;

impl Book {
    /// Somebody has shown that he is it: a session begins. Where he has too many, the one that was
    /// not used longest ends.
    #[must_use]
    pub fn log_in(
        &self,
        whose: Whose,
        of: Fingerprint,
        browser: &Browser,
        now: Timestamp,
    ) -> Planned {
        let most = match whose {
            Whose::Person(_) => MOST_SESSIONS,
            Whose::Exercise => MOST_OF_EXERCISE,
        };
        let mut others: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, s)| s.whose == whose)
            .collect();
        others.sort_by_key(|(_, session)| session.seen_at);
        let too_many = (others.len() + 1).saturating_sub(most);
        let ended = others.iter().take(too_many);
        let mut changes: Vec<_> = ended
            .map(|(of, _)| Change::Session((*of).clone(), None))
            .collect();
        let subject = match &whose {
            Whose::Person(name) => {
                changes.extend(self.known_from(name, browser.from));
                name.to_string()
            }
            Whose::Exercise => "the exercise login".to_owned(),
        };
        let session = Session {
            whose,
            begun_at: now,
            seen_at: now,
            from: browser.from,
            browser: printable(&browser.name, MOST_BROWSER),
        };
        changes.push(Change::Session(of, Some(session)));
        Planned::new(changes, What::LoggedIn, subject)
    }

    /// The change that keeps from where he logged in, where that is news.
    fn known_from(&self, name: &PersonId, from: Option<IpAddr>) -> Option<Change> {
        let (mut account, from) = (self.accounts.get(name)?.clone(), from?);
        if account.known_from.last() == Some(&from) {
            return None;
        }
        account.known_from.retain(|known| *known != from);
        account.known_from.push(from);
        let too_many = account.known_from.len().saturating_sub(MOST_KNOWN);
        account.known_from.drain(..too_many);
        Some(Change::Account(name.clone(), Some(account)))
    }

    /// A session ends by its own wish.
    #[must_use]
    pub fn log_out(&self, of: &Fingerprint) -> Option<Planned> {
        let session = self.sessions.get(of)?;
        let changes = vec![Change::Session(of.clone(), None)];
        let subject = match &session.whose {
            Whose::Person(name) => name.to_string(),
            Whose::Exercise => "the exercise login".to_owned(),
        };
        Some(Planned::new(changes, What::LoggedOut, subject))
    }

    /// Whether a session or token of this owner is somebody's to see and to end.
    #[must_use]
    pub fn is_his(&self, by: &Viewer, owner: &PersonId) -> bool {
        let governed = by.role == Role::Administrator && self.governed(by, owner).is_ok();
        by.person() == Some(owner) || governed
    }

    /// Ends a session by its short name.
    ///
    /// # Errors
    /// There is none that he may end.
    pub fn end_session(&self, by: &Viewer, short: &str) -> Result<Planned, Refusal> {
        let may_end = |session: &Session| match &session.whose {
            Whose::Person(owner) => self.is_his(by, owner),
            Whose::Exercise => by.role == Role::Administrator,
        };
        let mut all = self.sessions.iter();
        let found = all.find(|(of, session)| of.short() == short && may_end(session));
        let (of, session) = found.ok_or_else(|| missing("session", short))?;
        let subject = match &session.whose {
            Whose::Person(name) => name.to_string(),
            Whose::Exercise => "the exercise login".to_owned(),
        };
        let changes = vec![Change::Session(of.clone(), None)];
        Ok(Planned::new(changes, What::SessionEnded, subject).before(short.to_owned()))
    }

    /// Makes a token for a program.
    ///
    /// # Errors
    /// The name is taken, it would be good for too long, or could do more than who makes it.
    pub fn make_token(
        &self,
        by: (&Viewer, &PersonId),
        of: Fingerprint,
        name: TokenId,
        (role, area): (Role, Area),
        (days, now): (u32, Timestamp),
    ) -> Result<Planned, Refusal> {
        let (viewer, owner) = by;
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(Refusal::Days);
        }
        if self.token(&name).is_some() {
            return Err(Refusal::TokenTaken(name));
        }
        may_give(viewer, role, &area)?;
        full("tokens", self.tokens.len(), MOST_TOKENS)?;
        let expires_at = now.plus_millis(i64::from(days) * DAY_MS);
        let told = format!("{} until {expires_at}", rights(role, &area));
        let token = Token {
            name: name.clone(),
            owner: owner.clone(),
            role,
            area,
            made_at: now,
            expires_at,
            used_at: None,
        };
        let changes = vec![Change::Token(of, Some(token))];
        Ok(Planned::new(changes, What::TokenMade, name).after(told))
    }

    /// Ends a token.
    ///
    /// # Errors
    /// There is none that he may end.
    pub fn end_token(&self, by: &Viewer, name: &str) -> Result<Planned, Refusal> {
        let mut all = self.tokens.iter();
        let found = all.find(|(_, t)| t.name.as_str() == name && self.is_his(by, &t.owner));
        let (of, token) = found.ok_or_else(|| missing("token", name))?;
        let told = rights(token.role, &token.area);
        let changes = vec![Change::Token(of.clone(), None)];
        Ok(Planned::new(changes, What::TokenRevoked, name).before(told))
    }
}

fn printable(text: &str, most: usize) -> String {
    let printable = text.chars().filter(|c| !c.is_control());
    printable.take(most).collect()
}
