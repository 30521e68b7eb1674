//! The visible top level, the sizes of files, what a file opens with, and unfinished work.

use std::collections::BTreeSet;

use super::finding::Finding;

/// No file longer than this: a longer one is two thoughts.
const MAX_LINES: usize = 500;

/// Marks of unfinished work, as they stand in code or comments.
const UNFINISHED: &[&str] = &["todo!(", "unimplemented!(", "#[ignore", "TODO", "FIXME"];

/// Files and folders at the top that do not belong there. Hidden ones do.
pub fn top_level(files: &[String], allowed: &[&str]) -> Vec<Finding> {
    let tops: BTreeSet<&str> = files.iter().filter_map(|p| p.split('/').next()).collect();
    tops.into_iter()
        .filter(|top| !top.starts_with('.') && !allowed.contains(top))
        .map(|top| Finding::of(top, "does not belong to the top level"))
        .collect()
}

/// A file that is too long to be one thought.
pub fn too_long(path: &str, text: &str) -> Option<Finding> {
    let lines = text.lines().count();
    (lines > MAX_LINES).then(|| Finding::of(path, format!("{lines} lines; at most {MAX_LINES}")))
}

/// A Rust file that does not open with what it promises. Tests of the file beside them need not.
pub fn opens_without_promise(path: &str, text: &str) -> Option<Finding> {
    let is_free = path.ends_with("/tests.rs");
    (!is_free && !text.starts_with("//!"))
        .then(|| Finding::at(path, 1, "does not open with what it promises (//!)"))
}

/// Work that is not finished.
pub fn unfinished(path: &str, text: &str) -> Vec<Finding> {
    let mut wrong = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for mark in UNFINISHED {
            if line.contains(mark) {
                wrong.push(Finding::at(path, index + 1, format!("unfinished: {mark}")));
            }
        }
    }
    wrong
}

/// Rust files that no crate includes.
pub fn lost(rust: &BTreeSet<&str>, included: &BTreeSet<&str>) -> Vec<Finding> {
    rust.difference(included)
        .map(|path| Finding::of(path, "no crate includes this file"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_level_is_what_it_was() {
        let files = ["README.md", ".ci/run", "agent/a.rs", "extra/b.rs"].map(ToOwned::to_owned);
        let wrong = top_level(&files, &["README.md", "agent"]);
        let shown: Vec<_> = wrong.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(shown, ["extra"]);
    }

    #[test]
    fn a_file_of_the_limit_passes_and_a_longer_one_does_not() {
        assert_eq!(too_long("a.rs", &"\n".repeat(MAX_LINES)), None);
        assert!(too_long("a.rs", &"\n".repeat(MAX_LINES + 1)).is_some());
    }

    #[test]
    fn a_file_opens_with_its_promise() {
        assert!(opens_without_promise("a.rs", "use b;").is_some());
        assert_eq!(opens_without_promise("a.rs", "//! A."), None);
        assert_eq!(opens_without_promise("a/tests.rs", "use super::*;"), None);
    }

    #[test]
    fn unfinished_work_is_found_after_a_test_module_too() {
        let mark = UNFINISHED.concat();
        let text = format!("#[cfg(test)]\nmod tests {{}}\nfn f() {{ {mark} }}");
        let wrong = unfinished("a.rs", &text);
        assert_eq!(wrong.len(), UNFINISHED.len());
        assert!(wrong.iter().all(|f| f.line == 3));
        assert_eq!(unfinished("a.rs", "fn done() {}"), []);
    }

    #[test]
    fn a_file_that_no_crate_includes_is_lost() {
        let rust = BTreeSet::from(["a.rs", "b.rs"]);
        let wrong = lost(&rust, &BTreeSet::from(["a.rs"]));
        assert_eq!(wrong.len(), 1);
        assert_eq!(lost(&rust, &rust), []);
    }
}
