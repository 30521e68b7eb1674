//! What every file of this engine needs: its errors, its locks, its numbers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::StoreError;

/// An error of the engine's, free of its type.
pub fn engine(error: fjall::Error) -> StoreError {
    StoreError::Engine(error.into())
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn number(key: &[u8]) -> u64 {
    key.iter().take(8).fold(0, |n, b| (n << 8) | u64::from(*b))
}
