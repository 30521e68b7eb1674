//! The folder of a run: configurations, logs, data, `served.csv`.

use std::path::PathBuf;

use super::LabError;

/// The folder of a run; a temporary one is removed when dropped, unless it is kept.
pub(super) struct WorkFolder {
    pub path: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

impl WorkFolder {
    pub(super) fn new(chosen: Option<PathBuf>) -> Result<Self, LabError> {
        let Some(path) = chosen else {
            let folder = tempfile::Builder::new().prefix("flood-sim-").tempdir();
            let folder = folder.map_err(LabError::io("a temporary folder"))?;
            return Ok(Self {
                path: folder.path().to_owned(),
                temporary: Some(folder),
            });
        };
        std::fs::create_dir_all(&path).map_err(LabError::io(path.display().to_string()))?;
        let path = path
            .canonicalize()
            .map_err(LabError::io("the work folder"))?;
        Ok(Self {
            path,
            temporary: None,
        })
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, LabError> {
        let path = self.path.join(name);
        std::fs::write(&path, text).map_err(LabError::io(path.display().to_string()))?;
        Ok(path)
    }

    pub(super) fn keep(&mut self) {
        if let Some(folder) = self.temporary.take() {
            self.path = folder.keep();
        }
    }
}
