//! Small things that are kept over a restart in files of their own: the last totals of rain gauges,
//! what brokers had retained. Shell.
//!
//! On disk: `<data_dir>/<name>`, JSON, replaced as a whole and not synced. A kill or a power cut may
//! leave an older one: of totals, what fell in one interval may then count twice, rather a little too
//! much water than too little.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use shared::{error::chain, ids::GaugeId, time::Timestamp};

/// The totals of gauges: which, when, how much.
pub type Totals = Vec<(GaugeId, Timestamp, f64)>;

/// A file that holds a `T`.
#[derive(Debug, Clone)]
pub struct KeptFile<T> {
    path: PathBuf,
    last: T,
}

impl<T> KeptFile<T>
where
    T: Clone + Default + PartialEq + Serialize + DeserializeOwned + Send + 'static,
{
    /// The file of a name and what it holds; nothing where that cannot be read.
    #[must_use]
    pub fn open(data_dir: &Path, name: &str) -> (Self, T) {
        let path = data_dir.join(name);
        let kept = read(&path).unwrap_or_else(|error| {
            let path = path.display();
            tracing::warn!(%path, %error, "what was kept cannot be read and begins anew");
            T::default()
        });
        let last = kept.clone();
        (Self { path, last }, kept)
    }

    /// Keeps this, if it is not what is kept.
    pub async fn save(&mut self, kept: T) {
        if kept == self.last {
            return;
        }
        self.last.clone_from(&kept);
        let path = self.path.clone();
        let saved = tokio::task::spawn_blocking(move || write(&path, &kept)).await;
        // A card that takes nothing is told by the spool.
        match saved {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "nothing is kept"),
            Err(error) => tracing::debug!(error = chain(&error), "nothing is kept"),
        }
    }
}

fn read<T: Default + DeserializeOwned>(path: &Path) -> io::Result<T> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        bytes => Ok(serde_json::from_slice(&bytes?)?),
    }
}

fn write(path: &Path, kept: &impl Serialize) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, serde_json::to_vec(kept)?)?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_kept_is_there_after_a_restart_and_what_is_damaged_begins_anew() {
        let dir = tempfile::tempdir().expect("a directory");
        let open = || KeptFile::<Totals>::open(dir.path(), "totals");
        let (mut file, kept) = open();
        assert_eq!(kept, Totals::new());
        let id = "rg-0001".parse().expect("id");
        let totals = vec![(id, Timestamp::from_millis(1_784_622_000_000), 254.2)];
        file.save(totals.clone()).await;
        assert_eq!(open().1, totals);
        fs::write(dir.path().join("totals"), b"[[\"rg").expect("written");
        assert_eq!(open().1, Totals::new());
    }
}
