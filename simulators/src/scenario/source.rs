//! The one reader of scenario files.

use std::{
    fmt::Display,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use shared::findings::{self, Findings, Wrong};
use toml::Spanned;

use crate::files;

/// Reads a file of TOML and checks it; everything that is wrong is told with its line and key.
///
/// # Errors
/// Not readable, not of this form, or what `check` notes.
pub(super) fn read<Raw: DeserializeOwned, T>(
    file: &Path,
    check: impl FnOnce(Raw, &mut Findings<'_>) -> Option<T>,
) -> Result<T, Wrong> {
    let text = std::fs::read_to_string(file).map_err(|e| files::wrong(file, e))?;
    let raw = findings::read_toml(file, &text)?;
    let mut findings = Findings::new(file, &text);
    let scenario = check(raw, &mut findings);
    findings.finish(scenario)
}

/// The number; noted where it is out of bounds.
pub(super) fn within<N: Copy + PartialOrd + Display>(
    number: &Spanned<N>,
    place: &str,
    bounds: &RangeInclusive<N>,
    findings: &mut Findings<'_>,
) -> N {
    let found = *number.get_ref();
    if !bounds.contains(&found) {
        let (least, most) = (bounds.start(), bounds.end());
        let message = format!("is {found}; it must be from {least} to {most}");
        findings.add(Some(number.span()), place, message);
    }
    found
}

/// A path that a scenario file gives: relative to the file.
pub(super) fn beside(file: &Path, path: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new(".")).join(path)
}

/// What a scenario is called: its file's name without the ending.
pub(super) fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
