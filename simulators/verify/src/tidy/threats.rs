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
                .is_some_and(|text| text.contains(&declared(file, name)));
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
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = match Path::new(file).extension()?.to_str()? {
        "rs" => name.chars().all(is_word),
        "mjs" => true,
        _ => false,
    };
    (is_name && !name.is_empty()).then_some((file, name))
}

/// How it stands in its file: a function, or on the page the sentence itself.
fn declared(file: &str, name: &str) -> String {
    if is_script(file) {
        format!("\"{name}\"")
    } else {
        format!("fn {name}(")
    }
}

fn is_script(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|e| e == "mjs")
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
        let texts = [
            ("a/tests/b.rs", "#[test]\nfn a_lie_is_refused() {}"),
            ("a/e2e/b.mjs", "step(\"a lie is refused\", async () => {});"),
        ];
        let texts = texts.map(|(file, text)| (file.to_owned(), text.to_owned()));
        let texts = BTreeMap::from(texts);
        let page = "| threat | test |\n| --- | --- |\n\
                    | a lie | `a/tests/b.rs::a_lie_is_refused` |\n\
                    | two lies | `a/tests/b.rs::two_lies_are_refused` |\n\
                    | three | none |\n\
                    | four | `a/e2e/b.mjs::a lie is refused` |\n\
                    | five | `a/e2e/b.mjs::lies are refused` |\n\nSee `a/tests/b.rs`.";
        let found = unproven("S.md", page, &texts);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "S.md:4: names the test a/tests/b.rs::two_lies_are_refused, which is not there",
                "S.md:5: names no test for this threat",
                "S.md:7: names the test a/e2e/b.mjs::lies are refused, which is not there",
            ]
        );
    }
}
