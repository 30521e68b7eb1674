//! Everything that a piece of code names: imports, paths and the methods it calls.
//!
//! The bodies of macros are no syntax tree, so their tokens are read: a path there counts when it
//! has two segments or begins with a capital letter, for single small words are mostly fields.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// What a file names.
#[derive(Debug, Default)]
pub struct Names {
    pub imports: Vec<Import>,
    pub paths: Vec<Named>,
    pub methods: Vec<Named>,
    inside: Vec<String>,
}

/// A path in code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub segments: Vec<String>,
    pub line: usize,
    /// The modules within the file that it stands in.
    pub inside: Vec<String>,
    /// Whether it begins with `::`, outside this crate.
    pub is_global: bool,
}

/// One leaf of a `use`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub path: Named,
    pub brings: Brings,
    /// Whether others may take it from here.
    pub is_public: bool,
}

/// What an import brings into scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brings {
    /// One thing, under this name.
    One(String),
    /// A trait of which only the methods are wanted (`as _`).
    Nameless,
    /// All that is there (`*`).
    All,
}

impl Names {
    /// Everything that a file names.
    pub fn of(file: &syn::File) -> Self {
        let mut names = Self::default();
        names.visit_file(file);
        names
    }

    /// Everything that a file names, its tests included, which are read as tokens.
    pub fn of_tokens(text: &str) -> Self {
        let mut names = Self::default();
        if let Ok(tokens) = text.parse() {
            names.tokens(tokens);
        }
        names
    }

    fn named(&self, segments: Vec<String>, line: usize, is_global: bool) -> Named {
        Named {
            segments,
            line,
            inside: self.inside.clone(),
            is_global,
        }
    }

    fn imports_of(&mut self, tree: &syn::UseTree, before: &[String], root: &syn::ItemUse) {
        let mut segments = before.to_vec();
        let (last, brings) = match tree {
            syn::UseTree::Path(path) => {
                segments.push(path.ident.to_string());
                self.imports_of(&path.tree, &segments, root);
                return;
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.imports_of(tree, before, root);
                }
                return;
            }
            syn::UseTree::Name(name) => (Some(&name.ident), None),
            syn::UseTree::Rename(rename) => (Some(&rename.ident), Some(rename.rename.to_string())),
            syn::UseTree::Glob(_) => (None, None),
        };
        // `a::{self}` is `a`.
        if let Some(last) = last.filter(|l| *l != "self" || before.is_empty()) {
            segments.push(last.to_string());
        }
        let brings = match (last, brings) {
            (None, _) => Brings::All,
            (Some(_), Some(alias)) if alias == "_" => Brings::Nameless,
            (Some(_), Some(alias)) => Brings::One(alias),
            (Some(_), None) => Brings::One(segments.last().cloned().unwrap_or_default()),
        };
        self.imports.push(Import {
            path: self.named(segments, line_of(tree), root.leading_colon.is_some()),
            brings,
            is_public: !matches!(root.vis, syn::Visibility::Inherited),
        });
    }

    /// Reads the paths out of a macro's tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut after_dot = false;
        let mut colons = 0;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(first) => {
                    let line = first.span().start().line;
                    let mut segments = vec![text_of(&first)];
                    let is_path = after_colons(&tokens).is_some();
                    while let Some(next) = next_segment(&mut tokens) {
                        segments.push(next);
                    }
                    let says =
                        is_path || segments.iter().any(|s| s.starts_with(char::is_uppercase));
                    if says && !after_dot && colons != 2 {
                        self.paths.push(self.named(segments, line, false));
                    }
                }
                TokenTree::Punct(mark) => {
                    after_dot = mark.as_char() == '.';
                    colons = if mark.as_char() == ':' { colons + 1 } else { 0 };
                    continue;
                }
                TokenTree::Literal(_) => {}
            }
            (after_dot, colons) = (false, 0);
        }
    }
}

type Tokens = std::iter::Peekable<proc_macro2::token_stream::IntoIter>;

/// The tokens behind `::`, if that is what follows.
fn after_colons(tokens: &Tokens) -> Option<Tokens> {
    let mut ahead = tokens.clone();
    let mut colon = || matches!(ahead.next(), Some(TokenTree::Punct(p)) if p.as_char() == ':');
    (colon() && colon()).then_some(ahead)
}

/// Takes `::name` off the tokens, if that is what follows.
fn next_segment(tokens: &mut Tokens) -> Option<String> {
    let mut ahead = after_colons(tokens)?;
    let Some(TokenTree::Ident(name)) = ahead.next() else {
        return None;
    };
    *tokens = ahead;
    Some(text_of(&name))
}

/// An identifier without the mark of a raw one.
fn text_of(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), Into::into)
}

fn line_of(tree: &syn::UseTree) -> usize {
    match tree {
        syn::UseTree::Name(name) => name.ident.span().start().line,
        syn::UseTree::Rename(rename) => rename.ident.span().start().line,
        syn::UseTree::Glob(glob) => glob.star_token.spans.first().map_or(0, |s| s.start().line),
        syn::UseTree::Path(path) => path.ident.span().start().line,
        syn::UseTree::Group(_) => 0,
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.inside.push(text_of(&module.ident));
        visit::visit_item_mod(self, module);
        self.inside.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.imports_of(&item.tree, &[], item);
    }

    // `pub(super)` and `pub(in path)` say who may look in, not what is used.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|s| text_of(&s.ident)).collect();
        let first = path.segments.first();
        let line = first.map_or(0, |s| s.ident.span().start().line);
        let named = self.named(segments, line, path.leading_colon.is_some());
        self.paths.push(named);
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = text_of(&call.method);
        let named = self.named(vec![name], call.method.span().start().line, false);
        self.methods.push(named);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        self.tokens(call.tokens.clone());
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        visit::visit_meta_list(self, list);
        self.tokens(list.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Names {
        Names::of(&syn::parse_file(text).expect("parses"))
    }

    fn paths(text: &str) -> Vec<String> {
        let found = names(text).paths.into_iter();
        found.map(|p| p.segments.join("::")).collect()
    }

    #[test]
    fn imports_are_flat_with_their_names() {
        let found = names("pub use a::{self, b::C as D, e::*, F as _};\nuse super::g;");
        let shown: Vec<_> = found
            .imports
            .iter()
            .map(|i| (i.path.segments.join("::"), i.brings.clone(), i.is_public))
            .collect();
        let one = |name: &str| Brings::One(name.to_owned());
        assert_eq!(
            shown,
            [
                ("a".to_owned(), one("a"), true),
                ("a::b::C".to_owned(), one("D"), true),
                ("a::e".to_owned(), Brings::All, true),
                ("a::F".to_owned(), Brings::Nameless, true),
                ("super::g".to_owned(), one("g"), false),
            ]
        );
        assert_eq!(found.imports.last().map(|i| i.path.line), Some(2));
    }

    #[test]
    fn paths_are_found_in_types_bodies_and_attributes() {
        let found = paths("#[derive(serde::Serialize)] struct A(b::C<d::E>); fn f() { g::h(1) }");
        for path in ["serde::Serialize", "b::C", "d::E", "g::h"] {
            assert!(found.contains(&path.to_owned()), "{path} in {found:?}");
        }
    }

    #[test]
    fn paths_are_found_in_macros_and_fields_are_not_taken_for_them() {
        let found = paths("fn f() { m!(std::env::var(\"A\"), x.city.b::<u8>(), LIMIT, city) }");
        assert_eq!(found, ["m", "std::env::var", "LIMIT"]);
    }

    #[test]
    fn a_group_of_imports_is_read_from_tokens() {
        let found = Names::of_tokens("#[cfg(test)] mod tests { use a::{b::C, d}; }");
        let found: Vec<_> = found.paths.iter().map(|p| p.segments.join("::")).collect();
        assert_eq!(found, ["a", "b::C"]);
    }

    #[test]
    fn a_restricted_visibility_is_no_use() {
        assert!(paths("pub(super) fn f() {} pub(in crate::a) fn g() {}").is_empty());
    }

    #[test]
    fn methods_and_inner_modules_are_known() {
        let found = names("mod a { fn f(c: u8) { c.now() } }");
        let now = found.methods.first().expect("one method");
        assert_eq!(
            (now.segments.join(""), &now.inside[..]),
            ("now".into(), &["a".to_owned()][..])
        );
    }
}
