//! Reads the file. Shell.

use std::path::{Path, PathBuf};

use shared::findings::Wrong;

use super::{check::parse, settings::AgentConfig};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{} cannot be read", file.display())]
    Read {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

/// Reads and checks a configuration file.
///
/// # Errors
/// A file that cannot be read, or everything that is wrong with it.
pub fn load(file: &Path) -> Result<AgentConfig, LoadError> {
    let text = std::fs::read_to_string(file).map_err(|source| LoadError::Read {
        file: file.to_owned(),
        source,
    })?;
    Ok(parse(file, &text)?)
}
