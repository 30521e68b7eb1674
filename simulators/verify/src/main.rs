//! `cargo verify`: everything that must hold, one step after the other, with progress.
//!
//! It installs what the tests need from Debian's packages where it may (root), says what it does and
//! how long it took, and stops at the first failure with that step's own output above it.

mod api;
mod arguments;
mod arm;
mod command;
mod endurance;
mod fuzz;
mod licences;
mod mutants;
mod packages;
mod page;
mod steps;
mod tidy;
mod tools;
mod units;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use command::{Held, say};
use steps::{Step, all};

fn main() -> ExitCode {
    let wanted: Vec<String> = arguments::given(std::env::args()).collect();
    if wanted.iter().any(|a| a == "--help" || a == "-h") {
        say(&help());
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
        .filter(|s| match wanted.as_slice() {
            [] => s.by_default,
            wanted => wanted.iter().any(|w| w == s.name),
        })
        .collect();
    run(&steps)
}

fn help() -> String {
    let lines_of = |by_default: bool| {
        let steps = all().into_iter().filter(|s| s.by_default == by_default);
        let lines = steps.map(|step| format!("  {:<10} {}", step.name, step.what));
        lines.collect::<Vec<_>>().join("\n")
    };
    format!(
        "Usage: cargo verify [STEP...]\n\n\
         Runs everything that must hold, in this order, or only the named steps:\n{}\n\
         Only when named:\n{}",
        lines_of(true),
        lines_of(false)
    )
}

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
        match (step.run)() {
            Ok(Held::Whole) => times.push((step.name, started.elapsed(), String::new())),
            Ok(Held::Except(what)) => {
                let what = format!("  not looked at: {what}");
                times.push((step.name, started.elapsed(), what));
            }
            Err(why) => {
                say(&format!("\nverify: {} failed: {why}", step.name));
                say(&format!("{} passed, 1 failed", times.len()));
                return ExitCode::FAILURE;
            }
        }
    }
    say("\nverify: all steps hold");
    for (name, took, except) in &times {
        say(&format!("  {name:<10} {}{except}", shown(*took)));
    }
    say(&format!("  {:<10} {}", "in all", shown(begun.elapsed())));
    say(&format!("{} passed, 0 failed", times.len()));
    ExitCode::SUCCESS
}

fn shown(span: Duration) -> String {
    let seconds = span.as_secs();
    format!("{}:{:02} min", seconds / 60, seconds % 60)
}
