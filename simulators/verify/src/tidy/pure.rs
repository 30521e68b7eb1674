//! Pure files decide and do nothing: no I/O, no clock, no environment, no task and no channel.
//!
//! And they stand on pure files only, so that what they promise holds all the way down.

use super::{
    finding::Finding,
    graph::Graph,
    names::Names,
    source::Source,
    tree::{Place, Tree},
};

/// What reaches outside, by the beginning of its path.
const OUTSIDE: &[&str] = &[
    "axum",
    "fjall",
    "futures_util",
    "nix",
    "rmqtt",
    "rumqttc",
    "serialport",
    "sled",
    "std::env",
    "std::fs",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::net",
    "std::os",
    "std::process",
    "std::sync::mpsc",
    "std::thread",
    "std::time::Instant::now",
    "std::time::SystemTime",
    "tempfile",
    "tokio",
    "tokio_modbus",
    "tokio_serial",
    "tokio_stream",
    "tokio_util",
    "ureq",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "shared::clock::real_now",
    "shared::logging",
];

/// Methods that read a clock, whoever's they are.
const CLOCK_METHODS: &[&str] = &["now", "elapsed"];

/// Something that a pure file does outside.
#[derive(Debug, PartialEq, Eq)]
pub struct Reach {
    /// Which of the forbidden things.
    pub outside: &'static str,
    pub finding: Finding,
}

/// What a pure file does outside, each kind where it is first done.
pub fn reaches(tree: &Tree, module: usize, source: &Source) -> Vec<Reach> {
    let names = Names::of(&source.product);
    let imports = names.imports.iter().map(|i| &i.path);
    let mut found: Vec<Reach> = Vec::new();
    let mut tell = |outside: &'static str, line, what: String| {
        if found.iter().all(|told| told.outside != outside) {
            let finding = Finding::at(&source.path, line, what);
            found.push(Reach { outside, finding });
        }
    };
    for named in imports.chain(&names.paths) {
        let Place::Outside(path) = tree.resolve(module, named) else {
            continue;
        };
        let path = path.join("::");
        if let Some(outside) = OUTSIDE.iter().find(|outside| is_within(&path, outside)) {
            let what = format!("decides, so it must not use {path}");
            tell(outside, named.line, what);
        }
    }
    for method in &names.methods {
        let name = CLOCK_METHODS
            .iter()
            .find(|name| method.segments == [**name]);
        if let Some(name) = name {
            let what = format!("decides, so time is an argument and no .{name}()");
            tell(name, method.line, what);
        }
    }
    found
}

/// Findings that no entry (file, what, why) excuses, and entries that excuse nothing.
pub fn unexcused(found: Vec<Reach>, excused: &[(&str, &str, &str)]) -> Vec<Finding> {
    let excuses = |reach: &Reach, (file, what, _): &(&str, &str, &str)| {
        reach.finding.path == *file && is_within(reach.outside, what)
    };
    let idle = excused
        .iter()
        .filter(|excuse| !found.iter().any(|reach| excuses(reach, excuse)))
        .map(|(file, what, _)| Finding::of(file, format!("is excused {what} for nothing")));
    let mut wrong: Vec<Finding> = idle.collect();
    let left = found
        .into_iter()
        .filter(|reach| !excused.iter().any(|excuse| excuses(reach, excuse)));
    wrong.extend(left.map(|reach| reach.finding));
    wrong
}

/// Arrows from pure files to such that are not.
pub fn stands_on_impure(graph: &Graph, is_pure: impl Fn(&str) -> bool) -> Vec<Finding> {
    let from_pure = graph.arrows.iter().filter(|((from, _), _)| is_pure(from));
    from_pure
        .filter(|((_, to), _)| !is_pure(to))
        .map(|((from, to), mark)| {
            let what = format!("is pure, and `{}` is in {to}, which is not", mark.name);
            Finding::at(from, mark.line, what)
        })
        .collect()
}

/// Whether a file is meant by a table of files and folders (which end with a slash).
pub fn is_listed(path: &str, table: &[&str]) -> bool {
    table
        .iter()
        .any(|entry| path == *entry || (entry.ends_with('/') && path.starts_with(entry)))
}

/// Entries of a table of files and folders that mean no file.
pub fn gone(table: &[&str], files: &[String], of: &str) -> Vec<Finding> {
    let missing = table
        .iter()
        .filter(|entry| !files.iter().any(|file| is_listed(file, &[entry])));
    missing
        .map(|entry| Finding::of(entry, format!("is in the table of {of} and not there")))
        .collect()
}

fn is_within(path: &str, start: &str) -> bool {
    path.strip_prefix(start)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::tests::crate_of;

    fn found(text: &str) -> Vec<String> {
        let (sources, tree) = crate_of(&[("src/lib.rs", text)]);
        let source = sources.get("src/lib.rs").expect("was given");
        let wrong = reaches(&tree, 0, source).into_iter();
        wrong.map(|reach| reach.finding.to_string()).collect()
    }

    #[test]
    fn what_reaches_outside_is_found_by_any_name() {
        assert_eq!(
            found("use std::{fs as files, time::Instant};\nfn f() { files::read(Instant::now()) }"),
            [
                "src/lib.rs:1: decides, so it must not use std::fs",
                "src/lib.rs:2: decides, so it must not use std::time::Instant::now",
            ]
        );
        assert_eq!(
            found("fn f(clock: Clock) { info!(\"{}\", std::env::var(\"A\")); clock.now(); }"),
            [
                "src/lib.rs:1: decides, so it must not use std::env::var",
                "src/lib.rs:1: decides, so time is an argument and no .now()",
            ]
        );
        assert_eq!(
            found("#[cfg(test)] mod tests {}\nuse tokio::sync::mpsc;").len(),
            1
        );
    }

    #[test]
    fn time_as_an_argument_and_tests_that_touch_the_disk_are_fine() {
        let text = "use std::time::Instant;
            fn f(now: Instant) -> std::time::Duration { now - now }
            #[cfg(test)] mod tests { use std::fs; fn g() { std::env::args(); } }";
        assert_eq!(found(text), [""; 0]);
    }

    #[test]
    fn an_excuse_excuses_what_it_names_and_is_found_when_idle() {
        let found = || {
            let finding = Finding::at("a.rs", 1, "uses a thread");
            let outside = "std::thread";
            vec![Reach { outside, finding }]
        };
        let shown = |excused: &[(&str, &str, &str)]| -> Vec<String> {
            let wrong = unexcused(found(), excused);
            wrong.iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown(&[("a.rs", "std::thread", "a reason")]), [""; 0]);
        assert_eq!(
            shown(&[("b.rs", "std::thread", "a reason")]),
            [
                "b.rs: is excused std::thread for nothing",
                "a.rs:1: uses a thread"
            ]
        );
    }

    #[test]
    fn a_pure_file_that_stands_on_another_is_found() {
        let mut graph = Graph::default();
        graph.add("pure/a.rs", "pure/b.rs", 1, "b".to_owned());
        graph.add("shell.rs", "pure/a.rs", 1, "a".to_owned());
        let is_pure = |path: &str| is_listed(path, &["pure/"]);
        assert_eq!(stands_on_impure(&graph, is_pure), []);
        graph.add("pure/b.rs", "shell.rs", 7, "crate::shell".to_owned());
        let wrong = stands_on_impure(&graph, is_pure);
        let shown: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["pure/b.rs:7: is pure, and `crate::shell` is in shell.rs, which is not"]
        );
    }

    #[test]
    fn an_entry_that_means_no_file_is_found() {
        let files = ["a/b.rs".to_owned(), "c.rs".to_owned()];
        assert_eq!(gone(&["a/", "c.rs"], &files, "pure files"), []);
        let wrong = gone(&["b/", "a"], &files, "pure files");
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }
}
