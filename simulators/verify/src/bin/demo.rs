//! `cargo demo`: builds the programs, then becomes `flood-sim demo`. All arguments go to it.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

const BUILD: [&str; 8] = [
    "build",
    "--release",
    "-p",
    "agent",
    "-p",
    "aggregator",
    "-p",
    "simulators",
];

fn main() -> ExitCode {
    say("building the programs (some minutes the first time)");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(BUILD).status();
    if !built.is_ok_and(|status| status.success()) {
        say("demo: the programs cannot be built; see above");
        return ExitCode::FAILURE;
    }
    let Some(sim) = std::env::current_exe().ok().and_then(|me| sibling(&me)) else {
        say("demo: flood-sim is not where it was built");
        return ExitCode::FAILURE;
    };
    let mut demo = Command::new(sim);
    let mut given = std::env::args().skip(1).peekable();
    // Every cargo user's habit; the alias has one of its own already.
    let _ = given.next_if(|first| first == "--");
    demo.arg("demo").args(given);
    if !Path::new("configs/scenarios").is_dir() {
        // Started in a folder of the project, as cargo allows: scenarios are found from its root.
        demo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    }
    let failed = demo.exec();
    say(&format!("demo: flood-sim cannot be started: {failed}"));
    ExitCode::FAILURE
}

fn sibling(me: &Path) -> Option<PathBuf> {
    let sim = me.parent()?.join("flood-sim");
    sim.exists().then_some(sim)
}

#[expect(clippy::print_stdout, reason = "what this program is for")]
fn say(text: &str) {
    println!("{text}");
}
