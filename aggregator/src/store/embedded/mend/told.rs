//! What is told of damage: one line of the log for each part, and counted.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use tracing::error;

use crate::store::embedded::damage::Damage;

/// Which part.
pub enum Where<'a> {
    File(&'a Path),
    Bytes(&'a Path, Range<u64>),
}

/// Tells of what is damaged in a store.
pub struct Told<'a> {
    store: PathBuf,
    damage: &'a Damage,
    /// How many parts were told of.
    pub parts: usize,
}

impl<'a> Told<'a> {
    pub fn new(store: &Path, damage: &'a Damage) -> Self {
        Self {
            store: store.to_owned(),
            damage,
            parts: 0,
        }
    }

    /// Tells of a damaged part: what is wrong or lost, and where it was set aside.
    pub fn damage(&mut self, part: &Where<'_>, what: &str, aside: Option<&Path>) {
        self.parts += 1;
        if self.damage.count_one(&part.to_string()) {
            let store = self.store.display();
            match aside.map(Path::display) {
                Some(aside) => {
                    error!(%store, %part, what, %aside, "the store is damaged; the part is set aside");
                }
                None => error!(%store, %part, what, "the store is damaged"),
            }
        }
    }
}

impl fmt::Display for Where<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Bytes(path, bytes) => {
                write!(f, "{} bytes {}..{}", path.display(), bytes.start, bytes.end)
            }
        }
    }
}
