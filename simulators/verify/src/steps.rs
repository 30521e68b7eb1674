//! The steps of `cargo verify`, in their order: cheap ones first.

use std::{path::Path, process::Command};

use crate::{arm, say, tidy};

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
            what: "a storm through all protocols, judged",
            run: replay,
        },
        Step {
            name: "arm",
            what: "flood-agent for ARM, run under qemu",
            run: arm::arm,
        },
    ]
}

/// Debian packages and the program that shows each is there.
const PACKAGES: [(&str, &str); 4] = [
    ("mosquitto", "/usr/sbin/mosquitto"),
    ("mosquitto-clients", "/usr/bin/mosquitto_pub"),
    ("file", "/usr/bin/file"),
    ("qemu-user-static", "/usr/bin/qemu-aarch64-static"),
];

fn packages() -> Result<(), String> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(_, file)| !Path::new(file).exists())
        .map(|(p, _)| *p)
        .collect();
    if missing.is_empty() {
        say("all there");
        return Ok(());
    }
    say(&format!("installing {}", missing.join(" ")));
    let update = Command::new("apt-get").args(["update", "-q"]).status();
    if !update.is_ok_and(|s| s.success()) {
        say("apt-get update failed; trying with the lists that are there");
    }
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install
        .args(["install", "-qy", "--no-install-recommends"])
        .args(&missing);
    succeed(&mut install).map_err(|e| {
        format!(
            "{e}; install by hand (as root): apt-get install {}",
            missing.join(" ")
        )
    })
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
    succeed(&mut cargo(&[
        "test",
        "-p",
        "shared",
        "-p",
        "agent",
        "-p",
        "aggregator",
    ]))
}

fn replay() -> Result<(), String> {
    let mut replay = cargo(&["run", "-q", "-p", "simulators", "--bin", "flood-sim", "--"]);
    replay.args([
        "replay",
        "configs/scenarios/harbour.toml",
        "--speed",
        "200",
        "--check",
    ]);
    succeed(&mut replay)
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
