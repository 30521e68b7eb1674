//! The agent for ARM: cross-built, static, and run under qemu through a gateway's whole life.

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use crate::command::{Held, cargo, say, succeed};

const TARGET: &str = "aarch64-unknown-linux-musl";
const EMULATOR: &str = "qemu-aarch64-static";

/// Builds the agent and runs the gateway test with it. `cross.sh` checks the binary with `file`.
pub fn arm() -> Result<Held, String> {
    succeed(Command::new("agent/packaging/cross.sh").arg(TARGET))?;
    let folder = std::env::current_dir()
        .map_err(|e| e.to_string())?
        .join("target/cross");
    let agent = folder.join(TARGET).join("cross/flood-agent");
    let started = folder.join("emulated");
    let launcher = folder.join("flood-agent-emulated");
    write_launcher(&launcher, &agent, &started)?;

    succeed(&mut cargo(&["build", "--workspace", "--bins"]))?;
    let mut test = cargo(&["test", "--workspace", "--test", "gateway"]);
    test.args(["--", "--nocapture"])
        .env("FLOOD_AGENT", &launcher);
    succeed(&mut test)?;
    if !started.exists() {
        return Err("the test ran another agent than the emulated one".to_owned());
    }
    say("the agent for ARM delivered everything");
    Ok(Held::Whole)
}

/// A program that is started like the agent: it leaves a mark, then becomes the emulator.
fn write_launcher(launcher: &Path, agent: &Path, started: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", launcher.display());
    if started.exists() {
        std::fs::remove_file(started).map_err(failed)?;
    }
    let script = format!(
        "#!/bin/sh\n: >'{}'\nexec {EMULATOR} '{}' \"$@\"\n",
        started.display(),
        agent.display()
    );
    std::fs::write(launcher, script).map_err(failed)?;
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(launcher, executable).map_err(failed)
}
