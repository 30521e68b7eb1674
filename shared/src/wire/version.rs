//! Versions of the wire.

/// The version that is written: the newest one. All before it are read for ever.
pub const VERSION: u8 = 1;
