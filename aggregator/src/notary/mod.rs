//! Enters what happens to the program itself, signs where the log of deeds ends, and lets it be read
//! while the program runs. Shell.
//!
//! Below the data folder, in `audit/`: `key` (the ed25519 key that signs, for nobody else's eyes),
//! `key.pub` (the keys to verify with, one a line), `heads` (every head that was signed, one a line), and
//! `door`, the socket that `flood-aggregator audit` asks while the store is in use. Every head goes to
//! the program's log too, which a system's log takes away from the machine.

mod door;
mod folder;
mod seen;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use shared::{
    clock::{Mode, real_now},
    error::chain,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    audit::{Deed, What},
    authority::Authorities,
    ingest::{CommitterHandle, DeskWrite, Receipt},
    parts::Ready,
    store::{Store, StoreError},
    world::{Input, Started},
};

pub use door::ask;
pub use folder::{Folder, FolderError};
use seen::{Differing, Seen};

/// How often the end of the log is signed.
const SIGN_EVERY: Duration = Duration::from_secs(3_600);

/// How long the program waits for its last deed when it stops.
const PATIENCE: Duration = Duration::from_secs(2);

/// What happens to the program is entered by it.
#[derive(Clone)]
pub struct Notary {
    pub folder: Folder,
    pub store: Arc<dyn Store>,
    pub committer: CommitterHandle,
    /// The files that the program was started with.
    pub files: Vec<PathBuf>,
}

/// The program, as it is named in its deeds.
#[must_use]
pub fn program() -> String {
    concat!("flood-aggregator ", env!("CARGO_PKG_VERSION")).to_owned()
}

impl Notary {
    /// The program begins, with these settings.
    ///
    /// # Errors
    /// That cannot be entered: the store fails.
    pub async fn starting(&self, settings: Started) -> Result<()> {
        if let Err(e) = self.folder.make() {
            error!(error = chain(&e), "the log of deeds will not be signed");
        }
        let (mode, speed) = (settings.mode, settings.speed);
        let damaged = self.store.damaged();
        let after = format!("{mode:?}, {damaged} damaged parts of the store").to_lowercase();
        let started = Deed::of_machine(What::Started, program(), Some(after));
        let input = Input::Started(settings);
        let mut receipt = self.committer.input_by(input, started).await;
        if receipt == Receipt::Done && mode != Mode::Actual {
            let after = Some(format!("{speed} times as fast"));
            let exercise = Deed::of_machine(
                What::ExerciseBegun,
                format!("{mode:?}").to_lowercase(),
                after,
            );
            receipt = self.committer.desk(DeskWrite::only(exercise)).await;
        }
        anyhow::ensure!(receipt == Receipt::Done, "the store cannot be written");
        Ok(())
    }

    /// Enters what has changed since it was looked last, and then what changes; signs now and every hour;
    /// answers at the door. Until told to stop.
    ///
    /// # Errors
    /// What has changed cannot be entered: the store fails.
    pub async fn run(
        self,
        mut authorities: Authorities,
        stop: CancellationToken,
        ready: Ready,
    ) -> Result<()> {
        let door = door::serve(self.folder.door(), self.store.clone());
        let door = tokio::spawn(stop.clone().run_until_cancelled_owned(door));
        let files = self.files.clone();
        let files = tokio::task::spawn_blocking(move || seen::files(&files)).await?;
        self.enter(Seen::Files, &files).await?;
        let mut hours = tokio::time::interval(SIGN_EVERY);
        let mut is_known_for_good = false;
        let mut is_to_look = true;
        ready.now();
        loop {
            if std::mem::take(&mut is_to_look) {
                let principals = seen::principals(&authorities.now());
                self.enter(Seen::Principals, &principals).await?;
            }
            tokio::select! {
                () = stop.cancelled() => break,
                _ = hours.tick() => self.sign().await,
                has_changed = authorities.changed(), if !is_known_for_good => {
                    is_to_look = has_changed;
                    is_known_for_good = !has_changed;
                }
            }
        }
        door.await.map(drop).context("the door failed")
    }

    /// The program is about to end, and why.
    pub async fn stopping(&self, what: What, why: Option<String>) {
        let entered = self
            .committer
            .desk(DeskWrite::only(Deed::of_machine(what, program(), why)));
        match tokio::time::timeout(PATIENCE, entered).await {
            Ok(Receipt::Done) => {}
            _ => warn!("that the program stops is not in the log of deeds"),
        }
    }

    /// Signs where the log ends. What fails is said and changes nothing else.
    pub async fn sign(&self) {
        let (folder, store) = (self.folder.clone(), self.store.clone());
        let signed = tokio::task::spawn_blocking(move || -> Result<_> {
            let signing = folder.signing()?;
            let head = signing.sign(store.end_of_deeds()?, real_now());
            folder.append(&head)?;
            Ok(head)
        });
        match signed.await {
            Ok(Ok(head)) => info!(target: "audit", head = %head, "the log of deeds ends here"),
            Ok(Err(e)) => error!(error = format!("{e:#}"), "the end of the log is not signed"),
            Err(e) => error!(error = chain(&e), "the end of the log is not signed"),
        }
    }

    /// Enters everything of a kind that is not as it was entered last.
    async fn enter(&self, of: Seen, now: &seen::Map) -> Result<()> {
        let before = self.before(of).await?;
        for differing in seen::differing(&before, now) {
            let Differing { name, before, now } = differing;
            let kept = now.as_ref().map(|now| now.clone().into_bytes());
            let write = DeskWrite {
                changes: vec![(of.key(&name), kept)],
                deed: Some(of.deed(name, before, now)),
            };
            let receipt = self.committer.desk(write).await;
            anyhow::ensure!(receipt == Receipt::Done, "the store cannot be written");
        }
        Ok(())
    }

    async fn before(&self, of: Seen) -> Result<seen::Map> {
        let store = self.store.clone();
        let kept = tokio::task::spawn_blocking(move || -> Result<_, StoreError> {
            store.desk(of.prefix())
        });
        let kept = kept.await??.into_iter().filter_map(|(key, kept)| {
            let name = key.strip_prefix(of.prefix())?.to_owned();
            Some((name, String::from_utf8_lossy(&kept).into_owned()))
        });
        Ok(kept.collect())
    }
}
