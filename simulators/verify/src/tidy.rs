//! Tidy: what no compiler checks. The visible top level, the direction of imports, I/O only in
//! shells, sizes of files, words that stand for another word, marks of unfinished work.

use std::process::Command;

use crate::say;

const TOP_LEVEL: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "agent",
    "aggregator",
    "configs",
    "shared",
];

/// No file longer than this: a longer one is two thoughts.
const MAX_LINES: usize = 500;

/// Folders of pure decisions, where nothing may touch the outside.
const PURE: [&str; 11] = [
    "simulators/src/storm/",
    "simulators/src/catchment/",
    "simulators/src/fleet/truck.rs",
    "simulators/src/truth/city.rs",
    "aggregator/src/assess/",
    "aggregator/src/forecast/",
    "aggregator/src/dispatch/",
    "aggregator/src/merge/",
    "aggregator/src/orders/",
    "aggregator/src/map/",
    "aggregator/src/world/",
];

const OUTSIDE: [&str; 6] = [
    "std::fs",
    "std::net",
    "std::env",
    "SystemTime::now",
    "Instant::now",
    "tokio::spawn",
];

/// Words that the project has another one for, where they would name something of its own.
const SYNONYMS: [(&str, &str); 7] = [
    ("sensor", "gauge"),
    ("measurement", "observation"),
    ("sample", "reading"),
    ("datapoint", "observation"),
    ("hotspot", "waterlogging point"),
    ("vehicle", "truck"),
    ("elevation", "water level"),
];

pub fn tidy() -> Result<(), String> {
    let files = tracked()?;
    let mut wrong = top_level(&files);
    for path in files.iter().filter(|p| is_rust(p)) {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
        check_source(path, &text, &mut wrong);
    }
    if wrong.is_empty() {
        say(&format!("{} files are tidy", files.len()));
        return Ok(());
    }
    Err(format!(
        "{} untidy place(s)\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    ))
}

/// Whether code reaches into a crate: `name::` that is no part of a longer path or name.
fn names_crate(code: &str, name: &str) -> bool {
    let reach = format!("{name}::");
    code.match_indices(&reach).any(|(at, _)| {
        let before = code.get(..at).and_then(|b| b.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

/// Whether code declares an item, field or module of that name.
fn declares(code: &str, word: &str) -> bool {
    let kinds = ["struct ", "enum ", "trait ", "fn ", "mod ", "pub "];
    let lower = code.to_lowercase();
    kinds.iter().any(|kind| {
        let start = format!("{kind}{word}");
        lower.match_indices(&start).any(|(at, _)| {
            let after = lower.get(at + start.len()..).and_then(|a| a.chars().next());
            !after.is_some_and(char::is_alphabetic)
        })
    })
}

fn is_rust(path: &str) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|e| e == "rs")
}

fn tracked() -> Result<Vec<String>, String> {
    let listed = Command::new("git")
        .args(["ls-files"])
        .output()
        .map_err(|e| e.to_string())?;
    if !listed.status.success() {
        return Err("git cannot list the files of this checkout".to_owned());
    }
    let text = String::from_utf8_lossy(&listed.stdout);
    Ok(text
        .lines()
        .map(ToOwned::to_owned)
        .filter(|p| std::path::Path::new(p).exists())
        .collect())
}

fn top_level(files: &[String]) -> Vec<String> {
    let mut tops: Vec<&str> = files.iter().filter_map(|p| p.split('/').next()).collect();
    tops.sort_unstable();
    tops.dedup();
    tops.into_iter()
        .filter(|t| !t.starts_with('.') && !TOP_LEVEL.contains(t) && *t != "simulators")
        .map(|t| format!("{t} does not belong to the top level"))
        .collect()
}

fn check_source(path: &str, text: &str, wrong: &mut Vec<String>) {
    let lines = text.lines().count();
    if lines > MAX_LINES {
        wrong.push(format!("{path}: {lines} lines; at most {MAX_LINES}"));
    }
    let is_test_file = path.contains("/tests/") || path.ends_with("/tests.rs");
    let code = if is_test_file {
        ""
    } else {
        text.split("#[cfg(test)]").next().unwrap_or(text)
    };
    for outside in OUTSIDE {
        if PURE.iter().any(|p| path.starts_with(p)) && code.contains(outside) {
            wrong.push(format!("{path}: decides, so it must not use {outside}"));
        }
    }
    for (importer, imported) in [
        ("shared/", "agent"),
        ("shared/", "aggregator"),
        ("agent/", "aggregator"),
        ("aggregator/", "agent"),
        ("simulators/src/", "aggregator"),
        ("simulators/src/", "agent"),
    ] {
        if path.starts_with(importer) && names_crate(code, imported) {
            wrong.push(format!("{path}: must not import {imported}"));
        }
    }
    for (word, instead) in SYNONYMS {
        if !is_test_file && declares(code, word) {
            wrong.push(format!("{path}: `{word}` is called {instead} here"));
        }
    }
    if !path.starts_with("simulators/verify/") {
        for mark in ["todo!(", "unimplemented!(", "#[ignore", "TODO", "FIXME"] {
            if text.contains(mark) {
                wrong.push(format!("{path}: unfinished: {mark}"));
            }
        }
    }
    if !text.starts_with("//!") && !path.ends_with("/tests.rs") {
        wrong.push(format!("{path}: does not open with what it promises (//!)"));
    }
}
