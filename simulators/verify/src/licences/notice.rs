//! What stands in a file of notices: the parts, the licence under which each is used, and the texts.
//! Pure.

use std::collections::{BTreeMap, BTreeSet};

use spdx::{Expression, Licensee, ParseMode};

/// Licences that may be shipped, the best liked first: the fewer texts, the better they are read.
const LIKED: [&str; 13] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "MIT",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "0BSD",
    "Zlib",
    "BSL-1.0",
    "Unicode-3.0",
    "Unlicense",
    "MPL-2.0",
    "OFL-1.1",
];

/// Words in the names of licence files that say which licence is in them.
const HINTS: [(&str, &str); 11] = [
    ("Apache-2.0", "APACHE"),
    ("MIT", "MIT"),
    ("BSD-2-Clause", "BSD"),
    ("BSD-3-Clause", "BSD"),
    ("ISC", "ISC"),
    ("0BSD", "0BSD"),
    ("Zlib", "ZLIB"),
    ("BSL-1.0", "BOOST"),
    ("Unicode-3.0", "UNICODE"),
    ("Unlicense", "UNLICENSE"),
    ("MPL-2.0", "MPL"),
];

/// What a part must not be shipped without where its own files do not say it.
const LLVM_EXCEPTION: &str = include_str!("llvm-exception.txt");
const MUSL: &str = include_str!("musl.txt");
const MIT: &str = include_str!("mit.txt");
const BSD_3: &str = include_str!("bsd-3.txt");
const ZERO_BSD: &str = include_str!("0bsd.txt");

/// Something that is built in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub name: String,
    pub version: String,
    /// An SPDX expression, as its author wrote it.
    pub expression: String,
    pub home: String,
    pub authors: String,
    /// Its licence files by name, and what it says besides (NOTICE).
    pub texts: BTreeMap<String, String>,
    /// As a package URL names its kind: cargo, npm, generic.
    pub kind: &'static str,
}

impl Part {
    /// Something that comes with the compiler.
    pub fn besides(name: &str, expression: &str, home: &str) -> Self {
        let own = match name {
            "musl" => BTreeMap::from([("COPYRIGHT".to_owned(), MUSL.to_owned())]),
            _ => BTreeMap::new(),
        };
        Self {
            name: name.to_owned(),
            version: String::new(),
            expression: expression.to_owned(),
            home: home.to_owned(),
            authors: String::new(),
            texts: own,
            kind: "generic",
        }
    }

    fn label(&self) -> String {
        format!("{} {}", self.name, self.version).trim().to_owned()
    }
}

/// The line of a part in the list, without its licence: what tells whether a list is complete.
pub fn line_begin(name: &str, version: &str) -> String {
    format!("* {name} {version}: ")
}

/// A file of notices.
///
/// # Errors
/// A licence that is none or may not be shipped, or whose text is nowhere.
pub fn composed(whole: &str, parts: &mut Vec<Part>, apache: &str) -> Result<String, String> {
    parts.sort();
    parts.dedup();
    let mut list = String::new();
    let mut texts: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for part in parts.iter() {
        let used = used_under(&part.expression).map_err(|e| format!("{}: {e}", part.label()))?;
        let under = used.join(" and ");
        let begin = line_begin(&part.name, &part.version).replace(" : ", ": ");
        list.push_str(&format!("{begin}{under} ({})\n", part.home));
        for (licence, text) in texts_of(part, &used, apache)? {
            let users = texts.entry((licence, text)).or_default();
            users.insert(part.label());
        }
    }
    let mut file = format!(
        "{whole} is built from the parts below, besides its own sources (Apache-2.0 OR MIT). Where a part\n\
         may be used under one of several licences, it is used under the one that is named.\n\n{list}"
    );
    for ((licence, text), users) in texts {
        let users: Vec<String> = users.into_iter().collect();
        let rule = "-".repeat(78);
        file.push_str(&format!(
            "\n{rule}\n{licence}: {}\n{rule}\n\n{text}\n",
            users.join(", ")
        ));
    }
    Ok(file)
}

/// The licences under which a part is used, of those that its author leaves to choose from.
///
/// # Errors
/// The expression is none, or allows nothing that may be shipped.
pub fn used_under(expression: &str) -> Result<Vec<String>, String> {
    let parsed = Expression::parse_mode(expression, ParseMode::LAX)
        .map_err(|e| format!("`{expression}` is no licence: {}", e.reason))?;
    let liked: Vec<Licensee> = LIKED
        .iter()
        .filter_map(|id| Licensee::parse(id).ok())
        .collect();
    let used = parsed
        .minimized_requirements(&liked)
        .map_err(|e| format!("`{expression}` may not be shipped: {e}"))?;
    Ok(used.iter().map(ToString::to_string).collect())
}

/// What must go with a part: its licences by name, and their texts.
///
/// # Errors
/// A part holds no text of its licence, and neither does this program.
fn texts_of(part: &Part, used: &[String], apache: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    for licence in used {
        let own: Vec<&String> = files_with(part, licence).collect();
        if licence.starts_with("Apache-2.0") {
            found.push(("Apache-2.0".to_owned(), tidied(apache)));
            if licence.ends_with("LLVM-exception") {
                found.push((licence.clone(), tidied(LLVM_EXCEPTION)));
            }
        } else if own.is_empty() {
            found.push((licence.clone(), tidied(&standard(part, licence)?)));
        } else {
            found.extend(own.into_iter().map(|text| (licence.clone(), tidied(text))));
        }
    }
    // What an Apache-licensed part asks to be repeated, and the files of what is inside a part.
    let said = part.texts.iter().filter(|(file, _)| {
        let name = file.to_uppercase();
        name.starts_with("NOTICE") || name.contains('/')
    });
    found.extend(said.map(|(file, text)| (format!("in {file}"), tidied(text))));
    Ok(found)
}

/// A part's own files with the text of a licence.
fn files_with<'a>(part: &'a Part, licence: &str) -> impl Iterator<Item = &'a String> {
    let hint_of = |file: &str| {
        let file = file.to_uppercase();
        let hints = HINTS.iter().filter(|(_, hint)| file.contains(hint));
        // UNLICENSE and 0BSD hold the words of other names: the longest is meant.
        hints
            .max_by_key(|(_, hint)| hint.len())
            .map(|(_, hint)| *hint)
    };
    let wanted = HINTS.iter().find(|(id, _)| *id == licence);
    let wanted = wanted.map(|(_, hint)| *hint);
    let own = |file: &&String| !file.contains('/') && !file.to_uppercase().starts_with("NOTICE");
    let has_named = part
        .texts
        .keys()
        .filter(own)
        .any(|file| hint_of(file).is_some() && hint_of(file) == wanted);
    let fits = move |file: &str| match hint_of(file) {
        Some(hint) => Some(hint) == wanted,
        None => !has_named,
    };
    part.texts
        .iter()
        .filter(move |(file, _)| own(file) && fits(file))
        .map(|(_, text)| text)
}

/// The text of a licence that a part names and does not hold.
fn standard(part: &Part, licence: &str) -> Result<String, String> {
    let by = if part.authors.is_empty() {
        format!("the authors of {}", part.name)
    } else {
        part.authors.clone()
    };
    let text = match licence {
        "MIT" => MIT,
        "BSD-3-Clause" => BSD_3,
        "0BSD" => ZERO_BSD,
        other => return Err(format!("{} holds no text of {other}", part.label())),
    };
    Ok(format!("Copyright (c) {by}\n\n{text}"))
}

/// Without what differs between copies of one text: ends of lines, and blank lines around it.
fn tidied(text: &str) -> String {
    let lines: Vec<&str> = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim_end)
        .collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, expression: &str, texts: &[(&str, &str)]) -> Part {
        let texts = texts.iter();
        Part {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            expression: expression.to_owned(),
            home: "https://example.org".to_owned(),
            authors: "A. Author".to_owned(),
            texts: texts
                .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
                .collect(),
            kind: "cargo",
        }
    }

    #[test]
    fn of_several_licences_the_best_liked_is_used_and_one_that_may_not_be_shipped_is_refused() {
        let used = |expression| used_under(expression).map(|used| used.join(" and "));
        assert_eq!(used("MIT OR Apache-2.0").as_deref(), Ok("Apache-2.0"));
        assert_eq!(used("Unlicense/MIT").as_deref(), Ok("MIT"));
        assert_eq!(used("MIT OR GPL-3.0-only").as_deref(), Ok("MIT"));
        let both = used("Apache-2.0 AND ISC");
        assert_eq!(both.as_deref(), Ok("Apache-2.0 and ISC"));
        assert_eq!(
            used("(MIT OR Apache-2.0) AND Unicode-3.0").as_deref(),
            Ok("Apache-2.0 and Unicode-3.0")
        );
        assert!(used("GPL-3.0-only").is_err_and(|e| e.contains("may not be shipped")));
        assert!(used("").is_err());
    }

    #[test]
    fn every_part_is_listed_and_a_text_stands_once_for_all_whose_it_is() {
        let mut parts = vec![
            part(
                "b",
                "MIT",
                &[("LICENSE", "Copyright (c) B\r\n\r\nMay be used.\n")],
            ),
            part(
                "a",
                "MIT",
                &[("LICENSE-MIT", "Copyright (c) B\n\nMay be used.")],
            ),
            part(
                "c",
                "MIT OR Apache-2.0",
                &[("LICENSE-MIT", "unused"), ("NOTICE", "By C.")],
            ),
            part("d", "MIT", &[]),
        ];
        let file = composed("It", &mut parts, "the Apache text").expect("composed");
        assert!(file.contains("* a 1.0.0: MIT (https://example.org)\n* b 1.0.0: MIT"));
        assert!(file.contains("MIT: a 1.0.0, b 1.0.0\n"));
        assert_eq!(file.matches("May be used.").count(), 1);
        assert!(file.contains("Apache-2.0: c 1.0.0\n") && file.contains("By C."));
        assert!(!file.contains("unused"));
        assert!(file.contains("Copyright (c) A. Author"));
    }

    #[test]
    fn of_several_files_the_one_of_the_licence_in_use_is_taken_and_what_is_inside_a_part_too() {
        let files = [
            ("LICENSE-APACHE", "apache"),
            ("LICENSE-MIT", "mit"),
            ("UNLICENSE", "un"),
            ("vendor/LICENSE", "inner"),
        ];
        let one = part("a", "Unlicense OR MIT", &files);
        let texts = texts_of(&one, &["MIT".to_owned()], "").expect("texts");
        let texts: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["mit", "inner"]);
    }
}
