//! Programs that check what cargo does not: what comes in from outside, and spelling.
//!
//! They are installed into `target/tools` as `.ci/tools.txt` pins them: each is a wheel with a
//! built program in it, held to its hash. Installing both takes seconds, building them minutes.

use std::{fs, path::Path, process::Command};

use crate::command::{Held, say, succeed};

const PINNED: &str = ".ci/tools.txt";
const FOLDER: &str = "target/tools";

/// Licences, duplicates and sources of everything that is built in, and known holes in it.
///
/// Known holes are kept in a database elsewhere. Where it cannot be fetched, that is said and the
/// rest holds: a machine without a way there must still be able to check everything else.
pub fn deny() -> Result<Held, String> {
    install()?;
    let mut check = cargo_deny();
    check.arg("check");
    for idle in ["unmatched-skip", "unmatched-skip-root", "unnecessary-skip"] {
        check.args(["-D", idle]);
    }
    succeed(check.args(["licenses", "bans", "sources"]))?;
    if let Err(why) = succeed(cargo_deny().args(["fetch", "db"])) {
        return Ok(Held::Except(format!(
            "advisories: their database cannot be fetched ({why})"
        )));
    }
    succeed(cargo_deny().args(["--offline", "check", "advisories"]))?;
    Ok(Held::Whole)
}

/// Spelling, in code and texts.
pub fn typos() -> Result<Held, String> {
    install()?;
    succeed(Command::new(tool("typos")).args(["--config", ".typos.toml"]))?;
    Ok(Held::Whole)
}

fn cargo_deny() -> Command {
    let mut command = Command::new(tool("cargo-deny"));
    command.args(["--config", ".deny.toml"]);
    command
}

fn tool(name: &str) -> String {
    format!("{FOLDER}/bin/{name}")
}

/// Installs what is pinned, unless that is what is there.
fn install() -> Result<(), String> {
    let pinned = fs::read_to_string(PINNED).map_err(|e| format!("{PINNED}: {e}"))?;
    let mark = Path::new(FOLDER).join("installed.txt");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == pinned) {
        return Ok(());
    }
    say(&format!("installing {PINNED} into {FOLDER}"));
    if Path::new(FOLDER).exists() {
        fs::remove_dir_all(FOLDER).map_err(|e| format!("{FOLDER}: {e}"))?;
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps"])
        .args(["--only-binary", ":all:", "--require-hashes"])
        .args(["--target", FOLDER, "--requirement", PINNED])
        .env("PIP_ROOT_USER_ACTION", "ignore");
    succeed(&mut pip)?;
    fs::write(&mark, pinned).map_err(|e| format!("{}: {e}", mark.display()))
}
