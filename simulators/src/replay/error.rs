//! What is wrong with a recording: the file, and the line where there is one.

use std::path::{Path, PathBuf};

/// An error in a recording's files.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {message}", file.display(), line.map(|l| format!(":{l}")).unwrap_or_default())]
pub struct RecordingError {
    pub file: PathBuf,
    /// 1-based.
    pub line: Option<u64>,
    pub message: String,
}

impl RecordingError {
    pub(crate) fn in_file(file: &Path, message: impl ToString) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            message: message.to_string(),
        }
    }

    pub(crate) fn at_line(file: &Path, line: u64, message: impl ToString) -> Self {
        Self {
            file: file.to_owned(),
            line: Some(line),
            message: message.to_string(),
        }
    }

    /// From the CSV reader, which knows its line.
    pub(crate) fn csv(file: &Path, error: &csv::Error) -> Self {
        let line = error.position().map(csv::Position::line);
        Self {
            file: file.to_owned(),
            line,
            message: error.to_string(),
        }
    }
}
