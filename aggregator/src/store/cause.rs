//! The cause of an error, whatever engine it comes from.

use std::error::Error;

/// A cause that no caller tells apart: the engine's own.
pub type Cause = Box<dyn Error + Send + Sync>;
