//! Names that the code declares use the project's words and not another one for the same thing.

use syn::visit::{self, Visit};

use super::finding::Finding;

/// A word that something of ours is not called.
#[derive(Debug)]
pub struct Banned {
    pub word: &'static str,
    pub instead: &'static str,
    /// Where it is looked for: beginnings of paths; everywhere if there are none.
    pub only: &'static [&'static str],
    /// Where the word means another thing: the beginning of a path, and what it means there.
    pub except: &'static [(&'static str, &'static str)],
}

/// A name that the code gives to something.
#[derive(Debug, PartialEq, Eq)]
pub struct Declared {
    pub name: String,
    pub line: usize,
}

impl Banned {
    fn holds_in(&self, path: &str) -> bool {
        let is_looked_at = self.only.is_empty() || self.only.iter().any(|s| path.starts_with(s));
        is_looked_at && !self.except.iter().any(|(start, _)| path.starts_with(start))
    }
}

/// Banned words in the names that a file declares, each name where it is declared first.
pub fn strangers(path: &str, names: &[Declared], table: &[Banned]) -> Vec<Finding> {
    let mut wrong = Vec::new();
    for declared in names {
        for part in parts(&declared.name) {
            let banned = table.iter().find(|b| is_form_of(&part, b.word));
            let Some(banned) = banned.filter(|b| b.holds_in(path)) else {
                continue;
            };
            let what = format!(
                "`{}`: the word for {} is {}",
                declared.name, banned.word, banned.instead
            );
            let is_told = wrong.iter().any(|told: &Finding| told.what == what);
            if !is_told {
                wrong.push(Finding::at(path, declared.line, what));
            }
        }
    }
    wrong
}

/// Exceptions that excuse nothing any more.
pub fn idle_exceptions(all: &[(String, Vec<Declared>)], table: &[Banned]) -> Vec<Finding> {
    let mut wrong = Vec::new();
    for banned in table {
        for (start, _) in banned.except {
            let is_used =
                all.iter()
                    .filter(|(path, _)| path.starts_with(start))
                    .any(|(_, names)| {
                        let mut words = names.iter().flat_map(|n| parts(&n.name));
                        words.any(|part| is_form_of(&part, banned.word))
                    });
            if !is_used {
                let what = format!(
                    "the table of words excuses `{}` here for nothing",
                    banned.word
                );
                wrong.push(Finding::of(start, what));
            }
        }
    }
    wrong
}

/// The words of a name, in small letters.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if letter == '_' || (letter.is_uppercase() && was_small) {
            parts.push(String::new());
        }
        was_small = letter.is_lowercase() || letter.is_numeric();
        if letter != '_'
            && let Some(part) = parts.last_mut()
        {
            part.extend(letter.to_lowercase());
        }
    }
    parts
}

fn is_form_of(part: &str, word: &str) -> bool {
    let rest = part.strip_prefix(word);
    rest.is_some_and(|rest| matches!(rest, "" | "s" | "es" | "d" | "ed" | "r" | "er" | "ing"))
}

/// Every name that a Rust file declares: items, fields, variants, parameters and variables.
pub fn declared_in_rust(file: &syn::File) -> Vec<Declared> {
    let mut names = Declares(Vec::new());
    names.visit_file(file);
    names.0
}

struct Declares(Vec<Declared>);

impl Declares {
    fn add(&mut self, ident: &syn::Ident) {
        self.0.push(Declared {
            name: ident.to_string(),
            line: ident.span().start().line,
        });
    }
}

impl<'ast> Visit<'ast> for Declares {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Const(i) => self.add(&i.ident),
            syn::Item::Enum(i) => self.add(&i.ident),
            syn::Item::Mod(i) => self.add(&i.ident),
            syn::Item::Static(i) => self.add(&i.ident),
            syn::Item::Struct(i) => self.add(&i.ident),
            syn::Item::Trait(i) => self.add(&i.ident),
            syn::Item::Type(i) => self.add(&i.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.add(&signature.ident);
        visit::visit_signature(self, signature);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(ident) = &field.ident {
            self.add(ident);
        }
        visit::visit_field(self, field);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.add(&variant.ident);
        visit::visit_variant(self, variant);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.add(&item.ident);
        visit::visit_impl_item_const(self, item);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.add(&pattern.ident);
        visit::visit_pat_ident(self, pattern);
    }
}

/// Every name that a TypeScript file declares with a keyword.
pub fn declared_in_typescript(text: &str) -> Vec<Declared> {
    const KEYWORDS: [&str; 7] = [
        "interface",
        "type",
        "class",
        "function",
        "const",
        "let",
        "enum",
    ];
    let mut names = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with(['/', '*']) {
            continue;
        }
        let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        let words: Vec<&str> = words.filter(|w| !w.is_empty()).collect();
        for pair in words.windows(2) {
            if let [keyword, name] = pair
                && KEYWORDS.contains(keyword)
            {
                names.push(Declared {
                    name: (*name).to_owned(),
                    line: index + 1,
                });
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Banned] = &[
        Banned {
            word: "probe",
            instead: "gauge",
            only: &[],
            except: &[("line/", "a trial request")],
        },
        Banned {
            word: "job",
            instead: "order",
            only: &["a.rs"],
            except: &[],
        },
    ];

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = syn::parse_file(text).expect("parses");
        let wrong = strangers(path, &declared_in_rust(&file), TABLE);
        wrong.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_kind_of_declared_name_is_looked_at() {
        let text = "struct RainProbe { job_id: u8 }\nfn a(probes: u8) { let probed = 1; }
            enum E { Job }\nconst MAX_JOBS: u8 = 1;\nmod probe {}\ntrait T { fn job(); }
            impl E { const JOB: u8 = 1; fn probe_max() {} }";
        let names = found("a.rs", text);
        assert_eq!(names.len(), 10, "{names:?}");
        assert_eq!(
            found("a.rs", "\ntype Job = u8;"),
            ["a.rs:2: `Job`: the word for job is order"]
        );
    }

    #[test]
    fn other_words_uses_of_others_names_and_exceptions_pass() {
        assert_eq!(
            found("a.rs", "fn jobless(a: Job) { std::probe() }"),
            [""; 0]
        );
        assert_eq!(found("line/a.rs", "struct Probe;"), [""; 0]);
        assert_eq!(found("runtime.rs", "struct Job;"), [""; 0]);
    }

    #[test]
    fn an_exception_that_excuses_nothing_is_found() {
        let probe = Declared {
            name: "probe".to_owned(),
            line: 1,
        };
        let used = [("line/a.rs".to_owned(), vec![probe])];
        assert_eq!(idle_exceptions(&used, TABLE), []);
        assert_eq!(idle_exceptions(&[], TABLE).len(), 1);
    }

    #[test]
    fn names_of_a_typescript_file_are_found() {
        let text = "export interface Probe {}\n// const job\nexport async function probe() {}";
        let names = declared_in_typescript(text);
        let shown: Vec<_> = names.iter().map(|d| (d.name.as_str(), d.line)).collect();
        assert_eq!(shown, [("Probe", 1), ("probe", 3)]);
    }
}
