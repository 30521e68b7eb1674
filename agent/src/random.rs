//! Random numbers for jitter and incarnations. Not for secrets.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
};

/// 64 random bits: the standard library seeds every [`RandomState`] from the system.
#[must_use]
pub fn bits() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_i64(shared::clock::real_now().as_millis());
    hasher.finish()
}

/// A random number from 0 to just below 1.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "53 bits fit in an f64 exactly")]
pub fn fraction() -> f64 {
    (bits() >> 11) as f64 / (1_u64 << 53) as f64
}
