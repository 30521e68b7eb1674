//! What the page is built from: the packages that npm's lock file names for it, and its fonts. Shell.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use super::{
    crates::texts,
    notice::{Part, line_begin},
};

const WEB: &str = "aggregator/web";

/// Whether the packages are there, and with them their texts.
pub fn is_installed() -> bool {
    Path::new(WEB)
        .join("node_modules/.package-lock.json")
        .exists()
}

/// The packages that the page may be built from.
///
/// # Errors
/// The lock file or a package cannot be read.
pub fn parts() -> Result<Vec<Part>, String> {
    locked()?.into_iter().map(part).collect()
}

/// What a file of notices lacks: a package of the lock file, or one whose font is shipped.
///
/// # Errors
/// The lock file or the built page cannot be read.
pub fn missing(notices: &str) -> Result<Vec<String>, String> {
    let packages = locked()?;
    let is_listed = |name: &str, version: &str| {
        let begin = line_begin(name, version);
        notices.lines().any(|line| line.starts_with(&begin))
    };
    let unlisted = packages.iter().filter(|p| !is_listed(&p.name, &p.version));
    let mut missing: Vec<String> = unlisted
        .map(|p| format!("{} {}", p.name, p.version))
        .collect();
    let families: Vec<&str> = packages
        .iter()
        .filter(|package| package.name.starts_with("@fontsource"))
        .filter_map(|package| package.name.rsplit('/').next())
        .collect();
    for font in fonts()? {
        if !families.iter().any(|family| font.starts_with(family)) {
            missing.push(format!("the font {font}"));
        }
    }
    if !notices.contains("SIL OPEN FONT LICENSE") {
        missing.push("the licence of its fonts".to_owned());
    }
    Ok(missing)
}

/// Files of fonts in the built page.
fn fonts() -> Result<BTreeSet<String>, String> {
    let folder = Path::new(WEB).join("dist/assets");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let endings = ["woff2", "woff", "ttf", "otf"];
    let is_font = |name: &String| {
        let ending = Path::new(name).extension().and_then(|e| e.to_str());
        ending.is_some_and(|ending| endings.contains(&ending))
    };
    Ok(names.filter(is_font).collect())
}

/// A package of the lock file.
struct Locked {
    path: String,
    name: String,
    version: String,
}

/// The packages that are not for development only. Types are nothing at run time.
fn locked() -> Result<Vec<Locked>, String> {
    let file = format!("{WEB}/package-lock.json");
    let lock = read(Path::new(&file))?;
    let packages = lock.get("packages").and_then(Value::as_object);
    let mut found = Vec::new();
    for (path, about) in packages.into_iter().flatten() {
        let is_for_development = about.get("dev").and_then(Value::as_bool) == Some(true);
        let name = path.rsplit("node_modules/").next().unwrap_or(path);
        if is_for_development || path.is_empty() || name.starts_with("@types/") {
            continue;
        }
        let version = about.get("version").and_then(Value::as_str);
        found.push(Locked {
            path: path.clone(),
            name: name.to_owned(),
            version: version.unwrap_or_default().to_owned(),
        });
    }
    Ok(found)
}

fn part(locked: Locked) -> Result<Part, String> {
    let folder = Path::new(WEB).join(&locked.path);
    let about = read(&folder.join("package.json"))?;
    let author = about.get("author");
    let author = author.and_then(|a| a.get("name").or(Some(a))?.as_str());
    let licence = about.get("license").and_then(Value::as_str);
    Ok(Part {
        expression: licence.unwrap_or_default().to_owned(),
        home: format!("https://www.npmjs.com/package/{}", locked.name),
        authors: author.unwrap_or_default().to_owned(),
        texts: texts(&folder),
        kind: "npm",
        name: locked.name,
        version: locked.version,
    })
}

fn read(file: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))
}
