//! `cargo demo`: builds the programs, then plays the harbour's storm with the map on port 8080.
//! Further arguments go to `flood-sim replay`.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, ExitCode},
};

fn main() -> ExitCode {
    say("building the programs (a few minutes the first time)");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--release",
            "-p",
            "agent",
            "-p",
            "aggregator",
            "-p",
            "simulators",
        ])
        .status();
    if !built.is_ok_and(|status| status.success()) {
        say("demo: the programs cannot be built; see above");
        return ExitCode::FAILURE;
    }
    let Some(sim) = std::env::current_exe().ok().and_then(|me| sibling(&me)) else {
        say("demo: flood-sim is not where it was built");
        return ExitCode::FAILURE;
    };
    say(
        "open http://127.0.0.1:8080 — a five-year storm crosses the harbour district, 60 times as fast",
    );
    say("Ctrl-C ends it");
    let mut replay = Command::new(sim);
    replay.args(["replay", "configs/scenarios/harbour.toml"]);
    let given: Vec<String> = std::env::args().skip(1).collect();
    for (flag, value) in [("--speed", "60"), ("--http", "127.0.0.1:8080")] {
        if !given.iter().any(|g| g == flag) {
            replay.args([flag, value]);
        }
    }
    let failed = replay.args(given).exec();
    say(&format!("demo: flood-sim cannot be started: {failed}"));
    ExitCode::FAILURE
}

fn sibling(me: &Path) -> Option<std::path::PathBuf> {
    let sim = me.parent()?.join("flood-sim");
    sim.exists().then_some(sim)
}

#[expect(clippy::print_stdout, reason = "what this program is for")]
fn say(text: &str) {
    println!("{text}");
}
