//! Finds what to play: a scenario file, or a recording in one of the layouts.

use std::path::Path;

use shared::findings::Wrong;

use crate::{
    files, recording,
    scenario::{self, RecordedScenario},
};

/// Reads the recording at a path: a scenario file (`.toml`) or a folder in one of the layouts, of
/// which `scenario` chooses one where there are several.
///
/// # Errors
/// Not a recording, a malformed file, or several scenarios and none chosen.
pub fn load(path: &Path, scenario: Option<&str>) -> Result<RecordedScenario, Wrong> {
    if path.extension().is_some_and(|e| e == "toml") {
        return scenario::read_recorded(path);
    }
    if !path.is_dir() {
        let message = "neither a folder nor a scenario file (.toml)";
        return Err(files::wrong(path, message));
    }
    Ok(RecordedScenario {
        recording: recording::read(path, scenario)?,
        speed: None,
    })
}
