//! What the commands of the program do.

use std::{
    fs,
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use shared::{findings::Finding, observation::Observation, time::Timestamp};
use tracing::warn;

use crate::{
    config::{Config, read_config},
    files, http,
    network::{City, CityError, TOLD, read_city},
    publish::state_document,
    reload::{self, Files, Hangups},
    restore::published_at,
    run::{self, Ended},
    store,
};

/// Runs the aggregator until it is asked to stop.
///
/// # Errors
/// It cannot start, or a part of it failed.
pub fn run(path: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("http")
        .enable_all()
        .build()
        .context("no async runtime can be had")?;
    files::raise_limit();
    // Before anything takes its time: uncaught, a hangup would end the program.
    let hangups = runtime.block_on(async { Hangups::catch() })?;
    let (config, city) = open(path)?;
    for warning in told(&city.warnings, false) {
        warn!(warning, "a layer may mislead");
    }
    fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("data_dir {} cannot be made", config.data_dir.display()))?;
    let files = Files::of(path, &config.city);
    let running = config.clone();
    let check = |path: &Path| open(path).map(|(config, _)| config);
    let reload = reload::wanted(hangups, path, &running, &files, check);
    let ended = runtime.block_on(run::run(config, city, files.paths(), reload));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match ended? {
        Ended::Asked => Ok(()),
        Ended::ToReload => Err(reload::become_anew()),
    }
}

/// Checks configuration files and their cities; says what each holds, and what of it is hardly
/// meant so. Tells the first mistakes and warnings, or `all`.
///
/// # Errors
/// At least one of them is wrong; each was reported.
pub fn check(paths: &[PathBuf], all: bool) -> Result<()> {
    let mut out = io::stdout().lock();
    let mut wrong = 0;
    for path in paths {
        match open(path) {
            Ok((_, city)) => {
                writeln!(
                    out,
                    "{}: OK: {} ({}), {} gauges, {} waterlogging points, {} pump trucks",
                    path.display(),
                    city.name.en,
                    city.name.zh,
                    city.gauges.len(),
                    city.points.len(),
                    city.trucks.len(),
                )?;
                for warning in told(&city.warnings, all) {
                    writeln!(out, "  warning: {warning}")?;
                }
            }
            Err(e) => {
                wrong += 1;
                match e.downcast_ref() {
                    Some(CityError::Wrong { folder, mistakes }) if all => {
                        let (count, folder) = (mistakes.len(), folder.display());
                        writeln!(io::stderr(), "{count} mistake(s) in {folder}:")?;
                        for mistake in mistakes {
                            writeln!(io::stderr(), "  {mistake}")?;
                        }
                    }
                    _ => writeln!(io::stderr(), "{e:#}")?,
                }
            }
        }
    }
    if wrong > 0 {
        bail!("{wrong} of {} configuration(s) are wrong", paths.len());
    }
    Ok(())
}

/// The first of the findings and how many more there are, or all of them.
fn told(findings: &[Finding], all: bool) -> impl Iterator<Item = String> {
    let most = if all { findings.len() } else { TOLD };
    let more = findings.len().saturating_sub(most);
    let more =
        (more > 0).then(|| format!("{more} more (`flood-aggregator check --all` tells all)"));
    let first = findings.iter().take(most).map(ToString::to_string);
    first.chain(more)
}

/// A configuration and the city that it names.
fn open(path: &Path) -> Result<(Config, City)> {
    let config = read_config(path)?;
    http::check(&config.http)?;
    let city = read_city(&config.city).with_context(|| config.city_key.clone())?;
    http::provider(&config.http, &city)?;
    Ok((config, city))
}

/// Prints the state document that was published last at a moment, byte for byte.
///
/// # Errors
/// The store cannot be read or does not reach back so far, or standard output cannot be written.
pub fn at(moment: Timestamp, path: &Path) -> Result<()> {
    let (config, city) = open(path)?;
    let store = store::open(&config.data_dir.join("store"))?;
    let found = published_at(&*store, &Arc::new(city), moment)?;
    let snapshot = found.with_context(|| format!("nothing was published at {moment} or before"))?;
    let mut out = io::stdout().lock();
    out.write_all(&state_document(&snapshot))
        .and_then(|()| out.flush())
        .context("standard output cannot be written")
}

/// Writes the whole history as CSV, or what was kept aside.
///
/// # Errors
/// The store cannot be read or standard output cannot be written.
pub fn export(path: &Path, is_aside: bool) -> Result<()> {
    let config = read_config(path)?;
    let store = store::open(&config.data_dir.join("store"))?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut failed = None;
    if is_aside {
        writeln!(out, "{EXPORTED},received_at_ms,reason,sender")?;
        store.quarantined(&mut |_, one| {
            let (received, row) = (one.received_at.as_millis(), row(&one.observation));
            let sender = one.sender.replace('"', "\"\"");
            failed = writeln!(out, "{row},{received},{},\"{sender}\"", one.reason).err();
            if failed.is_none() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
    } else {
        writeln!(out, "{EXPORTED}")?;
        store.visit(&mut |stored| {
            if failed.is_none() {
                failed = writeln!(out, "{}", row(&stored.observation)).err();
            }
        })?;
    }
    match failed {
        Some(e) => Err(e).context("standard output cannot be written"),
        None => out.flush().context("standard output cannot be written"),
    }
}

const EXPORTED: &str = "gauge,observed_at_ms,value_milli,quality";

/// A line of an export.
fn row(o: &Observation) -> String {
    let value = o.value.map(|v| v.milli().to_string()).unwrap_or_default();
    let (at, quality) = (o.observed_at.as_millis(), o.quality.number());
    format!("{},{at},{value},{quality}", o.gauge)
}

/// Prints the OpenAPI document.
///
/// # Errors
/// Standard output cannot be written.
pub fn openapi() -> Result<()> {
    print(http::openapi_document())
}

/// Prints what the program and its page are built from, under which licences.
///
/// # Errors
/// Standard output cannot be written.
pub fn licences() -> Result<()> {
    print(http::LICENCES)
}

/// A pipe that is closed early, as by `head`, is no failure.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output cannot be written")
        }
        _ => Ok(()),
    }
}

/// Tells the operator on standard error why the program ends.
pub fn complain(error: &anyhow::Error) {
    let mut err = io::stderr().lock();
    // Nothing is left to be told if standard error is gone.
    let _ = writeln!(err, "flood-aggregator: {error:#}");
}
