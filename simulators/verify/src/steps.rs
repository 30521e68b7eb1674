//! The steps of `cargo verify`, in their order: cheap ones first.

use std::{
    net::{SocketAddr, TcpListener},
    process::Command,
};

use crate::{arm, packages::packages, page, tidy};

/// One thing that must hold.
pub struct Step {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn() -> Result<(), String>,
}

/// All steps.
pub fn all() -> Vec<Step> {
    vec![
        Step {
            name: "packages",
            what: "what the tests need from Debian",
            run: packages,
        },
        Step {
            name: "tidy",
            what: "layout, imports, words, sizes",
            run: tidy::tidy,
        },
        Step {
            name: "format",
            what: "rustfmt",
            run: format,
        },
        Step {
            name: "lint",
            what: "clippy, warnings denied",
            run: lint,
        },
        Step {
            name: "programs",
            what: "build the programs that the tests start",
            run: programs,
        },
        Step {
            name: "test",
            what: "unit, property and end-to-end tests",
            run: test,
        },
        Step {
            name: "replay",
            what: "a storm through all protocols and two brokers, judged",
            run: replay,
        },
        Step {
            name: "demo",
            what: "the demo city's first storm hour, judged",
            run: demo,
        },
        Step {
            name: "page",
            what: "the map page in a browser, under a storm",
            run: page::page,
        },
        Step {
            name: "arm",
            what: "flood-agent for ARM, run under qemu",
            run: arm::arm,
        },
    ]
}

pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

fn format() -> Result<(), String> {
    succeed(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lint() -> Result<(), String> {
    succeed(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn programs() -> Result<(), String> {
    succeed(&mut cargo(&["build", "--workspace", "--bins"]))
}

fn test() -> Result<(), String> {
    succeed(&mut cargo(&["test", "--workspace"]))
}

/// `flood-sim` as the step `programs` built it.
pub fn flood_sim() -> Command {
    Command::new("target/debug/flood-sim")
}

fn replay() -> Result<(), String> {
    for broker in ["embedded", "mosquitto"] {
        let mut replay = flood_sim();
        replay
            .args(["replay", "configs/scenarios/harbour.toml", "--speed", "200"])
            .args(["--check", "--broker", broker]);
        succeed(&mut replay)?;
    }
    Ok(())
}

fn demo() -> Result<(), String> {
    let http = free_address()?.to_string();
    let mut demo = flood_sim();
    demo.args(["demo", "--auto-dispatch", "--for", "75", "--http", &http])
        .args(["--summary", "target/demo.json"]);
    succeed(&mut demo)
}

/// An address of the loopback interface that nobody listens on.
pub fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|e| format!("no free port: {e}"))
}

/// Runs a command in the foreground; its output is the progress.
pub fn succeed(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} ended with {status}")),
        Err(e) => Err(format!("{name} cannot be started: {e}")),
    }
}
