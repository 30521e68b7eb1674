//! Which module stands on which: the arrows between the files of a package, circles among them,
//! and the floors that arrows may only go down.
//!
//! An arrow goes from a file that names something to the file that declares it. A re-export of a
//! module's own children is a sign on the door and no arrow.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
};

use super::{
    finding::Finding,
    names::{Import, Names},
    package::Package,
    source::Source,
    tree::{Place, Tree},
};

/// The rooms of a package by floor, the highest first. A room is a file or a folder of `src`
/// without its ending; what is not named goes with the longest path that is.
pub type Floors = &'static [&'static [&'static str]];

/// An arrow's place in the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub line: usize,
    /// What is named there.
    pub name: String,
}

/// The arrows of one package (or of the page), between files.
#[derive(Debug, Default)]
pub struct Graph {
    pub files: BTreeSet<String>,
    /// From, to: where it is named first.
    pub arrows: BTreeMap<(String, String), Mark>,
}

impl Graph {
    /// The arrows between the product files of a package.
    pub fn of(package: &Package, sources: &BTreeMap<String, Source>) -> Self {
        let mut graph = Self::default();
        let library = package.product.first();
        for tree in &package.product {
            for (index, module) in tree.files().filter(|(_, m)| !m.is_test) {
                graph.files.insert(module.file.clone());
                let Some(source) = sources.get(&module.file) else {
                    continue;
                };
                let names = Names::of(&source.product);
                let imports = names
                    .imports
                    .iter()
                    .filter(|import| !is_sign(tree, index, import))
                    .map(|import| &import.path);
                for named in imports.chain(&names.paths) {
                    let to = match tree.resolve(index, named) {
                        Place::Here(place) => tree.modules.get(place),
                        Place::Outside(path) => library
                            .filter(|lib| path.first() == Some(&lib.name) && lib.name != tree.name)
                            .and_then(|lib| match lib.resolve_from_root(path.get(1..)?) {
                                Place::Here(place) => lib.modules.get(place),
                                Place::Outside(_) | Place::Local => None,
                            }),
                        Place::Local => None,
                    };
                    if let Some(to) = to.filter(|to| !to.is_test) {
                        graph.add(
                            &module.file,
                            &to.file,
                            named.line,
                            named.segments.join("::"),
                        );
                    }
                }
            }
        }
        graph
    }

    /// Adds an arrow, unless it leads nowhere else.
    pub fn add(&mut self, from: &str, to: &str, line: usize, name: String) {
        if from != to {
            let between = (from.to_owned(), to.to_owned());
            self.arrows.entry(between).or_insert(Mark { line, name });
        }
    }

    fn from<'a>(&'a self, file: &'a str) -> impl Iterator<Item = (&'a str, &'a Mark)> {
        self.arrows
            .iter()
            .filter(move |((from, _), _)| from == file)
            .map(|((_, to), mark)| (to.as_str(), mark))
    }

    /// The shortest circle through each knot of files that reach one another. Own code: the
    /// graphs are small, and a knot is best shown by its shortest circle.
    pub fn circles(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut told = BTreeSet::new();
        for file in &self.files {
            if told.contains(file) {
                continue;
            }
            let Some(circle) = self.shortest_circle(file) else {
                continue;
            };
            told.extend(circle.iter().cloned());
            let next = circle.get(1).cloned().unwrap_or_default();
            let mark = self.arrows.get(&(file.clone(), next));
            let what = format!("imports in a circle: {}", circle.join(" → "));
            found.push(Finding::at(file, mark.map_or(0, |m| m.line), what));
        }
        found
    }

    /// The shortest way from a file back to itself.
    fn shortest_circle(&self, start: &str) -> Option<Vec<String>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for (to, _) in self.from(at) {
                if to == start {
                    let back = std::iter::successors(Some(at), |at| came_from.get(at).copied());
                    let mut way: Vec<_> = back.map(ToOwned::to_owned).collect();
                    way.reverse();
                    way.push(start.to_owned());
                    return Some(way);
                }
                if !came_from.contains_key(to) {
                    came_from.insert(to, at);
                    queue.push_back(to);
                }
            }
        }
        None
    }

    /// Arrows that do not go down, files without a floor, and rooms that are gone.
    pub fn climbs(&self, root: &str, floors: Floors) -> Vec<Finding> {
        let mut wrong = Vec::new();
        let mut rooms = BTreeMap::new();
        // A build script is a program of its own.
        for file in self.files.iter().filter(|file| file.starts_with(root)) {
            match room_of(label(root, file), floors) {
                Some(room) => {
                    rooms.insert(file.as_str(), room);
                }
                None => wrong.push(Finding::of(file, "has no floor in the table of floors")),
            }
        }
        for room in floors.iter().copied().flatten() {
            if !rooms.values().any(|(_, r)| r == room) {
                let what = format!("the table of floors names {room}, which is not there");
                wrong.push(Finding::of(root, what));
            }
        }
        for ((from, to), mark) in &self.arrows {
            let (Some(a), Some(b)) = (rooms.get(from.as_str()), rooms.get(to.as_str())) else {
                continue;
            };
            let goes_down = a.0 < b.0 || a.1 == b.1;
            if !goes_down {
                let way = if a.0 == b.0 { "beside" } else { "above" };
                let what = format!("`{}` is in {to}, {way} it", mark.name);
                wrong.push(Finding::at(from, mark.line, what));
            }
        }
        wrong
    }

    /// The graph as text: floor by floor, each module with those that it stands on.
    pub fn print(&self, root: &str, floors: Floors) -> String {
        let mut text = String::new();
        for (number, rooms) in floors.iter().enumerate() {
            let _ = writeln!(
                text,
                "  floor {}: {}",
                floors.len() - number,
                rooms.join(" · ")
            );
            self.print_floor(&mut text, root, floors, Some(number));
        }
        self.print_floor(&mut text, root, floors, None);
        text
    }

    fn print_floor(&self, text: &mut String, root: &str, floors: Floors, floor: Option<usize>) {
        for file in &self.files {
            let here = room_of(label(root, file), floors).map(|(floor, _)| floor);
            if here != floor {
                continue;
            }
            let to: Vec<_> = self.from(file).map(|(to, _)| label(root, to)).collect();
            let to = if to.is_empty() {
                "nothing of this crate".to_owned()
            } else {
                to.join(", ")
            };
            let _ = writeln!(text, "    {} → {to}", label(root, file));
        }
    }
}

/// Whether an import is a re-export of the module's own children.
fn is_sign(tree: &Tree, module: usize, import: &Import) -> bool {
    let own = tree.modules.get(module);
    let folder = own.and_then(|m| folder_of(&m.file));
    let to = match tree.resolve(module, &import.path) {
        Place::Here(place) => tree.modules.get(place),
        Place::Outside(_) | Place::Local => None,
    };
    import.is_public
        && folder
            .zip(to)
            .is_some_and(|(folder, to)| to.file.starts_with(&folder))
}

/// Where the children of a file's module are.
fn folder_of(file: &str) -> Option<String> {
    for root in ["mod.rs", "lib.rs", "main.rs"] {
        if let Some(folder) = file.strip_suffix(root) {
            return Some(folder.to_owned());
        }
    }
    Some(format!("{}/", file.strip_suffix(".rs")?))
}

/// A file's name as the table of floors has it.
fn label<'a>(root: &str, file: &'a str) -> &'a str {
    let inner = file.strip_prefix(root).unwrap_or(file);
    let inner = inner.strip_suffix(".rs").unwrap_or(inner);
    let inner = inner.strip_suffix(".ts").unwrap_or(inner);
    inner.strip_suffix("/mod").unwrap_or(inner)
}

/// The floor (from the top) and the room of a label.
fn room_of(label: &str, floors: Floors) -> Option<(usize, &'static str)> {
    let all = floors
        .iter()
        .enumerate()
        .flat_map(|(floor, rooms)| rooms.iter().map(move |room| (floor, *room)));
    all.filter(|(_, room)| {
        label
            .strip_prefix(room)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
    .max_by_key(|(_, room)| room.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(arrows: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (from, to) in arrows {
            graph.files.extend([(*from).to_owned(), (*to).to_owned()]);
            graph.add(from, to, 1, (*to).to_owned());
        }
        graph
    }

    fn shown(found: &[Finding]) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }

    fn package(files: &[(&str, &str)]) -> Graph {
        let parsed = files.iter().map(|(path, text)| {
            let source = Source::parse(path, text).expect("parses");
            ((*path).to_owned(), source)
        });
        let sources = parsed.collect();
        let mut wrong = Vec::new();
        let manifest =
            "[package]\nname = \"p\"\n[[bin]]\nname = \"prog\"\npath = \"p/src/main.rs\"";
        let manifest = manifest.replace("p/src", "src");
        let package = Package::read("p/Cargo.toml", &manifest, &sources, &mut wrong);
        assert_eq!(wrong, []);
        Graph::of(&package.expect("is a package"), &sources)
    }

    #[test]
    fn arrows_come_from_imports_paths_and_programs_and_not_from_signs_or_tests() {
        let graph = package(&[
            ("p/src/lib.rs", "pub mod a; pub mod b;"),
            ("p/src/a/mod.rs", "mod c; pub use c::C; pub struct A;"),
            ("p/src/a/c.rs", "use super::A; pub struct C(A);"),
            (
                "p/src/b.rs",
                "fn f(c: crate::a::C) {} #[cfg(test)] mod tests { use crate::a::A; }",
            ),
            ("p/src/main.rs", "fn main() { p::b::f() }"),
        ]);
        let arrows: Vec<_> = graph
            .arrows
            .keys()
            .map(|(a, b)| format!("{a} {b}"))
            .collect();
        assert_eq!(
            arrows,
            [
                "p/src/a/c.rs p/src/a/mod.rs",
                "p/src/b.rs p/src/a/c.rs",
                "p/src/main.rs p/src/b.rs",
            ]
        );
        assert_eq!(graph.circles(), []);
    }

    #[test]
    fn a_parent_that_uses_its_child_which_uses_it_is_a_circle() {
        let graph = package(&[
            ("p/src/lib.rs", "pub mod a;"),
            ("p/src/a/mod.rs", "mod c; pub use c::C; pub struct A(C);"),
            ("p/src/a/c.rs", "use super::A; pub struct C(Box<A>);"),
            ("p/src/main.rs", "fn main() {}"),
        ]);
        assert_eq!(
            shown(&graph.circles()),
            ["p/src/a/c.rs:1: imports in a circle: \
                 p/src/a/c.rs → p/src/a/mod.rs → p/src/a/c.rs"]
        );
    }

    #[test]
    fn every_knot_is_told_by_a_shortest_circle_and_a_tree_has_none() {
        let knotted = graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "b"), ("x", "a")]);
        assert_eq!(
            shown(&knotted.circles()),
            ["a:1: imports in a circle: a → b → c → a"]
        );
        assert_eq!(graph(&[("a", "b"), ("a", "c"), ("b", "c")]).circles(), []);
    }

    const FLOORS: Floors = &[&["main"], &["a", "b"], &["a/deep"]];

    #[test]
    fn arrows_go_down_or_stay_in_their_room() {
        let good = [
            ("src/main.rs", "src/a/mod.rs"),
            ("src/a/x.rs", "src/a/mod.rs"),
            ("src/b.rs", "src/a/deep.rs"),
        ];
        assert_eq!(graph(&good).climbs("src/", FLOORS), []);
        let bad = [
            ("src/main.rs", "src/b.rs"),
            ("src/a/deep.rs", "src/a/mod.rs"),
            ("src/b.rs", "src/a/mod.rs"),
        ];
        assert_eq!(
            shown(&graph(&bad).climbs("src/", FLOORS)),
            [
                "src/a/deep.rs:1: `src/a/mod.rs` is in src/a/mod.rs, above it",
                "src/b.rs:1: `src/a/mod.rs` is in src/a/mod.rs, beside it",
            ]
        );
    }

    #[test]
    fn a_file_without_a_floor_and_a_room_without_a_file_are_found() {
        let lost = graph(&[("src/main.rs", "src/c.rs"), ("src/a.rs", "src/a/deep.rs")]);
        assert_eq!(
            shown(&lost.climbs("src/", FLOORS)),
            [
                "src/c.rs: has no floor in the table of floors",
                "src/: the table of floors names b, which is not there",
            ]
        );
    }

    #[test]
    fn the_graph_can_be_read() {
        let graph = graph(&[("src/main.rs", "src/b.rs"), ("src/b.rs", "src/a/deep.rs")]);
        assert_eq!(
            graph.print("src/", FLOORS),
            "  floor 3: main\n    main → b\n  floor 2: a · b\n    b → a/deep\n  \
             floor 1: a/deep\n    a/deep → nothing of this crate\n"
        );
    }
}
