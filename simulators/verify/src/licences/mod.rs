//! The notices of everything that is shipped: which parts the programs and the page are made of, under
//! which licence each is used, and the texts that must go with it. Written into files that the programs
//! print and the packages hold; this step holds them to what is built.
//!
//! Own code, because cargo-about knows no npm packages and no fonts, and would be built for longer than
//! everything that it tells. It needs no network: the texts are those of the sources that were built.

mod bill;
mod crates;
mod notice;
mod npm;

use std::fs;

use crate::command::{Held, say};
use notice::{Part, composed};

/// A program, and what it is built for.
struct Program {
    package: &'static str,
    name: &'static str,
    targets: &'static [&'static str],
    notices: &'static str,
    /// What is linked into it besides crates.
    besides: &'static [(&'static str, &'static str, &'static str)],
}

const APACHE: &str = "LICENSE-APACHE";
const PAGE: &str = "aggregator/web/licences.txt";
const STANDARD: (&str, &str, &str) = (
    "Rust's standard library",
    "MIT OR Apache-2.0",
    "https://github.com/rust-lang/rust",
);
const LLVM: (&str, &str, &str) = (
    "LLVM's compiler-rt and libunwind",
    "Apache-2.0 WITH LLVM-exception",
    "https://llvm.org",
);
const MUSL: (&str, &str, &str) = ("musl", "MIT", "https://musl.libc.org");

const PROGRAMS: [Program; 2] = [
    Program {
        package: "agent",
        name: "flood-agent",
        targets: &[
            "x86_64-unknown-linux-gnu",
            "aarch64-unknown-linux-musl",
            "armv7-unknown-linux-musleabihf",
        ],
        notices: "agent/licences.txt",
        besides: &[STANDARD, LLVM, MUSL],
    },
    Program {
        package: "aggregator",
        name: "flood-aggregator",
        targets: &["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"],
        notices: "aggregator/licences.txt",
        besides: &[STANDARD, LLVM],
    },
];

/// The notices are those of what is built.
///
/// # Errors
/// A notice is missing or stale, a licence is none that may be shipped, or a text cannot be had.
pub fn check() -> Result<Held, String> {
    let mut stale = Vec::new();
    for (file, wanted) in written()? {
        if fs::read_to_string(file).unwrap_or_default() != wanted {
            stale.push(file);
        }
    }
    let listed = fs::read_to_string(PAGE).map_err(|e| format!("{PAGE}: {e}"))?;
    let missing = npm::missing(&listed)?;
    if !missing.is_empty() {
        return Err(format!("{PAGE} lacks {}; {HOW}", missing.join(", ")));
    }
    if !stale.is_empty() {
        return Err(format!("{} is stale; {HOW}", stale.join(", ")));
    }
    if npm::is_installed() {
        return Ok(Held::Whole);
    }
    let why = "the texts of npm packages: none are installed (npm ci in aggregator/web)";
    Ok(Held::Except(why.to_owned()))
}

const HOW: &str = "cargo verify write-licences";

/// Writes the notices.
///
/// # Errors
/// As [`check`], or a file cannot be written.
pub fn write() -> Result<Held, String> {
    for (file, text) in written()? {
        fs::write(file, &text).map_err(|e| format!("{file}: {e}"))?;
        say(&format!("{file}: {} bytes", text.len()));
    }
    Ok(Held::Whole)
}

/// Writes a bill of materials (CycloneDX) for each program into `target/sbom`, for its package.
///
/// # Errors
/// The parts cannot be told, or a file cannot be written.
pub fn bills() -> Result<Held, String> {
    fs::create_dir_all("target/sbom").map_err(|e| format!("target/sbom: {e}"))?;
    for program in &PROGRAMS {
        let mut parts = crates::parts(program.package, program.targets)?;
        if program.package == "aggregator" {
            parts.extend(npm::parts()?);
        }
        let file = format!("target/sbom/{}.cdx.json", program.name);
        let text = bill::composed(program.name, &parts)?;
        fs::write(&file, text).map_err(|e| format!("{file}: {e}"))?;
        say(&format!("{file}: {} parts", parts.len()));
    }
    Ok(Held::Whole)
}

/// Every file of notices that can be made here, and what belongs into it.
fn written() -> Result<Vec<(&'static str, String)>, String> {
    let apache = fs::read_to_string(APACHE).map_err(|e| format!("{APACHE}: {e}"))?;
    let mut files = Vec::new();
    for program in &PROGRAMS {
        let mut parts = crates::parts(program.package, program.targets)?;
        for (name, expression, home) in program.besides {
            parts.push(Part::besides(name, expression, home));
        }
        let text = composed(program.name, &mut parts, &apache)?;
        files.push((program.notices, text));
    }
    if npm::is_installed() {
        let text = composed("The page of flood-aggregator", &mut npm::parts()?, &apache)?;
        files.push((PAGE, text));
    }
    Ok(files)
}
