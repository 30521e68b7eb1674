//! Errors of a configuration file: each names the file, the line and the thing it is about.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

/// One thing that is wrong with a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub file: PathBuf,
    /// 1-based; `None` where the error belongs to the file as a whole.
    pub line: Option<usize>,
    /// Which table it is in, for example `[[modbus]] "bus-a", gauge lg-0001`.
    pub place: String,
    pub message: String,
}

impl fmt::Display for ConfigError {
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

/// Everything that is wrong with a configuration file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigErrors(pub Vec<ConfigError>);

/// Collects errors while a file is checked.
pub struct Findings<'a> {
    file: &'a Path,
    text: &'a str,
    found: Vec<ConfigError>,
}

impl<'a> Findings<'a> {
    pub fn new(file: &'a Path, text: &'a str) -> Self {
        Self {
            file,
            text,
            found: Vec::new(),
        }
    }

    /// Notes an error about the bytes `span` of the file.
    pub fn add(&mut self, span: Option<Range<usize>>, place: &str, message: impl fmt::Display) {
        self.found.push(ConfigError {
            file: self.file.to_owned(),
            line: span.map(|s| line_of(self.text, s.start)),
            place: place.to_owned(),
            message: message.to_string(),
        });
    }

    /// The value, or the errors if there are any.
    ///
    /// # Errors
    /// What [`Findings::add`] noted, in the order of the lines.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, ConfigErrors> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => {
                self.found.sort_by_key(|e| e.line);
                Err(ConfigErrors(self.found))
            }
        }
    }
}

/// The 1-based line of a byte offset.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_prints_file_line_place_and_message() {
        let mut findings = Findings::new(Path::new("gw.toml"), "a = 1\nb = 2\n");
        findings.add(Some(6..7), "[uplink]", "window is 0");
        findings.add(None, "", "no source at all");
        let errors = findings.finish::<()>(None).expect_err("two errors");
        assert_eq!(
            errors.to_string(),
            "gw.toml: no source at all\ngw.toml:2: [uplink]: window is 0"
        );
    }
}
