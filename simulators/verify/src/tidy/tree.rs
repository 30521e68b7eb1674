//! The modules of one crate, and where a name in one of them is declared.
//!
//! A re-export is a sign on a door and not the room: a path is followed through imports and
//! re-exports to the file that declares what it names. What macros bring about is not seen; such
//! a name belongs to the deepest module that its path reaches.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    finding::Finding,
    names::{Brings, Import, Named, Names},
    source::Source,
};

/// Longest chain of imports that is followed; longer ones are circles.
const MAX_HOPS: usize = 32;

/// One crate: its modules, the root first.
#[derive(Debug)]
pub struct Tree {
    /// The crate's name in code.
    pub name: String,
    pub modules: Vec<Module>,
}

/// One module: a file, or a part of one.
#[derive(Debug)]
pub struct Module {
    pub file: String,
    pub is_test: bool,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    declares: BTreeSet<String>,
    imports: Vec<Import>,
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// Something in a module of this crate.
    Here(usize),
    /// A path that begins with another crate's name.
    Outside(Vec<String>),
    /// A local variable, a type parameter, something of the prelude.
    Local,
}

impl Tree {
    /// Follows the `mod` declarations from a crate's root. What is missing is a finding.
    pub fn grow(
        name: &str,
        root: &str,
        sources: &BTreeMap<String, Source>,
    ) -> (Self, Vec<Finding>) {
        let mut tree = Self {
            name: name.to_owned(),
            modules: Vec::new(),
        };
        let mut wrong = Vec::new();
        if let Some(source) = sources.get(root) {
            let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
            tree.add(source, None, folder, false, sources, &mut wrong);
        } else {
            wrong.push(Finding::of(
                root,
                "the manifest names it and it is not there",
            ));
        }
        (tree, wrong)
    }

    fn add(
        &mut self,
        source: &Source,
        parent: Option<usize>,
        folder: &str,
        is_test: bool,
        sources: &BTreeMap<String, Source>,
        wrong: &mut Vec<Finding>,
    ) -> usize {
        let index = self.add_items(&source.path, &source.product.items, parent, is_test);
        let names = Names::of(&source.product);
        for import in names.imports {
            let module = self.within(index, &import.path.inside);
            if let Some(module) = self.modules.get_mut(module) {
                module.imports.push(import);
            }
        }
        for child in &source.children {
            let flat = format!("{folder}/{}.rs", child.name);
            let deep = format!("{folder}/{}/mod.rs", child.name);
            let said = child.path.as_ref().map(|said| {
                let beside = source
                    .path
                    .rsplit_once('/')
                    .map_or("", |(beside, _)| beside);
                straight(&format!("{beside}/{said}"))
            });
            let mut places = said.iter().chain([&flat, &deep]);
            let Some(found) = places.find_map(|place| sources.get(place)) else {
                let what = format!("module `{}` has no file", child.name);
                wrong.push(Finding::at(&source.path, child.line, what));
                continue;
            };
            let inner = format!("{folder}/{}", child.name);
            let is_test = is_test || child.is_test;
            let at = self.add(found, Some(index), &inner, is_test, sources, wrong);
            if let Some(module) = self.modules.get_mut(index) {
                module.children.insert(child.name.clone(), at);
            }
        }
        index
    }

    /// Adds a module and those that are written out in the same file.
    fn add_items(
        &mut self,
        file: &str,
        items: &[syn::Item],
        parent: Option<usize>,
        is_test: bool,
    ) -> usize {
        let index = self.modules.len();
        self.modules.push(Module {
            file: file.to_owned(),
            is_test,
            parent,
            children: BTreeMap::new(),
            declares: items.iter().filter_map(declared).collect(),
            imports: Vec::new(),
        });
        for item in items {
            let syn::Item::Mod(inner) = item else {
                continue;
            };
            if let Some((_, items)) = &inner.content {
                let at = self.add_items(file, items, Some(index), is_test);
                if let Some(module) = self.modules.get_mut(index) {
                    module.children.insert(inner.ident.to_string(), at);
                }
            }
        }
        index
    }

    /// The module at a path within a file's module.
    pub fn within(&self, module: usize, inside: &[String]) -> usize {
        inside.iter().fold(module, |at, name| {
            let child = self.modules.get(at).and_then(|m| m.children.get(name));
            child.copied().unwrap_or(at)
        })
    }

    /// Modules that are files, with the module's index.
    pub fn files(&self) -> impl Iterator<Item = (usize, &Module)> {
        self.modules.iter().enumerate().filter(|(_, module)| {
            let parent = module.parent.and_then(|p| self.modules.get(p));
            parent.is_none_or(|p| p.file != module.file)
        })
    }

    /// What a path in a file's module leads to.
    pub fn resolve(&self, file: usize, named: &Named) -> Place {
        if named.is_global {
            return Place::Outside(named.segments.clone());
        }
        let from = self.within(file, &named.inside);
        self.follow(from, &named.segments, MAX_HOPS)
    }

    /// What a path leads to that another crate takes from this one's root.
    pub fn resolve_from_root(&self, segments: &[String]) -> Place {
        self.walk(0, segments, MAX_HOPS)
    }

    fn follow(&self, from: usize, segments: &[String], hops: usize) -> Place {
        let Some((first, rest)) = segments.split_first() else {
            return Place::Here(from);
        };
        match first.as_str() {
            "crate" => return self.walk(0, rest, hops),
            "self" => return self.walk(from, rest, hops),
            "super" => {
                let parent = self.modules.get(from).and_then(|m| m.parent);
                return parent.map_or(Place::Local, |p| match rest.first() {
                    Some(next) if next == "super" => self.follow(p, rest, hops),
                    _ => self.walk(p, rest, hops),
                });
            }
            "Self" => return Place::Local,
            _ => {}
        }
        let Some(module) = self.modules.get(from) else {
            return Place::Local;
        };
        if module.knows(first) || (!rest.is_empty() && module.children.contains_key(first)) {
            return self.walk(from, segments, hops);
        }
        if let Some(place) = self.through_globs(module, from, segments, hops) {
            return place;
        }
        if rest.is_empty() {
            Place::Local
        } else {
            Place::Outside(segments.to_vec())
        }
    }

    /// Walks down from a module by names that it declares or imports.
    fn walk(&self, module: usize, segments: &[String], hops: usize) -> Place {
        let Some(here) = self.modules.get(module) else {
            return Place::Local;
        };
        let Some((first, rest)) = segments.split_first() else {
            return Place::Here(module);
        };
        if here.declares.contains(first) && !here.children.contains_key(first) {
            return Place::Here(module);
        }
        if let Some(child) = here.children.get(first) {
            return self.walk(*child, rest, hops);
        }
        let import = here
            .imports
            .iter()
            .find(|i| matches!(&i.brings, Brings::One(name) if name == first));
        if let (Some(import), Some(hops)) = (import, hops.checked_sub(1)) {
            return self.follow_import(module, import, rest, hops);
        }
        self.through_globs(here, module, segments, hops)
            .unwrap_or(Place::Here(module))
    }

    fn follow_import(&self, module: usize, import: &Import, rest: &[String], hops: usize) -> Place {
        let whole = [&import.path.segments, rest].concat();
        // `use a::a;` in a module without an `a` of its own means the crate.
        let means_crate = import.path.segments.first().is_some_and(|first| {
            matches!(&import.brings, Brings::One(name) if name == first)
                && self
                    .modules
                    .get(module)
                    .is_some_and(|m| !m.declares.contains(first) && !m.children.contains_key(first))
        });
        if import.path.is_global || means_crate {
            return Place::Outside(whole);
        }
        self.follow(module, &whole, hops)
    }

    /// Looks for a name in the modules of this crate whose all is imported.
    fn through_globs(
        &self,
        here: &Module,
        module: usize,
        segments: &[String],
        hops: usize,
    ) -> Option<Place> {
        let hops = hops.checked_sub(1)?;
        let first = segments.first()?;
        let globs = here.imports.iter().filter(|i| i.brings == Brings::All);
        globs
            .filter(|glob| glob.path.segments != segments)
            .filter_map(|glob| match glob.path.segments.as_slice() {
                [child] if here.children.contains_key(child) => here.children.get(child).copied(),
                path => match self.follow(module, path, hops) {
                    Place::Here(target) if target != module => Some(target),
                    _ => None,
                },
            })
            .find(|target| self.modules.get(*target).is_some_and(|m| m.knows(first)))
            .map(|target| self.walk(target, segments, hops))
    }
}

impl Module {
    fn knows(&self, name: &str) -> bool {
        let imported = |i: &Import| matches!(&i.brings, Brings::One(brought) if brought == name);
        self.declares.contains(name) || self.imports.iter().any(imported)
    }
}

/// The name that an item declares, modules left out.
fn declared(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(i) => &i.ident,
        syn::Item::Enum(i) => &i.ident,
        syn::Item::Fn(i) => &i.sig.ident,
        syn::Item::Macro(i) => i.ident.as_ref()?,
        syn::Item::Static(i) => &i.ident,
        syn::Item::Struct(i) => &i.ident,
        syn::Item::Trait(i) => &i.ident,
        syn::Item::TraitAlias(i) => &i.ident,
        syn::Item::Type(i) => &i.ident,
        syn::Item::Union(i) => &i.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// A path without steps back.
fn straight(path: &str) -> String {
    let mut folders = Vec::new();
    for folder in path.split('/') {
        if folder == ".." {
            folders.pop();
        } else {
            folders.push(folder);
        }
    }
    folders.join("/")
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A crate of files given as (path, text).
    pub fn crate_of(files: &[(&str, &str)]) -> (BTreeMap<String, Source>, Tree) {
        let parsed = files.iter().map(|(path, text)| {
            let source = Source::parse(path, text).expect("parses");
            ((*path).to_owned(), source)
        });
        let sources = parsed.collect();
        let (tree, wrong) = Tree::grow("a", "src/lib.rs", &sources);
        assert_eq!(wrong, []);
        (sources, tree)
    }

    fn leads(files: &[(&str, &str)], from: &str, path: &str) -> String {
        let (_, tree) = crate_of(files);
        let (from, _) = tree
            .files()
            .find(|(_, m)| m.file == from)
            .expect("is in the crate");
        let named = Named {
            segments: path.split("::").map(Into::into).collect(),
            line: 1,
            inside: Vec::new(),
            is_global: false,
        };
        match tree.resolve(from, &named) {
            Place::Here(module) => tree.modules[module].file.clone(),
            Place::Outside(path) => path.join("::"),
            Place::Local => "local".to_owned(),
        }
    }

    const FILES: [(&str, &str); 5] = [
        ("src/lib.rs", "pub mod b;\npub mod c;"),
        (
            "src/b/mod.rs",
            "mod d;\npub use d::{D, make};\nuse std::fs;\npub struct B;",
        ),
        (
            "src/b/d.rs",
            "use super::B;\npub struct D(B); pub fn make() {}",
        ),
        (
            "src/c/mod.rs",
            "use crate::b::D as E;\nuse e::*;\nmod e;\nmod inner { pub struct I; }",
        ),
        ("src/c/e.rs", "pub struct Glob;"),
    ];

    #[test]
    fn a_path_is_followed_through_re_exports_to_the_file_that_declares() {
        assert_eq!(leads(&FILES, "src/c/mod.rs", "crate::b::D"), "src/b/d.rs");
        assert_eq!(leads(&FILES, "src/c/mod.rs", "E::new"), "src/b/d.rs");
        assert_eq!(leads(&FILES, "src/c/mod.rs", "crate::b::B"), "src/b/mod.rs");
        assert_eq!(leads(&FILES, "src/c/e.rs", "super::E"), "src/b/d.rs");
        assert_eq!(
            leads(&FILES, "src/c/e.rs", "super::super::b::make"),
            "src/b/d.rs"
        );
    }

    #[test]
    fn globs_and_inner_modules_are_followed() {
        assert_eq!(leads(&FILES, "src/c/mod.rs", "Glob"), "src/c/e.rs");
        assert_eq!(leads(&FILES, "src/c/mod.rs", "inner::I"), "src/c/mod.rs");
    }

    #[test]
    fn other_crates_and_locals_are_told_apart() {
        assert_eq!(leads(&FILES, "src/b/mod.rs", "fs::read"), "std::fs::read");
        assert_eq!(
            leads(&FILES, "src/b/mod.rs", "tokio::spawn"),
            "tokio::spawn"
        );
        assert_eq!(leads(&FILES, "src/b/mod.rs", "d"), "local");
        assert_eq!(leads(&FILES, "src/b/mod.rs", "Vec"), "local");
    }

    #[test]
    fn a_module_may_stand_in_another_folder() {
        assert_eq!(straight("a/tests/../b/src/c.rs"), "a/b/src/c.rs");
        assert_eq!(straight("a/b.rs"), "a/b.rs");
    }

    #[test]
    fn a_module_without_a_file_is_found() {
        let source = Source::parse("src/lib.rs", "mod gone;").expect("parses");
        let sources = BTreeMap::from([("src/lib.rs".to_owned(), source)]);
        let (_, wrong) = Tree::grow("a", "src/lib.rs", &sources);
        let shown: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["src/lib.rs:1: module `gone` has no file"]);
    }

    #[test]
    fn a_circle_of_imports_ends() {
        let files = [
            ("src/lib.rs", "mod b; mod c;"),
            ("src/b.rs", "pub use crate::c::X;"),
            ("src/c.rs", "pub use crate::b::X;"),
        ];
        assert_eq!(leads(&files, "src/lib.rs", "b::X").len(), "src/b.rs".len());
    }
}
