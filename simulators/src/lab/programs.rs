//! Where the real programs are: beside this one, as cargo builds them.

use std::path::{Path, PathBuf};

use super::LabError;

/// The programs under test.
#[derive(Debug, Clone)]
pub struct Programs {
    pub agent: PathBuf,
    pub aggregator: PathBuf,
}

impl Programs {
    /// Finds both beside the running program, or one folder up from a test.
    ///
    /// # Errors
    /// One is missing; the error says what to build.
    pub fn find() -> Result<Self, LabError> {
        let own = std::env::current_exe().map_err(LabError::io("own program's path"))?;
        Self::in_folder(build_folder(&own))
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
pub fn find_in_path(program: &str) -> Option<PathBuf> {
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
    fn tests_find_the_programs_one_folder_up() {
        let folder = build_folder(Path::new("/x/target/debug/deps/delivery-1"));
        assert_eq!(folder, Path::new("/x/target/debug"));
        assert_eq!(build_folder(Path::new("/x/target/debug/flood-sim")), folder);
    }
}
