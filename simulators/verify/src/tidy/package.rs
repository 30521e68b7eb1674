//! A package: its manifest, the crates it builds, and the dependencies it asks for.

use std::collections::{BTreeMap, BTreeSet};

use toml::Table;

use super::{finding::Finding, names::Names, source::Source, tree::Tree};

/// A folder with a manifest.
#[derive(Debug)]
pub struct Package {
    pub name: String,
    pub folder: String,
    /// The library first, then the programs.
    pub product: Vec<Tree>,
    /// Integration tests, benches and examples, each a crate of its own.
    pub tests: Vec<Tree>,
    dependencies: Vec<String>,
    dev_dependencies: Vec<String>,
}

impl Package {
    /// Reads a manifest and grows the trees of its crates.
    ///
    /// # Errors
    /// The manifest is no TOML or names no package.
    pub fn read(
        manifest: &str,
        text: &str,
        sources: &BTreeMap<String, Source>,
        wrong: &mut Vec<Finding>,
    ) -> Result<Self, Finding> {
        let table: Table =
            toml::from_str(text).map_err(|e| Finding::of(manifest, e.message().to_owned()))?;
        let package = table.get("package").and_then(|p| p.get("name")?.as_str());
        let name = package.ok_or_else(|| Finding::of(manifest, "names no package"))?;
        let folder = manifest.strip_suffix("/Cargo.toml").unwrap_or_default();
        let mut grow = |crate_name: &str, root: &str| {
            let (tree, missing) = Tree::grow(&crate_name.replace('-', "_"), root, sources);
            wrong.extend(missing);
            tree
        };
        let product = product_roots(&table, name, folder, sources);
        let tests = test_roots(&table, folder, sources);
        Ok(Self {
            name: name.to_owned(),
            folder: folder.to_owned(),
            product: product.iter().map(|(n, root)| grow(n, root)).collect(),
            tests: tests.iter().map(|root| grow("tests", root)).collect(),
            dependencies: names_in(&table, &["dependencies", "build-dependencies"]),
            dev_dependencies: names_in(&table, &["dev-dependencies"]),
        })
    }

    /// Files of the package that are compiled into what is shipped.
    pub fn product_files(&self) -> BTreeSet<&str> {
        let modules = self.product.iter().flat_map(|tree| &tree.modules);
        modules
            .filter(|m| !m.is_test)
            .map(|m| m.file.as_str())
            .collect()
    }

    /// Every file of the package that some crate of it includes.
    pub fn all_files(&self) -> BTreeSet<&str> {
        let trees = self.product.iter().chain(&self.tests);
        trees
            .flat_map(|tree| &tree.modules)
            .map(|m| m.file.as_str())
            .collect()
    }
}

/// A dependency must be named by the code that it is there for: this check is ours because the
/// syntax trees are here already, and a program to install is one more thing to keep.
pub fn unused_dependencies(package: &Package, sources: &BTreeMap<String, Source>) -> Vec<Finding> {
    let manifest = format!("{}/Cargo.toml", package.folder);
    let product = package.product_files();
    let in_product: BTreeSet<String> = crates_named(
        product
            .iter()
            .filter_map(|file| sources.get(*file))
            .map(|source| Names::of(&source.product)),
    );
    let all = package.all_files();
    let in_tests: BTreeSet<String> = crates_named(
        all.iter()
            .filter_map(|file| sources.get(*file))
            .map(|source| Names::of_tokens(&source.text)),
    );
    let unused = |names: &[String], named: &BTreeSet<String>, what: &str| -> Vec<Finding> {
        names
            .iter()
            .filter(|name| !named.contains(&name.replace('-', "_")))
            .map(|name| Finding::of(&manifest, format!("{what} `{name}` is not used")))
            .collect()
    };
    let mut wrong = unused(&package.dependencies, &in_product, "dependency");
    wrong.extend(unused(
        &package.dev_dependencies,
        &in_tests,
        "dev-dependency",
    ));
    wrong
}

/// Dependencies of the workspace that no package takes.
pub fn unclaimed(manifest: &str, text: &str, packages: &[Package]) -> Vec<Finding> {
    let Ok(table) = toml::from_str::<Table>(text) else {
        return vec![Finding::of(manifest, "no TOML")];
    };
    let workspace = table.get("workspace").and_then(toml::Value::as_table);
    let names = workspace.map(|w| names_in(w, &["dependencies"]));
    let taken = |name: &String| {
        packages
            .iter()
            .any(|p| p.dependencies.contains(name) || p.dev_dependencies.contains(name))
    };
    let loose = names.unwrap_or_default().into_iter();
    loose
        .filter(|name| !taken(name) && !packages.iter().any(|p| p.name == *name))
        .map(|name| Finding::of(manifest, format!("no package depends on `{name}`")))
        .collect()
}

fn crates_named(names: impl Iterator<Item = Names>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for names in names {
        let imports = names.imports.into_iter().map(|i| i.path);
        let paths = imports.chain(names.paths);
        found.extend(paths.filter_map(|p| p.segments.into_iter().next()));
    }
    found
}

fn names_in(table: &Table, sections: &[&str]) -> Vec<String> {
    let targets = table.get("target").and_then(toml::Value::as_table);
    let places = std::iter::once(table).chain(
        targets
            .into_iter()
            .flat_map(|t| t.values().filter_map(toml::Value::as_table)),
    );
    places
        .flat_map(|place| sections.iter().filter_map(|s| place.get(*s)?.as_table()))
        .flat_map(|section| section.keys().cloned())
        .collect()
}

/// (crate, root file) of the library and the programs.
fn product_roots(
    table: &Table,
    package: &str,
    folder: &str,
    sources: &BTreeMap<String, Source>,
) -> Vec<(String, String)> {
    let mut roots = Vec::new();
    let lib = table.get("lib").and_then(toml::Value::as_table);
    let said = |t: &Table, key: &str| t.get(key).and_then(|v| v.as_str()).map(ToOwned::to_owned);
    let lib_path = lib.and_then(|t| said(t, "path"));
    let lib_name = lib.and_then(|t| said(t, "name"));
    let lib_file = format!("{folder}/{}", lib_path.as_deref().unwrap_or("src/lib.rs"));
    if lib.is_some() || sources.contains_key(&lib_file) {
        roots.push((lib_name.unwrap_or_else(|| package.to_owned()), lib_file));
    }
    let bins = table.get("bin").and_then(toml::Value::as_array);
    let named = bins.into_iter().flatten().filter_map(|bin| {
        let bin = bin.as_table()?;
        Some((
            said(bin, "name")?,
            format!("{folder}/{}", said(bin, "path")?),
        ))
    });
    roots.extend(named);
    let folder_of_programs = format!("{folder}/src/bin/");
    for file in sources.keys() {
        let is_main = *file == format!("{folder}/src/main.rs");
        let in_bin = file
            .strip_prefix(&folder_of_programs)
            .is_some_and(|f| !f.contains('/') || f.ends_with("/main.rs"));
        let is_build = *file == format!("{folder}/build.rs");
        if (is_main || in_bin || is_build) && roots.iter().all(|(_, root)| root != file) {
            roots.push((package.to_owned(), file.clone()));
        }
    }
    roots
}

fn test_roots(table: &Table, folder: &str, sources: &BTreeMap<String, Source>) -> Vec<String> {
    let mut roots: Vec<String> = ["test", "bench", "example"]
        .iter()
        .filter_map(|kind| table.get(*kind)?.as_array())
        .flatten()
        .filter_map(|t| Some(format!("{folder}/{}", t.get("path")?.as_str()?)))
        .collect();
    for kind in ["tests", "benches", "examples"] {
        let start = format!("{folder}/{kind}/");
        let found = sources.keys().filter(|file| {
            file.strip_prefix(&start).is_some_and(|f| {
                !f.contains('/') || (f.ends_with("/main.rs") && f.matches('/').count() == 1)
            })
        });
        roots.extend(found.cloned());
    }
    roots.sort_unstable();
    roots.dedup();
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        [package]
        name = "a-b"
        [[bin]]
        name = "flood-a"
        path = "src/main.rs"
        [dependencies]
        serde-json = "1"
        old = { package = "new", version = "1" }
        gone = "1"
        only_tests = "1"
        [dev-dependencies]
        proptest = "1"
        idle = "1"
    "#;

    fn package() -> (Package, BTreeMap<String, Source>) {
        let files = [
            (
                "a/src/lib.rs",
                "mod c; fn f() { serde_json::to(old::x) }
                 #[cfg(test)] mod tests { use only_tests::a; }",
            ),
            ("a/src/c.rs", ""),
            ("a/src/main.rs", "fn main() { a_b::f() }"),
            ("a/tests/all.rs", "use proptest::prelude::*; mod common;"),
            ("a/tests/common/mod.rs", ""),
            ("a/src/lost.rs", ""),
        ];
        let parsed =
            files.map(|(path, text)| (path.to_owned(), Source::parse(path, text).expect("parses")));
        let sources = BTreeMap::from(parsed);
        let mut wrong = Vec::new();
        let package = Package::read("a/Cargo.toml", MANIFEST, &sources, &mut wrong);
        assert_eq!(wrong, []);
        (package.expect("is a package"), sources)
    }

    #[test]
    fn crates_and_their_files_are_found() {
        let (package, _) = package();
        let names: Vec<_> = package.product.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["a_b", "flood_a"]);
        let files: Vec<_> = package.all_files().into_iter().collect();
        assert_eq!(
            files,
            [
                "a/src/c.rs",
                "a/src/lib.rs",
                "a/src/main.rs",
                "a/tests/all.rs",
                "a/tests/common/mod.rs"
            ]
        );
    }

    #[test]
    fn a_dependency_must_be_named_by_the_code_it_is_for() {
        let (package, sources) = package();
        let wrong = unused_dependencies(&package, &sources);
        let shown: Vec<_> = wrong.iter().map(|f| f.what.as_str()).collect();
        assert_eq!(
            shown,
            [
                "dependency `gone` is not used",
                "dependency `only_tests` is not used",
                "dev-dependency `idle` is not used",
            ]
        );
    }

    #[test]
    fn a_dependency_of_the_workspace_must_be_taken_by_a_package() {
        let text = "[workspace.dependencies]\ngone = \"1\"\nloose = \"1\"\na-b = { path = \"a\" }";
        let (package, _) = package();
        let wrong = unclaimed("Cargo.toml", text, &[package]);
        let shown: Vec<_> = wrong.iter().map(|f| f.what.as_str()).collect();
        assert_eq!(shown, ["no package depends on `loose`"]);
    }
}
