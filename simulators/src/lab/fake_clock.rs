//! A clock that is wrong on command: programs that are started with it ask libfaketime for the time.
//!
//! Only the time of day is wrong; what a program measures spans by goes on as it does.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::LabError;

/// The clock of some programs, right at first.
#[derive(Debug, Clone)]
pub struct FakeClock {
    library: PathBuf,
    /// How far it is ahead, for libfaketime.
    file: PathBuf,
}

/// Debian puts the library into a folder of the machine's architecture.
const LIBRARIES: &str = "/usr/lib";
const LIBRARY: &str = "faketime/libfaketime.so.1";

impl FakeClock {
    /// A clock that is kept in this folder.
    ///
    /// # Errors
    /// No libfaketime, or the folder cannot be written to.
    pub fn new(folder: &Path) -> Result<Self, LabError> {
        let entries = fs::read_dir(LIBRARIES).map_err(LabError::io(LIBRARIES))?;
        let library = entries
            .flatten()
            .map(|entry| entry.path().join(LIBRARY))
            .find(|path| path.is_file())
            .ok_or(LabError::FaketimeMissing)?;
        let clock = Self {
            library,
            file: folder.join("ahead"),
        };
        clock.set(0)?;
        Ok(clock)
    }

    /// From now on it is so many milliseconds ahead of the machine's, or behind it.
    ///
    /// # Errors
    /// Its file cannot be written.
    pub fn set(&self, ahead_ms: i64) -> Result<(), LabError> {
        let failed = || self.file.display().to_string();
        // By a rename, for a program may be reading it.
        let new = self.file.with_extension("new");
        let sign = if ahead_ms < 0 { '-' } else { '+' };
        let (s, ms) = (
            ahead_ms.unsigned_abs() / 1000,
            ahead_ms.unsigned_abs() % 1000,
        );
        fs::write(&new, format!("{sign}{s}.{ms:03}\n")).map_err(LabError::io(failed()))?;
        fs::rename(&new, &self.file).map_err(LabError::io(failed()))
    }

    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("NO_FAKE_STAT", "1".to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use shared::clock::real_now;

    use super::*;

    #[test]
    fn a_program_that_is_started_with_it_has_the_time_that_was_set() {
        let folder = tempfile::tempdir().expect("folder");
        let clock = FakeClock::new(folder.path()).expect("libfaketime");
        for ahead_s in [0, 3_600, -3_600, 40 * 86_400] {
            clock.set(ahead_s * 1000).expect("set");
            let date = Command::new("date")
                .arg("+%s")
                .envs(clock.environment())
                .output();
            let said = String::from_utf8(date.expect("date runs").stdout).expect("text");
            let said: i64 = said.trim().parse().expect("seconds");
            let wrong = said - real_now().as_millis() / 1000 - ahead_s;
            assert!(wrong.abs() <= 2, "{ahead_s}: {wrong}");
        }
    }
}
