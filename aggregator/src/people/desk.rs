//! The desk: who is who at present, and the one way by which that changes.
//!
//! Every change is decided on the book as it is, kept by the committer together with whose deed it
//! is, and only then applied to the book. It goes on when whoever asked has gone meanwhile: what is
//! on disk and what is believed must be the same.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
    time::{Duration, Instant},
};

use shared::{clock::real_now, ids::PersonId, time::Timestamp};
use tracing::warn;

use super::{
    Fingerprint, Viewer,
    acts::{Acceptance, Browser, Planned, Refusal, check_password},
    attempts::Attempts,
    book::{Book, Credential},
    password::{HashError, Hasher},
    record::{Change, PREFIX, Whose},
    secret::Secret,
};
use crate::{
    audit::{Deed, What},
    config::Access,
    ingest::{CommitterHandle, DeskWrite, Receipt},
    principal::Principal,
    store::{Store, StoreError},
};

/// A use is noted when the one before is so long ago.
const NOTED_AFTER_MS: i64 = 60_000;

/// Changes that are kept at once while tidying up.
const AT_ONCE: usize = 500;

/// What holds at present for whoever shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stance {
    /// He may everything.
    Open,
    /// He may log in.
    LogIn,
    /// He may look on.
    Exercise,
}

/// Why somebody's wish is not met.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the name or the password is wrong")]
    WrongPassword,
    #[error("too many tries; come again in {} seconds", .0.as_secs().max(1))]
    Wait(Duration),
    #[error("the provider of log-ins knows who you are, and you are nobody here")]
    Stranger,
    #[error("the change could not be kept; nothing has changed")]
    NotKept,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error("no random numbers can be had")]
    Random(#[from] getrandom::Error),
    #[error("the change ended half-way")]
    Thread(#[from] tokio::task::JoinError),
}

/// The desk.
pub struct Desk {
    access: Access,
    book: RwLock<Book>,
    /// One change at a time: each is decided on what the one before has left.
    turn: tokio::sync::Mutex<()>,
    /// Whose last use is not kept yet.
    used: Mutex<BTreeSet<Credential>>,
    attempts: Mutex<Attempts>,
    hasher: Hasher,
    committer: CommitterHandle,
    began: Instant,
}

impl Desk {
    /// Opens the desk with what the store keeps of it.
    ///
    /// # Errors
    /// The store cannot be read, or the system has no random numbers.
    pub fn open(
        access: Access,
        store: &dyn Store,
        committer: CommitterHandle,
    ) -> Result<Arc<Self>, OpenError> {
        let mut book = Book::default();
        for (key, kept) in store.desk(PREFIX)? {
            match Change::read(&key, &kept) {
                Some(change) => book.apply(change),
                None => warn!(key, "what the store keeps of somebody cannot be read"),
            }
        }
        Ok(Arc::new(Self {
            access,
            book: RwLock::new(book),
            turn: tokio::sync::Mutex::default(),
            used: Mutex::default(),
            attempts: Mutex::default(),
            hasher: Hasher::new()?,
            committer,
            began: Instant::now(),
        }))
    }

    /// All that is kept of people.
    pub fn book(&self) -> RwLockReadGuard<'_, Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What holds at present for whoever shows nothing.
    #[must_use]
    pub fn stance(&self) -> Stance {
        match self.access {
            Access::Open => Stance::Open,
            Access::OnceThereAreAccounts if self.book().accounts.is_empty() => Stance::Open,
            Access::OnceThereAreAccounts | Access::LogIn => Stance::LogIn,
            Access::Exercise => Stance::Exercise,
        }
    }

    /// Who somebody is by what he shows, or what is left to him otherwise. Whoever brings a token that
    /// is none is nobody: a program that takes itself for somebody must hear of it.
    #[must_use]
    pub fn viewer(&self, shown: Option<&Credential>) -> Option<Viewer> {
        let known = shown.and_then(|shown| self.book().viewer(shown, real_now()));
        if known.is_some() || matches!(shown, Some(Credential::Token(_))) {
            return known;
        }
        match self.stance() {
            Stance::Open => Some(Viewer::unknown()),
            Stance::Exercise => Some(Viewer::onlooker()),
            Stance::LogIn => None,
        }
    }

    /// Notes that somebody's credential was used, roughly.
    pub fn note_use(&self, shown: &Credential) {
        let now = real_now();
        let used_at = self.book().used_at(shown);
        if used_at.is_some_and(|at| now.millis_since(at) < NOTED_AFTER_MS) {
            return;
        }
        let mut book = self.book.write().unwrap_or_else(PoisonError::into_inner);
        book.used(shown, now);
        drop(book);
        lock(&self.used).insert(shown.clone());
    }

    /// Decides a change, keeps it and applies it.
    ///
    /// # Errors
    /// The decision refuses it, or it cannot be kept.
    pub async fn act<E>(
        self: &Arc<Self>,
        by: Principal,
        from: Option<IpAddr>,
        decide: impl FnOnce(&Book, Timestamp) -> Result<Planned, E> + Send + 'static,
    ) -> Result<(), DeskError>
    where
        DeskError: From<E>,
        E: Send + 'static,
    {
        let decide = |book: &Book, now| decide(book, now).map(Some);
        self.act_if(by, from, decide).await
    }

    /// The same, where it may be that nothing is to change.
    pub(super) async fn act_if<E>(
        self: &Arc<Self>,
        by: Principal,
        from: Option<IpAddr>,
        decide: impl FnOnce(&Book, Timestamp) -> Result<Option<Planned>, E> + Send + 'static,
    ) -> Result<(), DeskError>
    where
        DeskError: From<E>,
        E: Send + 'static,
    {
        let desk = self.clone();
        let acted = tokio::spawn(async move {
            let _turn = desk.turn.lock().await;
            let planned = decide(&desk.book(), real_now())?;
            match planned {
                Some(planned) => desk.keep(by, from, planned).await,
                None => Ok(()),
            }
        });
        acted.await?
    }

    async fn keep(
        &self,
        by: Principal,
        from: Option<IpAddr>,
        planned: Planned,
    ) -> Result<(), DeskError> {
        let changes = planned.changes.iter().map(Change::written).collect();
        let deed = Deed {
            by,
            from,
            what: planned.what,
            subject: planned.subject,
            before: planned.before,
            after: planned.after,
        };
        let write = DeskWrite {
            changes,
            deed: Some(deed),
        };
        if self.committer.desk(write).await != Receipt::Done {
            return Err(DeskError::NotKept);
        }
        let mut book = self.book.write().unwrap_or_else(PoisonError::into_inner);
        for change in planned.changes {
            book.apply(change);
        }
        Ok(())
    }

    /// Lets somebody in who knows the password. Returns his session's secret.
    ///
    /// # Errors
    /// He does not know it, tries too often, or the session cannot be kept.
    pub async fn log_in(
        self: &Arc<Self>,
        name: &str,
        password: String,
        browser: Browser,
    ) -> Result<Secret, DeskError> {
        let known = name.parse::<PersonId>().ok();
        let known = known.and_then(|name| {
            let account = self.book().accounts.get(&name)?.clone();
            Some((name, account))
        });
        if let Some(from) = browser.from {
            let is_known = known
                .as_ref()
                .is_some_and(|(_, a)| a.known_from.contains(&from));
            let tried = lock(&self.attempts).take(&bounded(name), from, is_known, self.now_ms());
            tried.map_err(DeskError::Wait)?;
        }
        let kept = known
            .as_ref()
            .and_then(|(_, account)| account.password.clone());
        let is_right = self.hasher.is_right(password, kept.clone()).await?;
        let Some((name, _)) = known.filter(|_| is_right) else {
            return Err(self.refused(name, browser.from).await);
        };
        if let Some(from) = browser.from {
            lock(&self.attempts).succeeded(name.as_str(), from);
        }
        let secret = Secret::new()?;
        let (of, from) = (secret.fingerprint(), browser.from);
        let by = Principal::Person(name.clone());
        self.act(by, from, move |book, now| {
            // It may have been changed meanwhile.
            let password = book.accounts.get(&name).and_then(|a| a.password.as_ref());
            if password != kept.as_ref() {
                return Err(DeskError::WrongPassword);
            }
            Ok(book.log_in(Whose::Person(name), of, &browser, now))
        })
        .await?;
        Ok(secret)
    }

    /// Enters that somebody asked for what is not his.
    pub async fn note_refusal(&self, by: Principal, from: Option<IpAddr>, asked: String) {
        self.note(by, from, What::AccessRefused, asked).await;
    }

    pub(super) async fn note(
        &self,
        by: Principal,
        from: Option<IpAddr>,
        what: What,
        subject: String,
    ) {
        let deed = Deed {
            by,
            from,
            what,
            subject,
            before: None,
            after: None,
        };
        if self.committer.desk(DeskWrite::only(deed)).await != Receipt::Done {
            warn!("somebody was refused, and that could not be entered into the log of deeds");
        }
    }

    /// Enters that somebody was refused. A name that nobody has is not told: it may be a password that
    /// was typed into the wrong field.
    async fn refused(&self, name: &str, from: Option<IpAddr>) -> DeskError {
        let known = name.parse::<PersonId>().ok();
        let known = known.filter(|name| self.book().accounts.contains_key(name));
        let subject = known.map_or_else(|| "an unknown name".to_owned(), |name| name.to_string());
        self.note(Principal::Anonymous, from, What::LogInRefused, subject)
            .await;
        DeskError::WrongPassword
    }

    /// Somebody ends his own session.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn log_out(
        self: &Arc<Self>,
        by: Principal,
        of: Fingerprint,
        from: Option<IpAddr>,
    ) -> Result<(), DeskError> {
        let decide = move |book: &Book, _| {
            let kind = "session";
            let name = of.short().to_owned();
            book.log_out(&of).ok_or(Refusal::Missing { kind, name })
        };
        match self.act(by, from, decide).await {
            // It has ended meanwhile.
            Err(DeskError::Refused(Refusal::Missing { .. })) => Ok(()),
            done => done,
        }
    }

    /// Lets anybody act in an exercise. Returns his session's secret.
    ///
    /// # Errors
    /// The session cannot be kept.
    pub async fn log_in_to_exercise(
        self: &Arc<Self>,
        browser: Browser,
    ) -> Result<Secret, DeskError> {
        let secret = Secret::new()?;
        let (of, from) = (secret.fingerprint(), browser.from);
        self.act(Principal::Exercise, from, move |book, now| {
            Ok::<_, Refusal>(book.log_in(Whose::Exercise, of, &browser, now))
        })
        .await?;
        Ok(secret)
    }

    /// Somebody accepts an invitation: with it he has an account, or a new password. `with` has the
    /// password itself.
    ///
    /// # Errors
    /// The link is not good, the name is somebody else's, or the password too short.
    pub async fn accept(
        self: &Arc<Self>,
        link: &str,
        with: Acceptance,
        browser: Browser,
    ) -> Result<Secret, DeskError> {
        let of = Fingerprint::of(link);
        let account = self.book().invitation(&of, real_now())?.account.clone();
        let with = Acceptance {
            name: account.unwrap_or(with.name),
            ..with
        };
        check_password(&with.password, with.name.as_str())?;
        let with = Acceptance {
            password: self.hasher.hash(with.password).await?,
            ..with
        };
        let (name, from) = (with.name.clone(), browser.from);
        let by = Principal::Person(name.clone());
        self.act(by.clone(), from, move |book, now| {
            book.accept(&of, with, now)
        })
        .await?;
        let secret = Secret::new()?;
        let of = secret.fingerprint();
        self.act(by, from, move |book, now| {
            Ok::<_, Refusal>(book.log_in(Whose::Person(name), of, &browser, now))
        })
        .await?;
        Ok(secret)
    }

    /// Somebody who is logged in chooses another password; his other sessions end.
    ///
    /// # Errors
    /// The old one is wrong, or the new one too short.
    pub async fn change_password(
        self: &Arc<Self>,
        name: PersonId,
        (old, new): (String, String),
        (but, from): (Option<Fingerprint>, Option<IpAddr>),
    ) -> Result<(), DeskError> {
        check_password(&new, name.as_str())?;
        let account = self.book().accounts.get(&name).cloned();
        let account = account.ok_or(DeskError::WrongPassword)?;
        if let Some(from) = from {
            let tried = lock(&self.attempts).take(name.as_str(), from, true, self.now_ms());
            tried.map_err(DeskError::Wait)?;
        }
        if !self.hasher.is_right(old, account.password).await? {
            return Err(DeskError::WrongPassword);
        }
        let hash = self.hasher.hash(new).await?;
        let by = Principal::Person(name.clone());
        self.act(by, from, move |book, _| {
            book.choose_password(&name, hash, but.as_ref())
        })
        .await
    }

    /// Makes the link good that whoever has the machine was given.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn set_up(self: &Arc<Self>, of: Fingerprint) -> Result<(), DeskError> {
        let decide = |book: &Book, now| Ok::<_, Refusal>(book.set_up(of, now));
        self.act(Principal::Machine, None, decide).await
    }

    /// Keeps when what was last used, and forgets what has expired.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn tidy_up(self: &Arc<Self>) -> Result<(), DeskError> {
        let used = std::mem::take(&mut *lock(&self.used));
        let _turn = self.turn.lock().await;
        let changes = {
            let book = self.book();
            let mut changes = book.uses(&used);
            changes.extend(book.expired(real_now()));
            changes
        };
        for some in changes.chunks(AT_ONCE) {
            let changes: Vec<_> = some.iter().map(Change::written).collect();
            let deed = None;
            if self.committer.desk(DeskWrite { changes, deed }).await != Receipt::Done {
                return Err(DeskError::NotKept);
            }
            let mut book = self.book.write().unwrap_or_else(PoisonError::into_inner);
            // What was used is in the book already, and may have been used again.
            let gone = some.iter().filter(|change| change.written().1.is_none());
            gone.for_each(|change| book.apply(change.clone()));
        }
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Why the desk cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("what is kept of people cannot be read")]
    Store(#[from] StoreError),
    #[error("passwords cannot be compared")]
    Hash(#[from] HashError),
}

/// A name as it was typed, as far as any name goes.
fn bounded(name: &str) -> String {
    name.chars().take(shared::ids::MAX_LEN).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
