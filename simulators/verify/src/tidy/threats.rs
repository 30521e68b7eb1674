//! The table of threats names for each what protects, and a test that stands for it and is there.

use std::{collections::BTreeMap, path::Path};

use super::finding::Finding;

/// Rows of a page's tables in which no test is named, and tests that are named and not there.
pub fn unproven(path: &str, page: &str, texts: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut wrong = Vec::new();
    for (index, line) in page.lines().enumerate() {
        let tests: Vec<(&str, &str)> = line
            .split('`')
            .skip(1)
            .step_by(2)
            .filter_map(test)
            .collect();
        for (file, name) in &tests {
            let is_there = texts
                .get(*file)
                .is_some_and(|text| text.contains(&format!("fn {name}(")));
            if !is_there {
                let what = format!("names the test {file}::{name}, which is not there");
                wrong.push(Finding::at(path, index + 1, what));
            }
        }
        if tests.is_empty() && is_row(line, page.lines().nth(index + 1)) {
            wrong.push(Finding::at(
                path,
                index + 1,
                "names no test for this threat",
            ));
        }
    }
    wrong
}

/// A test as a page names it: the file and the function.
fn test(word: &str) -> Option<(&str, &str)> {
    let (file, name) = word.split_once("::")?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_rust = Path::new(file).extension().is_some_and(|e| e == "rs");
    (is_rust && is_name).then_some((file, name))
}

/// Whether a line is a row of a table, neither its head nor the rule below that.
fn is_row(line: &str, next: Option<&str>) -> bool {
    let is_rule = |line: &str| line.starts_with("| ---");
    line.starts_with('|') && !is_rule(line) && !next.is_some_and(is_rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threat_without_a_test_or_with_one_that_is_gone_is_found() {
        let texts = BTreeMap::from([(
            "a/tests/b.rs".to_owned(),
            "#[test]\nfn a_lie_is_refused() {}".to_owned(),
        )]);
        let page = "| threat | test |\n| --- | --- |\n\
                    | a lie | `a/tests/b.rs::a_lie_is_refused` |\n\
                    | two lies | `a/tests/b.rs::two_lies_are_refused` |\n\
                    | three | none |\n\nSee `a/tests/b.rs`.";
        let found = unproven("S.md", page, &texts);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "S.md:4: names the test a/tests/b.rs::two_lies_are_refused, which is not there",
                "S.md:5: names no test for this threat",
            ]
        );
    }
}
