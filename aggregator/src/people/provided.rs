//! People whom a provider of log-ins knows, decided: their accounts are made, changed and taken away by
//! what it tells of them. Pure.

use shared::{ids::PersonId, time::Timestamp};

use super::{
    Area, Fingerprint, Role,
    acts::{MOST_SHOWN, Planned, full, rights},
    book::Book,
    record::{Account, Change, Subject},
};
use crate::{audit::What, rights::Known};

/// Characters of a name that is made of another.
const MOST_CALLED: usize = 40;

/// Names that are tried before one is made up.
const TRIED: u32 = 20;

impl Book {
    /// The account of somebody whom a provider knows.
    #[must_use]
    pub fn of_subject(&self, subject: &Subject) -> Option<(&PersonId, &Account)> {
        let mut all = self.accounts.iter();
        all.find(|(_, account)| account.subject.as_ref() == Some(subject))
    }

    /// What is to be changed before somebody comes in by his provider: his account is made, or is what
    /// the provider says now. Nothing where it is that already.
    ///
    /// # Errors
    /// There are as many accounts as can be kept.
    pub fn settle(
        &self,
        who: &Known,
        (role, area): (Role, Area),
        now: Timestamp,
    ) -> Result<Option<Planned>, super::acts::Refusal> {
        let subject = Subject::of(who);
        let told = rights(role, &area);
        let shown = displayed(&who.shown);
        let Some((name, known)) = self.of_subject(&subject) else {
            full("people", self.accounts.len(), super::acts::MOST_ACCOUNTS)?;
            let name = self.free_name(who);
            let account = Account {
                shown: shown.unwrap_or_else(|| name.to_string()),
                role,
                area,
                password: None,
                subject: Some(subject),
                made_at: now,
                known_from: Vec::new(),
            };
            let changes = vec![Change::Account(name.clone(), Some(account))];
            let planned = Planned::new(changes, What::AccountMade, name).after(told);
            return Ok(Some(planned));
        };
        let account = Account {
            shown: shown.unwrap_or_else(|| known.shown.clone()),
            role,
            area,
            ..known.clone()
        };
        if account == *known {
            return Ok(None);
        }
        let before = rights(known.role, &known.area);
        let has_other_rights = (account.role, &account.area) != (known.role, &known.area);
        let mut changes = vec![Change::Account(name.clone(), Some(account))];
        if has_other_rights {
            changes.extend(self.ended_links(name));
        }
        let planned = Planned::new(changes, What::AccountChanged, name);
        Ok(Some(planned.before(before).after(told)))
    }

    /// What is to be taken from somebody of whom the provider no longer says what makes him anything
    /// here; nothing where he has nothing.
    #[must_use]
    pub fn turn_away(&self, who: &Known) -> Option<Planned> {
        let (name, known) = self.of_subject(&Subject::of(who))?;
        let told = rights(known.role, &known.area);
        let changes = self.without(name);
        Some(Planned::new(changes, What::AccountRemoved, name).before(told))
    }

    /// A name that nobody has, as like as can be to how the provider calls him. Whoever is called there
    /// as somebody is called here is not he.
    fn free_name(&self, who: &Known) -> PersonId {
        let called = who.called.to_ascii_lowercase();
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let called: String = called
            .chars()
            .map(|c| if fits(c) { c } else { '-' })
            .take(MOST_CALLED)
            .collect();
        let called = called.trim_matches('-');
        let wishes = (1..=TRIED).map(|k| match k {
            1 => called.to_owned(),
            k => format!("{called}-{k}"),
        });
        let of = Fingerprint::of(&format!("{} {}", who.issuer, who.subject));
        let long = of.as_str().chars().take(shared::ids::MAX_LEN - 2);
        let made_up = [
            format!("p-{}", of.short()),
            format!("p-{}", long.collect::<String>()),
        ];
        let wishes = wishes.filter(|_| !called.is_empty()).chain(made_up);
        let mut free = wishes
            .filter_map(|wish| wish.parse::<PersonId>().ok())
            .filter(|name| !self.accounts.contains_key(name));
        free.next()
            .expect("a fingerprint is one person's and a name")
    }
}

impl Subject {
    /// Of somebody whom a provider knows.
    #[must_use]
    pub fn of(who: &Known) -> Self {
        Self {
            issuer: who.issuer.clone(),
            subject: who.subject.clone(),
        }
    }
}

/// A name as others see it, as far as there is room.
fn displayed(shown: &str) -> Option<String> {
    let printable = shown.chars().filter(|c| !c.is_control());
    let shown: String = printable.take(MOST_SHOWN).collect();
    let shown = shown.trim();
    (!shown.is_empty()).then(|| shown.to_owned())
}
