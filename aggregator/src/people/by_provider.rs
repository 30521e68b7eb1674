//! The desk's way in for those whom a provider of log-ins has proven.

use std::{net::IpAddr, sync::Arc};

use super::{
    Desk, DeskError,
    acts::{Browser, Refusal},
    book::Book,
    record::{Subject, Whose},
    secret::Secret,
};
use crate::{audit::What, principal::Principal, rights::Known};

impl Desk {
    /// Lets somebody in whom a provider knows: what it says of him is what he is from now on. Returns his
    /// session's secret.
    ///
    /// # Errors
    /// He is nobody here, and has nothing here any more; or it cannot be kept.
    pub async fn log_in_by_provider(
        self: &Arc<Self>,
        who: Known,
        browser: Browser,
    ) -> Result<Secret, DeskError> {
        let (from, subject) = (browser.from, Subject::of(&who));
        let Some(rights) = who.rights.clone() else {
            let turn_away = move |book: &Book, _| Ok::<_, Refusal>(book.turn_away(&who));
            self.act_if(Principal::Machine, from, turn_away).await?;
            let told = format!("somebody unknown of {}", subject.issuer);
            self.note(Principal::Anonymous, from, What::LogInRefused, told)
                .await;
            return Err(DeskError::Stranger);
        };
        let settle = move |book: &Book, now| book.settle(&who, rights, now);
        self.act_if(Principal::Machine, from, settle).await?;
        let name = self
            .book()
            .of_subject(&subject)
            .map(|(name, _)| name.clone());
        let name = name.ok_or(DeskError::Stranger)?;
        let secret = Secret::new()?;
        let of = secret.fingerprint();
        self.act(Principal::Person(name), from, move |book, now| {
            // It may have been taken away meanwhile.
            let (name, _) = book.of_subject(&subject).ok_or(DeskError::Stranger)?;
            let planned = book.log_in(Whose::Person(name.clone()), of, &browser, now);
            Ok::<_, DeskError>(planned.after(format!("by {}", subject.issuer)))
        })
        .await?;
        Ok(secret)
    }

    /// Enters that somebody whom the provider did not prove wanted in.
    pub async fn note_unproven(&self, issuer: &str, from: Option<IpAddr>) {
        let told = format!("somebody unproven of {issuer}");
        self.note(Principal::Anonymous, from, What::LogInRefused, told)
            .await;
    }
}
