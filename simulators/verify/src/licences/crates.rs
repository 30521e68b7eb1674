//! The crates that a program is built from, asked of cargo; their texts, from their sources. Shell.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use super::notice::Part;
use crate::command::cargo;

/// Folders of a crate of which nothing is built in.
const UNBUILT: [&str; 7] = [
    "tests", "benches", "examples", "fuzz", "docs", "doc", "testdata",
];
/// How deep licence files of what is inside a crate are looked for.
const DEPTH: usize = 4;

/// What is linked into a package, for any of the targets.
///
/// # Errors
/// Cargo does not tell.
pub fn parts(package: &str, targets: &[&str]) -> Result<Vec<Part>, String> {
    let mut linked = BTreeSet::new();
    let mut known = BTreeMap::new();
    for target in targets {
        linked.extend(names(package, target)?);
        known.extend(described(target)?);
    }
    let parts = linked.iter().map(|key| {
        let part = known.get(key).cloned();
        part.ok_or_else(|| format!("cargo does not describe {} {}", key.0, key.1))
    });
    parts.collect()
}

/// Names and versions of the crates that are linked: no macros, no build scripts, nothing of ours.
fn names(package: &str, target: &str) -> Result<BTreeSet<(String, String)>, String> {
    let text = told(&[
        "tree",
        "--locked",
        "--package",
        package,
        "--edges",
        "normal,no-proc-macro",
        "--target",
        target,
        "--prefix",
        "none",
        "--format",
        "{p}",
    ])?;
    let crates = text.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        // What is ours stands with its folder.
        let is_ours = words.next().is_some_and(|word| word.starts_with("(/"));
        (!is_ours).then(|| (name.to_owned(), version.to_owned()))
    });
    Ok(crates.collect())
}

/// Every crate that cargo knows of for a target.
fn described(target: &str) -> Result<BTreeMap<(String, String), Part>, String> {
    let text = told(&[
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--filter-platform",
        target,
    ])?;
    let told: Value = serde_json::from_str(&text).map_err(|e| format!("cargo metadata: {e}"))?;
    let packages = told.get("packages").and_then(Value::as_array);
    let mut known = BTreeMap::new();
    for package in packages.into_iter().flatten() {
        let field = |name: &str| {
            package
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let folder = Path::new(field("manifest_path")).parent();
        let authors = package.get("authors").and_then(Value::as_array);
        let authors: Vec<&str> = authors
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let (name, version) = (field("name").to_owned(), field("version").to_owned());
        let home = format!("https://crates.io/crates/{name}");
        let part = Part {
            expression: field("license").to_owned(),
            home: if field("repository").is_empty() {
                home
            } else {
                field("repository").to_owned()
            },
            authors: authors.join(", "),
            texts: match folder {
                Some(folder) if !field("source").is_empty() => texts(folder),
                _ => BTreeMap::new(),
            },
            kind: "cargo",
            name: name.clone(),
            version: version.clone(),
        };
        known.insert((name, version), part);
    }
    Ok(known)
}

/// The licence files of a folder and of what is inside it, by their names from there.
pub fn texts(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    gather(folder, "", DEPTH, &mut found);
    found
}

fn gather(folder: &Path, within: &str, depth: usize, found: &mut BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if path.is_dir() {
            let is_built = !UNBUILT.contains(&name.as_str()) && name != "node_modules";
            if is_built && depth > 0 {
                gather(&path, &format!("{within}{name}/"), depth - 1, found);
            }
        } else if is_notice(&name)
            && let Ok(text) = fs::read_to_string(&path)
        {
            found.insert(format!("{within}{name}"), text);
        }
    }
}

fn is_notice(name: &str) -> bool {
    let name = name.to_uppercase();
    let begins = [
        "LICENSE",
        "LICENCE",
        "COPYING",
        "COPYRIGHT",
        "UNLICENSE",
        "NOTICE",
    ];
    let is_source = [".RS", ".C", ".H", ".JS", ".TS", ".PY", ".MAP"]
        .iter()
        .any(|end| name.ends_with(end));
    begins.iter().any(|begin| name.starts_with(begin)) && !is_source
}

fn told(args: &[&str]) -> Result<String, String> {
    let what = format!("cargo {}", args.first().unwrap_or(&""));
    let output = cargo(args)
        .output()
        .map_err(|e| format!("{what} cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!(
            "{what}: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    String::from_utf8(output.stdout).map_err(|e| format!("{what}: {e}"))
}
