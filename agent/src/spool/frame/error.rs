//! Why bytes are no frame.

use shared::ids::IdError;

/// Why bytes are not a batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("{found} bytes where {expected} are announced")]
    Length { expected: usize, found: usize },
    #[error("the checksum does not match")]
    Checksum,
    #[error("version {0} is not known")]
    Version(u8),
    #[error("the observations are malformed")]
    Malformed(#[from] postcard::Error),
    #[error("a gauge's id is none")]
    Gauge(#[from] IdError),
    #[error("no {what} has the code {code}")]
    Unknown { what: &'static str, code: u16 },
    #[error("{0} bytes follow the observations")]
    Trailing(usize),
}
