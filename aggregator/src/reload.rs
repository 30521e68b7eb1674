//! SIGHUP: takes in changed files, once they are right.
//!
//! They are checked while everything goes on. Where anything is wrong, all of it is told and what
//! was there stays. Where all is right, the program ends in order and becomes itself anew: the same
//! process, so that whoever supervises it sees none end. What it knows it reads from its store, as
//! after any start; pages and gateways connect again by themselves.

use std::{
    fs,
    io::ErrorKind,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use anyhow::{Context as _, Result};
use nix::sys::signal::{SigSet, Signal};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tracing::{error, info};

use crate::config::{Broker, Config};

/// Every hangup from now on.
#[derive(Debug)]
pub struct Hangups(Signals);

impl Hangups {
    /// Catches hangups, also one that came while the program became itself anew.
    ///
    /// # Errors
    /// The system does not let it.
    pub fn catch() -> Result<Self> {
        let caught = signal(SignalKind::hangup()).context("SIGHUP cannot be watched")?;
        only_hangup()
            .thread_unblock()
            .context("SIGHUP cannot be let through")?;
        Ok(Self(caught))
    }
}

fn only_hangup() -> SigSet {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGHUP);
    signals
}

/// The files that the program was started with: their sizes and when they were written.
#[derive(Debug, PartialEq, Eq)]
pub struct Files(Vec<(PathBuf, u64, Option<SystemTime>)>);

impl Files {
    /// Of a configuration and the city that it names.
    #[must_use]
    pub fn of(path: &Path, city: &Path) -> Self {
        let entries = fs::read_dir(city).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
        files.push(path.to_owned());
        files.sort();
        let seen = files.into_iter().map(|file| {
            let about = fs::metadata(&file).ok();
            let size = about.as_ref().map_or(0, fs::Metadata::len);
            let written = about.and_then(|a| a.modified().ok());
            (file, size, written)
        });
        Self(seen.collect())
    }

    /// Where they are.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.0.iter().map(|(path, ..)| path.clone()).collect()
    }
}

/// Resolves once the files are others than those of the start and right; tells of every hangup what
/// came of it. `check` reads and checks them.
pub async fn wanted(
    mut hangups: Hangups,
    path: &Path,
    running: &Config,
    started_with: &Files,
    check: fn(&Path) -> Result<Config>,
) {
    while hangups.0.recv().await.is_some() {
        if Files::of(path, &running.city) == *started_with {
            info!("SIGHUP: no file has changed; everything goes on");
            continue;
        }
        let file = path.to_owned();
        let checked = tokio::task::spawn_blocking(move || check(&file)).await;
        let checked = checked.map_err(anyhow::Error::from).and_then(|found| {
            let config = found?;
            addresses_are_free(running, &config)?;
            Ok(config)
        });
        match checked {
            Ok(_) => return,
            Err(e) => error!(
                error = format!("{e:#}"),
                "SIGHUP: the files are wrong; everything goes on with what was read before"
            ),
        }
    }
    // No more signals can come: nothing is ever wanted.
    std::future::pending().await
}

/// What is listened on anew must be free now: later nobody could go back.
fn addresses_are_free(running: &Config, wanted: &Config) -> Result<()> {
    let listeners = |config: &Config| {
        let mut all = vec![config.http.listen];
        if let Broker::Embedded(embedded) = &config.broker {
            all.extend(embedded.listeners());
        }
        all
    };
    let held = listeners(running);
    for address in listeners(wanted) {
        if !held.contains(&address) {
            TcpListener::bind(address).with_context(|| format!("{address} cannot be had"))?;
        }
    }
    Ok(())
}

/// Becomes this program anew, with the same arguments. Returns only where that fails.
#[must_use]
pub fn become_anew() -> anyhow::Error {
    // A hangup that comes before the new program catches it waits instead of ending it.
    if let Err(e) = only_hangup().thread_block() {
        return anyhow::Error::from(e).context("SIGHUP cannot be held back");
    }
    let program = match std::env::current_exe() {
        Ok(program) => newest(program),
        Err(e) => return anyhow::Error::from(e).context("this program's file is not known"),
    };
    let failed = Command::new(&program)
        .args(std::env::args_os().skip(1))
        .exec();
    let program = program.display();
    anyhow::Error::from(failed).context(format!("{program} cannot be started anew"))
}

/// Where the program's file was replaced since, the system still names the old one so.
fn newest(program: PathBuf) -> PathBuf {
    match fs::metadata(&program) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let name = program.to_string_lossy();
            name.strip_suffix(" (deleted)")
                .map_or(program.clone(), PathBuf::from)
        }
        _ => program,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_added_or_removed_file_is_noticed_and_an_untouched_one_is_not() {
        let city = tempfile::tempdir().expect("a folder");
        let (layer, config) = (
            city.path().join("gauges.geojson"),
            city.path().join("a.toml"),
        );
        fs::write(&layer, "{}").expect("written");
        let files = || Files::of(&config, city.path());
        let first = files();
        assert_eq!(files(), first);
        fs::write(&layer, "{ }").expect("written");
        let second = files();
        assert_ne!(second, first);
        fs::write(city.path().join("roads.geojson"), "").expect("written");
        assert_ne!(files(), second);
    }
}
