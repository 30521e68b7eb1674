//! Watches the folder of those who were enrolled while the aggregator runs.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;
use shared::error::chain;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    Authority,
    registry::{Listing, Registry, RegistryError},
};
use crate::parts::Ready;

/// So soon who was revoked is heard no more.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Who belongs at present.
#[derive(Debug, Clone)]
pub struct Authorities(watch::Receiver<Arc<Authority>>);

impl Authorities {
    /// As it is now.
    #[must_use]
    pub fn now(&self) -> Arc<Authority> {
        self.0.borrow().clone()
    }

    /// Waits until it is another. `false` when it will not change any more.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }

    /// One that never changes.
    #[cfg(test)]
    pub fn fixed(authority: Authority) -> Self {
        Self(watch::channel(Arc::new(authority)).1)
    }
}

/// What tells of changes.
pub struct Watch {
    registry: Registry,
    believes_strangers: bool,
    seen: Listing,
    tell: watch::Sender<Arc<Authority>>,
}

/// Reads who belongs, and what is needed to go on watching.
///
/// # Errors
/// The folder cannot be read, or a file in it is damaged: nobody guesses who belongs.
pub fn watch(
    registry: Registry,
    believes_strangers: bool,
) -> Result<(Authorities, Watch), RegistryError> {
    let seen = registry.listing()?;
    let authority = Authority::new(registry.read()?, believes_strangers);
    let enrolled = authority.enrolled().len();
    if !believes_strangers && enrolled == 0 {
        warn!(
            "only those who are enrolled are believed here, and nobody is: see flood-aggregator enrol \
             --help, and [broker] strangers"
        );
    }
    info!(enrolled, strangers = believes_strangers, "who is believed");
    let (tell, authorities) = watch::channel(Arc::new(authority));
    let watch = Watch {
        registry,
        believes_strangers,
        seen,
        tell,
    };
    Ok((Authorities(authorities), watch))
}

impl Watch {
    /// Looks again and again, until told to stop. What cannot be read changes nothing and is said once.
    ///
    /// # Errors
    /// None; it has the form of a part.
    pub async fn run(mut self, stop: CancellationToken, ready: Ready) -> Result<()> {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let mut wrong = None;
        ready.now();
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = looks.tick() => {}
            }
            let looked = self.look().map_err(|e| chain(&e)).err();
            if looked == wrong {
                continue;
            }
            match &looked {
                Some(why) => error!(
                    why,
                    "of somebody it cannot be read whether he is enrolled; he stays what he was"
                ),
                None => info!("who is enrolled can be read again"),
            }
            wrong = looked;
        }
    }

    fn look(&mut self) -> Result<(), RegistryError> {
        let seen = self.registry.listing()?;
        if seen == self.seen {
            return Ok(());
        }
        let before = self.tell.borrow().clone();
        let (mut enrolled, mut damaged) = (BTreeMap::new(), None);
        for (name, read) in self.registry.read_each()? {
            // Whose file is damaged stays what he was; what the others say holds all the same.
            let known = || before.enrolled().get(&name).cloned();
            let one = read
                .map_err(|e| damaged.get_or_insert(e))
                .ok()
                .or_else(known);
            enrolled.extend(one.map(|one| (name.clone(), one)));
        }
        let now = Authority::new(enrolled, self.believes_strangers);
        if damaged.is_none() {
            self.seen = seen;
        }
        if now.changed_since(&before).next().is_none() {
            return damaged.map_or(Ok(()), Err);
        }
        for name in now.changed_since(&before) {
            let enrolled = now.enrolled().get(name);
            let is_in = enrolled.is_some_and(|e| e.revoked_at.is_none());
            let role = enrolled.map(|e| e.role.to_string());
            info!(name, role, is_in, "enrolled or revoked");
        }
        self.tell.send_replace(Arc::new(now));
        damaged.map_or(Ok(()), Err)
    }
}
