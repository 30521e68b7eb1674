//! What the desk does of its own accord while the program runs: it makes the first link, takes up
//! those that a command has left, keeps what was used when, and forgets what has expired.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use shared::error::chain;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    Desk, Stance,
    record::Invitation,
    secret::Secret,
    set_up::{SetUpFiles, link},
};
use crate::{
    config::Config,
    ingest::CommitterHandle,
    parts::{Parts, Ready},
    store::Store,
};

/// So soon a link is good that a command has made.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Between two times that last uses are kept.
const TIDY_EVERY: Duration = Duration::from_secs(600);

/// Opens the desk, and lets it do what it does of its own accord.
///
/// # Errors
/// What is kept of people cannot be read.
pub fn start(
    parts: &mut Parts,
    config: &Config,
    store: &dyn Store,
    committer: CommitterHandle,
) -> Result<Arc<Desk>> {
    let desk = Desk::open(config.http.access, store, committer)?;
    let files = SetUpFiles::below(&config.data_dir);
    let (base, stop, at_work) = (config.http.base(), parts.stop_token(), desk.clone());
    parts.task("people", |ready| run(at_work, files, base, stop, ready));
    Ok(desk)
}

/// Runs until it is told to stop. `base` is where the page is, as browsers have it.
async fn run(
    desk: Arc<Desk>,
    files: SetUpFiles,
    base: String,
    stop: CancellationToken,
    ready: Ready,
) -> Result<()> {
    match desk.stance() {
        Stance::Open => warn!(
            "no log-in is demanded: whoever reaches this port may give orders; [http] login = true \
             demands one"
        ),
        Stance::LogIn if desk.book().chiefs().next().is_none() => {
            first_link(&desk, &files, &base).await?;
        }
        Stance::LogIn | Stance::Exercise => {}
    }
    ready.now();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut tidies = tokio::time::interval(TIDY_EVERY);
    let mut is_unreadable = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = looks.tick() => match take_up(&desk, &files).await {
                Ok(()) => is_unreadable = false,
                Err(e) if !std::mem::replace(&mut is_unreadable, true) => {
                    error!(error = format!("{e:#}"), "a set-up link cannot be taken up");
                }
                Err(_) => {}
            },
            _ = tidies.tick() => tidy_up(&desk).await,
        }
    }
    // The committer may have ended before; what was used when is roughly known all the same.
    Ok(())
}

async fn tidy_up(desk: &Arc<Desk>) {
    if let Err(e) = desk.tidy_up().await {
        warn!(
            error = chain(&e),
            "it cannot be kept when sessions were last used"
        );
    }
}

/// Nobody can log in yet: whoever reads the console or the program's files makes himself the first
/// administrator.
async fn first_link(desk: &Arc<Desk>, files: &SetUpFiles, base: &str) -> Result<()> {
    let secret = Secret::new().context("no random numbers can be had")?;
    let of = secret.fingerprint();
    desk.set_up(of).await.context("the set-up link")?;
    let link = link(base, &secret.into_text());
    let path = files.link();
    files
        .tell(&link)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    warn!(
        file = %path.display(),
        "nobody has an account yet: open the link in this file within a day to make the first one"
    );
    let mut console = io::stderr();
    if console.is_terminal() {
        // A console that is gone misses nothing: the file has it.
        let _ = writeln!(console, "\n  Make the first account:  {link}\n");
    }
    Ok(())
}

async fn take_up(desk: &Arc<Desk>, files: &SetUpFiles) -> Result<()> {
    let is_spent = !desk
        .book()
        .invitations
        .values()
        .any(Invitation::is_of_machine);
    if is_spent && files.link().exists() {
        files.forget().context("a spent link cannot be removed")?;
    }
    if !files.is_wanted() {
        return Ok(());
    }
    let found = files.wanted_now();
    if let Ok(Some(of)) = &found {
        desk.set_up(of.clone()).await?;
    }
    // Whoever asked for it waits until this file is gone.
    files.taken().context("it cannot be removed")?;
    match found.context("it cannot be read")? {
        Some(_) => {
            info!("a set-up link that was made on this machine is good now");
            Ok(())
        }
        None => anyhow::bail!("it is damaged"),
    }
}
