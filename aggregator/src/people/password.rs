//! Passwords: hashed and compared by argon2id, a few at a time.
//!
//! One hash takes 19 MiB and some tens of milliseconds, so whoever tries many must not take all of
//! the machine: a few are worked on at a time, a few more wait, the rest is told to come again. A
//! name that nobody has costs the same as a wrong password.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{self, PasswordHasher as _, PasswordVerifier as _},
};
use tokio::sync::Semaphore;

/// Worked on at a time.
const AT_A_TIME: usize = 2;

/// That wait, and are worked on.
const WAITING: usize = 32;

const SALT: usize = 16;

/// Why a password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("too many log in at once; come again in a few seconds")]
    Busy,
    #[error("no random numbers can be had")]
    Random(#[from] getrandom::Error),
    #[error("the password could not be hashed: {0}")]
    Argon(password_hash::Error),
    #[error("the thread that hashes ended")]
    Thread(#[from] tokio::task::JoinError),
}

/// Hashes and compares.
#[derive(Debug, Clone)]
pub struct Hasher {
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// For names that nobody has.
    nobody: Arc<str>,
}

impl Hasher {
    /// # Errors
    /// The system has no random numbers.
    pub fn new() -> Result<Self, HashError> {
        let nobody = hash("nobody has this password")?;
        Ok(Self {
            places: Arc::new(Semaphore::new(AT_A_TIME)),
            queue: Arc::new(Semaphore::new(WAITING)),
            nobody: nobody.into(),
        })
    }

    /// The hash to keep.
    ///
    /// # Errors
    /// See [`HashError`].
    pub async fn hash(&self, password: String) -> Result<String, HashError> {
        self.work(move || hash(&password)).await?
    }

    /// Whether it is the password of which this is the hash; without a hash, no after the same time.
    ///
    /// # Errors
    /// See [`HashError`].
    pub async fn is_right(
        &self,
        password: String,
        kept: Option<String>,
    ) -> Result<bool, HashError> {
        let nobody = self.nobody.clone();
        self.work(move || {
            let against = kept.as_deref().unwrap_or(&nobody);
            let compared = Argon2::default().verify_password(password.as_bytes(), against);
            compared.is_ok() && kept.is_some()
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let queued = self.queue.clone().try_acquire_owned();
        let queued = queued.map_err(|_| HashError::Busy)?;
        let place = self.places.clone().acquire_owned().await;
        let place = place.map_err(|_| HashError::Busy)?;
        // Whoever asked may go away meanwhile; the places are free when the work is done.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((place, queued));
            done
        });
        Ok(done.await?)
    }
}

fn hash(password: &str) -> Result<String, HashError> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt)?;
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|h| h.to_string()).map_err(HashError::Argon)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not_nor_any_of_nobody() {
        let hasher = Hasher::new().expect("random");
        let kept = hasher.hash("correct horse battery".to_owned()).await;
        let kept = kept.expect("hashed");
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        for (password, of, expected) in [
            ("correct horse battery", Some(&kept), true),
            ("correct horse batterz", Some(&kept), false),
            ("nobody has this password", None, false),
        ] {
            let right = hasher.is_right(password.to_owned(), of.cloned()).await;
            assert_eq!(right.expect("compared"), expected, "{password}");
        }
    }

    #[tokio::test]
    async fn only_a_few_wait_and_the_rest_is_told_so() {
        let hasher = Hasher::new().expect("random");
        let held = hasher.places.acquire_many(2).await.expect("open");
        let waiting: Vec<_> = (0..WAITING)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.work(|| ()).await.is_ok() })
            })
            .collect();
        while hasher.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hasher.work(|| ()).await, Err(HashError::Busy)));
        drop(held);
        for waited in waiting {
            assert!(waited.await.expect("it ends"));
        }
    }
}
