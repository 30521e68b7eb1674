//! The API against its own description: schemathesis asks the real aggregator whatever its OpenAPI
//! document allows and much that it does not, as nobody and in every role, and holds the answers
//! against the document.
//!
//! It is installed into `target/api/venv` as `.ci/schemathesis.txt` pins it; what it is told beside the
//! document stands in `simulators/verify/schemathesis.toml`. `FLOOD_API` says how many cases of each
//! operation and role are made up beside those that the document names by itself.

mod closed;
mod desk;

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::Command,
    time::Instant,
};

use serde_json::Value;

use crate::command::{Held, cargo, say, succeed};
use desk::{Asker, Desk};

const PINNED: &str = ".ci/schemathesis.txt";
const FOLDER: &str = "target/api";
/// The description, closed.
const DOCUMENT: &str = "target/api/openapi.json";
const TOLD: &str = "simulators/verify/schemathesis.toml";

/// Cases of each operation for each who asks, unless `FLOOD_API` says otherwise.
const EXAMPLES: &str = "2";

/// What became of one who asks.
struct Row {
    who: String,
    operations: u64,
    cases: u64,
    /// Cases that were granted.
    accepted: u64,
    failures: u64,
    seconds: u64,
}

/// Installs schemathesis, starts the aggregator, and asks as everybody.
pub fn api() -> Result<Held, String> {
    install()?;
    succeed(&mut cargo(&["build", "--workspace", "--bins"]))?;
    let mut desk = Desk::open(Path::new(FOLDER))?;
    let document = closed::closed(desk.document()?);
    let failed = |e: std::io::Error| format!("{DOCUMENT}: {e}");
    fs::write(DOCUMENT, document.to_string()).map_err(failed)?;
    let examples = std::env::var("FLOOD_API").unwrap_or_else(|_| EXAMPLES.to_owned());
    let mut rows = Vec::new();
    for asker in desk.askers()? {
        desk.knows(&asker)?;
        rows.push(ask(&desk, &asker, &examples)?);
        // Whoever lost his log-in on the way was asked nothing from then on.
        desk.knows(&asker)?;
    }
    desk.close()?;
    let lines = rows.iter().map(|row| {
        let Row {
            who,
            operations,
            cases,
            accepted,
            failures,
            seconds,
        } = row;
        format!("| {who} | {operations} | {cases} | {accepted} | {failures} | {seconds} |")
    });
    let lines: Vec<_> = lines.collect();
    say(&format!(
        "\n| who asks | operations | cases | accepted | failures | seconds |\n| --- | --- | --- | --- | --- | --- |\n{}\n",
        lines.join("\n")
    ));
    let failures: u64 = rows.iter().map(|row| row.failures).sum();
    if failures == 0 {
        Ok(Held::Whole)
    } else {
        Err(format!("{failures} failures; see above and {FOLDER}"))
    }
}

/// Installs what is pinned, unless that is what is there.
fn install() -> Result<(), String> {
    let pinned = fs::read_to_string(PINNED).map_err(|e| format!("{PINNED}: {e}"))?;
    let venv = format!("{FOLDER}/venv");
    let mark = format!("{venv}/installed.txt");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == pinned) {
        return Ok(());
    }
    say(&format!("installing {PINNED} into {venv}"));
    succeed(Command::new("python3").args(["-m", "venv", "--clear", &venv]))?;
    let mut pip = Command::new(format!("{venv}/bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--only-binary", ":all:"])
        .args(["--require-hashes", "--requirement", PINNED]);
    succeed(&mut pip)?;
    fs::write(&mark, pinned).map_err(|e| format!("{mark}: {e}"))
}

/// Asks as one of them.
fn ask(desk: &Desk, asker: &Asker, examples: &str) -> Result<Row, String> {
    let name = &asker.name;
    let (told, report) = (
        format!("{FOLDER}/{name}.toml"),
        format!("{FOLDER}/{name}.json"),
    );
    let always = fs::read_to_string(TOLD).map_err(|e| format!("{TOLD}: {e}"))?;
    let text = always + &asker.told(desk);
    write_secret(&told, &text)?;
    say(&format!("\n-- {name}"));
    let begun = Instant::now();
    let mut run = Command::new(format!("{FOLDER}/venv/bin/schemathesis"));
    run.args(["--config-file", &told, "run", DOCUMENT])
        .args(["--url", &desk.url("/")])
        .args(["--checks", "all", "--continue-on-failure", "--no-color"])
        .args(["--max-examples", examples, "--generation-database", "none"])
        .args(["--report", "json", "--report-json-path", &report])
        .args(["--warnings", "off"]);
    let held = run.status().map_err(|e| format!("schemathesis: {e}"))?;
    let row = row(name, &report, begun.elapsed().as_secs())?;
    if !held.success() && row.failures == 0 {
        return Err(format!("schemathesis ended with {held} as {name}"));
    }
    Ok(row)
}

/// What a report says.
fn row(who: &str, report: &str, seconds: u64) -> Result<Row, String> {
    let text = fs::read_to_string(report).map_err(|e| format!("{report}: {e}"))?;
    let json: Value = serde_json::from_str(&text).map_err(|e| format!("{report}: {e}"))?;
    let number = |at: &str| {
        let found = json.pointer(at).and_then(Value::as_u64);
        found.ok_or_else(|| format!("{report}: there is no number at {at}"))
    };
    let rates = json.get("valid_rates").and_then(Value::as_object);
    let phases = rates.into_iter().flat_map(|rates| rates.values());
    let phases = phases.filter_map(Value::as_object).flat_map(|p| p.values());
    let accepted = phases.filter_map(|rate| rate.get("accepted")?.as_u64());
    Ok(Row {
        accepted: accepted.sum(),
        who: who.to_owned(),
        operations: number("/operations/tested")?,
        cases: number("/test_cases/generated")?,
        failures: number("/test_cases/unique_failures")? + number("/test_cases/errored")?,
        seconds,
    })
}

/// Writes a file that only this person reads.
fn write_secret(path: &str, text: &str) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{path}: {e}");
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true).mode(0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
