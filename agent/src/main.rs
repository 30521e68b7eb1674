//! `flood-agent`: the edge agent of the flood-monitoring system.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use agent::{
    cli::{Cli, Command},
    config::{self, AgentConfig},
    run, status, summary,
};
use anyhow::Context as _;
use clap::Parser as _;
use shared::{error::chain, secret};
use tokio::signal::unix::{SignalKind, signal};

/// Threads of the runtime: one that waits for gauges, one for the network; the spool has its own.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    secret::write_for_nobody_else();
    let cli = Cli::parse();
    if let Err(error) = shared::logging::start(cli.log_format, &cli.log_level) {
        // Nobody is left to tell if standard error is closed too.
        let _ = writeln!(
            io::stderr(),
            "flood-agent: logging cannot be started: {error}"
        );
        return ExitCode::from(2);
    }
    let outcome = match cli.command {
        Command::Run { config } => run_agent(config),
        Command::Status { config } => tell_status(&config),
        Command::Check { configs } => check(&configs),
        Command::Licences => tell_licences(),
    };
    outcome.unwrap_or_else(|error| {
        tracing::error!(error = chain(error.as_ref()), "flood-agent ends");
        ExitCode::FAILURE
    })
}

fn run_agent(file: PathBuf) -> anyhow::Result<ExitCode> {
    let config = match config::load(&file) {
        Ok(config) => config,
        Err(error) => {
            tell(&mut io::stderr(), &chain(&error))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be heard")?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        run::run(config, stop).await
    })?;
    Ok(ExitCode::SUCCESS)
}

fn tell_status(file: &Path) -> anyhow::Result<ExitCode> {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(error) => {
            tell(&mut io::stderr(), &chain(&error))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    match runtime.block_on(status::ask(&config.data_dir)) {
        Ok(health) => {
            tell(&mut io::stdout(), &status::text(&health))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            tell(&mut io::stderr(), &chain(&error))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn check(files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for file in files {
        match config::load(file) {
            Ok(config) => {
                let summary = summary::summary(&config);
                let missing = missing_secrets(&config);
                tell(
                    &mut io::stdout(),
                    &format!("{}: OK\n{summary}{missing}", file.display()),
                )?;
            }
            Err(error) => {
                tell(&mut io::stderr(), &chain(&error))?;
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// A pipe that is closed early, as by `head`, is no failure.
fn tell_licences() -> anyhow::Result<ExitCode> {
    match write!(io::stdout(), "{}", include_str!("../licences.txt")) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Only a note: whoever checks a file need not be the one who may read the secrets.
fn missing_secrets(config: &AgentConfig) -> String {
    let note = |(key, file): (&str, &Path)| {
        let error = secret::read(file).err()?;
        let why = chain(&error);
        Some(format!("\n  the agent will not start here: {key}: {why}"))
    };
    config.secret_files().filter_map(note).collect()
}

/// The one place that speaks to the user other than through the log.
fn tell(to: &mut dyn io::Write, text: &str) -> io::Result<()> {
    writeln!(to, "{text}")
}
