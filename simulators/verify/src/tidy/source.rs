//! A Rust file, parsed: what of it is product code and what is compiled for tests only.
//!
//! Test code is told by the attribute on the item, wherever the item stands: `#[cfg(test)]` and
//! what implies it, `#[test]` and its kin. All that stands after a test module is product code.

use syn::{
    Attribute, Meta, Token,
    punctuated::Punctuated,
    visit_mut::{self, VisitMut},
};

use super::finding::Finding;

/// A parsed file.
pub struct Source {
    /// From the root of the checkout.
    pub path: String,
    pub text: String,
    /// The code without what is compiled for tests only.
    pub product: syn::File,
    /// Modules that this file declares and that are files of their own.
    pub children: Vec<Child>,
}

/// `mod name;`
#[derive(Debug, PartialEq, Eq)]
pub struct Child {
    pub name: String,
    /// `#[path]`, from the folder of the file that declares it.
    pub path: Option<String>,
    pub line: usize,
    pub is_test: bool,
}

impl Source {
    /// Parses a file.
    ///
    /// # Errors
    /// It is no Rust; then no check can say anything of it.
    pub fn parse(path: &str, text: &str) -> Result<Self, Finding> {
        let mut product = syn::parse_file(text)
            .map_err(|e| Finding::at(path, e.span().start().line, format!("no Rust: {e}")))?;
        let children = product.items.iter().filter_map(child).collect();
        if is_test(&product.attrs) {
            product.items.clear();
        }
        Tests.visit_file_mut(&mut product);
        Ok(Self {
            path: path.to_owned(),
            text: text.to_owned(),
            product,
            children,
        })
    }
}

fn child(item: &syn::Item) -> Option<Child> {
    let syn::Item::Mod(module) = item else {
        return None;
    };
    module.content.is_none().then(|| Child {
        name: module.ident.to_string(),
        path: module.attrs.iter().find_map(path_said),
        line: module.ident.span().start().line,
        is_test: is_test(&module.attrs),
    })
}

fn path_said(attribute: &Attribute) -> Option<String> {
    let said = attribute.meta.require_name_value().ok()?;
    let syn::Expr::Lit(literal) = &said.value else {
        return None;
    };
    match &literal.lit {
        syn::Lit::Str(text) if said.path.is_ident("path") => Some(text.value()),
        _ => None,
    }
}

/// Takes everything out that is compiled for tests only.
struct Tests;

impl VisitMut for Tests {
    fn visit_file_mut(&mut self, file: &mut syn::File) {
        file.items.retain(|i| !is_test(attributes(i)));
        visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if let Some((_, items)) = &mut module.content {
            items.retain(|i| !is_test(attributes(i)));
        }
        visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, item: &mut syn::ItemImpl) {
        item.items.retain(|i| match i {
            syn::ImplItem::Const(i) => !is_test(&i.attrs),
            syn::ImplItem::Fn(i) => !is_test(&i.attrs),
            syn::ImplItem::Type(i) => !is_test(&i.attrs),
            syn::ImplItem::Macro(i) => !is_test(&i.attrs),
            _ => true,
        });
        visit_mut::visit_item_impl_mut(self, item);
    }

    fn visit_item_trait_mut(&mut self, item: &mut syn::ItemTrait) {
        item.items.retain(|i| match i {
            syn::TraitItem::Const(i) => !is_test(&i.attrs),
            syn::TraitItem::Fn(i) => !is_test(&i.attrs),
            syn::TraitItem::Type(i) => !is_test(&i.attrs),
            syn::TraitItem::Macro(i) => !is_test(&i.attrs),
            _ => true,
        });
        visit_mut::visit_item_trait_mut(self, item);
    }

    fn visit_item_enum_mut(&mut self, item: &mut syn::ItemEnum) {
        let variants = std::mem::take(&mut item.variants).into_iter();
        item.variants = variants.filter(|v| !is_test(&v.attrs)).collect();
        visit_mut::visit_item_enum_mut(self, item);
    }

    fn visit_fields_named_mut(&mut self, fields: &mut syn::FieldsNamed) {
        let named = std::mem::take(&mut fields.named).into_iter();
        fields.named = named.filter(|f| !is_test(&f.attrs)).collect();
        visit_mut::visit_fields_named_mut(self, fields);
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block.stmts.retain(|statement| match statement {
            syn::Stmt::Local(local) => !is_test(&local.attrs),
            syn::Stmt::Item(item) => !is_test(attributes(item)),
            syn::Stmt::Macro(call) => !is_test(&call.attrs),
            syn::Stmt::Expr(expression, _) => !is_test(attributes_of_expression(expression)),
        });
        visit_mut::visit_block_mut(self, block);
    }
}

/// The kinds of expressions that make a statement of their own.
fn attributes_of_expression(expression: &syn::Expr) -> &[Attribute] {
    match expression {
        syn::Expr::Block(e) => &e.attrs,
        syn::Expr::Call(e) => &e.attrs,
        syn::Expr::ForLoop(e) => &e.attrs,
        syn::Expr::If(e) => &e.attrs,
        syn::Expr::Macro(e) => &e.attrs,
        syn::Expr::Match(e) => &e.attrs,
        syn::Expr::MethodCall(e) => &e.attrs,
        _ => &[],
    }
}

fn attributes(item: &syn::Item) -> &[Attribute] {
    match item {
        syn::Item::Const(i) => &i.attrs,
        syn::Item::Enum(i) => &i.attrs,
        syn::Item::ExternCrate(i) => &i.attrs,
        syn::Item::Fn(i) => &i.attrs,
        syn::Item::ForeignMod(i) => &i.attrs,
        syn::Item::Impl(i) => &i.attrs,
        syn::Item::Macro(i) => &i.attrs,
        syn::Item::Mod(i) => &i.attrs,
        syn::Item::Static(i) => &i.attrs,
        syn::Item::Struct(i) => &i.attrs,
        syn::Item::Trait(i) => &i.attrs,
        syn::Item::TraitAlias(i) => &i.attrs,
        syn::Item::Type(i) => &i.attrs,
        syn::Item::Union(i) => &i.attrs,
        syn::Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

/// Whether any of the attributes keeps the item out of the product.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        if path.is_ident("cfg") {
            return attribute
                .parse_args::<Meta>()
                .is_ok_and(|m| asks_for_tests(&m));
        }
        path.segments.last().is_some_and(|s| s.ident == "test")
    })
}

/// Whether a condition of `cfg` holds in tests only.
fn asks_for_tests(condition: &Meta) -> bool {
    let Meta::List(list) = condition else {
        return condition.path().is_ident("test");
    };
    let Ok(inner) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) else {
        return false;
    };
    if list.path.is_ident("all") {
        inner.iter().any(asks_for_tests)
    } else if list.path.is_ident("any") {
        !inner.is_empty() && inner.iter().all(asks_for_tests)
    } else {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items_of(text: &str) -> Vec<String> {
        let source = Source::parse("a.rs", text).expect("parses");
        let name = |item: &syn::Item| match item {
            syn::Item::Fn(f) => f.sig.ident.to_string(),
            syn::Item::Mod(m) => format!("mod {}", m.ident),
            _ => "another item".to_owned(),
        };
        source.product.items.iter().map(name).collect()
    }

    #[test]
    fn code_after_a_test_module_is_product_code() {
        let text = "fn a() {} #[cfg(test)] mod tests { fn b() {} } fn c() {}";
        assert_eq!(items_of(text), ["a", "c"]);
    }

    #[test]
    fn what_implies_a_test_is_test_code_and_what_only_allows_one_is_not() {
        let text = "
            #[cfg(all(test, unix))] fn a() {}
            #[cfg(any(test, test))] fn b() {}
            #[tokio::test] async fn c() {}
            #[cfg(any(test, feature = \"x\"))] fn d() {}
            #[cfg(not(test))] fn e() {}
            #[cfg(unix)] mod f {}";
        assert_eq!(items_of(text), ["d", "e", "mod f"]);
    }

    #[test]
    fn tests_are_taken_out_of_types_and_bodies() {
        let text = "
            struct A { #[cfg(test)] b: std::fs::File, c: u8 }
            impl A { #[cfg(test)] fn b() {} fn c() { #[cfg(test)] std::env::args(); let d = 1; } }
            enum E { #[cfg(test)] B, C }";
        let source = Source::parse("a.rs", text).expect("parses");
        let names = format!("{:?}", crate::tidy::names::Names::of(&source.product));
        assert!(!names.contains("std"), "{names}");
        assert!(names.contains("u8"), "{names}");
    }

    #[test]
    fn modules_in_files_of_their_own_are_known_with_their_kind() {
        let source = Source::parse(
            "a.rs",
            "mod a;\n#[cfg(test)] #[path = \"x/y.rs\"] mod b;\nmod c {}",
        )
        .expect("parses");
        let child = |name: &str, line, is_test| Child {
            name: name.to_owned(),
            path: (name == "b").then(|| "x/y.rs".to_owned()),
            line,
            is_test,
        };
        assert_eq!(source.children, [child("a", 1, false), child("b", 2, true)]);
    }

    #[test]
    fn a_file_that_is_no_rust_is_a_finding_with_its_line() {
        let finding = Source::parse("a.rs", "fn a() {}\nfn (")
            .err()
            .expect("no Rust");
        assert_eq!((finding.path.as_str(), finding.line), ("a.rs", 2));
    }
}
