//! What people do with accounts, sessions, tokens and invitations, decided: what is to be kept from
//! now on, and what the log of deeds says of it. Pure.

use core::net::IpAddr;

use shared::{
    ids::{PersonId, TokenId},
    time::Timestamp,
};

use super::{
    Area, Fingerprint, Role, Viewer,
    book::Book,
    record::{Account, Change, Invitation},
};
use crate::{audit::What, principal::Principal};

pub(super) const DAY_MS: i64 = 24 * 3_600_000;

/// How long an invitation is good for.
pub const INVITED_MS: i64 = 3 * DAY_MS;

/// How long the link of a first start, or of somebody who has the machine, is good for.
pub const SET_UP_MS: i64 = DAY_MS;

/// Days that a token may be good for.
pub const MOST_DAYS: u32 = 366;

/// Characters of a password, the least.
const LEAST: usize = 12;

/// Characters of a password, the most.
const MOST: usize = 512;

pub(super) const MOST_ACCOUNTS: usize = 10_000;
const MOST_INVITATIONS: usize = 1_000;

/// Characters of a name as others see it.
pub(super) const MOST_SHOWN: usize = 60;

/// What is to be kept, and what is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub changes: Vec<Change>,
    pub what: What,
    pub subject: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Why somebody's wish is not met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is a person `{0}` already; choose another name")]
    NameTaken(PersonId),
    #[error("there is a token `{0}` already; choose another name")]
    TokenTaken(TokenId),
    #[error("there is no {kind} `{name}`, or it is not yours to change")]
    Missing { kind: &'static str, name: String },
    #[error("this link was used already, has expired, or was never given")]
    Spent,
    #[error("nobody can give more than he has himself: {0}")]
    Beyond(String),
    #[error("`{0}` is the only administrator of the whole city; name another one first")]
    LastAdministrator(PersonId),
    #[error("there are {most} {kind}, and no more are kept")]
    Full { kind: &'static str, most: usize },
    #[error("a name has 1 to {MOST_SHOWN} characters, none of them invisible")]
    Shown,
    #[error("a password has {LEAST} to {MOST} characters, and is not your name")]
    Password,
    #[error("a token is good for 1 to {MOST_DAYS} days")]
    Days,
    #[error("`{0}` logs in by the provider, which says what he is; change it there")]
    OfProvider(PersonId),
}

/// A browser that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    pub from: Option<IpAddr>,
    /// What it says that it is.
    pub name: String,
}

/// With what somebody accepts an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    pub name: PersonId,
    pub shown: String,
    /// The hash of the password that he has chosen.
    pub password: String,
}

impl Planned {
    pub(super) fn new(changes: Vec<Change>, what: What, subject: impl ToString) -> Self {
        Self {
            changes,
            what,
            subject: subject.to_string(),
            before: None,
            after: None,
        }
    }

    pub(super) fn before(self, before: String) -> Self {
        Self {
            before: Some(before),
            ..self
        }
    }

    pub(super) fn after(self, after: String) -> Self {
        Self {
            after: Some(after),
            ..self
        }
    }
}

/// A role and an area, as the log has them.
pub(super) fn rights(role: Role, area: &Area) -> String {
    format!("{role} of {area}")
}

/// Whether somebody may give this role and area, or take it.
fn governs(by: &Viewer, role: Role, area: &Area) -> bool {
    by.role >= role && by.area.covers(area)
}

pub(super) fn may_give(by: &Viewer, role: Role, area: &Area) -> Result<(), Refusal> {
    if governs(by, role, area) {
        Ok(())
    } else {
        Err(Refusal::Beyond(rights(by.role, &by.area)))
    }
}

pub(super) fn missing(kind: &'static str, name: impl ToString) -> Refusal {
    let name = name.to_string().chars().take(MOST_SHOWN).collect();
    Refusal::Missing { kind, name }
}

impl Book {
    /// Somebody invites another, or lets him who has an account choose a new password.
    ///
    /// # Errors
    /// He may not give so much, or it is nobody's account.
    pub fn invite(
        &self,
        by: &Viewer,
        of: Fingerprint,
        (role, area): (Role, Area),
        account: Option<PersonId>,
        now: Timestamp,
    ) -> Result<Planned, Refusal> {
        let (role, area) = match &account {
            Some(name) => {
                let known = self.governed(by, name)?;
                is_kept_here(name, known)?;
                (known.role, known.area.clone())
            }
            None => (role, area),
        };
        may_give(by, role, &area)?;
        full("invitations", self.invitations.len(), MOST_INVITATIONS)?;
        let subject = match &account {
            Some(name) => name.to_string(),
            None => of.short().to_owned(),
        };
        let told = rights(role, &area);
        let invitation = Invitation {
            role,
            area,
            account,
            by: by.principal.clone(),
            made_at: now,
            expires_at: now.plus_millis(INVITED_MS),
        };
        let changes = vec![Change::Invitation(of, Some(invitation))];
        Ok(Planned::new(changes, What::Invited, subject).after(told))
    }

    /// Who has the machine makes himself, or somebody, an administrator. One such link is good at a
    /// time.
    #[must_use]
    pub fn set_up(&self, of: Fingerprint, now: Timestamp) -> Planned {
        let mut changes: Vec<_> = self.links(Invitation::is_of_machine).collect();
        let subject = of.short().to_owned();
        let invitation = Invitation {
            role: Role::Administrator,
            area: Area::City,
            account: None,
            by: Principal::Machine,
            made_at: now,
            expires_at: now.plus_millis(SET_UP_MS),
        };
        changes.push(Change::Invitation(of, Some(invitation)));
        let told = rights(Role::Administrator, &Area::City);
        Planned::new(changes, What::Invited, subject).after(told)
    }

    /// The invitation of a link, if it is still good.
    ///
    /// # Errors
    /// It is not.
    pub fn invitation(&self, of: &Fingerprint, now: Timestamp) -> Result<&Invitation, Refusal> {
        let found = self.invitations.get(of).filter(|i| now < i.expires_at);
        found.ok_or(Refusal::Spent)
    }

    /// Somebody accepts: his account is made, or its password is another, and the link is spent.
    ///
    /// # Errors
    /// The link is not good, or the name is somebody else's.
    pub fn accept(
        &self,
        of: &Fingerprint,
        with: Acceptance,
        now: Timestamp,
    ) -> Result<Planned, Refusal> {
        let invitation = self.invitation(of, now)?;
        if let Some(name) = &invitation.account {
            return self.choose_password(name, with.password, None);
        }
        let spent = Change::Invitation(of.clone(), None);
        let Acceptance {
            name,
            shown,
            password,
        } = with;
        if self.accounts.contains_key(&name) {
            return Err(Refusal::NameTaken(name));
        }
        full("people", self.accounts.len(), MOST_ACCOUNTS)?;
        let told = rights(invitation.role, &invitation.area);
        let account = Account {
            shown: checked(&shown)?,
            role: invitation.role,
            area: invitation.area.clone(),
            password: Some(password),
            made_at: now,
            known_from: Vec::new(),
            subject: None,
        };
        let what = if invitation.is_of_machine() {
            What::SetUp
        } else {
            What::AccountMade
        };
        let changes = vec![Change::Account(name.clone(), Some(account)), spent];
        Ok(Planned::new(changes, what, name).after(told))
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// There is none of that name that he could have made.
    pub fn withdraw(&self, by: &Viewer, short: &str) -> Result<Planned, Refusal> {
        let mut all = self.invitations.iter();
        let found = all.find(|(of, i)| of.short() == short && governs(by, i.role, &i.area));
        let (of, invitation) = found.ok_or_else(|| missing("invitation", short))?;
        let told = rights(invitation.role, &invitation.area);
        let changes = vec![Change::Invitation(of.clone(), None)];
        Ok(Planned::new(changes, What::InvitationWithdrawn, short).before(told))
    }

    /// An account that somebody may change.
    pub(super) fn governed(&self, by: &Viewer, name: &PersonId) -> Result<&Account, Refusal> {
        let found = self
            .accounts
            .get(name)
            .filter(|a| governs(by, a.role, &a.area));
        found.ok_or_else(|| missing("person", name))
    }

    /// Gives somebody another role and area. Links to his account, and those that he made, were for what he was.
    ///
    /// # Errors
    /// He may not, or nobody would be left who may.
    pub fn appoint(
        &self,
        by: &Viewer,
        name: &PersonId,
        role: Role,
        area: Area,
    ) -> Result<Planned, Refusal> {
        let before = self.governed(by, name)?;
        is_kept_here(name, before)?;
        may_give(by, role, &area)?;
        if role != Role::Administrator || area != Area::City {
            self.is_not_last(name)?;
        }
        let told = (rights(before.role, &before.area), rights(role, &area));
        let account = Account {
            role,
            area,
            ..before.clone()
        };
        let mut changes = vec![Change::Account(name.clone(), Some(account))];
        changes.extend(self.ended_links(name));
        Ok(Planned::new(changes, What::AccountChanged, name)
            .before(told.0)
            .after(told.1))
    }

    /// Takes somebody's account away, and with it his sessions, tokens and links.
    ///
    /// # Errors
    /// He may not, or nobody would be left who may.
    pub fn remove(&self, by: &Viewer, name: &PersonId) -> Result<Planned, Refusal> {
        let before = self.governed(by, name)?;
        self.is_not_last(name)?;
        let told = rights(before.role, &before.area);
        let changes = self.without(name);
        Ok(Planned::new(changes, What::AccountRemoved, name).before(told))
    }

    /// All that is no longer there without somebody.
    pub(super) fn without(&self, name: &PersonId) -> Vec<Change> {
        let mut changes = vec![Change::Account(name.clone(), None)];
        changes.extend(self.ended_sessions(name, None));
        let tokens = self.tokens.iter().filter(|(_, t)| t.owner == *name);
        changes.extend(tokens.map(|(of, _)| Change::Token(of.clone(), None)));
        changes.extend(self.ended_links(name));
        changes
    }

    /// Links to somebody's account, and those that he made.
    pub(super) fn ended_links(&self, name: &PersonId) -> impl Iterator<Item = Change> {
        let person = Principal::Person(name.clone());
        self.links(move |i| i.account.as_ref() == Some(name) || i.by == person)
    }

    fn links(&self, which: impl Fn(&Invitation) -> bool) -> impl Iterator<Item = Change> {
        let links = self.invitations.iter().filter(move |(_, i)| which(i));
        links.map(|(of, _)| Change::Invitation(of.clone(), None))
    }

    fn is_not_last(&self, name: &PersonId) -> Result<(), Refusal> {
        let mut chiefs = self.chiefs();
        match (chiefs.next(), chiefs.next()) {
            (Some(only), None) if only == name => Err(Refusal::LastAdministrator(name.clone())),
            _ => Ok(()),
        }
    }

    /// Somebody has another password: all his sessions but this one end, and every link to his account.
    ///
    /// # Errors
    /// He has no account.
    pub fn choose_password(
        &self,
        name: &PersonId,
        password: String,
        but: Option<&Fingerprint>,
    ) -> Result<Planned, Refusal> {
        let account = self.accounts.get(name);
        let account = account.ok_or_else(|| missing("person", name))?.clone();
        is_kept_here(name, &account)?;
        let account = Account {
            password: Some(password),
            ..account
        };
        let mut changes = vec![Change::Account(name.clone(), Some(account))];
        changes.extend(self.ended_sessions(name, but));
        changes.extend(self.links(|i| i.account.as_ref() == Some(name)));
        Ok(Planned::new(changes, What::PasswordChanged, name))
    }

    fn ended_sessions<'a>(
        &'a self,
        name: &'a PersonId,
        but: Option<&'a Fingerprint>,
    ) -> impl Iterator<Item = Change> {
        let his = self
            .sessions
            .iter()
            .filter(move |(of, s)| s.is_of(name) && Some(*of) != but);
        his.map(|(of, _)| Change::Session(of.clone(), None))
    }
}

/// Whether what somebody is and how he logs in is said here, and not by a provider.
fn is_kept_here(name: &PersonId, account: &Account) -> Result<(), Refusal> {
    match account.subject {
        None => Ok(()),
        Some(_) => Err(Refusal::OfProvider(name.clone())),
    }
}

pub(super) fn full(kind: &'static str, there: usize, most: usize) -> Result<(), Refusal> {
    if there < most {
        Ok(())
    } else {
        Err(Refusal::Full { kind, most })
    }
}

/// Whether a password may be chosen. What helps is its length.
///
/// # Errors
/// It may not.
pub fn check_password(password: &str, name: &str) -> Result<(), Refusal> {
    let fits = (LEAST..=MOST).contains(&password.chars().count());
    if fits && !password.eq_ignore_ascii_case(name) {
        Ok(())
    } else {
        Err(Refusal::Password)
    }
}

/// A name as others see it.
fn checked(shown: &str) -> Result<String, Refusal> {
    let shown = shown.trim();
    let fits = (1..=MOST_SHOWN).contains(&shown.chars().count());
    if fits && !shown.contains(char::is_control) {
        Ok(shown.to_owned())
    } else {
        Err(Refusal::Shown)
    }
}
