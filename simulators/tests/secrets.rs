//! What is secret stays secret: not in a log, an answer, a metric or the list of processes, however much is
//! logged; and what the programs write is for nobody else, whatever umask they were started with.
//!
//! The programs under test must have been built: `cargo build -p agent -p aggregator`.

mod common;

use std::{
    fs,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use nix::sys::stat::{Mode, umask};
use simulators::lab::{Lab, LabSetup, Programs};
use toml::Value;

const SOME: u64 = 100;
/// The shortest text that is taken for a secret: names and ids are shorter.
const SHORTEST: usize = 24;
/// The largest file that may be a key, in bytes.
const LARGEST: u64 = 64 * 1024;
/// Whatever tells.
const ROUTES: [&str; 8] = [
    "/metrics",
    "/api/v1/state",
    "/api/v1/agents",
    "/api/v1/gauges",
    "/api/v1/counters",
    "/api/v1/refused",
    "/healthz",
    "/readyz",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_told_nowhere_and_no_file_is_for_anybody_else() {
    umask(Mode::empty());
    let setup = LabSetup {
        enrolled: true,
        logs: Some("trace"),
        ..common::harbour(2, common::FIRST_FLOODS)
    };
    let mut lab = Lab::start(setup).await.expect("everything starts");
    lab.until_served(SOME).await.expect("readings");
    let secrets = secrets(lab.work());
    assert!(secrets.len() >= 4, "a key and a password for each gateway");
    let told = told(&mut lab).await;
    assert!(told.len() > ROUTES.len(), "nothing was looked at");
    for (source, text) in &told {
        for secret in &secrets {
            assert!(!text.contains(secret), "{source} tells a secret");
        }
    }
    let environments = told
        .iter()
        .filter(|(source, _)| source.ends_with("/environ"));
    for (source, text) in environments {
        assert!(
            text.contains("FLOOD_LOG=trace"),
            "{source} does not tell everything"
        );
    }
    let open = open_to_others(lab.work());
    assert!(open.is_empty(), "others may use {open:?}");
    lab.finish().await.expect("everything ends");
}

/// Everything that the bundles and the aggregator's records hold and nobody else may know.
fn secrets(work: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(work) {
        let is_secret = file.extension().is_some_and(|e| e == "bundle")
            || file.components().any(|c| c.as_os_str() == "principals");
        if is_secret && file.is_file() {
            let text = fs::read_to_string(&file).expect("readable");
            let table: toml::Table = toml::from_str(&text).expect("TOML");
            gather(&Value::Table(table), false, &mut found);
        }
        let is_small = fs::metadata(&file).is_ok_and(|a| a.is_file() && a.len() < LARGEST);
        if is_small && let Ok(text) = fs::read_to_string(&file) {
            found.extend(private_lines(&text));
        }
    }
    found.retain(|secret| secret.len() >= SHORTEST);
    found.sort();
    found.dedup();
    found
}

/// What stands between the marks of private keys (RFC 7468).
fn private_lines(text: &str) -> Vec<String> {
    let mut is_private = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.contains("PRIVATE KEY-----") {
            is_private = line.contains("BEGIN");
        } else if is_private {
            found.push(line.to_owned());
        }
    }
    found
}

/// Texts of keys and passwords; of a PEM text, its lines.
fn gather(value: &Value, is_secret: bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) if is_secret => {
            let lines = text.lines().filter(|line| !line.starts_with("---"));
            found.extend(lines.map(ToOwned::to_owned));
        }
        Value::Table(table) => {
            for (name, value) in table {
                let names = ["key", "password", "secret", "private"];
                let is_secret = names.iter().any(|word| name.contains(word));
                gather(value, is_secret, found);
            }
        }
        _ => {}
    }
}

/// All that is told: answers, logs, what a running agent says, the list of processes.
async fn told(lab: &mut Lab) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for route in ROUTES {
        let url = lab.client.url(route);
        let answer = tokio::task::spawn_blocking(move || ureq::get(url).call());
        let mut answer = answer.await.expect("asked").expect("an answer");
        let text = answer.body_mut().read_to_string().expect("text");
        told.push((route.to_owned(), text));
    }
    let programs = Programs::find().expect("programs");
    for agent in &lab.agents {
        let config = lab.work().join(format!("{}.toml", agent.name()));
        let said = Command::new(&programs.agent)
            .arg("status")
            .arg(config)
            .output();
        let said = said.expect("asked").stdout;
        told.push((
            "status".to_owned(),
            String::from_utf8_lossy(&said).into_owned(),
        ));
    }
    for process in lab.agents.iter().chain([&lab.aggregator]) {
        let process = process.id().expect("it runs");
        for file in ["cmdline", "environ"] {
            let path = format!("/proc/{process}/{file}");
            let text = fs::read(&path).expect("readable");
            told.push((path, String::from_utf8_lossy(&text).into_owned()));
        }
    }
    for file in files(lab.work()) {
        if file.is_file() && file.extension().is_some_and(|e| e == "log") {
            let text = fs::read(&file).expect("readable");
            let text = String::from_utf8_lossy(&text).into_owned();
            told.push((file.display().to_string(), text));
        }
    }
    told
}

/// What the programs wrote and others than their user may read, change or list.
fn open_to_others(work: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(work).expect("readable").flatten();
    let folders = folders
        .map(|entry| entry.path())
        .filter(|path| path.is_dir());
    let mut looked_at = Vec::new();
    for folder in folders {
        looked_at.extend(files(&folder));
        looked_at.push(folder);
    }
    looked_at.extend(
        files(work)
            .into_iter()
            .filter(|f| f.extension().is_some_and(|e| e == "bundle")),
    );
    assert!(
        looked_at.iter().any(|path| path.ends_with("spool/db")),
        "no spool"
    );
    // What was removed meanwhile is open to nobody.
    let is_open = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
    };
    looked_at.into_iter().filter(is_open).collect()
}

/// Every file, folder and socket below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    // What is renamed or removed meanwhile is nothing to look at.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            found.extend(files(&path));
        }
        if kind.is_dir() || kind.is_file() || kind.is_socket() {
            found.push(path);
        }
    }
    found
}
