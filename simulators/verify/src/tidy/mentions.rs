//! What documentation says of files holds: a comment or a Markdown page that names a file of this
//! repository names one that is there, and nothing names a folder of somebody's machine.

use std::{collections::BTreeSet, path::Path};

use super::finding::Finding;

/// Endings of files that only this repository could mean.
const OURS: &[&str] = &["rs", "ts", "mjs", "sh", "css"];

/// Endings that users' files have too: meant as ours when the path begins with a folder of ours.
const ANYBODYS: &[&str] = &[
    "toml", "json", "geojson", "md", "yml", "html", "png", "service", "txt",
];

/// Where people and build machines keep things.
const MACHINE_FOLDERS: &[&str] = &["/home/", "/root/", "/work/", "/Users/", "/tmp/"];

/// Files that a text names and that are not there.
pub fn dangling(path: &str, text: &str, files: &BTreeSet<&str>) -> Vec<Finding> {
    let is_page = has_ending(path, &["md"]);
    let mut wrong = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let said = if is_page { Some(line) } else { comment(line) };
        let Some(said) = said else {
            continue;
        };
        let named = said
            .split(|c: char| !(c.is_ascii_alphanumeric() || "_./-".contains(c)))
            .map(|word| word.trim_end_matches(['.', '/', '-']))
            .filter(|word| !word.starts_with("//") && means_ours(word, files));
        let links = if is_page { links(line) } else { Vec::new() };
        for name in named.chain(links) {
            if !is_there(path, name, files) {
                let what = format!("names {name}, which is not there");
                wrong.push(Finding::at(path, index + 1, what));
            }
        }
    }
    wrong.dedup();
    wrong
}

/// Folders of a machine in a text.
pub fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    let mut wrong = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for folder in MACHINE_FOLDERS {
            let at_start = |at: usize| {
                let before = line.get(..at).and_then(|b| b.chars().next_back());
                !before.is_some_and(|c| c.is_alphanumeric() || "._-}/".contains(c))
            };
            if line.match_indices(folder).any(|(at, _)| at_start(at)) {
                let what = format!("names a folder of a machine: {folder}");
                wrong.push(Finding::at(path, index + 1, what));
            }
        }
    }
    wrong
}

/// What a line of code says to its reader.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let starts = ["//", "/*", "* "];
    starts.iter().find_map(|start| line.strip_prefix(start))
}

/// Targets of the links in a line of Markdown that lead into the repository.
fn links(line: &str) -> Vec<&str> {
    let targets = line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', ' ', '#']).next()?;
        Some(target.trim_end_matches('/'))
    });
    targets
        .filter(|target| !target.is_empty() && !target.contains(':'))
        .collect()
}

fn means_ours(word: &str, files: &BTreeSet<&str>) -> bool {
    let stem = word
        .rsplit('/')
        .next()
        .and_then(|name| name.split('.').next());
    if stem.is_none_or(str::is_empty) {
        return false;
    }
    let begins_here = || {
        word.split_once('/')
            .is_some_and(|(top, _)| files.iter().any(|file| file.split('/').next() == Some(top)))
    };
    has_ending(word, OURS) || (has_ending(word, ANYBODYS) && begins_here())
}

/// Whether a file or folder of that name is there: from the root, beside the text, or anywhere.
fn is_there(from: &str, name: &str, files: &BTreeSet<&str>) -> bool {
    let beside = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut whole: Vec<&str> = beside.split('/').filter(|s| !s.is_empty()).collect();
    for step in name.split('/') {
        match step {
            "." | "" => {}
            ".." => {
                whole.pop();
            }
            step => whole.push(step),
        }
    }
    let beside = whole.join("/");
    let name = name.trim_start_matches("./");
    let tail = format!("/{name}");
    files.iter().any(|file| {
        let in_folder = |folder: &str| {
            file.strip_prefix(folder)
                .is_some_and(|r| r.starts_with('/'))
        };
        *file == name
            || *file == beside
            || file.ends_with(&tail)
            || in_folder(&beside)
            || in_folder(name)
    })
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    let ending = Path::new(name).extension().and_then(|e| e.to_str());
    ending.is_some_and(|e| endings.contains(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let files = BTreeSet::from([
            "README.md",
            "agent/src/run.rs",
            "agent/src/spool/mod.rs",
            "configs/agent/example.toml",
        ]);
        let wrong = dangling(path, text, &files);
        wrong.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn comments_and_pages_may_name_files_that_are_there() {
        let code = "//! See `run.rs` and spool/mod.rs.\nlet a = \"gone.rs\";";
        assert_eq!(found("agent/src/spool/mod.rs", code), [""; 0]);
        let page = "[a](configs/agent) [b](https://c.d/e.rs) `agent/src/run.rs` your `city.toml`";
        assert_eq!(found("README.md", page), [""; 0]);
        assert_eq!(
            found("agent/notes.md", "[a](src/run.rs) [b](../README.md#x)"),
            [""; 0]
        );
    }

    #[test]
    fn what_is_gone_is_found() {
        assert_eq!(
            found("agent/src/run.rs", "\n/// as `driver.rs` does"),
            ["agent/src/run.rs:2: names driver.rs, which is not there"]
        );
        assert_eq!(
            found("README.md", "[a](configs/city) configs/agent/gone.toml"),
            [
                "README.md:1: names configs/agent/gone.toml, which is not there",
                "README.md:1: names configs/city, which is not there",
            ]
        );
    }

    #[test]
    fn folders_of_machines_are_found_and_others_pass() {
        let shown = |text: &str| machine_paths("a.md", text).len();
        assert_eq!(shown("cd /home/me/x"), 1);
        assert_eq!(shown("see `/work/main`\nand /root/.cargo"), 2);
        assert_eq!(
            shown("/var/lib/flood, configs/work/a, https://a.b/home/"),
            0
        );
    }
}
