//! Fuzzing: every decoder that meets the network, a million executions each, guided by what they reach.
//!
//! libFuzzer from crates.io drives `simulators/fuzz`, which is built with the compiler's own coverage
//! counters: no nightly compiler and no tool beside it is needed. Sanitizers are left out, for there is
//! no unsafe code of ours to watch; assertions and overflow checks are on. What it finds goes into
//! `target/fuzz`; the inputs that are worth keeping are in `simulators/fuzz/corpus`, to which
//! `FLOOD_FUZZ_KEEP=1` adds the smallest that reach an edge which no kept one does. Among the tests of
//! `cargo verify` the same decoders are given some thousands of mutations.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use crate::command::{Held, cargo, say, succeed};

const MANIFEST: &str = "simulators/fuzz/Cargo.toml";
const LOCK: &str = "simulators/fuzz/Cargo.lock";
const KEPT: &str = "simulators/fuzz/corpus";
const BUILT: &str = "target/fuzz";

/// Executions of each decoder, unless `FLOOD_FUZZ` says otherwise.
const EXECUTIONS: &str = "1000000";

/// Whether inputs are kept that reach what no kept one does.
const KEEP: &str = "FLOOD_FUZZ_KEEP";

/// What makes the compiler count the edges of the program, as cargo-fuzz asks for it.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                        -Cllvm-args=-sanitizer-coverage-pc-table \
                        -Cllvm-args=-sanitizer-coverage-trace-compares";

/// What became of one decoder.
#[derive(Debug, Default)]
struct Run {
    executions: u64,
    /// Edges of the program that were reached.
    edges: u64,
}

/// Builds the fuzzer, runs every decoder that has a corpus, and prints a table.
pub fn fuzz() -> Result<Held, String> {
    let host = host()?;
    // The same versions as the programs have.
    fs::copy("Cargo.lock", LOCK).map_err(|e| format!("{LOCK}: {e}"))?;
    let mut build = cargo(&["build", "--release", "--manifest-path", MANIFEST]);
    // With a target of its own, so that only the program is counted and no build script.
    build.args(["--target-dir", BUILT, "--target", &host]);
    build.env("RUSTFLAGS", COVERAGE);
    succeed(&mut build)?;
    let program = format!("{BUILT}/{host}/release/fuzz");
    let executions = std::env::var("FLOOD_FUZZ").unwrap_or_else(|_| EXECUTIONS.to_owned());
    let mut table =
        vec!["| decoder | executions | edges | seconds |\n| --- | --- | --- | --- |".to_owned()];
    let mut wrong = Vec::new();
    for name in decoders()? {
        let begun = Instant::now();
        let (run, held) = run(&program, &name, &executions)?;
        let (count, edges) = (run.executions, run.edges);
        let seconds = begun.elapsed().as_secs();
        table.push(format!("| {name} | {count} | {edges} | {seconds} |"));
        if held && std::env::var_os(KEEP).is_some() {
            keep(&program, &name)?;
        }
        if !held {
            wrong.push(format!("{name}: see {BUILT}/found"));
        }
    }
    say(&format!("\n{}\n", table.join("\n")));
    if wrong.is_empty() {
        Ok(Held::Whole)
    } else {
        Err(wrong.join("; "))
    }
}

/// The decoders, by the folders of their corpora.
fn decoders() -> Result<Vec<String>, String> {
    let entries = fs::read_dir(KEPT).map_err(|e| format!("{KEPT}: {e}"))?;
    let names = entries.map(|entry| {
        let entry = entry.map_err(|e| format!("{KEPT}: {e}"))?;
        Ok(entry.file_name().to_string_lossy().into_owned())
    });
    let mut names = names.collect::<Result<Vec<_>, String>>()?;
    names.sort();
    Ok(names)
}

/// What the compiler builds for by itself.
fn host() -> Result<String, String> {
    let told = Command::new("rustc").arg("-vV").output();
    let told = told.map_err(|e| format!("rustc cannot be started: {e}"))?;
    let told = String::from_utf8_lossy(&told.stdout);
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| "rustc does not tell its host".to_owned())
}

fn run(program: &str, name: &str, executions: &str) -> Result<(Run, bool), String> {
    let (grown, found) = (format!("{BUILT}/corpus/{name}"), format!("{BUILT}/found/"));
    for folder in [&grown, &found] {
        fs::create_dir_all(Path::new(folder)).map_err(|e| format!("{folder}: {e}"))?;
    }
    say(&format!("\n-- {name}"));
    let mut fuzzer = Command::new(program);
    fuzzer
        .env("FLOOD_DECODER", name)
        .args([&grown, &format!("{KEPT}/{name}")])
        .arg(format!("-runs={executions}"))
        .arg(format!("-artifact_prefix={found}"))
        .args([
            "-max_len=4096",
            "-timeout=25",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
        ])
        .stderr(Stdio::piped());
    let failed = |e: std::io::Error| format!("{program}: {e}");
    let mut child = fuzzer.spawn().map_err(failed)?;
    let mut run = Run::default();
    let lines = child.stderr.take().into_iter();
    for line in lines.flat_map(|told| BufReader::new(told).lines()) {
        let line = line.map_err(failed)?;
        if note(&mut run, &line) {
            say(&line);
        }
    }
    let status = child.wait().map_err(failed)?;
    Ok((run, status.success()))
}

/// Adds to the kept inputs of a decoder those that reach more, the smallest that do. How often an edge is
/// passed counts for nothing, or there would be thousands.
fn keep(program: &str, name: &str) -> Result<(), String> {
    let (kept, grown) = (format!("{KEPT}/{name}"), format!("{BUILT}/corpus/{name}"));
    let mut merge = Command::new(program);
    merge.env("FLOOD_DECODER", name).stderr(Stdio::null());
    merge.args(["-merge=1", "-use_counters=0", &kept, &grown]);
    succeed(&mut merge).map(|_| ())
}

/// Takes figures out of what the fuzzer says; whether a person should read it.
fn note(run: &mut Run, line: &str) -> bool {
    let number = |text: &str| text.trim().parse().ok();
    if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
        run.executions = number(count).unwrap_or_default();
    }
    let edges = line
        .split_once(" cov: ")
        .and_then(|(_, rest)| rest.split(' ').next());
    run.edges = run.edges.max(edges.and_then(number).unwrap_or_default());
    let is_progress = ["#", "INFO", "stat::", "\tNEW", "Done"];
    !is_progress.iter().any(|begin| line.starts_with(begin)) && !line.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_taken_out_of_what_the_fuzzer_says() {
        let mut run = Run::default();
        let progress =
            "#262144\tpulse  cov: 431 ft: 812 corp: 99/4Kb lim: 580 exec/s: 87381 rss: 97Mb";
        assert!(!note(&mut run, progress));
        assert!(!note(&mut run, "stat::number_of_executed_units: 1000000"));
        assert!(note(&mut run, "thread panicked at 'nobody made a seal'"));
        assert_eq!((run.executions, run.edges), (1_000_000, 431));
    }
}
