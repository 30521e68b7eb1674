//! The folder `audit` below the data folder: the key, the keys to verify with, and the heads.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::{
    audit::{Head, NotAKey, PublicKey, Signing},
    authority::registry::{RegistryError, fill, write_secret},
};

/// The folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// Why something in it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{} cannot be read or written", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is damaged", path.display())]
    Key { path: PathBuf, source: NotAKey },
    #[error("no key can be made")]
    Random(#[from] RegistryError),
}

impl Folder {
    /// The one below an aggregator's data folder; it need not be there yet.
    #[must_use]
    pub fn below(data_dir: &Path) -> Self {
        Self(data_dir.join("audit"))
    }

    /// The socket.
    #[must_use]
    pub fn door(&self) -> PathBuf {
        self.0.join("door")
    }

    /// Where the heads are.
    #[must_use]
    pub fn heads_path(&self) -> PathBuf {
        self.0.join("heads")
    }

    /// Makes the folder, for nobody else's eyes, where there is none.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make(&self) -> Result<(), FolderError> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0);
        made.map_err(of(&self.0))
    }

    /// The key that signs; made when it is first asked for.
    ///
    /// # Errors
    /// It cannot be read or made, or is damaged.
    pub fn signing(&self) -> Result<Signing, FolderError> {
        let path = self.0.join("key");
        let damaged = |source| FolderError::Key {
            path: path.clone(),
            source,
        };
        let text = match fs::read_to_string(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                self.make()?;
                let mut secret = [0; 32];
                fill(&mut secret)?;
                let signing = Signing::new(&secret);
                // First what can be verified with: a head is never of a key that is not known.
                self.append_to("key.pub", &signing.public().to_string())?;
                write_secret(&path, &signing.to_secret_text(), false).map_err(of(&path))?;
                return Ok(signing);
            }
            text => text.map_err(of(&path))?,
        };
        Signing::from_secret_text(&text).map_err(damaged)
    }

    /// The keys to verify with; none before the first head was signed.
    ///
    /// # Errors
    /// They cannot be read, or are damaged.
    pub fn public(&self) -> Result<Vec<PublicKey>, FolderError> {
        let path = self.0.join("key.pub");
        let text = read_if_there(&path)?;
        let keys = text.lines().filter(|line| !line.trim().is_empty());
        keys.map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|source| FolderError::Key { path, source })
    }

    /// Every head that was signed, a line each.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn heads(&self) -> Result<String, FolderError> {
        read_if_there(&self.heads_path())
    }

    /// Adds a head, which survives a power cut when this returns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn append(&self, head: &Head) -> Result<(), FolderError> {
        self.append_to("heads", &head.to_string())
    }

    fn append_to(&self, name: &str, line: &str) -> Result<(), FolderError> {
        let path = self.0.join(name);
        let append = || {
            let mut options = OpenOptions::new();
            let mut file = options.append(true).create(true).mode(0o600).open(&path)?;
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_all()?;
            File::open(&self.0)?.sync_all()
        };
        append().map_err(of(&path))
    }
}

fn read_if_there(path: &Path) -> Result<String, FolderError> {
    match fs::read(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        // What is no text is found as a damaged line.
        read => Ok(String::from_utf8_lossy(&read.map_err(of(path))?).into_owned()),
    }
}

fn of(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    |source| FolderError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use shared::time::Timestamp;

    use super::*;
    use crate::audit::Chain;

    #[test]
    fn a_key_is_made_once_for_nobody_elses_eyes_and_its_heads_are_verified_with_what_is_beside_it()
    {
        let data = tempfile::tempdir().expect("a folder");
        let folder = Folder::below(data.path());
        assert!(folder.public().expect("none").is_empty());
        let now = Timestamp::from_millis(1_784_635_200_000);
        for _ in 0..2 {
            let signing = folder.signing().expect("a key");
            folder
                .append(&signing.sign(Chain::default(), now))
                .expect("written");
        }
        let [key] = folder.public().expect("one")[..] else {
            panic!("one key is made")
        };
        let heads = folder.heads().expect("two");
        let counted = heads.lines().filter(|line| {
            let head = Head::find(line).expect("a head").expect("whole");
            head.is_of(&key).is_ok()
        });
        assert_eq!(counted.count(), 2);
        let mode = |path: PathBuf| {
            let about = fs::metadata(path).expect("there");
            about.permissions().mode() & 0o777
        };
        assert_eq!(
            (mode(folder.0.clone()), mode(folder.0.join("key"))),
            (0o700, 0o600)
        );
    }

    #[test]
    fn a_damaged_key_is_named_but_not_quoted_and_a_lost_one_is_followed_by_another() {
        let data = tempfile::tempdir().expect("a folder");
        let folder = Folder::below(data.path());
        folder.signing().expect("made");
        let path = folder.0.join("key");
        fs::write(&path, "s3cret").expect("written");
        let told = folder.signing().err().expect("damaged").to_string();
        assert!(told.ends_with("key is damaged"), "{told}");
        fs::remove_file(&path).expect("removed");
        folder.signing().expect("made anew");
        assert_eq!(folder.public().expect("both").len(), 2);
    }
}
