//! Tidy: what no compiler checks. Each check is a function from texts and syntax trees to findings
//! and knows nothing of the disk; this file reads the checkout and brings both together.
//!
//! The tables that the checks go by are in `rules.rs`. `cargo verify graph` prints the import
//! graph that `graph.rs` walks.

mod finding;
mod graph;
mod layout;
mod lints;
mod mentions;
mod names;
mod package;
mod pure;
mod rules;
mod source;
mod threats;
mod tree;
mod typescript;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use finding::Finding;
use graph::{Floors, Graph};
use names::Names;
use package::Package;
use pure::Reach;
use source::Source;
use tree::Place;

use crate::command::{Held, say};

/// Folder of the page's sources.
const PAGE: &str = "aggregator/web/src/";

/// What is promised against whom.
const SECURITY: &str = ".github/SECURITY.md";

/// Checks the whole checkout.
///
/// # Errors
/// What is untidy, each place with its file and line.
pub fn tidy() -> Result<Held, String> {
    let (checkout, mut wrong) = Checkout::read()?;
    wrong.extend(checkout.check());
    wrong.sort();
    wrong.dedup();
    if wrong.is_empty() {
        say(&format!("{} files are tidy", checkout.files.len()));
        return Ok(Held::Whole);
    }
    let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    Err(format!(
        "{} untidy place(s)\n  {}",
        lines.len(),
        lines.join("\n  ")
    ))
}

/// Prints which module stands on which, floor by floor.
///
/// # Errors
/// The checkout cannot be read.
pub fn print_graph() -> Result<Held, String> {
    let (checkout, _) = Checkout::read()?;
    for package in &checkout.packages {
        let graph = Graph::of(package, &checkout.sources);
        let root = format!("{}/src/", package.folder);
        say(&package.name);
        say(&graph.print(&root, floors_of(&package.name)));
    }
    let (graph, _) = typescript::graph(&checkout.page());
    say("the page");
    say(&graph.print(PAGE, floors_of("the page")));
    Ok(Held::Whole)
}

/// All that git tracks, read and parsed.
struct Checkout {
    files: Vec<String>,
    texts: BTreeMap<String, String>,
    sources: BTreeMap<String, Source>,
    packages: Vec<Package>,
}

impl Checkout {
    fn read() -> Result<(Self, Vec<Finding>), String> {
        let mut wrong = Vec::new();
        let mut checkout = Self {
            files: tracked()?,
            texts: BTreeMap::new(),
            sources: BTreeMap::new(),
            packages: Vec::new(),
        };
        for path in checkout.files.iter().filter(|p| is_text(p)) {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
            checkout.texts.insert(path.clone(), text);
        }
        for (path, text) in checkout.texts.iter().filter(|(p, _)| has_ending(p, "rs")) {
            match Source::parse(path, text) {
                Ok(source) => {
                    checkout.sources.insert(path.clone(), source);
                }
                Err(finding) => wrong.push(finding),
            }
        }
        for (path, text) in &checkout.texts {
            if path.ends_with("/Cargo.toml") {
                match Package::read(path, text, &checkout.sources, &mut wrong) {
                    Ok(package) => checkout.packages.push(package),
                    Err(finding) => wrong.push(finding),
                }
            }
        }
        Ok((checkout, wrong))
    }

    fn check(&self) -> Vec<Finding> {
        let mut wrong = layout::top_level(&self.files, rules::TOP_LEVEL);
        wrong.extend(pure::gone(rules::PURE, &self.files, "pure files"));
        self.check_texts(&mut wrong);
        self.check_packages(&mut wrong);
        self.check_words(&mut wrong);
        let security = self.texts.get(SECURITY).map_or("", String::as_str);
        wrong.extend(threats::unproven(SECURITY, security, &self.texts));
        let (page, nowhere) = typescript::graph(&self.page());
        wrong.extend(nowhere);
        wrong.extend(page.circles());
        wrong.extend(page.climbs(PAGE, floors_of("the page")));
        wrong
    }

    fn check_texts(&self, wrong: &mut Vec<Finding>) {
        let files: BTreeSet<&str> = self.files.iter().map(String::as_str).collect();
        let off = lints::switched_off(self.texts.get("Cargo.toml").map_or("", String::as_str));
        for (path, text) in &self.texts {
            let is_own = path.starts_with("simulators/verify/src/tidy/");
            if has_ending(path, "rs") {
                wrong.extend(layout::too_long(path, text));
                wrong.extend(layout::opens_without_promise(path, text));
                wrong.extend(lints::idle(path, text, &off));
                if !is_own {
                    wrong.extend(layout::unfinished(path, text));
                }
            }
            // The tests of these checks name files that are nowhere.
            if !is_own {
                wrong.extend(mentions::dangling(path, text, &files));
                wrong.extend(mentions::machine_paths(path, text));
            }
        }
    }

    fn check_packages(&self, wrong: &mut Vec<Finding>) {
        let rust: BTreeSet<&str> = self.sources.keys().map(String::as_str).collect();
        let mut included = BTreeSet::new();
        let mut reaches = Vec::new();
        for package in &self.packages {
            included.extend(package.all_files());
            wrong.extend(package::unused_dependencies(package, &self.sources));
            wrong.extend(self.imports_of_packages(package));
            let graph = Graph::of(package, &self.sources);
            wrong.extend(graph.circles());
            let root = format!("{}/src/", package.folder);
            wrong.extend(graph.climbs(&root, floors_of(&package.name)));
            wrong.extend(pure::stands_on_impure(&graph, is_pure));
            reaches.extend(self.reaches(package));
        }
        wrong.extend(pure::unexcused(reaches, rules::EXCUSED));
        wrong.extend(layout::lost(&rust, &included));
        if let Some(text) = self.texts.get("Cargo.toml") {
            wrong.extend(package::unclaimed("Cargo.toml", text, &self.packages));
        }
    }

    /// What the pure files of a package do outside.
    fn reaches(&self, package: &Package) -> Vec<Reach> {
        let mut found = Vec::new();
        for tree in &package.product {
            for (index, module) in tree.files() {
                let pure = !module.is_test && is_pure(&module.file);
                if let Some(source) = self.sources.get(&module.file).filter(|_| pure) {
                    found.extend(pure::reaches(tree, index, source));
                }
            }
        }
        found
    }

    /// Packages of this workspace that a package names and must not.
    fn imports_of_packages(&self, package: &Package) -> Vec<Finding> {
        let row = rules::PACKAGES
            .iter()
            .find(|(name, _)| *name == package.name);
        let Some((_, allowed)) = row else {
            let what = "is not in the table of who may import whom";
            return vec![Finding::of(&package.folder, what)];
        };
        let forbidden: Vec<&str> = rules::PACKAGES
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| *name != package.name && !allowed.contains(name))
            .collect();
        let in_tests = rules::PACKAGES_IN_TESTS
            .iter()
            .find(|(name, _)| *name == package.name)
            .map_or(&[][..], |(_, besides)| besides);
        let product = package.product.iter().map(|tree| (tree, &[][..]));
        let tests = package.tests.iter().map(|tree| (tree, in_tests));
        let mut wrong = Vec::new();
        for (tree, besides) in product.chain(tests) {
            for (index, module) in tree.files() {
                let Some(source) = self.sources.get(&module.file) else {
                    continue;
                };
                let names = Names::of(&source.product);
                let imports = names.imports.iter().map(|i| &i.path);
                for named in imports.chain(&names.paths) {
                    if let Place::Outside(path) = tree.resolve(index, named)
                        && let Some(first) = path.first()
                        && forbidden.contains(&first.as_str())
                        && !besides.contains(&first.as_str())
                    {
                        let what = format!("must not import {first}");
                        wrong.push(Finding::at(&module.file, named.line, what));
                    }
                }
            }
        }
        wrong
    }

    fn check_words(&self, wrong: &mut Vec<Finding>) {
        let product = self.packages.iter().flat_map(Package::product_files);
        let mut declared: Vec<_> = product
            .filter_map(|path| Some((path, self.sources.get(path)?)))
            .map(|(path, s)| (path.to_owned(), words::declared_in_rust(&s.product)))
            .collect();
        let page = self.page();
        let page = page.iter().filter(|(path, _)| has_ending(path, "ts"));
        declared.extend(page.map(|(p, t)| (p.clone(), words::declared_in_typescript(t))));
        for (path, names) in &declared {
            wrong.extend(words::strangers(path, names, rules::WORDS));
        }
        wrong.extend(words::idle_exceptions(&declared, rules::WORDS));
    }

    /// The page's own files.
    fn page(&self) -> BTreeMap<String, String> {
        let page = self.texts.iter().filter(|(path, _)| path.starts_with(PAGE));
        page.map(|(p, t)| (p.clone(), t.clone())).collect()
    }
}

fn is_pure(path: &str) -> bool {
    pure::is_listed(path, rules::PURE)
}

fn floors_of(package: &str) -> Floors {
    let row = rules::FLOORS.iter().find(|(name, _)| *name == package);
    row.map_or(&[], |(_, floors)| *floors)
}

/// Files that the checks read: written by people, not built and not locked.
fn is_text(path: &str) -> bool {
    let endings = [
        "rs", "ts", "mjs", "css", "md", "toml", "yml", "sh", "service", "html",
    ];
    let is_built = path.starts_with("aggregator/web/dist/");
    !is_built && (endings.iter().any(|e| has_ending(path, e)) || path == ".ci/run")
}

fn has_ending(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == ending)
}

fn tracked() -> Result<Vec<String>, String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .output()
        .map_err(|e| format!("git cannot be started: {e}"))?;
    if !listed.status.success() {
        return Err("git cannot list the files of this checkout".to_owned());
    }
    let text = String::from_utf8_lossy(&listed.stdout);
    let files = text.lines().map(ToOwned::to_owned);
    Ok(files.filter(|path| Path::new(path).exists()).collect())
}
