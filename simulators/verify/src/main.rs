//! `cargo verify`: everything that must hold, one step after the other, with progress.
//!
//! It installs what the tests need from Debian's packages where it may (root), says what it does and
//! how long it took, and stops at the first failure with that step's own output above it.

mod arm;
mod packages;
mod page;
mod steps;
mod tidy;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use steps::{Step, all};

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if wanted.iter().any(|a| a == "--help" || a == "-h") {
        say(HELP);
        for step in all() {
            say(&format!("  {:<10} {}", step.name, step.what));
        }
        return ExitCode::SUCCESS;
    }
    if let Some(unknown) = wanted.iter().find(|w| all().iter().all(|s| s.name != *w)) {
        say(&format!(
            "verify: there is no step `{unknown}`; see cargo verify --help"
        ));
        return ExitCode::FAILURE;
    }
    let steps: Vec<Step> = all()
        .into_iter()
        .filter(|s| wanted.is_empty() || wanted.contains(&s.name.into()))
        .collect();
    run(&steps)
}

const HELP: &str = "\
Usage: cargo verify [STEP...]

Runs everything that must hold, or only the named steps:";

fn run(steps: &[Step]) -> ExitCode {
    let begun = Instant::now();
    let mut times = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        say(&format!(
            "\n== [{}/{}] {}: {}",
            index + 1,
            steps.len(),
            step.name,
            step.what
        ));
        let started = Instant::now();
        if let Err(why) = (step.run)() {
            say(&format!("\nverify: {} failed: {why}", step.name));
            say(&format!("{} passed, 1 failed", times.len()));
            return ExitCode::FAILURE;
        }
        times.push((step.name, started.elapsed()));
    }
    say("\nverify: all steps hold");
    for (name, took) in &times {
        say(&format!("  {name:<10} {}", shown(*took)));
    }
    say(&format!("  {:<10} {}", "in all", shown(begun.elapsed())));
    say(&format!("{} passed, 0 failed", times.len()));
    ExitCode::SUCCESS
}

fn shown(span: Duration) -> String {
    let seconds = span.as_secs();
    format!("{}:{:02} min", seconds / 60, seconds % 60)
}

/// The one place that talks to the person who started it.
#[expect(clippy::print_stdout, reason = "progress is what this program is for")]
pub fn say(text: &str) {
    println!("{text}");
}
