//! Files that people give: opened plain or gzipped, listed by their ending, and refused by name and
//! line.

use std::{
    fmt::Display,
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use shared::findings::{Finding, Wrong};

/// What is wrong with a file as a whole.
pub(crate) fn wrong(file: &Path, message: impl Display) -> Wrong {
    finding(file, None, message)
}

/// What is wrong with one line of a file, counted from 1.
pub(crate) fn wrong_at(file: &Path, line: u64, message: impl Display) -> Wrong {
    finding(file, usize::try_from(line).ok(), message)
}

/// From the CSV reader, which knows its line.
pub(crate) fn wrong_csv(file: &Path, error: &csv::Error) -> Wrong {
    let line = error.position().map(csv::Position::line);
    finding(file, line.and_then(|l| usize::try_from(l).ok()), error)
}

fn finding(file: &Path, line: Option<usize>, message: impl Display) -> Wrong {
    Wrong(vec![Finding {
        file: file.to_owned(),
        line,
        place: String::new(),
        message: message.to_string(),
    }])
}

/// A file, unpacked if its name ends in `.gz`.
///
/// # Errors
/// It cannot be opened.
pub(crate) fn open(file: &Path) -> Result<Box<dyn Read>, Wrong> {
    let plain = File::open(file).map_err(|e| wrong(file, e))?;
    let plain = BufReader::new(plain);
    Ok(if file.extension().is_some_and(|e| e == "gz") {
        Box::new(flate2::read::MultiGzDecoder::new(plain))
    } else {
        Box::new(plain)
    })
}

/// Files of a folder whose name ends so, in order.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn ending(folder: &Path, end: &str) -> Result<Vec<PathBuf>, Wrong> {
    let entries = std::fs::read_dir(folder).map_err(|e| wrong(folder, e))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|n| n.to_string_lossy().ends_with(end))
        })
        .collect();
    files.sort();
    Ok(files)
}
