//! Imports between the modules of the page.
//!
//! Read line by line: an import names its file in quotes after `from`, `import` or `new URL`, and
//! the page's formatter keeps both on one line. A parser of TypeScript would be a large dependency
//! for that.

use std::collections::BTreeMap;

use super::{finding::Finding, graph::Graph};

/// The arrows between TypeScript files, and imports that lead nowhere.
pub fn graph(files: &BTreeMap<String, String>) -> (Graph, Vec<Finding>) {
    let mut graph = Graph::default();
    let mut wrong = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| is_code(path)) {
        graph.files.insert(path.clone());
        for (line, name) in imports(text) {
            let Some(target) = target(path, &name, files) else {
                wrong.push(Finding::at(
                    path,
                    line,
                    format!("imports {name}, which is not there"),
                ));
                continue;
            };
            if is_code(&target) {
                graph.add(path, &target, line, name);
            }
        }
    }
    (graph, wrong)
}

fn is_code(path: &str) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|e| e == "ts")
}

/// Relative imports, with their lines.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for before in ["from ", "import ", "import(", "new URL("] {
            for (at, _) in line.match_indices(before) {
                let rest = line.get(at + before.len()..).unwrap_or_default();
                let quoted = rest
                    .strip_prefix(['"', '\''])
                    .and_then(|r| r.split(['"', '\'']).next());
                let relative = quoted.filter(|name| name.starts_with('.'));
                found.extend(relative.map(|name| (index + 1, name.to_owned())));
            }
        }
    }
    found
}

/// The file that an import names.
fn target(from: &str, name: &str, files: &BTreeMap<String, String>) -> Option<String> {
    let mut whole: Vec<&str> = from.split('/').collect();
    whole.pop();
    let name = name.split('?').next().unwrap_or(name);
    for step in name.split('/') {
        match step {
            "." => {}
            ".." => {
                whole.pop()?;
            }
            step => whole.push(step),
        }
    }
    let whole = whole.join("/");
    let stem = whole.strip_suffix(".js").unwrap_or(&whole);
    [
        whole.clone(),
        format!("{stem}.ts"),
        format!("{stem}/index.ts"),
    ]
    .into_iter()
    .find(|path| files.contains_key(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        texts.iter().map(owned).collect()
    }

    #[test]
    fn arrows_are_read_from_all_forms_of_imports() {
        let (graph, wrong) = graph(&files(&[
            (
                "w/a.ts",
                "import { b } from \"./b.ts\";\nimport './c/c.css';\n\
                 new Worker(new URL(\"./w.ts\", import.meta.url));\nimport { html } from \"lit\";",
            ),
            (
                "w/b.ts",
                "export * from \"./c\";\nconst l = await import(\"./c/d.js\");",
            ),
            ("w/c/index.ts", "// import x from \"../a.ts\""),
            ("w/c/d.ts", ""),
            ("w/c/c.css", ""),
            ("w/w.ts", ""),
        ]));
        assert_eq!(wrong, []);
        let arrows: Vec<_> = graph
            .arrows
            .keys()
            .map(|(a, b)| format!("{a} {b}"))
            .collect();
        assert_eq!(
            arrows,
            [
                "w/a.ts w/b.ts",
                "w/a.ts w/w.ts",
                "w/b.ts w/c/d.ts",
                "w/b.ts w/c/index.ts"
            ]
        );
        assert_eq!(graph.circles(), []);
    }

    #[test]
    fn circles_and_imports_that_lead_nowhere_are_found() {
        let (graph, wrong) = graph(&files(&[
            ("w/a.ts", "import type { B } from \"./b\";"),
            ("w/b.ts", "import { a } from \"./a\";\nimport \"./gone\";"),
        ]));
        assert_eq!(graph.circles().len(), 1);
        let shown: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["w/b.ts:2: imports ./gone, which is not there"]);
    }
}
