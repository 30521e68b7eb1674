//! Whether the tests would notice: `cargo-mutants` changes the pure modules, one thing at a time.
//!
//! The packages that decide are built alone, without the engines and servers beside them: a mutant
//! then costs seconds. Everything happens in a copy below `target`; what no test caught is
//! listed in `target/mutants/mutants.out/missed.txt`, and `.github/MUTANTS.md` says which of them
//! may stand and why.

use std::{fs, io, path::Path};

use crate::command::{Held, cargo, say, succeed};

const FOLDER: &str = "target/mutants";

/// Of the mutants of every part that can be built, so many in a hundred must be caught.
const CAUGHT_PERCENT: usize = 90;

/// Packages that hold pure modules.
const PACKAGES: [(&str, &str); 3] = [
    ("shared", "shared"),
    ("agent", "agent"),
    ("decisions", "aggregator/decisions"),
];

/// What is mutated.
const MUTATED: [&str; 10] = [
    "aggregator/decisions/src/assess/**",
    "aggregator/decisions/src/dispatch/**",
    "aggregator/decisions/src/forecast/**",
    "aggregator/decisions/src/merge/**",
    "aggregator/decisions/src/orders/**",
    "agent/src/quality/**",
    "agent/src/spool/retention.rs",
    "agent/src/spool/seqs.rs",
    "agent/src/uplink/machine/**",
    "shared/src/quality/**",
];

/// Installs the tool where it is missing, mutates a copy and judges what was caught.
pub fn mutants() -> Result<Held, String> {
    if succeed(&mut cargo(&["mutants", "--version"])).is_err() {
        say("installing cargo-mutants");
        succeed(&mut cargo(&["install", "cargo-mutants", "--locked"]))?;
    }
    copy().map_err(|e| format!("{FOLDER}: {e}"))?;
    let mut run = cargo(&["mutants", "--in-place", "--timeout", "30"]);
    run.args(["--output", "."]).current_dir(FOLDER);
    // Debug information is of no use here and costs half of the time.
    run.env("CARGO_PROFILE_DEV_DEBUG", "false");
    for files in MUTATED {
        run.args(["--file", files]);
    }
    for (package, _) in PACKAGES {
        run.args(["--package", package]);
    }
    // Asked for behind `--`, every binary and test program would be built too, for every mutant.
    run.arg("--cargo-arg=--lib");
    // It ends with an error if anything was missed; how much is judged here.
    let ended = succeed(&mut run);
    judge(ended.err().as_deref())
}

/// Whether enough was caught of every part: a good one makes up for no other.
fn judge(ended: Option<&str>) -> Result<Held, String> {
    let list = |name: &str| {
        let file = Path::new(FOLDER).join("mutants.out").join(name);
        let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        Ok::<_, String>(text.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let (missed, mut caught) = (list("missed.txt")?, list("caught.txt")?);
    // One that never ends was noticed.
    caught.extend(list("timeout.txt")?);
    for mutant in &missed {
        say(&format!("not caught: {mutant}"));
    }
    let mut too_few = Vec::new();
    for part in MUTATED {
        let of_part = |list: &[String]| list.iter().filter(|m| is_of(m, part)).count();
        let (caught, missed) = (of_part(&caught), of_part(&missed));
        let viable = caught + missed;
        say(&format!("{part}: {caught} of {viable} mutants were caught"));
        if viable == 0 {
            let why = ended.unwrap_or("it has none");
            return Err(format!("{part}: no mutant was tried: {why}"));
        }
        if caught * 100 < viable * CAUGHT_PERCENT {
            too_few.push(part);
        }
    }
    let unviable = list("unviable.txt")?.len();
    say(&format!("{unviable} could not be built"));
    if !too_few.is_empty() {
        let parts = too_few.join(", ");
        return Err(format!(
            "{parts}: fewer than {CAUGHT_PERCENT} in 100 were caught"
        ));
    }
    Ok(Held::Whole)
}

/// Whether a mutant, told as `file:line:column: what`, is in a part.
fn is_of(mutant: &str, part: &str) -> bool {
    mutant.starts_with(part.trim_end_matches("**"))
}

/// A workspace of the packages that hold pure modules.
fn copy() -> io::Result<()> {
    let folder = Path::new(FOLDER);
    for old in ["shared", "agent", "aggregator", "mutants.out"] {
        if folder.join(old).exists() {
            fs::remove_dir_all(folder.join(old))?;
        }
    }
    fs::create_dir_all(folder.join("aggregator"))?;
    for whole in PACKAGES
        .map(|(_, whole)| whole)
        .into_iter()
        .chain(["Cargo.lock"])
    {
        copy_all(Path::new(whole), &folder.join(whole))?;
    }
    let workspace = fs::read_to_string("Cargo.toml")?;
    let members = PACKAGES.map(|(_, whole)| format!("{whole:?}")).join(", ");
    let workspace = workspace.lines().map(|line| {
        if line.starts_with("members = ") {
            format!("members = [{members}]")
        } else {
            line.to_owned()
        }
    });
    let workspace: Vec<_> = workspace.collect();
    fs::write(folder.join("Cargo.toml"), workspace.join("\n"))
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if let Some(name) = path.file_name() {
            copy_all(&path, &to.join(name))?;
        }
    }
    Ok(())
}
