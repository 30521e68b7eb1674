//! Where the real programs are: beside this one, as cargo builds them, unless [`AGENT`] names another
//! agent.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::LabError;

/// The environment variable that names another program to run as the agent, for example one that
/// starts an agent for another machine under an emulator.
pub(super) const AGENT: &str = "FLOOD_AGENT";

/// The programs under test.
#[derive(Debug, Clone)]
pub struct Programs {
    pub agent: PathBuf,
    pub aggregator: PathBuf,
}

impl Programs {
    /// Finds both beside the running program, or one folder up from a test. `FLOOD_AGENT` names
    /// another agent.
    ///
    /// # Errors
    /// One is missing; the error says what to build.
    pub fn find() -> Result<Self, LabError> {
        let own = std::env::current_exe().map_err(LabError::io("own program's path"))?;
        Self::in_folder(build_folder(&own))?.with_agent(std::env::var_os(AGENT))
    }

    fn with_agent(mut self, other: Option<OsString>) -> Result<Self, LabError> {
        if let Some(other) = other {
            let path = PathBuf::from(&other);
            self.agent = path
                .canonicalize()
                .map_err(LabError::io(format!("{AGENT}={}", path.display())))?;
        }
        Ok(self)
    }

    fn in_folder(folder: &Path) -> Result<Self, LabError> {
        let find = |program: &'static str| {
            let path = folder.join(program);
            let release = folder.file_name().is_some_and(|name| name == "release");
            path.is_file()
                .then_some(path)
                .ok_or_else(|| LabError::ProgramMissing {
                    program,
                    looked_in: folder.to_owned(),
                    flags: if release { "--release " } else { "" },
                })
        };
        Ok(Self {
            agent: find("flood-agent")?,
            aggregator: find("flood-aggregator")?,
        })
    }
}

/// `target/<profile>`, for programs in it and for tests in its `deps`.
fn build_folder(own: &Path) -> &Path {
    let folder = own.parent().unwrap_or(Path::new("."));
    if folder.file_name().is_some_and(|name| name == "deps") {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    }
}

/// Finds a program of the system.
#[must_use]
pub(crate) fn find_in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(more)
        .map(|dir| dir.join(program))
        .find(|p| p.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_says_what_to_build() {
        let folder = tempfile::tempdir().expect("folder");
        let release = folder.path().join("release");
        std::fs::create_dir(&release).expect("folder");
        let error = Programs::in_folder(&release)
            .expect_err("nothing there")
            .to_string();
        assert!(
            error.contains("cargo build --release -p agent -p aggregator"),
            "{error}"
        );
        for program in ["flood-agent", "flood-aggregator"] {
            std::fs::write(release.join(program), "").expect("file");
        }
        assert!(Programs::in_folder(&release).is_ok());
    }

    #[test]
    fn another_agent_is_run_only_if_it_is_there() {
        let folder = tempfile::tempdir().expect("folder");
        let (own, other) = (folder.path().join("own"), folder.path().join("other"));
        std::fs::write(&other, "").expect("file");
        let programs = || Programs {
            agent: own.clone(),
            aggregator: own.clone(),
        };
        let agent = |name: Option<OsString>| programs().with_agent(name).map(|p| p.agent);
        assert_eq!(agent(None).expect("no other"), own);
        assert_eq!(agent(Some(other.clone().into())).expect("there"), other);
        assert!(agent(Some(folder.path().join("gone").into())).is_err());
    }

    #[test]
    fn tests_find_the_programs_one_folder_up() {
        let folder = build_folder(Path::new("/x/target/debug/deps/delivery-1"));
        assert_eq!(folder, Path::new("/x/target/debug"));
        assert_eq!(build_folder(Path::new("/x/target/debug/flood-sim")), folder);
    }
}
