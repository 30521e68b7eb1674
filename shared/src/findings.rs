//! What is wrong with a file that people write: each finding names the file, the line and the
//! thing it is about, and all of them are told at once, in the order of the lines.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub file: PathBuf,
    /// 1-based; `None` where it is about the file as a whole.
    pub line: Option<usize>,
    /// What it is about, for example `[[modbus]] "bus-a", gauge lg-0001`.
    pub place: String,
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if self.place.is_empty() {
            write!(f, ": {}", self.message)
        } else {
            write!(f, ": {}: {}", self.place, self.message)
        }
    }
}

/// Everything that is wrong with a file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Wrong(pub Vec<Finding>);

impl From<Finding> for Wrong {
    fn from(finding: Finding) -> Self {
        Self(vec![finding])
    }
}

/// Reads the text of a TOML file.
///
/// # Errors
/// The first thing that is wrong with its form: the line, the key, and what would be right.
pub fn read_toml<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, Wrong> {
    toml::from_str(text).map_err(|error| {
        let mut findings = Findings::new(file, text);
        findings.form(error.span(), error.message());
        Wrong(findings.found)
    })
}

/// Reads the text of a JSON file that should be `what`, for example "a GeoJSON FeatureCollection".
///
/// # Errors
/// The first thing that is wrong with its form: the line, the column, and what would be right.
pub fn read_json<T: DeserializeOwned>(file: &Path, text: &str, what: &str) -> Result<T, Finding> {
    serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        let at = format!(" at line {} column {}", error.line(), error.column());
        let reason = plain(said.strip_suffix(&at).unwrap_or(&said));
        Finding {
            file: file.to_owned(),
            line: Some(error.line()),
            place: format!("column {}", error.column()),
            message: format!("not {what}: {reason}"),
        }
    })
}

/// Gathers findings while a file is checked.
pub struct Findings<'a> {
    file: &'a Path,
    text: &'a str,
    found: Vec<Finding>,
}

impl<'a> Findings<'a> {
    #[must_use]
    pub fn new(file: &'a Path, text: &'a str) -> Self {
        Self {
            file,
            text,
            found: Vec::new(),
        }
    }

    /// Notes what is wrong with the bytes `span` of the file.
    pub fn add(&mut self, span: Option<Range<usize>>, place: &str, message: impl fmt::Display) {
        self.found.push(Finding {
            file: self.file.to_owned(),
            line: span.map(|s| line_of(self.text, s.start)),
            place: place.to_owned(),
            message: message.to_string(),
        });
    }

    /// Notes what the reader of the file's form says: of which key, and without its Rust types.
    fn form(&mut self, span: Option<Range<usize>>, message: &str) {
        let key = span.as_ref().and_then(|s| {
            if message == "duplicate key" {
                self.text.get(s.clone())
            } else {
                key_before(self.text, s.start)
            }
        });
        let key = key.unwrap_or_default().to_owned();
        self.add(span, &key, plain(message));
    }

    /// The value, or what is wrong if anything is.
    ///
    /// # Errors
    /// What was noted, in the order of the lines.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Wrong> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => {
                self.found.sort_by_key(|e| e.line);
                Err(Wrong(self.found))
            }
        }
    }
}

/// The 1-based line of a byte offset.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// The key whose value holds the byte at `offset`, where both stand on one line.
fn key_before(text: &str, offset: usize) -> Option<&str> {
    let line = text.get(..offset)?.rsplit('\n').next()?;
    let before = line.get(..line.rfind('=')?)?.trim_end();
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let key = before.rsplit(|c| !is_key(c)).next()?;
    (!key.is_empty()).then_some(key)
}

/// A reader's message in the words of a person who writes such files.
#[must_use]
pub fn plain(message: &str) -> String {
    let message = message
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key")
        .replace("unknown variant", "unknown value")
        .replace("EOF while parsing", "the file ends within");
    let Some((head, expected)) = message.rsplit_once(", expected ") else {
        return message;
    };
    let word = match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, not negative",
        "i64" => "a whole number",
        "f64" => "a number",
        "a string" | "string" | "path string" => "a text in quotes",
        "a boolean" => "true or false",
        "a sequence" => "a list in [ ]",
        "a tuple of size 2" | "an array of length 2" => "a pair of numbers in [ ]",
        "an array of length 4" => "a list of four numbers in [ ]",
        table if table.starts_with("struct ") || table == "a map" => "a table",
        other => other,
    };
    format!("{head}, expected {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_prints_file_line_place_and_message() {
        let mut findings = Findings::new(Path::new("gw.toml"), "a = 1\nb = 2\n");
        findings.add(Some(6..7), "[uplink]", "window is 0");
        findings.add(None, "", "no source at all");
        let wrong = findings.finish::<()>(None).expect_err("two findings");
        assert_eq!(
            wrong.to_string(),
            "gw.toml: no source at all\ngw.toml:2: [uplink]: window is 0"
        );
    }

    #[test]
    fn a_file_whose_form_is_wrong_is_told_by_line_and_key() {
        #[derive(Debug, serde::Deserialize)]
        struct Form {
            #[expect(dead_code, reason = "only its form is read")]
            speed: f64,
        }
        let wrong = read_toml::<Form>(Path::new("a.toml"), "# a run\nspeed = \"fast\"\n");
        assert_eq!(
            wrong.expect_err("no number").to_string(),
            "a.toml:2: speed: invalid type: string \"fast\", expected a number"
        );
        let wrong = read_json::<Form>(Path::new("a.json"), "{\n  \"speed\": \"fast\"\n}", "a run");
        assert_eq!(
            wrong.expect_err("no number").to_string(),
            "a.json:2: column 17: not a run: invalid type: string \"fast\", expected a number"
        );
    }

    #[test]
    fn what_the_reader_says_names_the_key_and_no_type_of_the_program() {
        let text = "[a]\nunit_id = \"one\"\nlimits = { spike = \"no\" }\n";
        let said = |at: &str, message: &str| {
            let mut findings = Findings::new(Path::new("f"), text);
            findings.form(text.find(at).map(|s| s..s + 1), message);
            findings.finish::<()>(None).expect_err("one").to_string()
        };
        assert_eq!(
            said("\"one\"", "invalid type: string \"one\", expected u8"),
            "f:2: unit_id: invalid type: string \"one\", expected a whole number from 0 to 255"
        );
        assert_eq!(
            said("\"no\"", "a number, or false"),
            "f:3: spike: a number, or false"
        );
        assert_eq!(
            said("[a]", "missing field `b`"),
            "f:1: missing key `b`",
            "a table has no key before it"
        );
    }
}
