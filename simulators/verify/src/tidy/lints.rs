//! An expectation names a lint that is on: one that the workspace switched off says nothing.

use std::collections::BTreeSet;

use toml::Table;

use super::{finding::Finding, names::Names};

/// Clippy's lints that the workspace's manifest allows everywhere.
pub fn switched_off(manifest: &str) -> BTreeSet<String> {
    let table: Table = toml::from_str(manifest).unwrap_or_default();
    let lints = table
        .get("workspace")
        .and_then(|w| w.get("lints")?.get("clippy")?.as_table());
    let level_of = |value: &toml::Value| {
        let level = value.get("level").unwrap_or(value);
        level.as_str().map(ToOwned::to_owned)
    };
    let off = lints.into_iter().flatten().filter_map(|(lint, level)| {
        let is_off = level_of(level).is_some_and(|level| level == "allow");
        is_off.then(|| lint.clone())
    });
    off.collect()
}

/// Places that name a lint which is off.
pub fn idle(path: &str, text: &str, off: &BTreeSet<String>) -> Vec<Finding> {
    let names = Names::of_tokens(text).paths.into_iter();
    names
        .filter_map(|named| match named.segments.as_slice() {
            [tool, lint] if tool == "clippy" && off.contains(lint) => {
                Some((named.line, lint.clone()))
            }
            _ => None,
        })
        .map(|(line, lint)| Finding::at(path, line, format!("the lint {lint} is off anyway")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lint_that_is_off_is_found_where_it_is_expected_and_one_that_is_on_is_not() {
        let manifest = "[workspace.lints.clippy]\na = \"allow\"\nb = \"warn\"\n\
                        c = { level = \"allow\", priority = 1 }";
        let off = switched_off(manifest);
        let text = "#[expect(clippy::b, reason = \"x\")] fn f() {}\n\
                    #[cfg(test)] mod tests { #![expect(clippy::a, reason = \"x\")] }\n\
                    #[expect(clippy::c)] fn g() {}";
        let wrong = idle("a.rs", text, &off);
        let shown: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "a.rs:2: the lint a is off anyway",
                "a.rs:3: the lint c is off anyway"
            ]
        );
    }
}
